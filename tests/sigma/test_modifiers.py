"""Every modifier of Sigma 2, on values whose answers are known from the specification."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from tests.sigma.memory import detected
from tests.sigma.stores import SYSMON, plan_of, rule

if TYPE_CHECKING:
    from collections.abc import Mapping


def hits(selection: Any, *values: Mapping[str, str] | str, **further: Any) -> list[int]:
    """Which of some values of the field ``F`` (or whole events) a selection is true for."""
    events = [{**SYSMON, **({"F": each} if isinstance(each, str) else each)} for each in values]
    return detected([rule({"s": selection, "condition": "s"}, **further)], events)["rule"]


@pytest.mark.parametrize(
    ("selection", "values", "expected"),
    [
        ({"F": "abc"}, ("abc", "ABC", "abcd"), [0, 1]),
        ({"F": ["a", 5]}, ("A", "5", "55"), [0, 1]),
        ({"F": "a*c"}, ("ac", "abbc", "a\nc", "acd"), [0, 1, 2]),
        ({"F": "a?c"}, ("abc", "aäc", "ac", "abbc"), [0, 1]),
        ({"F": r"a\*c"}, ("a*c", "abc"), [0]),
        ({"F": r"C:\*\x.exe"}, (r"C:*\x.exe", r"C:\a\x.exe"), [0]),
        ({"F": r"C:\\*\x.exe"}, (r"C:\a\x.exe", r"C:\a\y.exe"), [0]),
        ({"F|contains": "b"}, ("abc", "B", "ac"), [0, 1]),
        ({"F|startswith": "ab"}, ("ABC", "cab"), [0]),
        ({"F|endswith": ["bc", "d"]}, ("abc", "D", "dx"), [0, 1]),
        ({"F|contains|all": ["a", "b"]}, ("ba", "a", "b"), [0]),
        ({"F|cased": "aB"}, ("aB", "ab"), [0]),
        ({"F|contains|cased": "B"}, ("aBc", "abc"), [0]),
        ({"F|re": "^a.c$"}, ("abc", "ABC", "xabc"), [0]),
        ({"F|re|i": "^a.c$"}, ("ABC", "x"), [0]),
        ({"F|re|s": "a.c"}, ("a\nc", "ac"), [0]),
        ({"F|re|m": "^b$"}, ("a\nb\nc", "ab"), [0]),
        ({"F|cidr": "10.0.0.0/8"}, ("10.1.2.3", "11.0.0.1", "x", "::ffff:10.0.0.1"), [0, 3]),
        ({"F|cidr": "fe80::/10"}, ("fe80::1", "2001:db8::1"), [0]),
        ({"F|lt": 5}, ("4.9", "5", "x"), [0]),
        ({"F|lte": 5}, ("5", "6"), [0]),
        ({"F|gt": 5}, ("10", "5", "0x6"), [0, 2]),
        ({"F|gte": 5}, ("5", "4"), [0]),
        ({"F|neq": "a"}, ("a", "b", ""), [1, 2]),
        ({"F|exists": True}, ("a", "", {}), [0, 1]),
        ({"F|exists": False}, ("a", "", {}), [2]),
        ({"F": None}, ("a", "", {}), [1, 2]),
        ({"F": "*"}, ("a", "", {}), [0]),
        ({"F|windash|contains": " -f"}, ("x -f", "x /f", "x \u2013f", "x +f"), [0, 1, 2]),
        ({"F|minute": 30}, ("2024-05-06T10:30:59Z", "2024-05-06T10:31:00Z"), [0]),
        ({"F|hour": 8}, ("2024-05-06T10:30:59+02:00", "2024-05-06 10:30:59"), [0]),
        ({"F|day": 6}, ("2024-05-06 00:00:00.1234567", "1714953600", "x"), [0, 1]),
        ({"F|week": 19}, ("2024-05-06", "2024-05-05"), [0]),
        ({"F|month": 5}, ("2024-05-06", "2024-06-05"), [0]),
        ({"F|year": 2024}, ("2024-05-06", "2023-05-06"), [0]),
    ],
)
def test_modifier(selection: Any, values: tuple[Any, ...], expected: list[int]) -> None:
    assert hits(selection, *values) == expected


@pytest.mark.parametrize(
    ("modifiers", "encoding"), [("base64", "utf-8"), ("wide|base64", "utf-16-le"), ("utf16be|base64", "utf-16-be")]
)
def test_base64_of_encodings(modifiers: str, encoding: str) -> None:
    encoded = base64.b64encode("foo bar".encode(encoding)).decode()

    assert hits({f"F|{modifiers}": "foo bar"}, encoded, "foo bar") == [0]


def test_base64_of_utf16_begins_with_the_mark_of_its_order() -> None:
    encoded = base64.b64encode(b"\xff\xfe" + "foo".encode("utf-16-le")).decode()

    assert hits({"F|utf16|base64": "foo"}, encoded, "foo") == [0]


@pytest.mark.parametrize("before", ["", "x", "xy", "xyz"])
def test_base64_at_any_place_of_a_longer_text(before: str) -> None:
    encoded = base64.b64encode(f"{before}http://evil and more".encode()).decode()

    assert hits({"F|base64offset|contains": "http://evil"}, encoded, "http://evil") == [0]


@pytest.mark.parametrize(
    ("modifiers", "expected"),
    [
        ("fieldref", [0]),
        ("fieldref|startswith", [0, 1]),
        ("fieldref|endswith", [0, 2]),
        ("fieldref|contains", [0, 1, 2, 3]),
    ],
)
def test_other_fields(modifiers: str, expected: list[int]) -> None:
    events = [{"F": f, "G": g} for f, g in (("A", "a"), ("ab", "a"), ("ba", "A"), ("bab", "a"), ("b", "a"), ("", ""))]

    assert hits({f"F|{modifiers}": "G"}, *events) == expected


def test_keywords_are_looked_for_in_all_values() -> None:
    events = [{"F": "x mimikatz"}, {"G": "MimiKatz.exe"}, {"F": "x"}]

    assert hits(["mimikatz", "nothing"], *events) == [0, 1]
    assert hits({"|all": ["mimi", "exe"]}, *events) == [1]


def test_placeholders_take_all_values_given() -> None:
    given = [rule({"s": {"F|expand": r"%dcs%"}, "condition": "s"})]
    values = {"dcs": [f"dc{number}" for number in range(500)]}

    assert plan_of(given, values).rules
    assert len(plan_of(given, values).leaves) > 500
    refused = plan_of(given).refused
    assert refused[0].kind == "unsupported"
    assert "%dcs%" in refused[0].reason


@pytest.mark.parametrize(
    "selection", [{"F|nonsense": "a"}, {"F|re": "a(?=b)"}, {"F|re": "("}, {"F|cidr": "10.0.0.0/99"}, {"F|gt": "a"}, {}]
)
def test_what_cannot_run_is_refused_with_a_reason(selection: Any) -> None:
    plan = plan_of([rule({"s": selection, "condition": "s"})])

    assert not plan.rules
    assert plan.refused[0].reason


@pytest.mark.parametrize("condition", ["t", "1 of t*", "s and", "s | count() > 5", ""])
def test_a_condition_that_means_nothing_is_refused(condition: str) -> None:
    assert plan_of([rule({"s": {"F": "a"}, "condition": condition})]).refused


def test_filters_are_joined_to_the_rules_they_name() -> None:
    other = rule({"s": {"F": "a*"}, "condition": "s"}, "other")
    rules = [
        rule({"s": {"F": "a*"}, "condition": "s"}, name="named"),
        other,
        {
            "title": "known hosts",
            "logsource": {"product": "windows", "category": "process_creation"},
            "filter": {"rules": ["named"], "known": {"F": "ab"}, "condition": "not known"},
        },
    ]

    assert detected(rules, [{**SYSMON, "F": "a"}, {**SYSMON, "F": "ab"}]) == {"rule": [0], "other": [0, 1]}
