"""tfidf: the examples of the specification, and random records against a comparison of every pair."""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis.commands import answered, twsla
from tests.conftest import SHARED, needs_shared
from twsla.analysis.features_terms import STOP_WORDS, terms_of
from twsla.progress import Silent

if TYPE_CHECKING:
    from pathlib import Path

SYSLOG = SHARED / "data" / "twsla" / "syslog.log"
FOUR = (
    "Jun 14 15:16:01 combo sshd[19939]: authentication failure; user=root",
    "Jun 14 15:16:02 combo sshd[19937]: authentication failure; user=root",
    "Jun 14 15:16:03 combo kernel: Out of memory",
    "Jun 14 15:16:03 combo kernel: Out of memory",
)


def store_of(folder: Path, *lines: str) -> Path:
    (folder / "a.log").write_text("".join(f"{line}\n" for line in lines))
    answered("-d", folder / "s.db", "import", "--utc", "--multiline", "off", folder / "a.log")
    return folder / "s.db"


def rare(store: Path, *arguments: str) -> list[list[str]]:
    return answered("-d", store, "tfidf", *arguments, "--format", "csv").rows


# --- terms


def terms(text: str) -> Counter[str]:
    """The same by hand."""
    cleaned = "".join(" " if each in ".,:;/" else each for each in text.lower() if each not in "()")
    return Counter(word for word in cleaned.split() if word not in STOP_WORDS)


def found_terms(*texts: str) -> list[Counter[str]]:
    found = terms_of(pa.array(texts, pa.string()))
    names = found.terms.to_pylist()
    counters = []
    for row in range(len(texts)):
        line = found.counts[row]
        counters.append(Counter({names[at]: int(n) for at, n in zip(line.indices, line.data, strict=True)}))
    return counters


def test_terms_of_the_example() -> None:
    assert found_terms(FOUR[0]) == [
        Counter(["jun", "14", "15", "16", "01", "combo", "sshd[19939]", "authentication", "failure", "user=root"])
    ]
    assert found_terms("the of", "", "(a) x(y)z", "x x X/x") == [
        Counter(), Counter(), Counter({"xyz": 1}), Counter({"x": 4}),
    ]  # fmt: skip


def test_tokens_count_stop_words_too() -> None:
    assert terms_of(pa.array(["the cat of the house", "", "the"])).tokens.tolist() == [5, 0, 1]


@given(st.lists(st.text("aAbB :;.,/()\t\né\u3000\u00a0Ü0the", max_size=20), max_size=6))
def test_terms_of_any_texts(texts: list[str]) -> None:
    assert found_terms(*texts) == [terms(text) for text in texts]


# --- the examples


def test_similarities_of_the_example(tmp_path: Path) -> None:
    store = store_of(tmp_path, *FOUR)

    assert rare(store) == []
    rows = rare(store, "-l", "0.9")
    assert [row[0] for row in rows] == list(FOUR[:2])
    assert [[f"{float(value):.3f}" for value in row[1:]] for row in rows] == [["0.559", "0.639", "0.800"]] * 2
    assert len(rare(store, "-l", "0.5", "-c", "3")) == 4
    (row,) = rare(store, "-n", "1")
    assert float(row[3]) == pytest.approx(0.8)


def test_exactly_the_limit_is_not_above_it(tmp_path: Path) -> None:
    assert len(rare(store_of(tmp_path, "alpha beta", "alpha gamma"))) == 2
    (tmp_path / "b").mkdir()
    rows = rare(store_of(tmp_path / "b", "alpha beta", "alpha gamma", "alpha alpha beta"), "-l", "0.94")
    assert [row[0] for row in rows] == ["alpha gamma"]
    assert float(rows[0][1]) == pytest.approx(0.5)
    assert float(rows[0][3]) == pytest.approx(0.632456, abs=1e-6)


@needs_shared
def test_sample(tmp_path: Path) -> None:
    answered("-d", tmp_path / "s.db", "import", "--utc", SYSLOG)
    rows = rare(tmp_path / "s.db")

    assert [row[0][:35] for row in rows] == [
        "Jun 20 04:44:39 combo snmpd[2318]: ",
        "Jul 27 10:59:53 combo ftpd[31985]: ",
        "Jul 27 14:41:57 combo kernel: Linux",
    ]
    assert [[f"{float(value):.3f}" for value in row[1:]] for row in rows] == [
        ["0.038", "0.115", "0.338"],
        ["0.039", "0.201", "0.435"],
        ["0.020", "0.096", "0.498"],
    ]
    assert len(rare(tmp_path / "s.db", "-l", "0.6")) == 10
    assert len(rare(tmp_path / "s.db", "-c", "2")) == 7
    assert [row[0] for row in rare(tmp_path / "s.db", "-n", "3")] == [row[0] for row in rows]


# --- why


def test_nearest_record_and_rare_terms(tmp_path: Path) -> None:
    store = store_of(tmp_path, *["disk full on sda"] * 3, "disk melted at noon")
    answer = answered("-d", store, "tfidf", "--format", "json", "--columns", "text,nearest,terms,line_no,source").json
    (row,) = answer["rows"]
    assert row["nearest"] == "disk full on sda"
    assert row["terms"] == "melted (1) noon (1) disk (4)"
    assert row["line_no"] == 4


def test_nearest_of_a_repeated_record_is_another(tmp_path: Path) -> None:
    store = store_of(tmp_path, "one two", "one two")
    rows = answered("-d", store, "tfidf", "-l", "1", "--format", "json", "--columns", "max,nearest").json["rows"]
    assert rows == [{"max": 1.0, "nearest": "one two"}] * 2


# --- edges


def test_no_records(tmp_path: Path) -> None:
    store = store_of(tmp_path, "alpha")
    assert rare(store, "-f", "nothing like it") == []
    assert rare(store, "-n", "2", "-f", "nothing like it") == []


def test_a_lone_record_is_rare_and_like_nothing(tmp_path: Path) -> None:
    store = store_of(tmp_path, "alpha")
    assert rare(store) == [["alpha", "", "", ""]]
    assert rare(store, "-n", "5") == [["alpha", "", "", ""]]


def test_records_without_terms_are_told(tmp_path: Path) -> None:
    store = store_of(tmp_path, "the of a", "alpha", "...")
    answer = answered("-d", store, "tfidf", "--format", "csv")
    assert [row[0] for row in answer.rows] == ["alpha"]
    assert any("2 records have no terms" in note for note in answer.notes)


def test_term_in_every_record_weighs_something(tmp_path: Path) -> None:
    store = store_of(tmp_path, "alpha", "alpha", "alpha beta")
    assert [row[0] for row in rare(store, "--idf", "-l", "0.9")] == ["alpha beta"]


@pytest.mark.parametrize("arguments", [["-l", "nan"], ["-c", "-1"], ["-n", "-2"], ["-l", "x"]])
def test_options_that_make_no_sense(tmp_path: Path, arguments: list[str]) -> None:
    store = store_of(tmp_path, "alpha")
    answer = twsla("-d", store, "tfidf", *arguments)
    assert answer.code == 2
    assert "Traceback" not in answer.err


# --- against every pair


def every_pair(texts: list[str]) -> list[tuple[int, float, float, float, list[float]]]:
    """Of each text with terms its place, least, mean and greatest similarity, and all of them."""
    vectors = {place: terms(text) for place, text in enumerate(texts) if terms(text)}
    rows = []
    for place, own in vectors.items():
        values = []
        for other, vector in vectors.items():
            if other != place:
                dot = sum(count * vector[term] for term, count in own.items())
                values.append(dot / math.sqrt(sum(n * n for n in own.values()) * sum(n * n for n in vector.values())))
        if values:
            rows.append((place, min(values), sum(values) / len(values), max(values), values))
    return rows


@settings(max_examples=60, deadline=None)
@given(
    texts=st.lists(
        st.lists(st.sampled_from(["ab", "b", "cd", "e", "f", "g", "the", "1", "2", "3"]), max_size=6).map(" ".join),
        min_size=3,
        max_size=40,
    ),
    limit=st.sampled_from([0.0, 0.3, 0.5, 0.8, 1.0]),
    count=st.integers(0, 4),
    top=st.integers(1, 6),
    size=st.sampled_from([1, 3, 7, 1000]),
)
def test_same_as_comparing_every_pair(texts: list[str], limit: float, count: int, top: int, size: int) -> None:
    import numpy as np

    from twsla.analysis import rare as module

    class Read(module.Passes):
        def texts_read(self) -> Any:
            for begin in range(0, len(texts), size):
                keys = np.arange(begin, min(begin + size, len(texts)))
                yield keys, pa.array(texts[begin : begin + size], pa.large_string())

        def read(self, keys: Any, columns: str) -> dict[int, tuple[Any, ...]]:
            return {key: (texts[key],) for key in keys.tolist()}

        @property
        def records(self) -> int:
            return len(texts)

    passes = Read(None, Silent())  # type: ignore[arg-type]
    wanted = every_pair(texts)
    if len(wanted) < 2:
        return
    found = module.rare_records(passes, limit, count)
    chosen = [row for row in wanted if sum(value > limit for value in row[4]) <= count]
    assert found.keys.tolist() == [row[0] for row in chosen]
    assert found.least == pytest.approx([row[1] for row in chosen])
    assert found.means() == pytest.approx([row[2] for row in chosen])
    assert found.most == pytest.approx([row[3] for row in chosen])
    rarest = module.rarest_records(passes, top)
    assert np.sort(rarest.most)[:top] == pytest.approx(sorted(row[3] for row in wanted)[:top])


@needs_shared
def test_sample_is_the_same_every_time(tmp_path: Path) -> None:
    answered("-d", tmp_path / "s.db", "import", "--utc", SYSLOG)
    texts = [answered("-d", tmp_path / "s.db", "tfidf", "-l", "0.7", "--format", "json").text for _ in range(2)]
    assert json.loads(texts[0])["rows"] == json.loads(texts[1])["rows"]
