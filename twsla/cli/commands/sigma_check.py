"""``twsla sigma check``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from twsla.cli.bind import make_command
from twsla.errors import UsageError
from twsla.options import arg, opt

if TYPE_CHECKING:
    from twsla.cli.bind import Call
    from twsla.model.result import Result


@dataclass(frozen=True, slots=True)
class SigmaCheckOptions:
    """What ``sigma check`` takes."""

    rules: tuple[Path, ...] = opt(
        "-s", "--rules", default=(), help="Rule file, or directory of rules; may be given again.", metavar="PATH"
    )
    expand: tuple[str, ...] = opt(
        "--expand", default=(), help="Values of a placeholder: NAME=FILE, or a directory.", metavar="NAME=FILE"
    )
    mapping: tuple[Path, ...] = opt("--mapping", default=(), help="Further log sources, as YAML.", metavar="FILE")
    paths: tuple[str, ...] = arg("PATH", help="The same as -s PATH.")


def sigma_check(call: Call, options: SigmaCheckOptions) -> Result:
    """Tell what is wrong with Sigma rules.

    A fault keeps a rule from running, or from running as it was meant; a hint does not. The exit code is 1 if there are
    faults. No store is needed.
    """
    from twsla.cli.progress import showing
    from twsla.model.result import Column, Fact, Kind, Result, ValueRows
    from twsla.sigma.checking import FAULT, check_files
    from twsla.sigma.files import read_rule_file, rule_paths
    from twsla.sigma.loading import placeholder_values
    from twsla.sigma.logsources import load_mapping

    given = [*options.rules, *map(Path, options.paths)]
    if not given:
        raise UsageError("no rules are named", hint="say where they are: twsla sigma check PATH")
    with showing(call.environment, quiet=call.output.quiet) as progress:
        progress.message("Checking rules")
        files = map(read_rule_file, rule_paths(given))
        findings, count = check_files(files, placeholder_values(options.expand), load_mapping(options.mapping))
    faults = sum(each.severity == FAULT for each in findings)
    columns = (
        Column("severity", "Kind", Kind.TEXT, sort_key="k"),
        Column("path", "Rule file", Kind.TEXT, share=3),
        Column("document", "Document", Kind.COUNT, hidden=True),
        Column("rule", "Rule", Kind.TEXT, share=2),
        Column("text", "What is wrong", Kind.TEXT, share=5),
    )
    return Result(
        title="Sigma check",
        columns=columns,
        rows=ValueRows(
            [column.name for column in columns],
            [(each.severity, each.path, each.document, each.rule, each.text) for each in findings],
        ),
        facts=(
            Fact("documents", "Documents", count, Kind.COUNT),
            Fact("faults", "Faults", faults, Kind.COUNT),
            Fact("hints", "Hints", len(findings) - faults, Kind.COUNT),
        ),
        exit_code=1 if faults else 0,
    )


command = make_command("check", SigmaCheckOptions, sigma_check, example="twsla sigma check testdata/sigma/rules")
command.has_screen = True
