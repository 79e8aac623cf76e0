"""Writing a Result: the one function that sends a Result to a file or a stream."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from twsla.errors import UsageError
from twsla.registry import EXPORTERS, Entry, find, load, load_plugin
from twsla.render.shown import RenderOptions, chosen_columns

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from twsla.model.result import Result

    Writer = Callable[[Result, BinaryIO, RenderOptions], None]

__all__ = ["FORMATS", "RenderOptions", "format_of", "write_result"]


FORMATS = {name: entry for name, entry in EXPORTERS.items() if not entry.only}
"""Every built-in format that writes any result, by name; plug-ins may add others."""
DOCUMENTS = ("html", "md", "json")
"""Formats that hold a result with parts."""


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


def write_result(
    result: Result,
    destination: Path | BinaryIO,
    format_name: str | None,
    options: RenderOptions,
    *,
    overwrite: bool = True,
    before: bytes = b"",
) -> None:
    """Write a Result; the bytes are the same for a file and for a stream.

    Args:
        result: What to write. Its rows are read once, piece by piece.
        destination: A path (replaced when all is written, left as it was on failure), or a buffered binary stream,
            which is neither flushed nor closed.
        format_name: A name in ``FORMATS``; None lets the suffix of the path decide (and is ``plain`` for a stream).
        options: Zone, columns, width and the like.
        overwrite: Whether a file that exists may be replaced.
        before: What is written before it: a chart drawn with characters.

    Raises:
        UsageError: unknown format or column.
        TwslaError: the file cannot be written, or exists and may not be replaced.
        BrokenPipeError: the reader of a stream is gone; for the caller to handle.
    """
    if format_name is None:
        format_name = format_of(destination) if isinstance(destination, Path) else "plain"
    entry = find("exporters", format_name)
    if entry is None:
        raise UsageError(f"there is no format {format_name!r}", hint=f"formats: {', '.join(FORMATS)}")
    chosen_columns(result, options)
    if result.parts and format_name not in DOCUMENTS:
        raise UsageError(
            f"a document of several tables cannot be written as {format_name}",
            hint=f"write it as {' or '.join(DOCUMENTS)}: -o FILE.html",
        )
    writer = cast("Writer", load(entry) if isinstance(entry, Entry) else load_plugin(entry))
    if not isinstance(destination, Path):
        destination.write(before)
        writer(result, destination, options)
        return
    from twsla.export.replaced import replaced_file

    with replaced_file(destination, overwrite=overwrite) as stream:
        stream.write(before)
        writer(result, stream, options)
