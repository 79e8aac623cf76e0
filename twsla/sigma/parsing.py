"""Fields of records that the store has none of: of JSON texts, access logs and audit records, read when asked for.

Slower than stored fields, and for stores that were made without. Names are those that rules use: JSON keys joined by
dots, ``cs-method`` and its kin of access logs, keys of audit records.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from twsla.sigma.names import canonical

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np
    import pyarrow as pa

_ACCESS: Final = (
    r'^(?:\S+ )?(?P<ip>[0-9A-Fa-f.:]+|[\w.-]+) \S+ (?P<user>\S+) \[[^\]]*\] "(?P<method>[A-Za-z_]+) (?P<target>\S+)'
    r'(?: HTTP/[\d.]+)?" (?P<status>\d{3}) (?P<bytes>\d+|-)'
    r'(?: "(?P<referer>(?:[^"\\]|\\.)*)" "(?P<agent>(?:[^"\\]|\\.)*)")?'
)
_ACCESS_NAMES: Final = {
    "ip": ("c-ip", "src_ip"),
    "user": ("cs-username",),
    "method": ("cs-method",),
    "target": ("cs-uri-query", "c-uri", "cs-uri"),
    "status": ("sc-status",),
    "bytes": ("sc-bytes",),
    "referer": ("cs-referer",),
    "agent": ("cs-user-agent", "c-useragent"),
}
_AUDIT: Final = re.compile(r"""(\w[\w-]*)=("[^"]*"|'[^']*'|\S+)""")
_HEXADECIMAL: Final = re.compile(r"(?:[0-9A-F]{2})+")
_ENCODED: Final = re.compile(r"a\d+|proctitle|comm|exe|name|cwd|cmd|acct")
_MOST_NESTED: Final = 50


def parsed_fields(texts: pa.Array, is_wanted: Callable[[str], bool]) -> Iterator[tuple[str, np.ndarray, list[str]]]:
    """Canonical names of fields with the rows that have them, and their values.

    Args:
        texts: Of records without fields; null for others.
        is_wanted: Whether a field is, by canonical name.
    """
    import numpy as np
    import pyarrow.compute as pc

    def rows_of(mask: pa.Array) -> np.ndarray:
        return np.flatnonzero(mask.fill_null(False).to_numpy(zero_copy_only=False))

    found: dict[str, tuple[list[int], list[str]]] = {}
    _collect(texts, rows_of(pc.starts_with(texts, "{")), _json_fields, is_wanted, found)
    _collect(texts, rows_of(pc.match_substring(texts, "msg=audit(")), audit_fields, is_wanted, found)
    for name, (rows, values) in found.items():
        yield name, np.array(rows, np.int64), values
    yield from _access_fields(texts, rows_of(pc.match_substring(texts, '] "')), is_wanted)


def _collect(
    texts: pa.Array,
    rows: np.ndarray,
    read: Callable[[str], Iterator[tuple[str, str]]],
    is_wanted: Callable[[str], bool],
    found: dict[str, tuple[list[int], list[str]]],
) -> None:
    names: dict[str, str | None] = {}
    for row, text in zip(rows.tolist(), texts.take(rows).to_pylist(), strict=True):
        for given, value in read(text):
            if given not in names:
                name = canonical(given)
                names[given] = name if is_wanted(name) else None
            wanted = names[given]
            if wanted is not None:
                of_name = found.setdefault(wanted, ([], []))
                of_name[0].append(row)
                of_name[1].append(value)


def _json_fields(text: str) -> Iterator[tuple[str, str]]:
    import orjson

    try:
        document = orjson.loads(text)
    except ValueError:
        return iter(())
    return _flattened("", document, 0)


def _flattened(name: str, value: Any, depth: int) -> Iterator[tuple[str, str]]:
    """Scalars by the keys that lead to them; of a list each element has the list's name."""
    if depth > _MOST_NESTED:
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flattened(f"{name}.{key}" if name else key, inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _flattened(name, inner, depth + 1)
    elif isinstance(value, bool):
        yield name, "true" if value else "false"
    elif value is not None and name:
        yield name, str(value)


def audit_fields(text: str) -> Iterator[tuple[str, str]]:
    """Keys and values of a record of the Linux audit system; of EXECVE the whole command line as ``cmdline`` too."""
    arguments: list[str] = []
    for key, raw in _AUDIT.findall(text):
        if key == "msg" and raw.startswith("'"):
            yield from audit_fields(raw[1:-1])
            continue
        value = raw[1:-1] if raw[:1] in {'"', "'"} and len(raw) > 1 else _decoded(key, raw)
        if re.fullmatch(r"a\d+", key):
            arguments.append(value)
        yield key, value
    if arguments and text.startswith("type=EXECVE"):
        yield "cmdline", " ".join(arguments)


def _decoded(key: str, raw: str) -> str:
    """A value that was written in hexadecimal because it has blanks or quotes in it."""
    if len(raw) < 4 or not _ENCODED.fullmatch(key) or not _HEXADECIMAL.fullmatch(raw):
        return raw
    text = bytes.fromhex(raw).replace(b"\0", b" ").decode("utf-8", "replace").strip()
    return text if text.isprintable() else raw


def _access_fields(
    texts: pa.Array, rows: np.ndarray, is_wanted: Callable[[str], bool]
) -> Iterator[tuple[str, np.ndarray, list[str]]]:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    possible = [name for names in _ACCESS_NAMES.values() for name in names]
    if not len(rows) or not any(map(is_wanted, [*possible, "cs-uri-stem"])):
        return
    captured = pc.extract_regex(texts.take(rows), _ACCESS)
    for group, names in _ACCESS_NAMES.items():
        column = pc.struct_field(captured, group)
        there = np.flatnonzero(pc.greater(pc.utf8_length(column), 0).fill_null(False).to_numpy(zero_copy_only=False))
        values = column.take(pa.array(there)).to_pylist()
        for name in names:
            if is_wanted(name):
                yield name, rows[there], values
        if group == "target" and is_wanted("cs-uri-stem"):
            yield "cs-uri-stem", rows[there], [value.partition("?")[0] for value in values]
