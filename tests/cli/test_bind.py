from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import click
import pytest

from tests.cli.programs import Program
from twsla.options import OutputOptions, Selection, arg, describe, opt


@dataclass(frozen=True, slots=True)
class CountOptions:
    interval: int = opt("-i", "--interval", default=0, help="Bucket.")
    time_pos: int = opt("-q", "--time-pos", default=0, help="Position.")
    ml_start: str = opt("--ml-start", default="", help="Start.")
    no_ts: bool = opt("--no-ts", "--noTS", default=False, help="No stamps.")
    ratio: float | None = opt("--ratio", default=None, help="Ratio.")
    order: Literal["up", "down"] = opt("--order", default="up", help="Order.")
    source: tuple[str, ...] = opt("-s", "--source", default=(), help="Sources.")
    week: bool = opt("-w", "--week", default=False, help="Weekdays.")


@dataclass(frozen=True, slots=True)
class ImportLike:
    sources: tuple[str, ...] = arg("SOURCE", help="What to read.")


@dataclass(frozen=True, slots=True)
class OwnFilter:
    search: str = opt("--filter", default="", help="Searched for by the server.")


SPELLINGS = [
    (owner, info, flag)
    for owner in (Selection, OutputOptions, CountOptions)
    for info in describe(owner)
    if not info.positional
    for flag in (info.long, *info.aliases)
]


@pytest.mark.parametrize(("owner", "info", "flag"), SPELLINGS, ids=[flag for _, _, flag in SPELLINGS])
def test_every_spelling_of_an_option_works(owner: type, info: object, flag: str, tmp_path: Path) -> None:
    program = Program(CountOptions, home=tmp_path)
    found = next(each for each in describe(owner) if flag in (each.long, *each.aliases))
    config = tmp_path / "c.yaml"
    config.write_text("")
    special = {"order": "down", "output": str(tmp_path / "o.csv"), "config": str(config), "format": "csv"}
    special |= {"tz": "UTC", "on": "detections"}
    typed = special.get(found.name, {"integer": "7", "number": "7.5"}.get(found.type, "x"))

    call, own = program.called("probe", flag, *([] if found.type == "flag" else [typed]))

    value = getattr({Selection: call.selection, OutputOptions: call.output}.get(owner, own), found.name)
    assert str(value) == ("True" if found.type == "flag" else "('x',)" if found.multiple else typed)


@pytest.mark.parametrize(
    ("flag", "info_name"),
    [("--timeRange", "time_range"), ("--mlStart", "ml_start"), ("--noTS", "no_ts"), ("--ignoreCase", "ignore_case")],
)
def test_the_spellings_of_the_original_are_among_them(flag: str, info_name: str) -> None:
    assert (flag, info_name) in [(flag, info.name) for _, info, flag in SPELLINGS]


def test_an_option_may_stand_before_or_after_the_command() -> None:
    before, _ = Program().called("-d", "x.db", "-t", "24h", "-f", "a", "-r", "b", "-v", "c", "--sixel", "probe")
    after, _ = Program().called("probe", "-d", "x.db", "-t", "24h", "-f", "a", "-r", "b", "-v", "c", "--sixel")

    assert before.selection == after.selection
    assert before.output == after.output
    assert before.selection == Selection(Path("x.db"), "24h", "a", "b", "c", filters=())
    assert before.output.sixel


def test_after_the_command_wins_over_before() -> None:
    call, _ = Program().called("-d", "before.db", "-f", "kept", "probe", "-d", "after.db")

    assert call.selection.datastore == Path("after.db")
    assert call.selection.filter == "kept"


def test_precedence_is_command_line_environment_file_default(tmp_path: Path) -> None:
    (tmp_path / ".twsla.yaml").write_text("timeRange: file\nfilter: file\nregex: file\ninterval: 60\n")
    variables = {"TWSLA_TIMERANGE": "env", "TWSLA_FILTER": "env"}
    program = Program(CountOptions, variables=variables, home=tmp_path)

    call, own = program.called("probe", "--time-range", "typed")

    selection = call.selection
    assert (selection.time_range, selection.filter, selection.regex, selection.inverted) == ("typed", "env", "file", "")
    assert own.interval == 60


def test_before_the_command_is_still_the_command_line() -> None:
    program = Program(variables={"TWSLA_FILTER": "env"})

    call, _ = program.called("-f", "typed", "probe")

    assert call.selection.filter == "typed"


def test_a_value_typed_as_the_default_still_counts_as_typed() -> None:
    program = Program(CountOptions, variables={"TWSLA_INTERVAL": "60"})

    _, own = program.called("probe", "--interval", "0")

    assert own.interval == 0


def test_a_flag_of_the_configuration_can_be_undone(tmp_path: Path) -> None:
    (tmp_path / ".twsla.yaml").write_text("week: true\n")

    assert Program(CountOptions, home=tmp_path).called("probe")[1].week is True
    assert Program(CountOptions, home=tmp_path).called("probe", "--no-week")[1].week is False


@pytest.mark.parametrize(
    ("variables", "store"),
    [
        ({"TWSLA_DATASTORE": "a.db"}, "a.db"),
        ({"TWSLA_DATASTOTE": "b.db"}, "b.db"),
        ({"TWSLA_DATASTORE": "a.db", "TWSLA_DATASTOTE": "b.db"}, "a.db"),
        ({"TWSLA_DATASTORE": "", "TWSLA_DATASTOTE": "b.db"}, "b.db"),
        ({}, "twsla.db"),
    ],
)
def test_the_misspelt_variable_of_the_manuals_works_and_the_correct_one_wins(
    variables: dict[str, str], store: str
) -> None:
    call, _ = Program(variables=variables).called("probe")

    assert call.selection.datastore == Path(store)


@pytest.mark.parametrize(
    ("variables", "sixel"),
    [({"TWSAL_SIXEL": "true"}, True), ({"TWSAL_SIXEL": "true", "TWSLA_SIXEL": "false"}, False), ({}, False)],
)
def test_the_misspelt_sixel_variable(variables: dict[str, str], sixel: bool) -> None:
    assert Program(variables=variables).called("probe")[0].output.sixel is sixel


def test_a_bad_value_in_the_environment_names_the_variable() -> None:
    message = Program(CountOptions, variables={"TWSLA_INTERVAL": "soon"}).refused("probe")

    assert "TWSLA_INTERVAL: 'soon' is not a whole number" in message


def test_what_was_not_typed_but_is_in_force_is_told(tmp_path: Path) -> None:
    (tmp_path / ".twsla.yaml").write_text("timeRange: 24h\n")
    program = Program(home=tmp_path, variables={"TWSLA_FILTER": "fail\x1b[2J"})

    program.called("probe")

    assert program.err.getvalue() == (
        f"twsla: note: from {tmp_path}/.twsla.yaml: timeRange=24h\n"
        "twsla: note: from the environment: TWSLA_FILTER=fail\\x1b[2J\n"
    )


def test_a_shared_short_letter_gives_way_to_the_commands_own() -> None:
    call, own = Program(CountOptions).called("probe", "-i", "60", "-q", "2", "--ignore-case", "--quiet")

    assert (own.interval, own.time_pos) == (60, 2)
    assert call.selection.ignore_case
    assert call.output.quiet


def test_a_shared_option_gives_way_to_the_commands_own_of_that_name() -> None:
    call, own = Program(OwnFilter).called("probe", "--filter", "text")

    assert own.search == "text"
    assert call.selection.filter == ""


def test_a_filter_before_a_command_that_does_not_take_it_is_an_error() -> None:
    assert "--filter before 'probe'" in Program(OwnFilter).refused("--filter", "x", "probe")
    assert "--time-range before 'probe'" in Program(selection=("datastore",)).refused("-t", "24h", "probe")


def test_a_filter_given_twice_is_an_error_not_a_loss() -> None:
    assert "--filter is given 2 times" in Program().refused("probe", "-f", "a", "-f", "b")


def test_the_last_of_other_options_wins() -> None:
    assert Program().called("probe", "--limit", "1", "--limit", "2")[0].output.limit == 2


def test_arguments_are_filters_unless_the_command_has_its_own() -> None:
    assert Program().called("probe", "a", "^b", "--limit", "1", "c d")[0].selection.filters == ("a", "^b", "c d")

    call, own = Program(ImportLike).called("probe", "a.log", "b.log")
    assert own.sources == ("a.log", "b.log")
    assert call.selection.filters == ()


def test_arguments_that_begin_with_a_hyphen_stand_behind_two() -> None:
    assert Program().called("probe", "--", "-x", "--limit")[0].selection.filters == ("-x", "--limit")


def test_an_option_value_may_begin_with_a_hyphen() -> None:
    assert Program().called("probe", "-r", "-x", "--not=--y")[0].selection == Selection(regex="-x", inverted="--y")


def test_several_values() -> None:
    assert Program(CountOptions).called("probe", "-s", "a", "--source", "b")[1].source == ("a", "b")


def test_a_choice_is_one_of_its_texts() -> None:
    assert Program(CountOptions).called("probe", "--order", "down")[1].order == "down"
    assert "'sideways' is not one of 'up', 'down'" in Program(CountOptions).refused("probe", "--order", "sideways")


def test_selection_can_be_restricted() -> None:
    assert "no such option" in Program(selection=("datastore",)).refused("probe", "-f", "x").lower()


def test_help_shows_own_options_first_one_spelling_each_and_ends_with_the_example() -> None:
    command = Program(CountOptions).command()

    text = command.get_help(click.Context(command, info_name="probe"))

    assert text.index("Options:") < text.index("Which records:") < text.index("Output:") < text.index("Example:")
    assert text.endswith("Example:\n  twsla probe")
    assert "--ml-start" in text
    assert "--mlStart" not in text
    assert "--no-week" not in text


def test_an_unsupported_annotation_is_found_when_described() -> None:
    @dataclass(frozen=True)
    class Odd:
        when: complex = opt("--when", default=0j, help="When.")

    with pytest.raises(TypeError, match=r"Odd\.when"):
        describe(Odd)
