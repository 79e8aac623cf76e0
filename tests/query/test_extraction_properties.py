"""Extractions as SQL give what plain Python gives, whatever the texts, with and without shapes."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.query.expressions import REGEX, TEXTS, as_python
from tests.query.extracting import extracted
from twsla.errors import UsageError
from twsla.model.patterns import OBSERVABLES, observable

if TYPE_CHECKING:
    from collections.abc import Sequence

PROPERTY = settings(max_examples=80, deadline=None)
SPACES = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2003\u200a\u2028\u2029\u202f\u205f\u3000"
PIECES = [
    *("1.2.3.4", "192.168.10.77", "10.0.0.255", "256.1.1.1", "1.2.3", "1.2.3.4.5", "999.999.999.999", "01.002.3.4"),
    *(
        "user=",
        "from ",
        "port ",
        ".",
        ":",
        "-",
        "[",
        "]",
        "x",
        "_",
        "7",
        "12",
        "0",
        "0.0.0.0",
        "日本",
        "é",
        "🙂",
        "\0",
        "\n",
    ),
    *(
        " ",
        "  ",
        "\t",
        "a1",
        "Z",
        "é́",
        "10:30:00",
        "fe80::1",
        "::ffff:1.2.3.4",
        "00:11:22:33:44:55",
        "a@b.example",
        "@",
    ),
    *("2024-01-02", "+81 90 1234 5678", "03-1234-5678", "100-0001", "550e8400-e29b-41d4-a716-446655440000", "-12.5e3"),
]
LINES = st.lists(st.lists(st.sampled_from(PIECES), max_size=9).map("".join), min_size=20, max_size=60)


# --- addresses, by a reader that knows no regular expression -------------------------------------------------------


def first_address(text: str) -> str | None:
    """Four numbers up to 255 with dots between them, no digit at either side."""
    for start in range(len(text)):
        if start == 0 or not is_digit(text[start - 1]):
            end = start
            for count in range(4):
                length = number_length(text, end)
                if length is None:
                    break
                end += length
                if count == 3:
                    return text[start:end]
                if text[end : end + 1] != ".":
                    break
                end += 1
    return None


def is_digit(sign: str) -> bool:
    return "0" <= sign <= "9"


def number_length(text: str, at: int) -> int | None:
    end = at
    while end < len(text) and is_digit(text[end]):
        end += 1
    return end - at if 1 <= end - at <= 3 and int(text[at:end]) <= 255 else None


@PROPERTY
@given(LINES)
def test_the_first_address(lines: list[str]) -> None:
    assert extracted("ip", lines) == [first_address(line) for line in lines]


@PROPERTY
@given(st.lists(st.text("0123.4 a_\n", max_size=24), min_size=30, max_size=60))
def test_the_first_address_among_digits_and_dots(lines: list[str]) -> None:
    assert extracted("ip", lines) == [first_address(line) for line in lines]


@PROPERTY
@given(
    LINES, st.sampled_from([each.name for each in OBSERVABLES if each.name != "kv"]), st.integers(1, 3), st.booleans()
)
def test_observables(lines: list[str], name: str, position: int, every: bool) -> None:
    expected = as_python(observable(name).group())
    found = [[match[1] for match in expected.finditer(line)] for line in lines]

    if every:
        assert extracted(name, lines, all_matches=True) == found
    else:
        assert extracted(name, lines, position) == [nth(values, position) for values in found]


def nth(values: Sequence[str | None], position: int) -> str | None:
    return values[position - 1] if len(values) >= position else None


@PROPERTY
@given(
    LINES, st.sampled_from(["user=%{word}", "from %{ip}", "%{ip}%{word}", ".*%{ip}", "port %{number}", r"\[%{ipv6}\]"])
)
def test_no_template_makes_an_address_that_is_not_there(lines: list[str], template: str) -> None:
    numbers = [set(re.findall("[0-9]+", line)) for line in lines]
    for line, value, known in zip(lines, extracted(template, lines), numbers, strict=True):
        assert value is None or value in line
        if value is not None and "%{ip}" in template:
            assert set(value.split(".")) <= known


# --- expressions ---------------------------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(TEXTS, REGEX, st.integers(1, 3), st.integers(0, 2))
def test_expressions(texts: list[str], expression: str, position: int, group: int) -> None:
    """After an empty match RE2 goes on another way than Python, so there only the first one is looked at."""
    compiled = as_python(expression)
    what = f"(?:{expression})"
    if group > compiled.groups:
        with pytest.raises(UsageError):
            extracted(what, texts, group=group)
        return
    if compiled.search("") or any(match[0] == "" for text in texts for match in compiled.finditer(text)):
        position = 1
    found = [[match[group] for match in compiled.finditer(text)] for text in texts]

    assert extracted(what, texts, position, group=group) == [nth(values, position) for values in found]


# --- fields, tables ------------------------------------------------------------------------------------------------

FIELD_TEXTS = st.lists(st.text(st.sampled_from([*SPACES, *"ab1日é\0"]), max_size=14), min_size=20, max_size=50)


def fields_of(text: str) -> list[str]:
    fields = [""]
    for sign in text:
        if sign in SPACES:
            fields.append("")
        else:
            fields[-1] += sign
    return [field for field in fields if field]


@PROPERTY
@given(FIELD_TEXTS, st.integers(-4, 4))
def test_fields(texts: list[str], place: int) -> None:
    expected = [fields_of(text) for text in texts]

    assert extracted("field", texts, all_matches=True) == expected
    assert extracted("field", texts, place) == [at(fields, place) for fields in expected]


def at(fields: list[str], place: int) -> str | None:
    return fields[place] if -len(fields) <= place < len(fields) else None


def split_table(text: str, separator: str) -> list[str]:
    """Sign by sign: a field is quoted if its first sign that is no white space is a quote."""
    fields: list[str] = []
    space = SPACES.replace(separator, "")
    position = 0
    while True:
        while text[position : position + 1] and text[position] in space:
            position += 1
        value = ""
        if text[position : position + 1] == '"':
            position += 1
            while position < len(text):
                if text[position] != '"':
                    value += text[position]
                elif text[position + 1 : position + 2] == '"':
                    value += '"'
                    position += 1
                else:
                    break
                position += 1
            closed = position < len(text)
            end = text.find(separator, position)
            end = len(text) if end < 0 or not closed else end
            rest = text[position + 1 : end].rstrip(space)
            fields.append(value + rest if closed else value.rstrip(space))
        else:
            end = text.find(separator, position)
            end = len(text) if end < 0 else end
            fields.append(text[position:end].strip(space))
        position = end + 1
        if end == len(text):
            return fields


TABLE_TEXTS = st.lists(st.text(st.sampled_from('aab1,,\t" \n日é\0'), max_size=16), min_size=20, max_size=50)


@PROPERTY
@given(TABLE_TEXTS, st.integers(-3, 4), st.sampled_from(["csv", "tsv"]))
def test_tables(texts: list[str], place: int, kind: str) -> None:
    expected = [split_table(text, "," if kind == "csv" else "\t") for text in texts]

    assert extracted(kind, texts, all_matches=True) == expected
    assert extracted(kind, texts, place) == [at(fields, place) for fields in expected]


@PROPERTY
@given(st.lists(st.lists(st.text('ab, "\n日', max_size=5), min_size=2, max_size=4), min_size=5, max_size=20))
def test_what_a_csv_writer_writes_is_read_again(rows: list[list[str]]) -> None:
    texts = []
    for row in rows:
        written = io.StringIO()
        csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="").writerow(row)
        texts.append(written.getvalue())

    assert extracted("csv", texts, all_matches=True) == rows


# --- words, pairs --------------------------------------------------------------------------------------------------


def words_of(text: str) -> list[str]:
    words = []
    for token in fields_of(text):
        lower = token.lower()
        bare = lower.strip(".,!?;:()[]{}\"'")
        if 2 <= len(lower.encode()) <= 50 and len(bare.encode()) >= 2:
            words.append(bare)
    return words


WORD_PIECES = [*"AbÉ日1.,(\"'-", " ", " ", "\t", "\u3000", "x" * 25]


@PROPERTY
@given(st.lists(st.lists(st.sampled_from(WORD_PIECES), max_size=16).map("".join), min_size=20, max_size=60))
def test_words(texts: list[str]) -> None:
    assert extracted("word", texts) == [words_of(text) for text in texts]


PAIR_PIECES = [
    "user",
    "ser",
    "=",
    "=",
    "root",
    '"',
    "'",
    "\\",
    " ",
    ",",
    ";",
    "&",
    "(",
    ")",
    "[",
    "]",
    "1",
    "日",
    "-",
    ".",
]


def values_of(text: str, key: str) -> list[str]:
    """Sign by sign."""
    values = []
    position = 0
    while (start := text.find(f"{key}=", position)) >= 0:
        before = text[start - 1 : start]
        if start < position or (before and before.isascii() and (before.isalnum() or before in "_.-")):
            position = start + 1
            continue
        value, position = value_at(text, start + len(key) + 1)
        values.append(value)
        # What stands before the next key is a sign of its own.
        position = max(position, start + len(key) + 1)
    return values


def value_at(text: str, start: int) -> tuple[str, int]:
    quote = text[start : start + 1]
    if quote and quote in "\"'":
        value, position = "", start + 1
        while position < len(text) and text[position] != quote:
            if text[position] == "\\" and position + 1 < len(text):
                position += 1
                value += text[position] if text[position] in "\"'\\" else "\\" + text[position]
            else:
                value += text[position]
            position += 1
        if position < len(text):
            return value, position + 1
        end = start + 1
        while end < len(text) and text[end] not in SPACES + ",;&":
            end += 1
        return text[start:end], end
    return bare_at(text, start)


def bare_at(text: str, start: int) -> tuple[str, int]:
    closing = {"(": ")", "[": "]", "{": "}"}
    position = start
    while position < len(text):
        sign = text[position]
        if sign in closing:
            end = position + 1
            while end < len(text) and text[end] not in SPACES + sign + closing[sign]:
                end += 1
            if end == len(text) or text[end] != closing[sign]:
                break
            position = end + 1
        elif sign in SPACES + ',;&()[]{}"':
            break
        else:
            position += 1
    return text[start:position], position


@PROPERTY
@given(st.lists(st.lists(st.sampled_from(PAIR_PIECES), max_size=14).map("".join), min_size=20, max_size=60))
def test_values_of_a_key(texts: list[str]) -> None:
    texts = [f"user={text}" if index % 2 else text for index, text in enumerate(texts)]

    assert extracted("kv", texts, name="user") == [nth(values_of(text, "user"), 1) for text in texts]
    assert extracted("kv", texts, name="user", all_matches=True) == [values_of(text, "user") for text in texts]
