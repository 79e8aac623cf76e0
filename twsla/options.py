"""Options declared once, as frozen dataclasses: the command line, configuration keys, schemas and docs read them here.

A field made by ``opt`` is an option, one made by ``arg`` takes what is left on the command line; the field's annotation
is its type. Ten features and no more: name, short name, type, choices, default, help, environment, multiple, flag,
hidden. A command that needs more is written by hand and put in the same table of the registry.
"""

from __future__ import annotations

import ast
import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from twsla.errors import UsageError
from twsla.registry import EXPORTERS

Type = Literal["text", "integer", "number", "flag", "path"]
"""What one value of an option is."""

_TYPES: dict[str, Type] = {"str": "text", "int": "integer", "float": "number", "bool": "flag", "Path": "path"}
_METADATA = "twsla.option"


@dataclass(frozen=True, slots=True)
class OptionInfo:
    """One option or positional argument, described for whoever offers it."""

    name: str
    """The dataclass field."""
    long: str
    """As shown, ``--time-range``; for a positional argument its name, ``filters``."""
    short: str | None
    aliases: tuple[str, ...]
    """Other long spellings that are accepted: ``--timeRange``."""
    type: Type
    default: object
    help: str
    choices: tuple[str, ...] = ()
    multiple: bool = False
    env: tuple[str, ...] = ()
    """Environment variables read for it, the best first; none for a positional argument."""
    metavar: str | None = None
    hidden: bool = False
    positional: bool = False
    required: bool = False

    @property
    def key(self) -> str:
        """The configuration key as documented: ``timeRange``."""
        return camel(self.long.removeprefix("--"))


@dataclass(frozen=True, slots=True)
class _Declared:
    flags: tuple[str, ...]
    help: str
    choices: tuple[str, ...]
    multiple: bool
    env: tuple[str, ...]
    metavar: str | None
    hidden: bool


def opt(
    *flags: str,
    default: object,
    help: str,
    choices: tuple[str, ...] = (),
    multiple: bool = False,
    env: tuple[str, ...] = (),
    metavar: str | None = None,
    hidden: bool = False,
) -> Any:
    """Declare a field as an option.

    Args:
        flags: At most one short (``-w``) and one or more long spellings (``--week``); the first long one is shown.
            The spelling without hyphens inside (``--timeRange`` for ``--time-range``) is added by itself.
        default: The value when nobody says otherwise; its type is the field's.
        help: One sentence or more, shown by ``--help``, in the reference and to MCP clients.
        choices: The only texts allowed.
        multiple: May be given several times; the field is a tuple.
        env: Further environment variables, after ``TWSLA_`` and the key in capitals.
        metavar: The word for the value in help.
        hidden: Works, but is not shown.
    """
    declared = _Declared(flags, help, choices, multiple, env, metavar, hidden)
    return dataclasses.field(default=default, metadata={_METADATA: declared})


def arg(metavar: str, *, help: str, default: object = (), required: bool = False) -> Any:
    """Declare a field as the place for positional arguments: ``tuple[str, ...]`` takes all that are left, else one."""
    declared = _Declared((), help, (), False, (), metavar, False)
    if required:
        default = dataclasses.MISSING
    return dataclasses.field(default=default, metadata={_METADATA: declared})


def describe(declaration: type) -> tuple[OptionInfo, ...]:
    """The options of a dataclass in the order of its fields, without fields that neither ``opt`` nor ``arg`` made."""
    fields = dataclasses.fields(declaration)
    return tuple(_info(declaration, field) for field in fields if _METADATA in field.metadata)


def _info(owner: type, field: dataclasses.Field[Any]) -> OptionInfo:
    declared: _Declared = field.metadata[_METADATA]
    kind, choices, multiple = _parse_annotation(owner, field)
    if not declared.flags:
        required = field.default is dataclasses.MISSING
        return OptionInfo(
            name=field.name,
            long=field.name.replace("_", "-"),
            short=None,
            aliases=(),
            type=kind,
            default=None if required else field.default,
            help=declared.help,
            choices=choices,
            multiple=multiple,
            metavar=declared.metavar,
            positional=True,
            required=required,
        )
    longs = [flag for flag in declared.flags if flag.startswith("--")]
    shorts = [flag for flag in declared.flags if not flag.startswith("--")]
    spellings = dict.fromkeys([*longs[1:], *(f"--{camel(flag[2:])}" for flag in longs)])
    aliases = tuple(flag for flag in spellings if flag != longs[0])
    variables = dict.fromkeys(f"TWSLA_{flag[2:].replace('-', '').upper()}" for flag in longs)
    return OptionInfo(
        name=field.name,
        long=longs[0],
        short=shorts[0] if shorts else None,
        aliases=aliases,
        type=kind,
        default=field.default,
        help=declared.help,
        choices=declared.choices or choices,
        multiple=declared.multiple or multiple,
        env=(*variables, *declared.env),
        metavar=declared.metavar,
        hidden=declared.hidden,
    )


def _parse_annotation(owner: type, field: dataclasses.Field[Any]) -> tuple[Type, tuple[str, ...], bool]:
    """Type, choices and "several" of an annotation.

    Read as text, because annotations are not evaluated and the names in them may be imported for type checking only.
    """
    text = field.type if isinstance(field.type, str) else field.type.__name__
    text = text.replace(" ", "").removesuffix("|None")
    multiple = text.startswith("tuple[") and text.endswith(",...]")
    if multiple:
        text = text[len("tuple[") : -len(",...]")]
    if text.startswith("Literal["):
        values = ast.literal_eval(f"({text[len('Literal[') : -1]},)")
        return "text", tuple(values), multiple
    if text not in _TYPES:
        raise TypeError(f"{owner.__name__}.{field.name}: an option cannot be of type {field.type}")
    return _TYPES[text], (), multiple


def convert(info: OptionInfo, text: str, where: str) -> object:
    """One value from a text of the environment or of a configuration file.

    Raises:
        UsageError: The text does not fit; the message begins with ``where``.
    """
    try:
        value = _value(info, text)
    except ValueError:
        nouns = {"integer": "a whole number", "number": "a number", "flag": "true or false"}
        wanted = nouns.get(info.type, "a text")
        raise UsageError(f"{where}: {text!r} is not {wanted}", hint=f"it sets {info.long}: {info.help}") from None
    if info.choices and value not in info.choices:
        raise UsageError(f"{where}: {text!r} is not one of {', '.join(info.choices)}", hint=f"it sets {info.long}")
    return value


_BOOLEANS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def _value(info: OptionInfo, text: str) -> object:
    match info.type:
        case "integer":
            return int(text)
        case "number":
            return float(text)
        case "path":
            return Path(text)
        case "text":
            return text
        case "flag":
            found = _BOOLEANS.get(text.strip().lower())
            if found is None:
                raise ValueError(text)
            return found


def camel(name: str) -> str:
    """``time-range`` as ``timeRange``."""
    first, *rest = name.split("-")
    return first + "".join(word.capitalize() for word in rest)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which records a command looks at. Shared by all commands that read the store."""

    datastore: Path = opt(
        "-d",
        "--datastore",
        default=Path("twsla.db"),
        help="The store: a directory.",
        env=("TWSLA_DATASTOTE",),  # as older manuals spell it
        metavar="DIR",
    )
    time_range: str = opt(
        "-t", "--time-range", default="", help="Only records of this time range: '24h', 'START,END'.", metavar="RANGE"
    )
    filter: str = opt("-f", "--filter", default="", help="Only records that match this simple filter.", metavar="TEXT")
    regex: str = opt("-r", "--regex", default="", help="Only records that match this regular expression.", metavar="RE")
    inverted: str = opt("-v", "--not", default="", help="Only records that do not match this one.", metavar="RE")
    ignore_case: bool = opt("-i", "--ignore-case", default=False, help="Upper and lower case are alike in the filters.")
    where: str = opt(
        "--where",
        default="",
        help="Only records whose fields are like that: \"EventID = 4688 and Image ends with 'cmd.exe'\".",
        metavar="CONDITION",
    )
    tz: str = opt("--tz", default="", help="Time zone for showing times and for reading time ranges.", metavar="ZONE")
    utc: bool = opt("--utc", default=False, help="Short for --tz UTC.")
    on: str = opt(
        "--on",
        default="records",
        choices=("records", "detections"),
        help="Look at what the last 'twsla sigma' detected instead of at all records.",
    )
    filters: tuple[str, ...] = arg("FILTER", help="Simple filters; a record must match all of them.")


OF_RECORDS = tuple(info.name for info in describe(Selection) if info.name != "on")
"""All of the selection but whether it is of records or of detections, for commands to which that means nothing."""


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """Where the answer goes, and how it is laid out. Shared by all commands that answer with a result."""

    format: str = opt(
        "--format", default="", help=f"Write to standard output as one of: {', '.join(EXPORTERS)}.", metavar="FORMAT"
    )
    output: Path | None = opt(
        "-o", "--output", default=None, help="Write to this file; its suffix decides the format.", metavar="FILE"
    )
    force: bool = opt("--force", default=False, help="With -o: write over a file that exists.")
    limit: int | None = opt("--limit", default=None, help="At most this many rows.", metavar="N")
    sort: str = opt(
        "--sort", default="", help="Sort by this column, ascending unless ':desc'.", metavar="COLUMN[:desc]"
    )
    columns: str = opt("--columns", default="", help="Only these columns, in this order.", metavar="A,B")
    with_source: bool = opt(
        "--with-source", default=False, help="Show source, line number and byte offset of each record."
    )
    no_color: bool = opt("--no-color", default=False, help="No colours.")
    no_screen: bool = opt("--no-screen", default=False, help="Print on a terminal too, instead of opening a screen.")
    quiet: bool = opt("-q", "--quiet", default=False, help="No progress and no figures on standard error.")
    csv_guard: bool = opt(
        "--csv-guard", default=False, help="Put ' before CSV cells that a spreadsheet would take for a formula."
    )
    chart: bool = opt("--chart", default=False, help="Draw the chart with characters, before the rows.")
    sixel: bool = opt(
        "--sixel", default=False, help="Draw charts inside the terminal with Sixel.", env=("TWSAL_SIXEL",)
    )
    debug: bool = opt("--debug", default=False, help="Show the Python traceback of an error.")
    config: Path | None = opt(
        "--config", default=None, help="Configuration file instead of ~/.twsla.yaml.", metavar="FILE"
    )


IP_INFO = ("host", "domain", "loc", "country", "asn")
"""What can be told about an address; ``twsla.query.enrich`` says how each is written."""


@dataclass(frozen=True)  # without slots, so that a command's options can have this beside another base
class IpOptions:
    """What to tell about addresses, and whom to ask. A base of the options of commands that extract values."""

    ip: str = opt("--ip", default="", choices=IP_INFO, help="The values are addresses: put this in their place.")
    geoip: tuple[Path, ...] = opt(
        "--geoip",
        default=(),
        help="MaxMind database (.mmdb) for country, loc and asn; several may be given, the first that knows answers.",
        metavar="FILE",
    )
    resolver: tuple[str, ...] = opt(
        "--resolver",
        default=(),
        help="Name server to ask for host and domain, instead of those of this machine.",
        metavar="ADDR[:PORT]",
    )
    no_dns: bool = opt("--no-dns", default=False, help="Ask no name server: an error where an answer would need one.")
    dns_timeout: float = opt(
        "--dns-timeout", default=3.0, help="Seconds to wait for the name of one address.", metavar="SECONDS"
    )
    dns_budget: float = opt(
        "--dns-budget", default=60.0, help="Seconds to wait for all names together.", metavar="SECONDS"
    )
    dns_cache: Path | None = opt(
        "--dns-cache",
        default=None,
        help="Keep names in this file for later runs, as long as they hold.",
        metavar="FILE",
    )
