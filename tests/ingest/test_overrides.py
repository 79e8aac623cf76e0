"""``--for``: what is said about some sources."""

from __future__ import annotations

import pickle
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twsla.errors import UsageError
from twsla.formats.multiline import Multiline
from twsla.formats.timestamps.model import StampOptions
from twsla.ingest.overrides import FLAGS, VALUES, parse_override
from twsla.ingest.settings import Settings

BASE = Settings(stamps=StampOptions(zone="Europe/Berlin"), year=2020, zone_reason="--tz Europe/Berlin")


def applied(text: str, base: Settings = BASE) -> Settings:
    return parse_override(text).apply(base)


def test_every_setting_reaches_its_place() -> None:
    settings = applied(
        "x:tz=Asia/Tokyo,encoding=cp932,year=2023,ts-format=%d.%m.%Y, %H:%M,ts-field=at,input-format=text,dmy"
    )

    assert settings.stamps == StampOptions("Asia/Tokyo", day_first=True, form="%d.%m.%Y, %H:%M", field="at")
    assert (settings.encoding, settings.year, settings.format) == ("cp932", 2023, "text")
    assert settings.zone_reason == "--for 'x'"


def test_what_is_not_said_stays() -> None:
    settings = applied("x:encoding=cp932")

    assert settings == replace(BASE, encoding="cp932")


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("multiline=off", Multiline("off")),
        ("multiline=auto", Multiline()),
        (r"ml-start=^\d{4},\d", Multiline("start", r"^\d{4},\d")),
        ("mlSep=^---$", Multiline("separator", "^---$")),
        ("ml-lines=3", Multiline("lines", lines=3)),
        ("no-ts", Multiline("off")),
    ],
)
def test_how_lines_form_records(said: str, wanted: Multiline) -> None:
    assert applied(f"x:{said}", replace(BASE, multiline=Multiline("lines", lines=9))).multiline == wanted


def test_without_stamps_a_way_of_making_records_that_is_said_counts() -> None:
    settings = applied("x:no-ts,ml-lines=2")

    assert (settings.no_timestamps, settings.multiline) == (True, Multiline("lines", lines=2))


@pytest.mark.parametrize(
    ("pattern", "name", "wanted"),
    [
        ("router*.log", "logs/router-1.log", True),
        ("router*.log", "logs/switch.log", False),
        ("logs/*.log", "logs/a.log", True),
        ("logs/*.log", "/data/logs/a.log", False),
        ("**/logs/*.log", "/data/logs/a.log", True),
        ("messages", "case.tar.gz!var/log/messages", True),
        ("case.tar.gz!var/log/*", "case.tar.gz!var/log/messages", True),
        ("**/case.tar.gz!**", "x/case.tar.gz!var/log/messages", True),
        ("[!a]*", "b", True),
        ("[!a]*", "a", False),
        ("-", "-", True),
        ("C:\\x*", "C:\\x.log", True),
    ],
)
def test_which_sources_it_is_about(pattern: str, name: str, wanted: bool) -> None:
    assert parse_override(f"{pattern}:tz=UTC").matches(name) is wanted


def test_a_pattern_may_hold_colons_and_commas() -> None:
    override = parse_override("ssh://host:22/a,b=c:d.log:tz=+09:00,year=2023")

    assert override.pattern == "ssh://host:22/a,b=c:d.log"
    assert override.values == (("tz", "+09:00"), ("year", "2023"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x", "not a pattern, a colon and settings"),
        (":tz=UTC", "not a pattern, a colon and settings"),
        ("x:zone=UTC", "'zone=UTC' is not a setting"),
        ("x:tz=UTC,zone=UTC", "there is no time zone 'UTC,zone=UTC'"),
        ("x:tz=", "'tz=' is not a setting"),
        ("x:dmy=1", "'dmy=1' is not a setting"),
        ("x:tz", "'tz' is not a setting"),
        ("x:tz=Mars", "there is no time zone 'Mars'"),
        ("x:year=next", "year next is no year"),
        ("x:year=1800", "year 1800 is no year of a log"),
        ("x:encoding=klingon", "there is no encoding 'klingon'"),
        ("x:ts-format=nice", "there is no time-stamp form 'nice'"),
        ("x:input-format=xls", "there is no input format 'xls'"),
        ("x:ml-start=(", "is not valid"),
        ("x:ml-lines=-1", "ml-lines=-1 is no number of lines"),
        ("x:multiline=maybe", "neither auto nor off"),
        ("x:dmy,mdy", "contradict each other"),
        ("x:tz=UTC,tz=UTC", "twice"),
    ],
)
def test_what_cannot_be_understood_is_told_with_the_whole_option(text: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_override(text)

    assert text in caught.value.message
    assert told in caught.value.message


def test_the_later_of_two_wins_setting_by_setting() -> None:
    overrides = (parse_override("*.log:tz=Asia/Tokyo,year=2021"), parse_override("a*:year=2022"))
    settings = replace(BASE, overrides=overrides)

    assert settings.of("a.log").stamps.zone == "Asia/Tokyo"
    assert settings.of("a.log").year == 2022
    assert settings.of("b.log").year == 2021
    assert settings.of("b.txt") == settings
    assert settings.said_of("a.log") == {"tz": "Asia/Tokyo", "year": "2022"}


def test_the_key_of_a_source_knows_only_what_is_in_force_for_it() -> None:
    said = replace(BASE, overrides=(parse_override("a*:tz=Asia/Tokyo"),))

    assert said.of("b.log").key() == BASE.key()
    assert said.of("a.log").key() != BASE.key()
    assert said.of("a.log").key() == replace(BASE, stamps=StampOptions(zone="Asia/Tokyo")).key()


def test_settings_can_be_sent_to_another_process() -> None:
    settings = replace(BASE, overrides=(parse_override("a*:tz=Asia/Tokyo"),))

    assert pickle.loads(pickle.dumps(settings)) == settings


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        override = parse_override(text)
    except UsageError:
        return
    assert parse_override(str(override)) == override


@given(
    st.text(st.characters(exclude_characters=":,"), min_size=1, max_size=8),
    st.permutations([("tz", "Asia/Tokyo"), ("year", "2024"), ("encoding", "cp932"), ("dmy", ""), ("ml-lines", "2")]),
    st.integers(1, 5),
)
def test_what_was_written_is_what_is_read(pattern: str, values: list[tuple[str, str]], count: int) -> None:
    said = tuple(values[:count])

    override = parse_override(f"{pattern}:{','.join(f'{name}={value}' if value else name for name, value in said)}")

    assert (override.pattern, override.values) == (pattern, said)


def test_every_setting_is_an_option_of_the_command() -> None:
    from twsla.ingest.options import ImportOptions
    from twsla.options import Selection, describe

    longs = {info.long for owner in (ImportOptions, Selection) for info in describe(owner)}
    assert {f"--{name}" for name in (*VALUES, *FLAGS)} <= longs
