"""Values of JSON paths, against Python's own JSON reader."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.query.extracting import extracted, extracted_one
from twsla.errors import UsageError
from twsla.query.jsonpath import parse_json_path

EVENT = json.dumps(
    {
        "user": {"name": "bob", "id": 7},
        "a.b": "dot",
        'q"k': "quote",
        "it's": "apostrophe",
        "back\\slash": "backslash",
        "[0]": "bracket",
        "*": {"": ["star"]},
        "日本": "語",
        "list": [1, None, "s", {"k": [2.5]}],
        "ok": True,
        "none": None,
        "k": "top",
        "empty": "",
        "control": "a\0\n\u2028",
    }
)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("user.name", "bob"),
        ("$.user.name", "bob"),
        ("$['user'][\"name\"]", "bob"),
        ('$."user".name', "bob"),
        ("$.user", '{"name":"bob","id":7}'),
        ("['a.b']", "dot"),
        ('$["q\\"k"]', "quote"),
        ("$['it\\'s']", "apostrophe"),
        ("$['back\\\\slash']", "backslash"),
        ("$['[0]']", "bracket"),
        ("$['*'][''][0]", "star"),
        ("日本", "語"),
        ("list[0]", "1"),
        ("$.list[-1].k", "[2.5]"),
        ("$.list[-2]", "s"),
        ("$.list[1]", None),
        ("$.list[9]", None),
        ("$.list", '[1,null,"s",{"k":[2.5]}]'),
        ("ok", "true"),
        ("none", None),
        ("missing.path", None),
        ("user.name.more", None),
        ("empty", ""),
        ("control", "a\0\n\u2028"),
        ("$.*.name", "bob"),
        ("$..id", "7"),
    ],
)
def test_paths(path: str, value: str | None) -> None:
    assert extracted_one("json", EVENT, name=path) == value
    assert extracted_one("json", f"May  4 10:30:00 host {EVENT}\n", name=path) == value


def test_paths_of_several_values() -> None:
    assert extracted_one("json", EVENT, name="$.list[*]") == "1"
    assert extracted_one("json", EVENT, 2, name="$.list[*]") == "s"
    assert extracted_one("json", EVENT, 9, name="$.list[*]") is None
    assert extracted_one("json", EVENT, name="$.list[*]", all_matches=True) == ["1", "s", '{"k":[2.5]}']
    assert extracted_one("json", EVENT, name="$..k", all_matches=True) == ["top", "[2.5]"]
    assert extracted_one("json", EVENT, name="user.id", all_matches=True) == ["7"]
    assert extracted_one("json", EVENT, name="none", all_matches=True) == []


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("1234567", "1234567"),
        ("0.5", "0.5"),
        ("1e6", "1000000"),
        ("1.234567e+06", "1234567"),
        ("1.5e-7", "0.00000015"),
        ("-1.25E+22", "-12500000000000000000000"),
        ("9007199254740993", "9007199254740993"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ("-123456789012345678901234567890", "-123456789012345678901234567890"),
        ("1e400", "1" + "0" * 400),
        ("1.10", "1.1"),
        ("100.0", "100"),
        ("-0.0", "-0"),
        ("12345.678e2", "1234567.8"),
    ],
)
def test_numbers_have_no_exponent_and_lose_no_digit(number: str, text: str) -> None:
    assert extracted_one("json", f'{{"a":{number}}}', name="a") == text
    assert extracted_one("json", f'{{"a":[{number}]}}', name="a[*]", all_matches=True) == [text]


def test_what_is_no_object_has_no_value() -> None:
    texts = [
        "",
        "{",
        "}",
        '{"a":1',
        '{"a":1} x',
        '["a"]',
        "a",
        '{"a":1}{"a":2}',
        '[{"a":1}]',
        '{"a":"\ud7ff"}',
        "{a:1}",
    ]
    assert extracted("json", texts, name="a") == [None] * 9 + ["\ud7ff", None]


@pytest.mark.parametrize(
    "path",
    [
        "$.a[",
        "$.",
        "$..",
        "a..",
        " ",
        "$x",
        "$.a.'b'",
        "$.a[x]",
        "a..b..",
        "(@.a)",
    ],
)
def test_a_wrong_path_is_explained(path: str) -> None:
    with pytest.raises(UsageError, match="cannot be read") as caught:
        extracted_one("json", "{}", name=path)
    assert "$.user.name" in (caught.value.hint or "")


def test_no_name_is_syntax() -> None:
    for name in [
        "x' OR 1=1 --",
        "'); DROP TABLE records; --",
        "$e0_0",
        "a\\u0062",
        "a\\\\",
        '"',
        "\\",
        "a]b",
        "a[b",
        "#-1",
    ]:
        text = json.dumps({name: "found", "x": "other"})
        path = f"$[{json.dumps(name)}]" if "\\u" not in name else f"$['{name}']".replace("\\", "\\\\")
        assert extracted_one("json", text, name=path) == "found"


def test_depth_alone_is_no_danger() -> None:
    deep = '{"a":' * 100_000 + "1" + "}" * 100_000
    assert extracted_one("json", deep, name="a.a.a") is not None
    with pytest.raises(Exception, match="would give more than 268,435,456 characters for one record"):
        extracted_one("json", deep, name="$..a")
    flat = json.dumps({"list": [{"name": f"{{{number}", "of": {}} for number in range(20_000)]})
    assert extracted_one("json", flat, 20_000, name="$..name") == "{19999"
    assert extracted_one("json", '{"a":' * 200 + "1" + "}" * 200, 200, name="$..a") == "1"


def test_what_a_path_may_mean() -> None:
    assert parse_json_path("a.b[0]") == parse_json_path('$["a"]["b"][0]')
    assert not parse_json_path("a.b[0]").is_many
    assert parse_json_path("a.*").is_many
    assert parse_json_path("$..a").is_deep


NAMES = st.sampled_from(["a", "b", "a.b", "ä", '"', "\\", "'", "0", "日", "a b", "[", "*", ""])
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=8
)
STEPS = st.lists(NAMES | st.integers(-2, 2), min_size=1, max_size=4)


def reference(value: Any, steps: list[str | int]) -> str | None:
    for step in steps:
        is_member = isinstance(step, str) and isinstance(value, dict) and step in value
        is_item = isinstance(step, int) and isinstance(value, list) and -len(value) <= step < len(value)
        if not is_member and not is_item:
            return None
        value = value[step]
    return written(value)


def written(value: Any) -> str | None:
    """The text of a value; of arrays and objects only that they are there: their numbers are as DuckDB writes them."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        text = f"{Decimal(repr(value)):f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return "there"


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.dictionaries(NAMES, VALUES, max_size=4), min_size=1, max_size=12), STEPS, st.sampled_from(["", "x "])
)
@example([{"a": 1.7976931348623157e308}, {"a": 5e-324}], ["a"], "")
def test_values_are_those_of_another_reader(objects: list[dict[str, Any]], steps: list[str | int], before: str) -> None:
    path = "$" + "".join(f"[{json.dumps(step, ensure_ascii=False)}]" for step in steps)
    texts = [before + json.dumps(each, ensure_ascii=index % 2 == 0) for index, each in enumerate(objects)]

    found = extracted("json", texts, name=path)

    for text, value, whole in zip(texts, found, objects, strict=True):
        wanted = reference(whole, steps)
        if wanted == "there" and value is not None and value[:1] in "[{":
            json.loads(value)
        else:
            assert value == wanted, text
