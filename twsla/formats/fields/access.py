r"""Access logs of web servers, common and combined: one line a request.

    192.0.2.1 - alice [10/Oct/2000:13:55:36 -0700] "GET /a?b=c HTTP/1.0" 200 2326 "http://example.com/" "Mozilla/5.0"

A virtual host may come first (``example.com:443 192.0.2.1 - …``), and further values at the end. The names are those of
W3C logs, as Sigma's rules for web servers have them; ``cs-uri-query`` is the path with the query.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from twsla.formats.fields.columns import add, separated, spread

if TYPE_CHECKING:
    import pyarrow as pa

    from twsla.formats.fields.columns import Columns

_TEXT: Final = r'(?:[^"\\]|\\.)*'
_LINE: Final = re.compile(
    r"(?:(?P<host>[^ :]+):[0-9]+ )?(?P<client>[^ ]+) (?P<ident>[^ ]+) (?P<user>.+?) \[[^\]]+\] "
    rf'"(?P<request>{_TEXT})" (?P<status>[0-9]{{3}}|-) (?P<bytes>[0-9]+|-)'
    rf'(?: "(?P<referer>{_TEXT})" "(?P<agent>{_TEXT})")?(?:\s.*)?',
    re.DOTALL,
)
_PLAIN: Final = (
    r'^[^\s"]+ [^\s"]+ [^\s"]+ \[[^\]\s"]+ [^\]\s"]+\] "[^"\\\r\n]*" [0-9]{3} [0-9-]+ "[^"\\\r\n]*" "[^"\\\r\n]*"\z'
)
"""Lines that can be split at blanks: nothing but nine values, none with an escaped quote."""
_COLUMNS: Final = ("c-ip", "ident", "cs-username", "date", "zone", "request", "sc-status", "sc-bytes", "cs-referer")
_REQUEST: Final = ("cs-method", "cs-uri-stem", "cs-uri-query", "cs-version")
_GROUPS: Final = {
    "c-ip": "client",
    "ident": "ident",
    "cs-username": "user",
    "sc-status": "status",
    "sc-bytes": "bytes",
    "cs-referer": "referer",
    "cs-user-agent": "agent",
    "cs-host": "host",
}
_ALL: Final = (*_GROUPS, *_REQUEST)
_NONE: Final = ("-", "")


def is_access(line: str) -> bool:
    """Whether a line is one."""
    return _LINE.fullmatch(line) is not None


def read_access(texts: pa.Array) -> Columns:
    """The fields of records: (records,) strings."""
    import numpy as np
    import pyarrow.compute as pc

    plain = pc.match_substring_regex(texts, _PLAIN).to_numpy(zero_copy_only=False)
    columns: Columns = {}
    rows = None if plain.all() else np.flatnonzero(plain)
    if plain.any():
        lines = texts if rows is None else texts.take(rows)
        names = (*_COLUMNS, "cs-user-agent")
        found = dict(zip(names, separated(lines, names, delimiter=" ", quote='"', none=_NONE), strict=True))
        for name, column in found.items():
            if name not in ("date", "zone", "request"):
                add(columns, name, spread(column, rows, len(texts)))
        for name, column in _request(found["request"]).items():
            add(columns, name, spread(column, rows, len(texts)))
    if rows is not None:
        others = np.flatnonzero(~plain)
        for name, column in _one_by_one(texts.take(others)).items():
            add(columns, name, spread(column, others, len(texts)))
    return {name: column for name, column in columns.items() if column.null_count < len(column)}


def _request(requests: pa.DictionaryArray) -> dict[str, pa.DictionaryArray]:
    """Method, path, path with query, and version of distinct requests; what is no such request is all path."""
    import pyarrow as pa

    values: dict[str, list[str | None]] = {name: [] for name in _REQUEST}
    for request in requests.dictionary.to_pylist():
        for name, value in zip(values, _parts(request), strict=True):
            values[name].append(value)
    codes = {name: pa.array(each, pa.string()).dictionary_encode() for name, each in values.items()}
    return {
        name: pa.DictionaryArray.from_arrays(each.indices.take(requests.indices), each.dictionary)
        for name, each in codes.items()
    }


def _parts(request: str) -> tuple[str | None, str | None, str | None, str | None]:
    method, blank, rest = request.partition(" ")
    if not blank or not method.isalpha():
        return None, request, request, None
    path, _, version = rest.rpartition(" ") if " HTTP/" in rest else (rest, "", None)
    return method, path.partition("?")[0], path, version


def _one_by_one(texts: pa.Array) -> dict[str, pa.Array]:
    """The same of lines with escapes, with a virtual host, or with more or less at their end."""
    import pyarrow as pa

    values: dict[str, list[str | None]] = {name: [] for name in _ALL}
    for text in texts.to_pylist():
        found = _LINE.fullmatch(text)
        parts: dict[str, str | None] = {}
        if found is not None:
            parts = {name: _unescaped(found[group]) for name, group in _GROUPS.items()}
            request = _parts(_unescaped(found["request"]) or "")
            parts |= dict(zip(_REQUEST, request, strict=True))
        for name, each in values.items():
            value = parts.get(name)
            each.append(None if value in _NONE else value)
    return {name: pa.array(each, pa.string()) for name, each in values.items()}


def _unescaped(text: str | None) -> str | None:
    r"""As the client sent it: ``\"`` is a quote, ``\\`` a backslash; other escapes stay as they are."""
    return text and re.sub(r'\\(["\\])', r"\1", text)
