"""Keys and templates of ``-e``."""

from __future__ import annotations

import pytest

from twsla.errors import UsageError
from twsla.model.extraction import KEYS, Extraction, ExtractionKind, parse_extraction


def parse(text: str, position: int | None = None, name: str = "", **options: str | int | bool | None) -> Extraction:
    return parse_extraction(text, position=position, name=name, **options)  # type: ignore[arg-type]  # as tests need


@pytest.mark.parametrize("key", KEYS)
def test_every_key_is_known_in_any_case(key: str) -> None:
    name = "a" if key == "json" else ""
    lower, upper = (parse(text, name=name, grok_pattern="IP") for text in (key, key.upper()))

    assert lower.kind is upper.kind
    assert lower.re2 == upper.re2
    assert lower.ip_info == upper.ip_info


def test_the_keys_of_the_manuals() -> None:
    manuals = "ip mac number email loc country host domain asn ipv6 creditcard mynumber phone_jp phone_us phone_intl"
    for key in [*manuals.split(), "zip_jp", "uuid", "num", "word", "normalize", "json", "grok", "field", "csv", "tsv"]:
        assert parse(key, name="x", grok_pattern="IP").source == key


@pytest.mark.parametrize("info", ["host", "domain", "loc", "country", "asn"])
def test_information_on_an_address_takes_out_the_address(info: str) -> None:
    found = parse(info.upper())

    assert found.ip_info == info
    assert found.re2 == parse("ip").re2


def test_a_template_stands_for_observables_and_words() -> None:
    found = parse("user %{word} from %{IP} port %{num}")

    assert found.kind is ExtractionKind.PATTERN
    assert found.re2.startswith(r"user (\S+) from (")
    assert found.observable == ""


def test_a_template_of_one_observable_and_nothing_else_is_that_observable() -> None:
    assert parse("%{ip}").re2 == parse("ip").re2
    assert parse("%{ip}").observable == "ip"


def test_positions() -> None:
    assert parse("ip").position == 1
    assert parse("ip", 0).position == 1
    assert parse("ip", 3).position == 3
    assert parse("field").position == 1
    assert parse("field", 0).position == 0
    assert parse("csv", -1).position == -1


def test_a_name_is_a_column_only_where_no_position_is_given() -> None:
    assert parse("csv", name="User").name == "User"
    assert parse("csv", 3, name="User").name == ""


def test_a_grok_pattern_alone_is_enough() -> None:
    assert parse("", grok_pattern="IP").kind is ExtractionKind.GROK


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("ipp", "did you mean ip?"),
        ("Countri", "did you mean country?"),
        ("%{ipp}", "did you mean ip?"),
        ("%{SYSLOGBASE}", "-e grok -x"),
        ("Failed password", "the keys are ip, "),
        ("json", "-n '$.user.name'"),
        ("grok", "-x '%{SYSLOGBASE}'"),
        ("", "give -e one of ip, "),
    ],
)
def test_what_cannot_be_taken_out_is_explained(text: str, part: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text)

    assert part in (caught.value.hint or "")


def test_groups_are_for_expressions() -> None:
    assert parse("(a)(b)", group=2).group == 2
    for text, group in [("csv", 1), ("(a)", -1)]:
        with pytest.raises(UsageError, match="group"):
            parse(text, group=group)
