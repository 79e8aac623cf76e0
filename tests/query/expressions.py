"""Texts and regular expressions for property tests: made of the same pieces, so that many match."""

from __future__ import annotations

import re

from hypothesis import strategies as st

FRAGMENTS = [
    *("a", "b", "k", "S", "ab", "port ", "-", ".", " ", "0", "1", "7", "12", "22", "007", "x1", "1x"),
    *("\n", "\r", "\0", "٣", "é", "ß", "\u017f", "\u212a", "K", "%", "_", "\\", "*", "?", "$", "(", "日本", "🙂"),
]
TEXT = st.lists(st.sampled_from(FRAGMENTS), max_size=7).map("".join)
TEXTS = st.lists(
    st.one_of(TEXT, st.text(max_size=6).filter(lambda text: not any("\ud800" <= c <= "\udfff" for c in text))),
    min_size=30,
    max_size=80,
)
ATOMS = [
    *("a", "b", "k", "x", "1", "22", "0", "port ", "é", "٣", " ", "-", "_", "%", r"\.", r"\*", r"\\", r"\n", "日"),
    *(
        ".",
        ".*",
        ".+",
        ".*?",
        r"\d",
        r"\d+",
        r"\d*",
        r"\d{2}",
        r"\d?",
        r"\w+",
        r"\w",
        r"\S+",
        r"\S*",
        r"\s",
        r"\D+",
        r"\W",
    ),
    *(
        "[0-9]+",
        "[0-9]",
        "[1-5]+",
        "[^ ]+",
        "[^0-9]+",
        "[ab1]",
        r"[\d.]+",
        r"[\d.]*",
        "[a-z]",
        "[]a]",
        "[^]a-]*",
        "[!-~]+",
    ),
    *("^", "$", r"\b", "(?:)"),
]


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.lists(inner, min_size=1, max_size=4).map("".join),
        st.lists(inner, min_size=2, max_size=3).map("|".join).map("({})".format),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,2}", "{0,1}", "{2,}", "*?"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
    )


REGEX = st.recursive(st.sampled_from(ATOMS), _grown, max_leaves=7)


def as_python(re2: str) -> re.Pattern[str]:
    r"""The same expression for ``re``: ``$`` is the very end there only as ``\Z``, and RE2's ``\s`` has no ``\v``."""

    def written(found: re.Match[str]) -> str:
        if found[1] in (r"\s", r"\S"):
            return r"[\t\n\f\r ]" if found[1] == r"\s" else r"[^\t\n\f\r ]"
        return found[1] or r"\Z"

    outside = re.sub(r"(\\.|\[\^?\]?[^\]]*\])|\$", written, re2.replace(r"\z", r"\Z"))
    return re.compile(outside, re.ASCII)
