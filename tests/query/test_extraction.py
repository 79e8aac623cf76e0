"""Values taken out of records: the examples of the specification, options, and what is refused."""

from __future__ import annotations

import pytest

from tests.query.extracting import extracted, extracted_one
from twsla.errors import UsageError
from twsla.model.extraction import ExtractionKind, parse_extraction
from twsla.query.extraction import compile_extraction

PAIR = "Connection from 192.168.1.1 to 10.0.0.2"
USER = "user root from 1.2.3.4 port 5"
UUID = "550E8400-E29B-41D4-A716-446655440000"
SPECIFIED = [
    ("ip", 1, PAIR, "192.168.1.1"),
    ("ip", 2, PAIR, "10.0.0.2"),
    ("ip", 2, "only 1.2.3.4", None),
    ("number", 1, "Value is 123.45", "123.45"),
    ("number", 1, "a-b", None),
    ("number", 1, "2024-01-02 x=5", "2024-01-02"),
    ("number", 1, "v1.2.3", "1.2.3"),
    ("number", 2, "Values are 123.45 and 67.89", "67.89"),
    ("number", 2, "uid=0 euid=-1", "-1"),
    ("email", 1, "Email to test@example.com.", "test@example.com"),
    ("%{word} is 100", 1, "Price is 100", "Price"),
    ("count=%{number}", 1, "count=12 count=34", "12"),
    ("count=%{number}", 2, "count=12 count=34", "34"),
    ("user %{word} from %{ip}", 1, USER, "root"),
    ("user %{word} from %{ip}", 2, USER, None),
    (r"port \d+", 1, "port 22", "port 22"),
    (r"port (\d+)", 1, "port 22", "22"),
    ("ipv6", 1, "at 10:30:00 from fe80::1", "fe80::1"),
    ("phone_jp", 1, "tel 03-1234-5678", "03-1234-5678"),
    ("zip_jp", 1, "〒100-0001", "100-0001"),
    ("uuid", 1, f"session {UUID}", UUID),
    ("creditcard", 1, "card 4111-1111-1111-1111.", "4111-1111-1111-1111"),
    ("field", 0, "a  b\tc", "a"),
    ("field", 1, "a  b\tc", "b"),
    ("csv", 1, "a, b ,c", "b"),
    ("word", 1, "(Hello), a World!", ["hello", "world"]),
]


@pytest.mark.parametrize(("what", "position", "text", "value"), SPECIFIED)
def test_the_examples_of_the_specification(what: str, position: int, text: str, value: object) -> None:
    assert extracted_one(what, text, position) == value


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ('{"Event":{"System":{"EventID":"4624"}}}', "$.Event.System.EventID", "4624"),
        ('prefix {"a":1}', "a", "1"),
        ('{"a":1} tail', "a", None),
    ],
)
def test_the_examples_of_the_specification_with_json(text: str, path: str, value: str | None) -> None:
    assert extracted_one("json", text, name=path) == value


def test_the_example_of_the_specification_with_grok() -> None:
    assert extracted_one("grok", "from 10.0.0.1", name="IP", grok_pattern="IP") == "10.0.0.1"


# --- expressions ---------------------------------------------------------------------------------------------------


def test_all_groups_can_be_reached() -> None:
    assert extracted_one("user %{word} from %{ip}", USER, group=2) == "1.2.3.4"
    assert extracted_one("user %{word} from %{ip}", USER, group=0) == "user root from 1.2.3.4"
    assert extracted_one("".join(f"({sign})" for sign in "abcdefghijkl"), "abcdefghijkl", group=12) == "l"
    assert extracted_one(r"user (?P<who>\S+) from (?<where>\S+)", USER, name="where") == "1.2.3.4"
    assert extracted_one(r"user (?P<who>\S+) from", USER, name="Title") == "root"


def test_all_matches_can_be_reached() -> None:
    assert extracted_one("ip", PAIR, all_matches=True) == ["192.168.1.1", "10.0.0.2"]
    assert extracted_one("ip", "none", all_matches=True) == []
    assert extracted_one(r"(\w)=(\w)", "a=b c=d", group=2, all_matches=True) == ["b", "d"]


def test_an_empty_value_is_one_and_a_group_that_took_no_part_is_none() -> None:
    texts = ["user= x", "user=bob", "none", "user=7"]
    assert extracted(r"user=(\S*)", texts) == ["", "bob", None, "7"]
    assert extracted("(a)|b", ["b", "ab"]) == [None, "a"]
    assert extracted("(a)|b", ["ab"], all_matches=True) == [["a"]]
    assert extracted("(a)|b", ["ab", "ba"], 2) == [None, "a"]


def test_no_address_is_made_of_a_part_of_another() -> None:
    cut = ["from 1.2.3.456 x", "from 1.2.3.45x", "from 1234.1.2.3"]
    assert extracted("from %{ip}", cut) == [None, "1.2.3.45", None]
    assert extracted(".*%{ip}", ["from 183.62.140.253 x"]) == ["183.62.140.253"]
    odd = ["999.1.1.1", "1.2.3.4.5", "x1.2.3.4y", "256.1.2.3.4", "1.2.3.4.", "12.34.56.789"]
    assert extracted("ip", odd) == [None, "1.2.3.4", "1.2.3.4", "1.2.3.4", "1.2.3.4", None]


@pytest.mark.parametrize("text", ["(", "a{2,1}", "(?=x)", r"(a)\1", "*", r"\y", "[b-a]"])
def test_a_wrong_expression_is_explained(text: str) -> None:
    with pytest.raises(UsageError, match=r"the regular expression .* cannot be used"):
        extracted_one(text, "x")


def test_a_group_that_is_not_there_is_explained() -> None:
    with pytest.raises(UsageError, match=r"'\(a\)' has one group, not 2"):
        extracted_one("(a)", "x", group=2)
    with pytest.raises(UsageError, match="has no group, not 1"):
        extracted_one("a+", "x", group=1)


# --- fields and tables ---------------------------------------------------------------------------------------------


def test_fields_count_from_either_end() -> None:
    text = " one two\u3000three\nfour "
    assert [extracted_one("field", text, place) for place in (0, 2, 3, 4, -1, -4, -5)] == [
        *("one", "three", "four", None),
        *("four", "one", None),
    ]
    long = " ".join(map(str, range(500)))
    assert extracted_one("field", long, 499) == "499"
    assert extracted_one("field", long, -500) == "0"
    assert extracted_one("field", long, 10**20) is None
    assert extracted_one("field", text, all_matches=True) == ["one", "two", "three", "four"]


def test_the_second_field_is_meant_where_no_place_is_given() -> None:
    assert extracted_one("field", "a b c") == "b"


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("a,b,c", ["a", "b", "c"]),
        ('"a,b",c', ["a,b", "c"]),
        ('"say ""hi""",x', ['say "hi"', "x"]),
        ('  "a" , b ', ["a", "b"]),
        ('" a ",b', [" a ", "b"]),
        ("a,,c,", ["a", "", "c", ""]),
        ("", [""]),
        (",", ["", ""]),
        ('a"b,c', ['a"b', "c"]),
        ('"a"b,c', ["ab", "c"]),
        ('"a,b', ["a,b"]),
        ('"line one\nline two",x', ["line one\nline two", "x"]),
        ('日本,"語,x"', ["日本", "語,x"]),
    ],
)
def test_comma_separated_values_with_quotes(text: str, fields: list[str]) -> None:
    assert extracted_one("csv", text, all_matches=True) == fields
    for place in range(-len(fields) - 1, len(fields) + 2):
        wanted = fields[place] if -len(fields) <= place < len(fields) else None
        assert extracted_one("csv", text, place) == wanted
    tabs = text.replace(",", "\t")
    assert extracted_one("tsv", tabs, all_matches=True) == [field.replace(",", "\t") for field in fields]


# --- words and pairs -----------------------------------------------------------------------------------------------


def test_words() -> None:
    text = "Failed password for root; Failed (again)"
    assert extracted_one("word", text) == ["failed", "password", "for", "root", "failed", "again"]
    assert extracted_one("word", f"{'x' * 50} {'y' * 51} é 日 ... ''a") == ["x" * 50, "é", "日"]


PAIRS = 'user=root, msg="say \\"hi\\", x=1" ruser= (uid=0) q=/a?b=c&d=e f=g(h) user=\'o b\' n-user=x w="open'


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("user", ["root", "o b"]),
        ("msg", ['say "hi", x=1']),
        ("ruser", [""]),
        ("uid", ["0"]),
        ("b", ["c"]),
        ("d", ["e"]),
        ("f", ["g(h)"]),
        ("w", ['"open']),
        ("ser", []),
        ("User", []),
    ],
)
def test_the_values_of_a_key(key: str, values: list[str]) -> None:
    assert extracted_one("kv", PAIRS, name=key, all_matches=True) == values
    for position in (1, 2):
        wanted = values[position - 1] if len(values) >= position else None
        assert extracted_one("kv", PAIRS, position, name=key) == wanted


def test_all_pairs() -> None:
    assert extracted_one("kv", "a=1, b=x c.d=[e]") == ["a=1", "b=x", "c.d=[e]"]


def test_a_key_is_plain_text() -> None:
    assert extracted_one("kv", "a.b=1 axb=2", name="axb") == "2"
    assert extracted_one("kv", "axb=2", name="a.b") is None
    assert extracted_one("kv", "a'b=2", name="a'b") == "2"


# --- others --------------------------------------------------------------------------------------------------------


def test_the_source() -> None:
    assert extracted_one("SOURCE", "x") == "source"


def test_nul_and_japanese() -> None:
    assert extracted_one("ip", "\0日本\0 1.2.3.4\0") == "1.2.3.4"
    assert extracted_one(r"(\w+)=", "a\0bc=") == "bc"


def test_parameters_do_not_meet_those_of_another_extraction() -> None:
    extraction = parse_extraction("user %{word}", position=2, name="")
    first, second = (compile_extraction(extraction, prefix=prefix).params for prefix in ("e0", "e1"))

    assert first
    assert not set(first) & set(second)


@pytest.mark.parametrize("kind", [ExtractionKind.NORMALIZE, ExtractionKind.TEMPLATE])
def test_what_needs_all_records_is_not_for_this_compiler(kind: ExtractionKind) -> None:
    with pytest.raises(AssertionError):
        compile_extraction(parse_extraction(kind.value, position=None, name=""))
