"""Which lines begin a record: by time stamp, by an expression, or by count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from twsla.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from twsla.formats.lines import Lines

MAX_RECORD_LINES = 10_000
MAX_RECORD_BYTES = 4 << 20
"""A record that grows beyond either is cut; what follows is undated records of at most that size."""

Mode = Literal["auto", "off", "start", "separator", "lines"]


@dataclass(frozen=True, slots=True)
class Multiline:
    """How physical lines form records.

    auto: a line without a time stamp belongs to the stamped line before it; before the first stamp every line is a
    record. off: every line is a record. start: a line that matches begins a record. separator: a line that matches
    ends one (and is its last line). lines: every ``lines`` lines.
    """

    mode: Mode = "auto"
    pattern: str = ""
    lines: int = 0

    @property
    def first_stamp_counts(self) -> bool:
        """Whether a record's time is that of its first stamped line, rather than of its first line."""
        return self.mode in {"start", "separator", "lines"}


def choose_multiline(*, start: str, separator: str, lines: int, off: bool) -> Multiline:
    """The mode asked for; ``start`` goes before ``separator`` before ``lines``.

    Raises:
        UsageError: The expression is no valid RE2, or the number is negative.
    """
    if lines < 0:
        raise UsageError(f"--mlLines {lines} is no number of lines", hint="give 1 or more")
    chosen = Multiline()
    if start:
        chosen = Multiline("start", start)
    elif separator:
        chosen = Multiline("separator", separator)
    elif lines:
        chosen = Multiline("lines", lines=lines)
    elif off:
        chosen = Multiline("off")
    if chosen.pattern:
        _check(chosen.pattern)
    return chosen


def evident(head: bytes, asked: Multiline) -> Multiline:
    """How the lines of a source form records: as asked for, but where nothing is asked and its first bytes tell.

    ``journalctl -o export`` writes a field a line, and the time in the second of them.
    """
    return Multiline("start", "^__CURSOR=") if asked.mode == "auto" and head.startswith(b"__CURSOR=") else asked


def _check(pattern: str) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        pc.match_substring_regex(pa.array([""]), pattern)
    except pa.ArrowInvalid as error:
        raise UsageError(f"the multi-line expression {pattern!r} is not valid: {error}") from error


def marks(lines: Lines, multiline: Multiline) -> npt.NDArray[np.bool_] | None:
    """(lines,) which lines the expression matches; None where there is no expression."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not multiline.pattern:
        return None
    texts = line_texts(lines)
    matched: npt.NDArray[np.bool_] = pc.match_substring_regex(texts, multiline.pattern).to_numpy(zero_copy_only=False)
    assert isinstance(texts, pa.LargeStringArray)
    return matched


def line_texts(lines: Lines) -> pa.LargeStringArray:  # type: ignore[name-defined]  # noqa: F821
    """The lines as an Arrow array, without their line ends."""
    import numpy as np
    import pyarrow as pa

    sizes = lines.ends - lines.starts
    offsets = np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(sizes, out=offsets[1:])
    edges = np.zeros(len(lines.buf) + 1, np.int8)
    edges[lines.starts] += 1
    edges[lines.ends] -= 1
    keep = np.cumsum(edges[:-1], dtype=np.int8).astype(bool)
    return pa.LargeStringArray.from_buffers(len(sizes), pa.py_buffer(offsets), pa.py_buffer(lines.buf[keep]))


def record_starts(
    multiline: Multiline,
    valid: npt.NDArray[np.bool_],
    matched: npt.NDArray[np.bool_] | None,
    line_no: npt.NDArray[np.int64],
    seen_stamp: bool,
    after_separator: bool,
) -> npt.NDArray[np.bool_]:
    """(lines,) which lines of a block begin a record.

    Args:
        multiline: How lines form records.
        valid: (lines,) which lines have a time stamp.
        matched: (lines,) what ``marks`` gave.
        line_no: (lines,) physical line numbers, 1-based.
        seen_stamp: Whether a line of an earlier block had a stamp.
        after_separator: Whether the last line of the block before matched, or there is none.
    """
    import numpy as np

    if multiline.mode == "auto":
        starts = valid.copy()
        if not seen_stamp:
            starts[: int(np.argmax(valid)) if valid.any() else len(valid)] = True
        return starts
    if multiline.mode == "lines":
        return np.asarray((line_no - 1) % multiline.lines == 0)
    if matched is None:
        return np.ones(len(valid), bool)
    if multiline.mode == "start":
        return matched.copy()
    return np.append(after_separator, matched[:-1])


def limit_records(
    is_start: npt.NDArray[np.bool_], offsets: npt.NDArray[np.int64], open_lines: int, open_offset: int
) -> None:
    """Begin new records, in place, where one would grow beyond the limits.

    The outcome depends on lines and offsets alone, never on how the source was cut into blocks.

    Args:
        is_start: (lines,) changed in place.
        offsets: (lines,) byte offset of each line in the source.
        open_lines: Lines of the record that is open when the block begins; 0 for none.
        open_offset: That record's offset.
    """
    import numpy as np

    count = len(is_start)
    first = np.flatnonzero(is_start)
    bounds = np.append(first, count)
    sizes = np.diff(bounds)
    lead = int(bounds[0])
    if lead:
        _cut_one(is_start, offsets, 0, lead, open_lines, open_offset)
    last = np.minimum(bounds[1:], count) - 1
    too_big = (sizes > MAX_RECORD_LINES) | (offsets[last] - offsets[first] > MAX_RECORD_BYTES)
    for index in np.flatnonzero(too_big):
        begin = int(first[index])
        _cut_one(is_start, offsets, begin + 1, int(bounds[index + 1]), 1, int(offsets[begin]))


def _cut_one(
    is_start: npt.NDArray[np.bool_], offsets: npt.NDArray[np.int64], begin: int, end: int, lines: int, offset: int
) -> None:
    """Cut lines ``begin`` to ``end``, which follow ``lines`` lines of a record at ``offset``."""
    import numpy as np

    while True:
        by_lines = begin + MAX_RECORD_LINES - lines
        by_bytes = int(np.searchsorted(offsets[:end], offset + MAX_RECORD_BYTES, side="right"))
        cut = max(begin, min(by_lines, by_bytes))
        if cut >= end:
            return
        is_start[cut] = True
        begin, lines, offset = cut + 1, 1, int(offsets[cut])
