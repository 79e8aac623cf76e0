from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cli.programs import Program
from tests.cli.test_bind import CountOptions
from twsla.config import find_config, parse, plain_key
from twsla.errors import UsageError
from twsla.options import IpOptions, opt


def test_no_file_at_home_is_no_configuration(tmp_path: Path) -> None:
    assert find_config(None, tmp_path) is None
    assert find_config(None, None) is None


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere\.yaml cannot be read: No such file"):
        find_config(tmp_path / "nowhere.yaml", tmp_path)


def test_a_named_file_replaces_the_one_at_home(tmp_path: Path) -> None:
    (tmp_path / ".twsla.yaml").write_text("filter: home\n")
    (tmp_path / "case.yaml").write_text("regex: named\n")
    program = Program(home=tmp_path)

    call, _ = program.called("--config", str(tmp_path / "case.yaml"), "probe")
    by_variable, _ = Program(home=tmp_path, variables={"TWSLA_CONFIG": str(tmp_path / "case.yaml")}).called("probe")

    assert (call.selection.filter, call.selection.regex) == ("", "named")
    assert by_variable.selection == call.selection


@pytest.mark.parametrize("key", ["timeRange", "timerange", "TIMERANGE", "time-range", "time_range"])
def test_keys_are_the_same_in_any_case_and_spelling(key: str, tmp_path: Path) -> None:
    (tmp_path / ".twsla.yaml").write_text(f"{key}: 24h\n")

    assert Program(home=tmp_path).called("probe")[0].selection.time_range == "24h"


def test_a_text_option_takes_a_value_that_yaml_reads_as_a_number_or_a_truth(tmp_path: Path) -> None:
    (tmp_path / ".twsla.yaml").write_text("filter: 500\nregex: yes\nnot: 1e3\n")

    selection = Program(home=tmp_path).called("probe")[0].selection

    assert (selection.filter, selection.regex, selection.inverted) == ("500", "yes", "1e3")


def test_a_key_without_a_value_is_not_set(tmp_path: Path) -> None:
    (tmp_path / ".twsla.yaml").write_text("filter:\nregex: ~\ndatastore: x.db\n")

    selection = Program(home=tmp_path).called("probe")[0].selection

    assert (selection.filter, selection.regex, str(selection.datastore)) == ("", "", "x.db")


def test_a_list_for_an_option_that_takes_several(tmp_path: Path) -> None:
    (tmp_path / ".twsla.yaml").write_text("source: [a, b]\n")

    assert Program(CountOptions, home=tmp_path).called("probe")[1].source == ("a", "b")


def test_a_variable_of_several_paths_separates_them_as_path_does(tmp_path: Path) -> None:
    def given(text: str) -> tuple[Path, ...]:
        (options,) = Program(options=IpOptions, variables={"TWSLA_GEOIP": text}).called("probe")[1:]
        assert isinstance(options, IpOptions)
        return options.geoip

    assert given("city.mmdb") == (Path("city.mmdb"),)
    assert given(f"a b.mmdb{os.pathsep}{os.pathsep}asn.mmdb") == (Path("a b.mmdb"), Path("asn.mmdb"))
    assert given("") == ()


def test_keys_of_other_commands_and_of_the_original_are_fine(tmp_path: Path) -> None:
    (tmp_path / ".twsla.yaml").write_text("geoip: /tmp/x.mmdb\naiClass: Logs\nmlStart: '^x'\n")

    Program(home=tmp_path).called("probe")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("datastore: a\n\nlimt: 5\n", "line 3: limt is not a key that twsla knows"),
        ("limit: many\n", "line 1: limit: 'many' is not a whole number"),
        ("# note\nsixel: perhaps\n", "line 2: sixel: 'perhaps' is not true or false"),
        ("order: sideways\n", "line 1: order: 'sideways' is not one of up, down"),
        ("filter: a\nFILTER: b\n", "line 2: FILTER was given before, in line 1"),
        ("filter: [a, b]\n", "line 1: filter: a list, where one value is wanted"),
        ("filter: {a: b}\n", "line 1: filter holds more than a value or a list of values"),
        ("- a\n- b\n", "line 1: not a mapping"),
        ("a: 'x\n", "line 2: "),
        ("a: b: c\n", "line 1: mapping values are not allowed here"),
        ("? [a]\n: b\n", "line 1: a key must be a word"),
    ],
)
def test_what_cannot_be_understood_names_file_line_and_key(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / ".twsla.yaml").write_text(text)

    message = Program(CountOptions, home=tmp_path).refused("probe")

    assert f"twsla: error: {tmp_path}/.twsla.yaml {told}" in message


def test_a_mistyped_key_gets_a_suggestion(tmp_path: Path) -> None:
    (tmp_path / ".twsla.yaml").write_text("datastor: a\n")

    assert "hint: did you mean datastore?" in Program(home=tmp_path).refused("probe")


def test_a_file_that_is_not_text_is_an_explained_error(tmp_path: Path) -> None:
    (tmp_path / ".twsla.yaml").write_bytes(b"filter: \xff\xfe\n")

    assert "is not UTF-8 text" in Program(home=tmp_path).refused("probe")


def test_a_secret_is_not_told(tmp_path: Path) -> None:
    from dataclasses import dataclass

    @dataclass(frozen=True, slots=True)
    class WithPassword:
        password: str = opt("--password", default="", help="Secret.")

    (tmp_path / ".twsla.yaml").write_text("password: hunter2\n")
    program = Program(WithPassword, home=tmp_path)

    _, own = program.called("probe")

    assert own.password == "hunter2"
    assert "hunter2" not in program.err.getvalue()
    assert "password" in program.err.getvalue()


@given(st.text(max_size=60))
def test_any_text_is_a_configuration_or_an_explained_error(text: str) -> None:
    try:
        lines = parse(text, Path("c.yaml"))
    except UsageError as error:
        assert "c.yaml" in error.message
    else:
        assert all(key == plain_key(line.key) and line.number >= 1 for key, line in lines.items())
