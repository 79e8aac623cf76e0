"""One Result that holds every awkward value, and the switch that rewrites the golden files."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from twsla.model.charts import Line
from twsla.model.result import ArrowRows, Column, Fact, Kind, Note, Result

GOLDEN = Path(__file__).parents[1] / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files instead of comparing")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    # The option exists only where this file is collected from the command line's own arguments.
    return bool(request.config.getoption("--update-golden", default=False))


@pytest.fixture
def golden() -> Path:
    return GOLDEN


TEXTS = [
    "plain text",
    "",
    None,
    'say "hi", then go',
    "a\tTAB and a \\ backslash",
    "two\nlines\r\nthree",
    "pipe | star * under_score `code` [x](http://evil.example/)",
    "<script>alert(1)</script> &amp;",
    "\x1b[31mred\x1b[0m \x07 \x9b2J \x7f nul\x00nul",
    "invoice\u202efdp.exe \u2066x\u2069 a\u2028b",
    "日本語のログ ｶﾅ",
    "👩‍💻 é 👍🏽",
    "=cmd()|' /C calc'!A0",
    "-1+2",
    "@SUM(A1)",
]
TIMES_NS = [
    0,
    1,
    None,
    -1,
    1_700_000_000_000_000_000,
    1_700_000_000_123_000_000,
    1_700_000_000_123_456_000,
    1_700_000_000_123_456_789,
    1_700_000_000_000_000_001,
    951_782_400_000_000_000,  # 2000-02-29
    -2_208_988_800_000_000_000,  # 1900-01-01
    1_711_846_799_999_999_999,  # last nanosecond of winter time in Berlin, 2024
    1_711_846_800_000_000_000,  # first of summer time
    9_223_372_036_854_775_806,  # the last that DuckDB does not take for infinity
    -9_223_372_036_854_775_806,
]
COUNTS = [0, 1, None, -1, 999, 1000, 1234567, 2**53 + 1, 2**63 - 1, -(2**63), 10, 11, 12, 13, 14]
NUMBERS = [
    0.0,
    -0.0,
    None,
    float("nan"),
    float("inf"),
    float("-inf"),
    0.1,
    1 / 3,
    1e15,
    1e16,
    1e-5,
    123456.789,
    5e-324,
    1.7976931348623157e308,
    4624.0,
]
DURATIONS = [
    0,
    1,
    None,
    1_500,
    2_000_000,
    1_500_000_000,
    3_723_500_000_000,
    -60_000_000_000,
    90_000_000_000_000,
    999,
    999_999_999,
    1_000_000_000,
    59_999_999_999,
    60_000_000_000,
    2**63 - 1,
]
SIZES = [0, 999, None, 1000, 1536, 999_949, 999_950, 1_500_000, 10**9, 10**12, 10**15, 10**18, 2**63 - 1, 1, 2]


@pytest.fixture
def awkward() -> Result:
    n = len(TEXTS)
    table = pa.table(
        {
            "ts": pa.array(TIMES_NS, pa.timestamp("ns", "UTC")),
            "text": pa.array(TEXTS, pa.large_string()),
            "count": pa.array(COUNTS, pa.int64()),
            "number": pa.array(NUMBERS, pa.float64()),
            "delta": pa.array(DURATIONS, pa.int64()),
            "size": pa.array(SIZES, pa.int64()),
            "level": pa.array(["INFO", None, "ERROR"] * (n // 3)).dictionary_encode(),
            "seen": pa.array([True, False, None] * (n // 3)),
            "tags": pa.array([["a", 'b"'], [], None] * (n // 3), pa.list_(pa.string())),
            "source": pa.array([f"/var/log/{i}.log" for i in range(n)]).dictionary_encode(),
            "line_no": pa.array(range(1, n + 1), pa.int64()),
        }
    )
    return Result(
        title="Awkward \x1b[2J <values>",
        columns=(
            Column("ts", "Time", Kind.TIME),
            Column("text", "Log | text", Kind.LOG, share=3),
            Column("count", "Count", Kind.COUNT),
            Column("number", "Number", Kind.NUMBER),
            Column("delta", "Delta", Kind.DURATION),
            Column("size", "Size", Kind.BYTES),
            Column("level", "Level", Kind.LEVEL),
            Column("seen", "Seen", Kind.TEXT),
            Column("tags", "Tags", Kind.TEXT),
            Column("source", "Source", Kind.TEXT, hidden=True),
            Column("line_no", "Line", Kind.COUNT, hidden=True),
        ),
        rows=ArrowRows(table),
        facts=(
            Fact("rows", "Rows", 15, Kind.COUNT),
            Fact("mean", "Mean", float("nan"), Kind.NUMBER),
            Fact("first", "First", 1, Kind.TIME),
            Fact("seed", "Seed", None),
        ),
        charts=(Line(x="ts", y=("count",)),),
        notes=(Note("3 lines without a time stamp \u202ein a\nfile"),),
        bare="text",
    )


@pytest.fixture
def tabular(awkward: Result) -> Result:
    """The same without a bare column: plain output is a table."""
    return Result(**{name: getattr(awkward, name) for name in awkward.__slots__} | {"bare": None})
