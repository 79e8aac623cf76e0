"""One Python value as text, without Arrow: facts, and results that are a handful of values.

``canonical_value`` loses nothing; ``display_value`` is for eyes. ``twsla.render.cells`` gives whole columns the same
texts.
"""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import assert_never

from twsla.model.result import Kind
from twsla.render.escape import HOSTILE, valid_text
from twsla.render.timetext import NS_PER_S, clock_text, time_text

_BYTE_UNITS = ("B", "kB", "MB", "GB", "TB", "PB", "EB")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def canonical_value(value: object, kind: Kind, *, zone: str = "UTC") -> str:
    """The lossless text of a value: plain digits, RFC 3339, shortest float that reads back equal; None is ``""``.

    A TIME is an int (nanoseconds since 1970 UTC) or a datetime. Lists and mappings become compact JSON.
    """
    if value is None:
        return ""
    if isinstance(value, datetime):
        return _datetime_text(value, kind, zone)
    if kind is Kind.TIME and isinstance(value, int):
        return time_text(value, zone)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return float_text(value)
    if isinstance(value, bytes):
        return bytes_text(value)
    if isinstance(value, (list, tuple, dict)):
        return json_text(value)
    return valid_text(str(value))


def bytes_text(value: bytes) -> str:
    r"""Bytes as text that gives them back: ``\xNN`` for the backslash, for what is not UTF-8, and for characters that
    are hostile or break the line; all else as it is.
    """
    return value.replace(b"\\", b"\\x5c").decode("utf-8", "backslashreplace").translate(_BYTES_SHOWN)


_BYTES_SHOWN = {ord(char): "".join(f"\\x{byte:02x}" for byte in char.encode()) for char in HOSTILE}


def _datetime_text(value: datetime, kind: Kind, zone: str) -> str:
    """A naive datetime is UTC in a TIME column, and a clock time without a zone elsewhere."""
    aware = value.tzinfo is not None
    since = (value if aware else value.replace(tzinfo=UTC)) - _EPOCH
    second, sub_ns = since.days * 86_400 + since.seconds, since.microseconds * 1000
    if not aware and kind is not Kind.TIME:
        return clock_text(second, sub_ns)
    return time_text(second * NS_PER_S + sub_ns, zone)


def json_text(value: object) -> str:
    """Compact JSON of a nested value; NaN and infinities become null, what JSON does not know becomes its text."""
    text = json.dumps(_finite(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_plain)
    return valid_text(text)


def _finite(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _finite(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(each) for each in value]
    return value


def _plain(value: object) -> str:
    return canonical_value(value, Kind.TEXT)


def float_text(value: float) -> str:
    """The shortest decimal that reads back as the same float; exponents below 1e-4 and from 1e16.

    There is no ``.0`` but in ``-0.0``, whose sign readers of JSON would otherwise drop.
    """
    if math.isfinite(value):
        text = repr(value)
        return text if text == "-0.0" else text.removesuffix(".0")
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def display_value(value: object, kind: Kind, *, zone: str = "UTC") -> str:
    """The text of a value for eyes: grouped digits, short durations, SI bytes. Times and texts are canonical."""
    if value is None or isinstance(value, (bool, str)) or not isinstance(value, (int, float)):
        return canonical_value(value, kind, zone=zone)
    if isinstance(value, float) and not math.isfinite(value):
        return float_text(value)
    match kind:
        case Kind.COUNT | Kind.NUMBER:
            return number_display(value)
        case Kind.SCORE:
            return f"{value:.3f}"
        case Kind.DURATION:
            return duration_display(int(value))
        case Kind.BYTES:
            return bytes_display(int(value))
        case Kind.TEXT | Kind.LOG | Kind.TIME | Kind.OBSERVABLE | Kind.LEVEL:
            return canonical_value(value, kind, zone=zone)
    assert_never(kind)


def number_display(value: float) -> str:
    """Grouped digits with at most three decimals; four significant digits below 1; an exponent where neither fits."""
    if isinstance(value, int) or (value.is_integer() and abs(value) < 1e15):
        return f"{int(value):,}"
    if abs(value) >= 1e15:
        return f"{value:.6g}"
    if abs(value) >= 1:
        return f"{value:,.3f}".rstrip("0").rstrip(".")
    return f"{value:.4g}"


def duration_display(ns: int) -> str:
    """A duration the way Go writes it (``1h2m3.5s``, ``250ms``, ``1.5µs``, ``0s``), cut to three decimals."""
    sign, ns = ("-", -ns) if ns < 0 else ("", ns)
    if ns == 0:
        return "0s"
    if ns < NS_PER_S:
        unit, name = (1, "ns") if ns < 1_000 else (1_000, "µs") if ns < 1_000_000 else (1_000_000, "ms")
        return f"{sign}{_thousandths(ns * 1000 // unit)}{name}"
    minutes, rest = divmod(ns, 60 * NS_PER_S)
    hours, minutes = divmod(minutes, 60)
    lead = f"{hours}h{minutes}m" if hours else f"{minutes}m" if minutes else ""
    return f"{sign}{lead}{_thousandths(rest // 1_000_000)}s"


def _thousandths(value: int) -> str:
    """``1.5`` for 1500."""
    whole, part = divmod(value, 1000)
    return f"{whole}.{part:03d}".rstrip("0").rstrip(".")


def bytes_display(count: int) -> str:
    """A number of bytes in SI units (1 kB = 1000 B) with one decimal, rounded half up."""
    sign, count = ("-", -count) if count < 0 else ("", count)
    if count < 1000:
        return f"{sign}{count} B"
    power = 1
    while power < len(_BYTE_UNITS) - 1 and _tenths(count, power) >= 10_000:
        power += 1
    whole, tenth = divmod(_tenths(count, power), 10)
    return f"{sign}{whole}.{tenth} {_BYTE_UNITS[power]}"


def _tenths(count: int, power: int) -> int:
    unit: int = 1000**power
    return (count * 10 + unit // 2) // unit
