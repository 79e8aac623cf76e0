"""Writing a Result: the table of formats, and the one function that sends a Result to a file or a stream."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from twsla.errors import UsageError
from twsla.render.shown import RenderOptions, chosen_columns

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from twsla.model.result import Result

    Writer = Callable[[Result, BinaryIO, RenderOptions], None]

__all__ = ["FORMATS", "Format", "RenderOptions", "format_of", "write_result"]


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write a Result."""

    target: str
    """``module:function``, called with the result, a binary stream and the options; imported when first used."""
    suffixes: tuple[str, ...]
    """File name suffixes that choose it, lower case."""
    summary: str
    """The first line of the writer's docstring."""

    def load(self) -> Writer:
        """Import the writer."""
        module, _, name = self.target.partition(":")
        writer: Writer = getattr(import_module(module), name)
        return writer


FORMATS: dict[str, Format] = {
    "plain": Format("twsla.export.plain:write_plain", (".txt", ".log"), "Texts one a line; tables TAB-separated."),
    "table": Format("twsla.render.table:write_table", (), "Aligned columns for reading."),
    "csv": Format("twsla.export.delimited:write_csv", (".csv",), "Comma-separated values, RFC 4180."),
    "tsv": Format("twsla.export.delimited:write_tsv", (".tsv",), "TAB-separated values with backslash escapes."),
    "json": Format("twsla.export.json_text:write_json", (".json",), "One object with rows, facts, charts and notes."),
    "jsonl": Format("twsla.export.json_text:write_jsonl", (".jsonl", ".ndjson"), "One JSON object a row."),
    "parquet": Format("twsla.export.parquet:write_parquet", (".parquet",), "Typed columns for other tools."),
    "md": Format("twsla.export.markdown:write_markdown", (".md", ".markdown"), "A Markdown table."),
}
"""Every format by name."""


def format_of(path: Path) -> str:
    """The name of the format that the suffix of ``path`` chooses.

    Raises:
        UsageError: no format has that suffix.
    """
    suffix = path.suffix.lower()
    for name, each in FORMATS.items():
        if suffix in each.suffixes:
            return name
    known = " ".join(suffix for each in FORMATS.values() for suffix in each.suffixes)
    raise UsageError(f"the suffix of {path} names no format", hint=f"use one of {known}, or give --format")


def write_result(result: Result, destination: Path | BinaryIO, format_name: str | None, options: RenderOptions) -> None:
    """Write a Result; the bytes are the same for a file and for a stream.

    Args:
        result: What to write. Its rows are read once, piece by piece.
        destination: A path (replaced when all is written, left as it was on failure), or a buffered binary stream,
            which is neither flushed nor closed.
        format_name: A name in ``FORMATS``; None lets the suffix of the path decide (and is ``plain`` for a stream).
        options: Zone, columns, width and the like.

    Raises:
        UsageError: unknown format or column.
        TwslaError: the file cannot be written.
        BrokenPipeError: the reader of a stream is gone; for the caller to handle.
    """
    if format_name is None:
        format_name = format_of(destination) if isinstance(destination, Path) else "plain"
    if format_name not in FORMATS:
        raise UsageError(f"there is no format {format_name!r}", hint=f"formats: {', '.join(FORMATS)}")
    chosen_columns(result, options)
    writer = FORMATS[format_name].load()
    if not isinstance(destination, Path):
        writer(result, destination, options)
        return
    from twsla.export.replaced import replaced_file

    with replaced_file(destination) as stream:
        writer(result, stream, options)
