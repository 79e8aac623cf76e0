"""Rows of a search: pages, order, numbers of records, against the lines themselves."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import ROOT
from twsla.model.filters import parse_filters
from twsla.model.query import Query
from twsla.model.times import TimeRange
from twsla.query import rows as rows_module
from twsla.query.engine import Engine
from twsla.query.rows import RecordRows
from twsla.query.spooled import SpooledRows
from twsla.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twsla.model.filters import FilterSet

COLUMNS = ("ts", "text", "source", "line_no", "offset")
START = int(datetime(2024, 5, 1, tzinfo=UTC).timestamp())
Line = tuple[int | None, str, int, int, str]
"""ts in ns, source, line number, offset, text."""


def made_up() -> dict[str, list[str]]:
    """Three logs that overlap in time, two of them with lines without a time stamp."""
    logs: dict[str, list[str]] = {}
    for number, (step, count) in enumerate(((7, 300), (3, 400), (11, 150))):
        lines = []
        for at in range(count):
            second = at * step + number * 500
            stamp = datetime.fromtimestamp(START + second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            lines.append(f"{stamp} host{number} {'error' if at % 37 == 0 else 'fine'} {at * number % 13} of {at}")
        logs[f"log{number}.log"] = lines
    later = [f"2024-06-01T00:00:{second:02}Z host3 fine {second}" for second in range(50)]
    logs["later.log"] = later
    logs["undated.log"] = [f"no stamp at all, {word}" for word in ("one", "two error", "three")]
    return logs


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rows")
    for name, lines in made_up().items():
        (folder / name).write_text("".join(f"{line}\n" for line in lines))
        command = [sys.executable, "-m", "twsla", "import", "--multiline", "off", name]
        env = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(folder), "TZ": "UTC"}
        subprocess.run(command, cwd=folder, env=env, check=True, capture_output=True)
    return folder


def expected(wanted: str = "", *, unwanted: str = "\0") -> list[Line]:
    """The lines in the order of a search, by Python's own means."""
    found: list[Line] = []
    for name, lines in made_up().items():
        offset = 0
        for number, line in enumerate(lines, 1):
            ts = None if line.startswith("no stamp") else int(datetime.fromisoformat(line[:20]).timestamp()) * 10**9
            if wanted in line and unwanted not in line:
                found.append((ts, name, number, offset, line))
            offset += len(line) + 1
    return sorted(found, key=lambda line: (line[0] is None, line[0] or 0, line[1], line[3]))


def filters(text: str) -> FilterSet:
    return parse_filters(simple=text, regex="", inverted="", arguments=(), ignore_case=False)


@pytest.fixture(params=["as it is", "indexed"])
def small_steps(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once with pages found again, once with indexes for all but the very first rows, and few of these kept."""
    if request.param == "indexed":
        monkeypatch.setattr(rows_module, "AHEAD", 5)
        monkeypatch.setattr(rows_module, "INDEXED_ROWS", 100)
        monkeypatch.setattr(rows_module, "FILES_AT_ONCE", 1)


def rows_of(case: Path, text: str = "", time_range: TimeRange | None = None) -> tuple[Engine, RecordRows]:
    query = Query(time_range or TimeRange(None, None), filters(text), "UTC")
    engine = Engine(Store.open(case / "twsla.db"), query)
    return engine, RecordRows(engine, COLUMNS)


def values(found: Iterator[list[tuple[object, ...]]]) -> list[Line]:
    return [(ts, source, line_no, offset, text) for some in found for ts, text, source, line_no, offset in some]  # type: ignore[misc]


@pytest.mark.parametrize("text", ["", "error", "host1", "of 1", "nothing like it"])
@pytest.mark.usefixtures("small_steps")
def test_any_page_is_what_the_lines_say(case: Path, text: str) -> None:
    engine, rows = rows_of(case, text)
    wanted = expected(text)

    for start in (0, 3, 199, 500, 880, len(wanted) - 2, len(wanted)):
        for count in (1, 20, 250):
            page = values(rows.read(max(0, start), count))
            assert page == wanted[max(0, start) : max(0, start) + count], (start, count)
            arrow = rows.slice(max(0, start), count)
            assert arrow.column("text").to_pylist() == [line[4] for line in page]
    assert len(rows) == len(wanted)
    assert rows.counted() == (len(wanted), True)
    engine.close()


@pytest.mark.usefixtures("small_steps")
def test_all_rows_in_batches(case: Path) -> None:
    engine, rows = rows_of(case, "error")

    assert [text for batch in rows.batches() for text in batch.column("text").to_pylist()] == [
        line[4] for line in expected("error")
    ]
    engine.close()


def test_a_time_range_leaves_out_what_is_undated(case: Path) -> None:
    end = (START + 300) * 10**9
    engine, rows = rows_of(case, "", TimeRange(START * 10**9, end))

    assert values(rows.read(0, 1000)) == [line for line in expected() if line[0] is not None and line[0] <= end]
    engine.close()


@pytest.mark.parametrize("text", ["", "error"])
@pytest.mark.usefixtures("small_steps")
def test_sorted_by_text_and_backwards(case: Path, text: str) -> None:
    engine, rows = rows_of(case, text)
    up = sorted(expected(text), key=lambda line: line[4])
    down = sorted(expected(text), key=lambda line: line[4], reverse=True)

    assert values(rows.sorted("text").read(0, 2000)) == up
    assert values(rows.sorted("text", descending=True).read(3, 40)) == down[3:43]
    by_text = rows.sorted("text")
    assert len(by_text) == len(up)
    assert [each for batch in by_text.batches() for each in batch.column("text").to_pylist()] == [x[4] for x in up]
    assert by_text.slice(5, 2).column("line_no").to_pylist() == [line[2] for line in up[5:7]]
    engine.close()


@pytest.mark.usefixtures("small_steps")
def test_sorting_by_source_keeps_the_order_of_a_search_among_equals(case: Path) -> None:
    engine, rows = rows_of(case)
    wanted = sorted(expected(), key=lambda line: line[1])

    assert values(rows.sorted("source").read(0, 2000)) == wanted
    engine.close()


@settings(max_examples=40, deadline=None)
@given(
    text=st.sampled_from(["", "host1", "fine"]),
    wanted=st.sampled_from(["error", "of 1", "host2", "one", "three", "nothing like it"]),
    start=st.integers(0, 910),
    backwards=st.booleans(),
    by_text=st.booleans(),
)
def test_finding_gives_the_nearest_row(
    case: Path, text: str, wanted: str, start: int, *, backwards: bool, by_text: bool
) -> None:
    engine, rows = rows_of(case, text)
    lines = sorted(expected(text), key=lambda line: line[4]) if by_text else expected(text)
    numbers = [
        at for at, line in enumerate(lines) if wanted in line[4] and ((at < start) if backwards else at >= start)
    ]

    found = (rows.sorted("text") if by_text else rows).find(filters(wanted), start=start, backwards=backwards)

    assert found == (None if not numbers else numbers[-1] if backwards else numbers[0])
    engine.close()


@pytest.mark.usefixtures("small_steps")
def test_a_record_is_found_again(case: Path) -> None:
    engine, rows = rows_of(case, "error")
    lines = expected("error")

    for at in (0, 5, len(lines) - 1):
        ts, source, _, offset, _ = lines[at]
        assert rows.place_of_record(ts, source, offset) == at
        by_text = sorted(lines, key=lambda line: line[4])
        assert rows.sorted("text").place_of_record(ts, source, offset) == by_text.index(lines[at])
        assert rows.place_of_record(None, source, offset) == at
    assert rows.place_of_record(START * 10**9, "log0.log", 1) is None
    assert rows.place_of_record(None, "log0.log", 1) is None
    engine.close()


@pytest.mark.parametrize("second", [-10, 0, 1, 700, 2099, 5000, 10**8])
@pytest.mark.usefixtures("small_steps")
def test_a_moment_has_a_place(case: Path, second: int) -> None:
    engine, rows = rows_of(case, "error")
    ts = (START + second) * 10**9
    wanted = [at for at, line in enumerate(expected("error")) if line[0] is None or line[0] >= ts]

    assert rows.place_of_time(ts) == wanted[0]
    engine.close()


def test_further_filters(case: Path) -> None:
    engine, rows = rows_of(case, "host1")

    narrowed = rows.filtered(filters("error"))

    assert values(narrowed.read(0, 1000)) == [line for line in expected("host1") if "error" in line[4]]
    assert len(rows) == len(expected("host1"))
    engine.close()


def test_long_texts_are_cut_where_that_is_asked_for(case: Path) -> None:
    engine, rows = rows_of(case)

    assert [line[4] for line in values(rows.read(0, 3, most_chars=7))] == [line[4][:7] for line in expected()[:3]]
    assert [line[4] for line in values(rows.sorted("text").read(0, 3, most_chars=7))] == [
        line[4][:7] for line in sorted(expected(), key=lambda line: line[4])[:3]
    ]
    engine.close()


def test_a_text_that_is_a_parameter_of_sql_is_a_text(case: Path) -> None:
    engine, rows = rows_of(case)

    assert rows.find(filters("$start"), start=0) is None
    assert rows.find(filters("' OR true --"), start=0) is None
    engine.close()


def test_threads_read_at_the_same_time(case: Path) -> None:
    import threading

    engine, rows = rows_of(case, "fine")
    wanted = expected("fine")
    wrong: list[object] = []

    def read(start: int) -> None:
        for at in range(start, 700, 50):
            page = values(rows.read(at, 30))
            if page != wanted[at : at + 30]:
                wrong.append((at, page))

    threads = [threading.Thread(target=read, args=(at,)) for at in (0, 7, 13, 21)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not wrong
    engine.close()


# --- rows in a scratch table -------------------------------------------------------------------------------------


@pytest.fixture
def spooled(case: Path) -> Iterator[SpooledRows]:
    engine, _ = rows_of(case)
    engine.execute(
        "CREATE TABLE t AS SELECT 'k' || (range % 7) AS key, range AS n, chr(64 + range::INT) AS c FROM range(26)"
    )
    yield SpooledRows(engine, "t")
    engine.close()


def test_filtering_looks_at_the_columns_named(spooled: SpooledRows) -> None:
    assert spooled.filtered(filters("k3"), ("key",)).slice(0, 100).column("n").to_pylist() == [3, 10, 17, 24]
    assert len(spooled.filtered(filters("k3"), ("c",))) == 0
    both = parse_filters(simple="k", regex="^k[12]$", inverted="", arguments=("^D",), ignore_case=False)
    assert spooled.filtered(both, ("key", "c")).slice(0, 100).column("n").to_pylist() == [
        n for n in range(26) if n % 7 in (1, 2) and n != 4
    ]


@pytest.mark.parametrize(("start", "backwards", "found"), [(0, False, 3), (3, False, 3), (4, False, 10), (10, True, 3)])
def test_finding_in_a_scratch_table(spooled: SpooledRows, start: int, *, backwards: bool, found: int) -> None:
    assert spooled.find(filters("k3"), ("key",), start=start, backwards=backwards) == found
    assert spooled.find(filters("k9"), ("key",), start=0) is None
