"""The options of an import, and how they become settings."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal

from twsla.errors import UsageError
from twsla.options import arg, opt

if TYPE_CHECKING:
    from pathlib import Path

    from twsla.environment import Environment
    from twsla.ingest.settings import Settings
    from twsla.options import Selection


_NOT_RECORDED = frozenset({"password", "report"})
"""Options that the manifest does not tell: secrets, and what changes no record."""


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """What to read, and how it is to be understood: ``import`` and ``inspect`` take it alike."""

    sources: tuple[str, ...] = arg("SOURCE", help="Files, directories, archives; '-' is standard input.")
    source: tuple[str, ...] = opt(
        "-s",
        "--source",
        default=(),
        help="A source; may be given several times. With it, arguments that name no file are simple filters.",
        multiple=True,
        metavar="SOURCE",
    )
    file_pat: str = opt(
        "-p",
        "--file-pat",
        default="",
        help="Only files and archive members whose name matches this pattern (* ? [abc]); with / the path below.",
        metavar="GLOB",
    )
    exclude: tuple[str, ...] = opt(
        "--exclude", default=(), help="Not those that match this pattern.", multiple=True, metavar="GLOB"
    )
    within: tuple[Path, ...] = opt(
        "--within",
        default=(),
        help="Leave out files that, links followed, are not below this directory; may be given several times.",
        multiple=True,
        metavar="DIR",
    )
    password: str = opt("--password", default="", help="Password of encrypted archives.", metavar="TEXT")
    input_format: str = opt(
        "--input-format",
        default="",
        help="Read everything as this format, whatever it looks like. --format means the same where its value is the "
        "name of an input format and not of an output format.",
        metavar="NAME",
    )
    log_type: str = opt(
        "-l",
        "--log-type",
        "--logType",
        default="",
        help="summary: the text of a Windows event is one line with its ID, level and origin instead of JSON.",
        metavar="TYPE",
    )
    carve: bool = opt(
        "--carve",
        default=False,
        help="Of Windows event logs, read what an earlier use has left in free space too: records with carved=true.",
    )
    encoding: str = opt("--encoding", default="", help="Encoding of the text instead of the one found.", metavar="NAME")
    ts_format: str = opt(
        "--ts-format",
        "--time-format",
        default="",
        help="Form of the time stamps instead of the one found: a name, or a pattern such as '%d.%m.%Y %H:%M'.",
        metavar="FORM",
    )
    ts_field: str = opt(
        "--ts-field",
        "--time-field",
        default="",
        help="Name of the field that holds the time stamp, as in NAME=2024-05-01… or a JSON object's member.",
        metavar="NAME",
    )
    year: int | None = opt("--year", default=None, help="Year of the first stamp without a year.", metavar="N")
    dmy: bool = opt("--dmy", default=False, help="03/04/2024 is 3 April.")
    mdy: bool = opt("--mdy", default=False, help="03/04/2024 is March 4.")
    no_ts: bool = opt("--no-ts", "--noTS", default=False, help="Do not look for time stamps: all records are undated.")
    multiline: Literal["auto", "off"] = opt(
        "--multiline", default="auto", help="auto: lines without a stamp belong to the record before; off: they do not."
    )
    fields: str = opt(
        "--fields",
        default="auto",
        choices=("auto", "off", "json", "w3c", "zeek", "access", "audit", "cef", "pairs"),
        help="Form of the records whose fields are stored: recognised, none, or this one.",
    )
    ml_start: str = opt("--ml-start", default="", help="A record begins at each line that matches.", metavar="RE")
    ml_sep: str = opt("--ml-sep", default="", help="A record ends with each line that matches.", metavar="RE")
    ml_lines: int = opt("--ml-lines", default=0, help="Every record has this many lines.", metavar="N")
    overrides: tuple[str, ...] = opt(
        "--for",
        default=(),
        help="Settings for the sources that match: 'GLOB:tz=Asia/Tokyo,encoding=cp932,year=2023'; also ts-format, "
        "ts-field, dmy, mdy, no-ts, input-format, multiline, ml-start, ml-sep, ml-lines, fields. The later one wins.",
        multiple=True,
        metavar="GLOB:SETTINGS",
    )


@dataclass(frozen=True, slots=True)
class ImportOptions(SourceOptions):
    """What ``import`` takes besides the selection."""

    dry_run: bool = opt(
        "--dry-run", default=False, help="Read everything, give the report of the import, and store nothing."
    )
    ml_inspect: bool = opt(
        "--ml-inspect", "--mlInspect", default=False, help="Store nothing; tell what 'twsla inspect' tells."
    )
    report: Literal["json"] | None = opt(
        "--report",
        default=None,
        help="json: the whole report as one object on standard output; --format json with all columns and problems.",
        metavar="json",
    )
    again: bool = opt("--again", default=False, help="Import content that is in the store already once more.")
    strict: bool = opt(
        "--strict", default=False, help="Exit with 6 if anything was left out that no filter of yours left out."
    )
    no_delta: bool = opt("--no-delta", "--noDelta", default=False, help="No effect: deltas cost nothing.", hidden=True)
    size: int = opt("-b", "--size", default=0, help="No effect.", hidden=True)


@dataclass(frozen=True, slots=True)
class InspectOptions(SourceOptions):
    """What ``inspect`` takes."""

    lines: int | None = opt(
        "--lines", default=None, help="Look at the first so many lines of each source only.", metavar="N"
    )


def settings_of(
    options: SourceOptions, selection: Selection, environment: Environment, filters: tuple[str, ...]
) -> Settings:
    """The settings that the options of an import or an inspection describe.

    Args:
        options: As given.
        selection: The shared options.
        environment: For the local zone and the clock.
        filters: Arguments that are simple filters.

    Raises:
        UsageError: An option cannot be understood; nothing was opened.
    """
    from dataclasses import replace

    from twsla.formats.multiline import choose_multiline
    from twsla.formats.timestamps.model import StampOptions
    from twsla.ingest.overrides import check_settings, parse_override
    from twsla.ingest.settings import Settings
    from twsla.query.engine import query_of

    if options.dmy and options.mdy:
        raise UsageError("--dmy and --mdy contradict each other", hint="give one of them")
    if options.log_type not in {"", "summary", "syslog"}:
        raise UsageError(f"there is no log type '{options.log_type}'", hint="the one there is: summary")
    query = query_of(replace(selection, filters=filters), environment)
    if query.where is not None:
        raise UsageError(
            "--where asks for fields that are stored, and nothing is yet",
            hint="import without it, and ask then; -f, -r, -v and -t leave records out of an import",
        )
    settings = Settings(
        filters=query.filters,
        time_range=query.time_range,
        stamps=StampOptions(
            zone=query.zone,
            day_first=True if options.dmy else False if options.mdy else None,
            form=options.ts_format or None,
            field=options.ts_field or None,
        ),
        zone_reason=_zone_reason(selection),
        year=options.year,
        encoding=options.encoding or None,
        multiline=choose_multiline(
            start=options.ml_start,
            separator=options.ml_sep,
            lines=options.ml_lines,
            off=options.multiline == "off" or options.no_ts,
        ),
        no_timestamps=options.no_ts,
        format=options.input_format or None,
        summary=options.log_type == "summary",
        fields=options.fields,
        carve=options.carve,
        overrides=tuple(parse_override(text) for text in options.overrides),
        again=isinstance(options, ImportOptions) and options.again,
        dry_run=isinstance(options, ImportOptions) and options.dry_run,
        now_ns=environment.now_ns,
    )
    check_settings(settings)
    return settings


def _zone_reason(selection: Selection) -> str:
    if selection.utc:
        return "--utc"
    return "the zone of this machine" if selection.tz.lower() in {"", "local"} else f"--tz {selection.tz}"


def shared_values(options: SourceOptions) -> dict[str, Any]:
    """The values that ``import`` and ``inspect`` have in common."""
    return {item.name: getattr(options, item.name) for item in fields(SourceOptions)}


def used_options(options: ImportOptions, selection: Selection) -> dict[str, Any]:
    """The options that differ from their defaults, for the manifest; no passwords."""
    used: dict[str, Any] = {}
    for owner in (options, selection):
        for item in fields(owner):
            value = getattr(owner, item.name)
            if value and value != item.default and item.name not in _NOT_RECORDED:
                used[item.name] = (
                    list(map(str, value))
                    if isinstance(value, tuple)
                    else value
                    if isinstance(value, int)
                    else str(value)
                )
    return used
