"""Suggested multi-line options: concrete, and right on the lines they were made from."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.formats.stamping import lines_of, plan_of
from twsla.formats.timestamps.forms import FORMS
from twsla.formats.timestamps.stamp import stamp
from twsla.ingest.look import Sample
from twsla.ingest.suggest import generalised, start_expression, suggestions
from twsla.model.records import TsFlag


def sample_of(lines: list[str]) -> Sample:
    block = lines_of("".join(f"{line}\n" for line in lines))
    stamps = stamp(block, plan_of(lines))
    own = stamps.valid & ((stamps.flags & TsFlag.OTHER_FORM) == 0)
    return Sample(block, own, stamps.valid & ~stamps.quoted)


def expression(*lines: str) -> str | None:
    return start_expression(sample_of(list(lines)), plan_of(lines))


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        # The example of the original's manual.
        (["2024/05/01 10:00:00 x", " y"], r"^\d{4}/\d{2}/\d{2}"),
        (["2024-05-01T10:00:00Z x", "y"], r"^\d{4}-\d{2}-\d{2}"),
        (["Jun  4 15:16:01 a", "Jun 14 15:16:01 b", "y"], r"^[A-Z][a-z]{2} +\d{1,2} \d{1,2}:\d{2}:\d{2}"),
        (["[2024-05-01 10:00:00] x", "y"], r"^\[\d{4}-\d{2}-\d{2}"),
        (
            ["<34>Oct 11 22:14:15 x", "<165>Oct 11 22:14:15 y", "z"],
            r"^<\d{1,3}>[A-Z][a-z]{2} +\d{1,2} \d{1,2}:\d{2}:\d{2}",
        ),
        (["1697062455.003 x", "y"], r"^\d{10}"),
        (["2024年5月1日 10:00:00 起動", " 詳細"], r"^\d{4}年\d{1,2}月\d{1,2}日"),
        (["01.05.2024 10:00:00 x", "y"], r"^\d{2}\.\d{2}\.\d{4}"),
        (
            ["10.0.0.1 - - [04/May/2026:10:30:00 +0900] x", "y"],
            r"^[^\[]*\[\d{2}/[A-Z][a-z]{2}/\d{4}:\d{2}:\d{2}:\d{2}",
        ),
    ],
)
def test_the_expression_is_made_from_the_stamps(lines: list[str], wanted: str) -> None:
    found = expression(*lines)

    assert found == wanted
    assert [bool(re.search(found, line)) for line in lines] == sample_of(lines).own.tolist()


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_there_is_an_expression_for_every_form_that_a_source_can_have(form: object) -> None:
    example = getattr(form, "example")  # noqa: B009  # hypothesis-free parametrisation over the table
    lines = [example, "  a line that goes on"] * 10
    sample = sample_of(lines)
    if not sample.own.any():
        pytest.skip("one line of it is not enough to be a source's form")

    found = start_expression(sample, plan_of(lines))

    assert found is not None
    assert [bool(re.search(found, line)) for line in lines] == sample.own.tolist()


def test_a_stamp_far_into_the_line_is_reached_by_its_place() -> None:
    lines = [f"{'w' * width} node{width} {'u' * (50 - width)} 2024-05-06 10:00:{width} x" for width in range(10, 40)]
    mixed = [line for stamped in lines for line in (stamped, "  more 5")]

    found = start_expression(sample_of(mixed), plan_of(mixed))

    assert found is not None
    assert [bool(re.search(found, line)) for line in mixed] == [True, False] * len(lines)


def options(lines: list[str]) -> list[str]:
    return [each.option for each in suggestions(sample_of(lines), plan_of(lines))]


def test_the_best_way_comes_first_and_poor_ones_not_at_all() -> None:
    multi = ["2024/05/01 10:00:00 A", "x", "---", "2024/05/01 10:01:00 B", "---", "2024/05/01 10:02:00 C", "---"]

    assert options(multi) == [r"--ml-start '^\d{4}/\d{2}/\d{2}'", "--ml-sep '^---$'"]


def test_a_separator_is_better_where_the_stamp_is_not_in_the_first_line() -> None:
    lines = ["begin A", "2024/05/01 10:00:00", "----", "begin B", "more", "2024/05/01 10:01:00", "----"]

    (first, *_) = suggestions(sample_of(lines), plan_of(lines))

    assert first.option == "--ml-sep '^----$'"
    assert (first.records, first.one_stamp, first.bare, first.as_default) == (2, 2, 0, False)


def test_separators_of_different_length_are_one_expression() -> None:
    lines = ["a 2024-05-01 10:00:00", "---", "b 2024-05-01 10:01:00", "-----", "c 2024-05-01 10:02:00", "----"]

    assert "--ml-sep '^-{3,}$'" in options(lines)


def test_empty_lines_separate() -> None:
    lines = ["x", "2024-05-01 10:00:00 a", "", "x", "2024-05-01 10:01:00 b", ""]

    assert options(lines)[0] == "--ml-sep '^$'"


def test_a_fixed_number_of_lines_is_only_suggested_where_it_never_fails() -> None:
    regular = ["2024-05-01 10:00:00 a", "x", "y"] * 4
    irregular = [*regular, "2024-05-01 10:00:00 a", "x", "2024-05-01 10:00:00 a"]

    assert "--ml-lines 3" in options(regular)
    assert not any(option.startswith("--ml-lines") for option in options(irregular))


def test_lines_without_stamps_begin_where_they_are_not_indented() -> None:
    lines = ["first", "  more", "  more", "second", "  more"]

    assert options(lines) == [r"--ml-start '^\S'"]


@pytest.mark.parametrize("lines", [["2024-05-01 10:00:00 a"] * 5, ["x"], ["plain", "text", "only"]])
def test_where_every_line_is_a_record_nothing_is_suggested(lines: list[str]) -> None:
    assert options(lines) == []


def test_a_way_that_changes_nothing_says_so() -> None:
    lines = ["2024-05-01 10:00:00 a", "  x", "  y", "2024-05-01 10:00:01 b", "2024-05-01 10:00:01 b"]

    (only,) = suggestions(sample_of(lines), plan_of(lines))

    assert (only.option, only.as_default) == (r"--ml-start '^\d{4}-\d{2}-\d{2}'", True)


TEXT = st.text(st.characters(codec="utf-8"), max_size=12)


@given(st.lists(TEXT, min_size=1, max_size=6))
def test_a_generalised_expression_matches_every_text_it_was_made_from(texts: list[str]) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc

    found = generalised(texts)

    if found is not None:
        matched = pc.match_substring_regex(pa.array(texts), f"^(?s:{found})$").to_numpy(zero_copy_only=False)
        assert np.all(matched)
