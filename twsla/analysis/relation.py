"""The relation analysis: what occurs together in the same record."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from twsla.analysis.bucketing import records_fact
from twsla.errors import UsageError
from twsla.model.analysis import Analysis
from twsla.model.charts import Bar, Graph, Pie
from twsla.model.result import Column, Fact, Kind, Note, Result
from twsla.options import arg, opt

if TYPE_CHECKING:
    from twsla.model.extraction import Extraction
    from twsla.progress import Progress
    from twsla.query.engine import Engine

_REGEX: Final = re.compile(r"regexp?/(?P<re>.*)/(?P<colour>[^/:]*)(?::(?P<index>[0-9]+))?", re.DOTALL)
_NAMED: Final = re.compile(r"(?P<name>[a-z_0-9]+)(?::(?P<index>[0-9]+))?")
_KEY_VALUE: Final = r"\w+=\w+[ ,]?"
_SORT_KEYS: Final = "0123456789"


@dataclass(frozen=True, slots=True)
class RelationOptions:
    """What ``relation`` takes besides the selection."""

    extract: tuple[str, ...] = opt(
        "-e",
        "--extract",
        default=(),
        help="Further data, as count -e takes it: a template such as 'user=%{word}', or an expression with a group.",
        metavar="WHAT",
    )
    top: int = opt("--top", default=0, help="The N most frequent combinations only.", metavar="N")
    arguments: tuple[str, ...] = arg(
        "DATA|FILTER",
        help="ip, mac, email, url, kv, uuid … or regex/RE/, with :N behind it for match number N from 0; anything else "
        "is a simple filter.",
    )


@dataclass(frozen=True, slots=True)
class Entry:
    """One kind of data to look for."""

    text: str
    """As typed: the column's title."""
    extraction: Extraction


def relation(engine: Engine, options: RelationOptions, progress: Progress) -> Result:
    """Count combinations of two or more things in the same record.

    DATA are the names of things (``ip``, ``mac``, ``email``, ``url``, ``kv``, ``uuid`` …) and expressions written
    ``regex/RE/``; ``ip:1`` is the second address of a record. Records with all of them count; the value of an
    expression is all that it matches. Words that are no such names are simple filters, and so is what ``-f`` gives.
    """
    from twsla.model.filters import parse_filters
    from twsla.query.keycounts import count_keys
    from twsla.query.keys import compile_keys
    from twsla.query.rows import SpooledRows
    from twsla.query.where import check_filters

    entries, words = split_arguments(options)
    filters = parse_filters(simple="", regex="", inverted="", arguments=words, ignore_case=engine.query.ignore_case)
    check_filters(filters)
    narrowed = engine.narrowed(filters)
    keys = compile_keys(narrowed, [entry.extraction for entry in entries])
    counts = count_keys(narrowed, keys, None, narrowed.records(), complete=True)
    names = tuple(f"key{place}" for place in range(1, len(entries) + 1))
    top = options.top or None
    rows = SpooledRows(narrowed, counts.listed(names, top))
    combinations, hits = counts.largest()
    notes = list(keys.notes)
    if top is not None and combinations > top:
        listed = counts.largest(top)[1]
        notes.append(
            Note(
                f"only the {top:,} most frequent of {combinations:,} combinations are listed (--top); the others have "
                f"{hits - listed:,} of the {hits:,} hits"
            )
        )
    return Result(
        title="Relation",
        columns=(
            *(
                Column(name, entry.text, Kind.OBSERVABLE, sort_key=sort_key, share=3, heading=entry.text)
                for name, entry, sort_key in zip(names, entries, _sort_keys(len(entries)), strict=True)
            ),
            Column("count", "Count", Kind.COUNT, sort_key="c", heading="Count"),
        ),
        rows=rows,
        facts=(
            Fact("rows", "Rows", combinations, Kind.COUNT),
            Fact("hits", "Hits", hits, Kind.COUNT),
            records_fact(narrowed),
            Fact("mean", "Mean", hits / combinations if combinations else 0.0, Kind.NUMBER),
        ),
        charts=(
            Graph(source=names[0], target=names[1], weight="count"),
            Pie(label=names, value="count"),
            Bar(x=names[0], y="count", split=names[1]),
        ),
        notes=tuple(notes),
    )


def split_arguments(options: RelationOptions) -> tuple[list[Entry], tuple[str, ...]]:
    """The data, in order, ``-e`` last; and the simple filters.

    Raises:
        UsageError: There are less than two data, or one cannot be understood.
    """
    from twsla.model.extraction import parse_extraction

    entries: list[Entry] = []
    words: list[str] = []
    for argument in options.arguments:
        entry = _entry(argument)
        if entry is None:
            words.append(argument)
        else:
            entries.append(entry)
    entries += [Entry(text, parse_extraction(text, position=None, name="")) for text in options.extract]
    if len(entries) < 2:
        given = f"only '{entries[0].text}' is given" if entries else "no data are given"
        raise UsageError(
            f"a relation is one of two or more data, {given}", hint="such as: twsla relation ip 'regex/user=\\w+/'"
        )
    return entries, tuple(words)


def _entry(argument: str) -> Entry | None:
    from twsla.model.extraction import parse_extraction
    from twsla.model.patterns import OBSERVABLES

    written = _REGEX.fullmatch(argument)
    if written is not None:
        position = int(written["index"] or 0) + 1
        expression = f"(?:{written['re']})" if written["re"] else ""
        if not expression:
            raise UsageError(f"'{argument}' names no expression", hint="write regex/RE/")
        return Entry(argument, parse_extraction(expression, position=position, name="", group=0))
    named = _NAMED.fullmatch(argument)
    known = {each.name for each in OBSERVABLES} | {"kv"}
    if named is None or named["name"] not in known:
        return None
    position = int(named["index"] or 0) + 1
    if named["name"] == "kv":
        return Entry(argument, parse_extraction(_KEY_VALUE, position=position, name="", group=0))
    return Entry(argument, parse_extraction(named["name"], position=position, name=""))


def _sort_keys(count: int) -> list[str | None]:
    return [_SORT_KEYS[place] if place < len(_SORT_KEYS) else None for place in range(count)]


analysis = Analysis(
    name="relation",
    options=RelationOptions,
    run=relation,
    example="twsla relation ip 'regex/for [a-z]+/' 'Failed password'",
    selection=("datastore", "time_range", "filter", "regex", "inverted", "ignore_case", "where", "tz", "utc", "on"),
)
