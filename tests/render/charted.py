"""Results with charts of every kind, as analyses give them: made from numbers, the same each time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from twsla.model.charts import Bar, Graph, Heatmap, Histogram, Line, Pie, Places, Scatter
from twsla.model.result import ArrowRows, Column, Fact, Kind, Note, Result

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twsla.model.charts import Chart

S = 1_000_000_000
MAY = 1_714_953_600 * S
"""2024-05-06T00:00:00Z."""
HOSTILE = (
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(2)>",
    '" onmouseover="alert(3)" x="',
    "javascript:alert(4)",
    "evil\u202egpj.exe",
    "\x1b[2J\x1b]0;owned\x07",
    "$E=mc^2$ \\frac{1}{2} %{meta}",
    '<a href="http://evil.example/">click</a>',
    "日本語のとても長いユーザー名でグラフの幅を超えるもの" * 3,
    "👩‍💻 emoji 👍🏽",
    "line one\nline two",
    "e" + "\u0301" * 400,
    "",
)


def result(title: str, charts: Sequence[Chart], columns: Sequence[Column], **values: object) -> Result:
    types = {Kind.TIME: pa.timestamp("ns", "UTC"), Kind.COUNT: pa.int64(), Kind.DURATION: pa.int64()}
    table = pa.table(
        {
            column.name: pa.array(
                values[column.name],
                types.get(column.kind, pa.float64() if column.kind in (Kind.NUMBER, Kind.SCORE) else None),
            )
            for column in columns
        }
    )
    facts = (Fact("hits", "Hits", table.num_rows, Kind.COUNT), Fact("seconds", "Seconds", 0.123, Kind.NUMBER))
    return Result(title, tuple(columns), ArrowRows(table), facts=facts, charts=tuple(charts))


TIME, COUNT = Column("time", "Time", Kind.TIME), Column("count", "Count", Kind.COUNT)
KEY = Column("key", "Key", Kind.OBSERVABLE)


def counts(buckets: int = 96, step_s: int = 900, start: int = MAY, title: str = "Count") -> Result:
    """Records by time, with a burst."""
    at = np.arange(buckets)
    values = (40 + 30 * np.sin(at / buckets * 2 * np.pi - 1.5) + at * 7 % 13).astype(np.int64)
    if buckets > 10:
        values[buckets * 2 // 3] += 160
    return result(title, [Line("time", ("count",))], [TIME, COUNT], time=start + at * step_s * S, count=values)


def count_bars(buckets: int = 48, step_s: int = 1800) -> Result:
    made = counts(buckets, step_s)
    return Result(
        made.title,
        made.columns,
        made.rows,
        made.facts,
        (Bar("time", "count"),),
        (Note("31 records have no time stamp"),),
    )


def keys(count: int = 12, *, chart: Chart | None = None) -> Result:
    names = [f"203.0.113.{n}" if n % 3 else f"2001:db8::{n:x}" for n in range(count)]
    values = [max(1, 5200 // (n + 1)) for n in range(count)]
    return result("Count by ip", [chart or Bar("key", "count")], [KEY, COUNT], key=names, count=values)


def hostile_keys(chart: Chart | None = None) -> Result:
    values = [100 - 7 * n for n in range(len(HOSTILE))]
    return result(HOSTILE[0] + HOSTILE[4], [chart or Bar("key", "count")], [KEY, COUNT], key=HOSTILE, count=values)


def keys_over_time(users: int = 14, chart: Chart | None = None) -> Result:
    times, names, values = [], [], []
    for hour in range(48):
        for user in range(users):
            amount = (hour * (user + 3) * 7 + user * 11) % 40 // (1 + user // 3)
            if amount:
                times.append(MAY + hour * 3600 * S)
                names.append(f"user{user:02}")
                values.append(amount)
    columns = [TIME, Column("user", "User", Kind.TEXT), COUNT]
    chart = chart or Line("time", ("count",), split="user")
    return result("Logins by user", [chart], columns, time=times, user=names, count=values)


def delays(count: int = 10_000) -> Result:
    rng = np.random.default_rng(7)
    at = np.sort(rng.integers(0, 86_400 * S, count))
    delay = (rng.lognormal(16, 1.2, count)).astype(np.int64)
    delay[count // 2] = 40 * S
    columns = [TIME, Column("delay", "Delay", Kind.DURATION)]
    charts: list[Chart] = [Line("time", ("delay",)), Histogram("delay"), Scatter("time", "delay")]
    return result("Delay", charts, columns, time=MAY + at, delay=delay)


def values(count: int = 400) -> Result:
    at = np.arange(count)
    temp = 21.5 + 3 * np.sin(at / 40) + (at * 31 % 17) / 20
    gaps = [None if 120 <= n < 140 else float(v) for n, v in enumerate(temp)]
    columns = [
        TIME,
        Column("value", "Temperature", Kind.NUMBER, unit="°C"),
        Column("load", "Load", Kind.NUMBER, unit="%"),
    ]
    charts: list[Chart] = [Line("time", ("value", "load")), Histogram("value"), Scatter("value", "load")]
    return result("Extract", charts, columns, time=MAY + at * 60 * S, value=gaps, load=(at * 13 % 50 + 10.0).tolist())


def heat(days: int = 14, *, week: bool = False) -> Result:
    names, hours, amounts = [], [], []
    weekdays = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
    for day in range(7 if week else days):
        for hour in range(24):
            amount = max(
                0, int(60 * np.exp(-((hour - 13) ** 2) / 18) * (0.2 if day % 7 in (0, 6) else 1)) - 3 + hour * day % 4
            )
            if day == 9 and hour == 3:
                amount = 180
            if amount and day != 5:
                names.append(weekdays[day] if week else str(np.datetime64("2024-05-06") + day).replace("-", "/"))
                hours.append(hour)
                amounts.append(amount)
    columns = [Column("day", "Weekday" if week else "Date", Kind.TEXT), Column("hour", "Hour", Kind.COUNT), COUNT]
    return result("Heatmap", [Heatmap("day", "hour", "count")], columns, day=names, hour=hours, count=amounts)


def pairs(sources: int = 6, targets: int = 4, *, loops: bool = False) -> Result:
    left, right, amounts = [], [], []
    for source in range(sources):
        for target in range(targets):
            if (source * 5 + target * 3) % 4 == 0 or source == target:
                left.append(f"10.0.{source // 8}.{source}")
                right.append(
                    f"10.0.{(source + target + 1) // 8}.{source + target + 1}" if loops else f"user{target}@example.com"
                )
                amounts.append(300 // (1 + source + 2 * target))
    columns = [Column("ip", "ip", Kind.OBSERVABLE), Column("email", "email", Kind.OBSERVABLE), COUNT]
    charts: list[Chart] = [Graph("ip", "email", "count"), Pie(("ip", "email"), "count")]
    return result("Relation", charts, columns, ip=left, email=right, count=amounts)


CITIES = [
    ("Tokyo", 35.7, 139.7, 912), ("Frankfurt", 50.1, 8.7, 530), ("Ashburn", 39.0, -77.5, 488),
    ("São Paulo", -23.5, -46.6, 210), ("Singapore", 1.3, 103.8, 190), ("Sydney", -33.9, 151.2, 77),
    ("Mumbai", 19.1, 72.9, 60), ("Amsterdam", 52.4, 4.9, 59), ("London", 51.5, -0.1, 58), ("Paris", 48.9, 2.4, 40),
    ("Moscow", 55.8, 37.6, 39), ("Lagos", 6.5, 3.4, 20), ("大阪", 34.7, 135.5, 18),
]  # fmt: skip


def places() -> Result:
    names, latitudes, longitudes, amounts = zip(*CITIES, ("nowhere", None, None, 7), strict=True)
    columns = [Column("lat", "Latitude", Kind.NUMBER), Column("lon", "Longitude", Kind.NUMBER), KEY, COUNT]
    charts = [Places("lat", "lon", "key", "count")]
    return result("Count by loc", charts, columns, lat=latitudes, lon=longitudes, key=names, count=amounts)


def empty(chart: Chart) -> Result:
    return result("Nothing", [chart], [TIME, KEY, COUNT], time=[], key=pa.array([], pa.string()), count=[])


def every_kind() -> dict[str, Result]:
    """A result for each kind of chart, and each way it can come out; its first chart is the one."""
    return {
        "line": counts(),
        "line-of-one": counts(1),
        "line-of-two": counts(2),
        "line-long": counts(30_000, 60),
        "line-over-summer-time": counts(200, 900, 1_711_778_400 * S),
        "lines": keys_over_time(),
        "values": values(),
        "delays": delays(3000),
        "bars": count_bars(),
        "bars-many": count_bars(10_000, 60),
        "bars-stacked": keys_over_time(5, Bar("time", "count", split="user")),
        "keys": keys(12),
        "keys-one": keys(1),
        "keys-200": keys(200),
        "keys-stacked": keys_over_time(12, Bar("user", "count", split="user")),
        "keys-hostile": hostile_keys(),
        "pie": keys(200, chart=Pie(("key",), "count")),
        "pie-hostile": hostile_keys(Pie(("key",), "count")),
        "histogram": _first(delays(3000), 1),
        "scatter": _first(values(), 2),
        "heat": heat(),
        "heat-week": heat(week=True),
        "heat-400": heat(400),
        "graph": pairs(),
        "graph-200": pairs(40, 40),
        "graph-spread": pairs(20, 12, loops=True),
        "graph-hostile": hostile_pairs(),
        "places": places(),
        "empty": empty(Line("time", ("count",))),
    }


def _first(value: Result, place: int) -> Result:
    return replace(value, charts=(value.charts[place],))


def hostile_pairs() -> Result:
    columns = [Column("a", HOSTILE[0], Kind.LOG), Column("b", HOSTILE[1], Kind.LOG), COUNT]
    amounts = list(range(1, len(HOSTILE) + 1))
    chart = Graph("a", "b", "count")
    return result(HOSTILE[1], [chart], columns, a=HOSTILE, b=HOSTILE[1:] + HOSTILE[:1], count=amounts)
