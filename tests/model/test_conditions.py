"""Reading the conditions of --where."""

from __future__ import annotations

import pytest

from twsla.errors import UsageError
from twsla.model.conditions import All, Any, Comparison, Not, Operator, parse_condition

NOW = 1_700_000_000 * 10**9


def read(text: str) -> object:
    condition = parse_condition(text, now_ns=NOW, zone="UTC")
    assert condition is not None
    return condition.root


def plain(name: str, operator: Operator, *values: str, at: int = 1, negative: bool = False) -> Comparison:
    return Comparison(name, operator, values, negative=negative, at=at)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("EventID = 4688", plain("EventID", Operator.EQUAL, "4688")),
        ("EventID=4688", plain("EventID", Operator.EQUAL, "4688")),
        ("  a  !=  b ", plain("a", Operator.EQUAL, "b", at=3, negative=True)),
        ("a <> b", plain("a", Operator.EQUAL, "b", negative=True)),
        ("a == b", plain("a", Operator.EXACT, "b")),
        ("a !== b", plain("a", Operator.EXACT, "b", negative=True)),
        ("a<=5", plain("a", Operator.AT_MOST, "5")),
        ("cs-uri-query contains ../", plain("cs-uri-query", Operator.CONTAINS, "../")),
        (r"Image ends with '\cmd.exe'", plain("Image", Operator.ENDS, r"\cmd.exe")),
        (r"Image ENDS  WITH C:\x\cmd.exe", plain("Image", Operator.ENDS, r"C:\x\cmd.exe")),
        ("Image not startswith 'it''s'", plain("Image", Operator.STARTS, "it's", negative=True)),
        ('"Threat Name" like "a ""b"" *"', plain("Threat Name", Operator.LIKE, 'a "b" *')),
        ("a exists", plain("a", Operator.EXISTS)),
        ("a not exists", plain("a", Operator.EXISTS, negative=True)),
        ("a in (1, 'two words',x)", plain("a", Operator.IN, "1", "two words", "x")),
        (r"a matches /x\/y\d+/i", plain("a", Operator.MATCHES, r"(?i)x/y\d+")),
        ("a matches 'b|c'", plain("a", Operator.MATCHES, "b|c")),
        ("a cidr 10.1.2.3/8", plain("a", Operator.CIDR, "10.0.0.0/8")),
        ("'and' = or", plain("and", Operator.EQUAL, "or")),
        ("not = 1", plain("not", Operator.EQUAL, "1")),
        ("inbound = 1", plain("inbound", Operator.EQUAL, "1")),
        ("$.user.name = x", plain("user.name", Operator.EQUAL, "x")),
        ("Data[0] = x", plain("Data[0]", Operator.EQUAL, "x")),
        ("fields.ts = x", plain("ts", Operator.EQUAL, "x")),
        ("'ts' = x", plain("ts", Operator.EQUAL, "x")),
        ("SOURCE = x", Comparison("source", Operator.EQUAL, ("x",), built_in=True, at=1)),
    ],
)
def test_comparisons(text: str, wanted: Comparison) -> None:
    assert read(text) == wanted


def test_and_binds_before_or_and_not_binds_first() -> None:
    a, b, c = (plain(name, Operator.EXISTS) for name in "abc")

    def bare(node: object) -> object:
        match node:
            case Comparison(name):
                return plain(name, Operator.EXISTS)
            case Not(of):
                return Not(bare(of))  # type: ignore[arg-type]
            case All(of):
                return All(tuple(bare(each) for each in of))  # type: ignore[misc]
            case Any(of):
                return Any(tuple(bare(each) for each in of))  # type: ignore[misc]
        raise AssertionError

    def shape(text: str) -> object:
        return bare(read(text))

    assert shape("a exists or b exists and c exists") == Any((a, All((b, c))))
    assert shape("(a exists or b exists) and c exists") == All((Any((a, b)), c))
    assert shape("not a exists and not not b exists") == All((Not(a), Not(Not(b))))
    assert shape("NOT (a exists OR(b exists))AND c exists") == All((Not(Any((a, b))), c))


def test_times_are_read_as_elsewhere() -> None:
    found = read("ts >= '2024-05-01 10:00'")
    assert isinstance(found, Comparison)
    assert found.instants == (1_714_557_600 * 10**9,) * 2
    day = read("ts = yesterday")  # the present is 2023-11-14
    assert isinstance(day, Comparison)
    assert day.instants == (1_699_833_600 * 10**9, 1_699_920_000 * 10**9 - 1)


@pytest.mark.parametrize(
    ("text", "at", "why"),
    [
        ("a", 2, "behind 'a' an operator is missing"),
        ("a =", 4, "a value is missing behind '='"),
        ("a = b c = d", 7, "'and' or 'or' is missing"),
        ("a = b and", 10, "the name of a field is missing"),
        ("and a = b", 1, "the name of a field is missing"),
        ("(a = b", 1, "this '(' is not closed"),
        ("a = b)", 6, "')' closes nothing"),
        ("(a = b c", 8, "')', 'and' or 'or' is missing"),
        ("a = 'b", 5, "this quote is not closed"),
        ("a in b", 6, "'(' is missing behind 'in'"),
        ("a in (b c)", 9, "',' or ')' is missing in the list"),
        ("a in ()", 7, "a value is missing behind '('"),
        ("a cidr 10.0.0.0/99", 8, "'10.0.0.0/99' is no network"),
        ("a not = b", 7, "an operator is missing"),
        ("ts contains 5", 1, "'ts' is a time"),
        ("ts > nonsense", 6, "'nonsense' cannot be read as a time"),
        ("(" * 101 + "a = b" + ")" * 101, 101, "more than 100 conditions"),
    ],
)
def test_errors_tell_where(text: str, at: int, why: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(text)

    assert f"at character {at} " in caught.value.message
    assert why in caught.value.message


def test_an_empty_text_is_no_condition() -> None:
    assert parse_condition("  ", now_ns=NOW, zone="UTC") is None
