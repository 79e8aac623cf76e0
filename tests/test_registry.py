from __future__ import annotations

from typing import TYPE_CHECKING

import click
import pytest

from tests.conftest import ROOT, Run
from twsla import registry
from twsla.model.analysis import Analysis
from twsla.options import describe

if TYPE_CHECKING:
    from pathlib import Path

ENTRIES = [(table, name) for table, entries in registry.TABLES.items() for name in entries]


@pytest.mark.parametrize(("table", "name"), ENTRIES)
def test_every_entry_loads(table: registry.Table, name: str) -> None:
    assert registry.load(registry.TABLES[table][name]) is not None


@pytest.mark.parametrize("name", registry.COMMANDS)
def test_a_commands_summary_is_the_first_line_of_its_docstring(name: str) -> None:
    entry = registry.COMMANDS[name]
    target = registry.load(entry)

    if isinstance(target, Analysis):
        assert target.summary == entry.summary
        assert target.name == name
    else:
        assert isinstance(target, click.Command)
        assert (target.help or "").splitlines()[0] == entry.summary
        assert target.name == name.split()[-1]


@pytest.mark.parametrize("name", [name for name in registry.COMMANDS if name != "help"])
def test_every_option_of_a_command_has_help_that_is_a_sentence(name: str) -> None:
    target = registry.load(registry.COMMANDS[name])
    sections = getattr(target, "sections", ())
    infos = describe(target.options) if isinstance(target, Analysis) else [i for s in sections for i in s.infos]

    for info in infos:
        assert info.help.endswith("."), info.long


@pytest.mark.parametrize("name", registry.COMMANDS)
def test_a_commands_example_is_a_line_of_that_command(name: str) -> None:
    target = registry.load(registry.COMMANDS[name])

    if name != "help":
        assert getattr(target, "example", "").startswith(f"twsla {name}")


def test_a_suffix_chooses_one_format() -> None:
    suffixes = [suffix for entry in registry.EXPORTERS.values() for suffix in entry.suffixes]

    assert len(suffixes) == len(set(suffixes))


# --- plug-ins ----------------------------------------------------------------------------------------------------

PLUGIN = '''
from dataclasses import dataclass
from twsla.model.analysis import Analysis
from twsla.options import opt

@dataclass(frozen=True, slots=True)
class Options:
    depth: int = opt("--depth", default=1, help="How deep.")

def dig(engine, options, progress):
    """Dig in the records."""

analysis = Analysis("dig", Options, dig, "twsla dig")
not_one = 5
'''


def install(folder: Path, distribution: str, *points: str, version: str = "1.0", group: str = "twsla.analyses") -> None:
    """A distribution as pip leaves it: metadata and entry points."""
    info = folder / f"{distribution.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text("\n".join([f"[{group}]", *points]) + "\n")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder on the path, with a module that plug-ins can point at."""
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "diggers.py").write_text(PLUGIN)
    (folder / "broken.py").write_text("raise RuntimeError('no licence')\n")
    return folder


def path_with(site: Path, **more: str) -> dict[str, str]:
    return {"PYTHONPATH": f"{ROOT}:{site}", **more}


def test_a_plugin_is_listed_by_name_without_being_imported(run: Run, site: Path) -> None:
    install(site, "twsla-dig", "dig = broken:analysis")

    done = run("--help", env=path_with(site))

    assert done.code == 0
    assert "dig" in done.text
    assert "twsla-dig 1.0" in done.text


def test_a_plugin_becomes_a_command(run: Run, site: Path) -> None:
    install(site, "twsla-dig", "dig = diggers:analysis")

    done = run("dig", "--help", env=path_with(site))

    assert done.code == 0
    assert "Dig in the records." in done.text
    assert "--depth" in done.text
    assert "--time-range" in done.text


def test_plugins_lists_what_is_in_force(run: Run, site: Path) -> None:
    install(site, "twsla-dig", "dig = diggers:analysis")

    done = run("plugins", env=path_with(site))

    assert done.lines[1] == "analyses\tdig\ttwsla-dig\t1.0\tdiggers:analysis\tin force"


def test_plugins_can_be_turned_off(run: Run, site: Path) -> None:
    install(site, "twsla-dig", "dig = diggers:analysis")
    off = path_with(site, TWSLA_PLUGINS="0")

    assert "dig" not in run("--help", env=off).text
    assert run("dig", env=off).code == 2
    listed = run("plugins", env=off)
    assert len(listed.lines) == 1
    assert "turned off by TWSLA_PLUGINS" in listed.err


def test_two_distributions_with_one_name_are_both_refused_and_named(run: Run, site: Path) -> None:
    install(site, "twsla-dig", "dig = diggers:analysis")
    install(site, "other-dig", "dig = diggers:analysis")

    used = run("dig", env=path_with(site))
    listed = run("--help", env=path_with(site))

    assert used.code == 2
    assert "offered by other-dig and twsla-dig" in used.err
    assert "offered by other-dig and twsla-dig" in listed.err
    assert listed.code == 0


def test_a_built_in_name_cannot_be_replaced(run: Run, site: Path) -> None:
    install(site, "twsla-version", "version = diggers:analysis")

    done = run("version", env=path_with(site))
    listed = run("plugins", env=path_with(site))

    assert done.text.startswith("twsla ")
    assert "twsla-version offers 'version', which is built in and cannot be replaced" in listed.text


def test_a_plugin_that_cannot_be_imported_is_an_explained_error(run: Run, site: Path) -> None:
    install(site, "twsla-dig", "dig = broken:analysis")

    done = run("dig", env=path_with(site))

    assert done.code == 1
    assert "plug-in 'dig' of twsla-dig 1.0 cannot be imported: RuntimeError: no licence" in done.err
    assert "TWSLA_PLUGINS=0" in done.err


def test_a_plugin_that_is_no_analysis_is_an_explained_error(run: Run, site: Path) -> None:
    install(site, "twsla-dig", "dig = diggers:not_one")

    done = run("dig", env=path_with(site))

    assert done.code == 1
    assert "is not an analysis (diggers:not_one)" in done.err


def test_a_plugin_can_add_an_output_format(run: Run, site: Path) -> None:
    (site / "shouting.py").write_text(
        "def write(result, sink, options):\n    sink.write(result.title.upper().encode() + b'\\n')\n"
    )
    install(site, "twsla-shout", "shout = shouting:write", group="twsla.exporters")

    assert run("plugins", "--format", "shout", env=path_with(site)).text == "PLUG-INS\n"
