r"""Records of pairs: ``key=value`` (logfmt, firewalls, iptables, FortiGate), and those of the Linux audit daemon.

A value with blanks stands in quotes; ``\"`` inside is a quote. Of a name that comes twice in a record the first counts.
The pairs of a whole block are found by one expression, so that there is no Python for each record.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from twsla.formats.fields.columns import add, from_pairs, spread

if TYPE_CHECKING:
    import pyarrow as pa

    from twsla.formats.fields.columns import Columns

_PAIR: Final = re.compile(
    r"""(?<![^\s,;|('\x1d])([A-Za-z_@$][\w.@$:/\[\]-]*)=(?:"((?:[^"\\\n]|\\.)*)"|'(?=[\w-]+=)|([^\s"',;\x1d]*))|(\n)""",
    re.ASCII,
)
_LEAST_PAIRS: Final = 3
_LEAST_SHARE: Final = 0.4
"""Of a line's characters, for it to be made of pairs."""
_AUDIT: Final = re.compile(r"(?:node=\S+ )?type=[A-Z_0-9\[\]]+ msg=audit\([0-9.]+:[0-9]+\)")
_AUDIT_ID: Final = r"msg=audit\((?P<id>[0-9.]+:[0-9]+)\)"
_HEX: Final = re.compile(r"(?:[0-9A-F]{2})+")
_WRITTEN_IN_HEX: Final = ("proctitle", "comm", "exe", "name", "cwd", "data", "acct", "cmd", "path", "key")
"""Fields that the audit daemon writes in hexadecimal digits where they hold blanks, quotes or control characters.

Source: Linux audit documentation, "audit event fields" (type "encoded").
"""


def is_pairs(line: str) -> bool:
    """Whether most of a line are pairs, and not few."""
    found = [match for match in _PAIR.finditer(line) if match[1]]
    covered = sum(match.end() - match.start() for match in found)
    return len(found) >= _LEAST_PAIRS and covered >= _LEAST_SHARE * len(line)


def is_audit(line: str) -> bool:
    """Whether a line is one of the audit daemon."""
    return _AUDIT.match(line) is not None


def read_pairs(texts: pa.Array) -> Columns:
    """The fields of records: (records,) strings."""
    return _pairs(texts, raw=False)


def _pairs(texts: pa.Array, *, raw: bool) -> Columns:
    """``raw``: values keep their quotes."""
    import numpy as np
    import pyarrow.compute as pc

    lines = texts
    if pc.any(pc.match_substring(texts, "\n")).as_py():
        lines = pc.replace_substring(texts, "\n", " ")
    found = _PAIR.findall("\n".join(lines.to_pylist()))
    ends = np.array([bool(each[3]) for each in found], bool)
    owners = np.cumsum(ends)[~ends]
    pairs = [each for each in found if not each[3]]
    if raw:
        values = [f'"{quoted}"' if quoted else plain for _, quoted, plain, _ in pairs]
    else:
        values = [quoted.replace('\\"', '"') if quoted else plain for _, quoted, plain, _ in pairs]
    return from_pairs([each[0] for each in pairs], values, owners, len(texts))


def read_audit(texts: pa.Array) -> Columns:
    """The same of audit records: ``msg_id`` is time and number of the event, and what is in hexadecimal is decoded."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    columns = _pairs(texts, raw=True)
    columns.pop("msg", None)
    is_execve = pc.fill_null(pc.equal(columns["type"], "EXECVE"), False) if "type" in columns else None
    decoded: Columns = {}
    for name, column in columns.items():
        argument = re.fullmatch(r"a[0-9]+(\[[0-9]+\])?", name) is not None
        values = [_unquoted(value) for value in column.dictionary.to_pylist()]
        if name in _WRITTEN_IN_HEX or argument:
            told = [_decoded(value, name) for value in column.dictionary.to_pylist()]
            if argument and is_execve is not None:
                # In other records they are numbers.
                both = pa.array([*values, *told], pa.string()).dictionary_encode()
                shift = pc.multiply(is_execve.cast(pa.int32()), len(values))
                places = both.indices.take(pc.add(column.indices, shift))
                decoded[name] = pa.DictionaryArray.from_arrays(places, both.dictionary)
                continue
            if not argument:
                values = told
        decoded[name] = pa.array(values, pa.string()).take(column.indices).dictionary_encode()
    found = pc.struct_field(pc.extract_regex(texts, _AUDIT_ID), "id").cast(pa.string())
    add(decoded, "msg_id", spread(found, None, len(texts)))
    assert all(len(column) == len(texts) for column in decoded.values()), np.nan
    return decoded


def _unquoted(value: str) -> str:
    return value[1:-1] if value.startswith('"') else value


def _decoded(value: str, name: str) -> str:
    """A value as it was before the daemon wrote it; the words of a command line have blanks between them."""
    if value.startswith('"') or not _HEX.fullmatch(value):
        return _unquoted(value)
    text = bytes.fromhex(value).decode("utf-8", "replace")
    return text.replace("\0", " ").rstrip(" ") if name == "proctitle" else text
