"""Filters as SQL, with and without shapes, and as Arrow masks: always the same records."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.query.expressions import FRAGMENTS, REGEX, TEXTS, as_python
from twsla.errors import UsageError
from twsla.model.filters import Filter, FilterSet, parse_filters, regex_filter, simple_filter
from twsla.model.times import TimeRange
from twsla.query.where import arrow_mask, check_filters, compile_where, explain

if TYPE_CHECKING:
    from collections.abc import Sequence

SHARED = Path(__file__).parents[2] / "../shared/data"
ALWAYS = TimeRange(None, None)
PROPERTY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def database() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(":memory:")
    connection.execute("SET TimeZone = 'Asia/Tokyo'")
    return connection


def shape(text: str) -> str:
    return re.sub("[0-9]+", "0", text)


def write(path: Path, texts: Sequence[str]) -> Path:
    """A store file in small: numbered texts, their shapes dictionary-encoded."""
    shapes = [shape(text) for text in texts]
    table = pa.table(
        {
            "n": pa.array(range(len(texts))),
            "text": pa.array(texts, pa.string()),
            "shape": pa.array(shapes, pa.string()).dictionary_encode(),
        }
    )
    pq.write_table(table, path, use_dictionary=["shape"])
    return path


def rows(database: duckdb.DuckDBPyConnection, path: Path, filters: Sequence[Filter], *, shape: bool) -> list[int]:
    where = compile_where(filters, ALWAYS, shape=shape)
    assert where.sql.count("?") == len(where.params)
    found = database.execute(f"SELECT n FROM read_parquet('{path}') WHERE {where.sql} ORDER BY n", where.params)
    return [number for (number,) in found.fetchall()]


def same_everywhere(
    database: duckdb.DuckDBPyConnection, folder: Path, texts: Sequence[str], filters: Sequence[Filter]
) -> list[int]:
    """The numbers of the texts that pass, after checking that every way gives the same."""
    whole = write(folder / "whole.parquet", texts)
    by_text = rows(database, whole, filters, shape=False)
    by_arrow = [at for at, passes in enumerate(arrow_mask(FilterSet(tuple(filters)), pa.array(texts))) if passes]

    assert rows(database, whole, filters, shape=True) == by_text
    assert by_arrow == by_text
    return by_text


# --- the tables of the specification ---------------------------------------------------------------------

SIMPLE = [
    ("fail", "login failed", True),
    ("fail", "FAIL", False),
    ("Message*", "Message abc", True),
    ("user ?oot", "user root", True),
    ("user ?oot", "user oot", False),
    ("end$", "the end", True),
    ("end$", "end of", False),
    ("end$", "end$", False),
    ("x$$", "x", True),
    ("x$$", "x$$", False),
    ("192.168.2.1", "192.168.2.1", True),
    ("192.168.2.1", "192a168b2c1", False),
    ("192.168.2.1", "192.168.2.10", True),
    ("a*b", "axxb", True),
    ("a*b", "ab", True),
    ("a*b", "a\nb", False),
    ("a*b", "x\na1b\ny", True),
    (r"\d+", "12", False),
    (r"\d+", r"\d+", True),
    ("foo.bar?", "foo.bar", False),
    ("foo.bar?", "foo.barX", True),
    ("^abc", "abc", False),
    ("^abc", "^abc", True),
    ("#IP", "1.2.3.4", True),
    ("#ip", "1.2.3.4", True),
    (r"\#ip", "1.2.3.4", False),
    (r"\#ip", "#ip", True),
    ("#IP", "999.999.999.999", False),
    ("#LOCAL_IP", "172.32.0.1", False),
    ("#IPV6", "2001:db8::1", True),
    ("#IPV6", "10:30:00", False),
    ("#MAC", "00-11-22-33-44-55", True),
    (r"a\*b", "a*b", True),
    (r"a\*b", "axb", False),
    (r"a\?", "a?", True),
    (r"5\$", "5$ x", True),
    ("a%b", "axb", False),
    ("a_*b%", "a_1b%", True),
    ("a_*b%", "ax1b%", False),
    ("a\\*b", "a*b", True),
    ("*", "", True),
    ("$", "", True),
    ("?", "", False),
    ("?", "\n", False),
    ("22", "port 1223", True),
    ("port 22", "port 2", False),
    ("port 22", "port 221", True),
    ("1 2", "11 22", True),
    ("٣", "٣", True),
    ("\0", "a\0b", True),
]


@pytest.mark.parametrize(("source", "text", "expected"), SIMPLE)
def test_simple_filters(
    database: duckdb.DuckDBPyConnection, tmp_path: Path, source: str, text: str, expected: bool
) -> None:
    assert same_everywhere(database, tmp_path, [text], [simple_filter(source)]) == [0] * expected
    assert same_everywhere(database, tmp_path, [text], [simple_filter(source, negative=True)]) == [0] * (not expected)


@pytest.mark.parametrize(
    ("simple", "regex", "inverted", "arguments", "text", "expected"),
    [
        ("login", "failed", "", (), "login failed", True),
        ("logout", "failed", "", (), "login failed", False),
        ("login", "", "success", (), "login failed", True),
        ("login", "", "success", (), "login success", False),
        ("", "", "", ("login",), "login success", True),
        ("", "", "", ("^success",), "login success", False),
        ("", "", "", ("^success", "login", ""), "login failed", True),
        ("", "a.b", "", (), "a\nb", False),
        ("", "(?s)a.b", "", (), "a\nb", True),
        ("", "^b", "", (), "a\nb", False),
        ("", "(?m)^b", "", (), "a\nb", True),
        ("", "a$", "", (), "a\n", False),
    ],
)
def test_combinations(
    database: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    simple: str,
    regex: str,
    inverted: str,
    arguments: tuple[str, ...],
    text: str,
    expected: bool,
) -> None:
    filters = parse_filters(simple=simple, regex=regex, inverted=inverted, arguments=arguments, ignore_case=False)

    assert same_everywhere(database, tmp_path, [text], filters.filters) == [0] * expected


@pytest.mark.parametrize(
    ("filters", "hits"),
    [
        (["fail"], 537),
        (["^fail"], 1463),
        (["fail", "^root"], 186),
        (["user=root$"], 351),
        (["authentication*root"], 351),
        (["sshd(pam_uni?)"], 677),
        (["#IP"], 1245),
        (["#LOCAL_IP"], 0),
        (["#EMAIL"], 1),
        (["#MAC"], 0),
        (["#URL"], 0),
        (["#IPV6"], 0),
    ],
)
def test_counts_on_the_sample_log(
    database: duckdb.DuckDBPyConnection, tmp_path: Path, filters: list[str], hits: int
) -> None:
    path = SHARED / "twsla/syslog.log"
    if not path.exists():
        pytest.skip(f"needs the sample log {path.name}")
    lines = path.read_text().splitlines()
    asked = parse_filters(simple="", regex="", inverted="", arguments=filters, ignore_case=False)

    assert len(same_everywhere(database, tmp_path, lines, asked.filters)) == hits


def test_case_is_ignored_as_re2_does_it(database: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    texts = ["task", "TASK", "ta\u017f\u212a", "TA\u017fk 1", "tas", "Straße", "STRASSE", "İ", "i", "ÉTÉ", "été"]

    def found(filter_: Filter) -> list[int]:
        return same_everywhere(database, tmp_path, texts, [filter_])

    assert found(simple_filter("task", ignore_case=True)) == [0, 1, 2, 3]
    assert found(regex_filter("(?i)TASK$")) == [0, 1, 2]
    assert found(simple_filter("i", ignore_case=True)) == [8]
    assert found(simple_filter("été", ignore_case=True)) == [9, 10]
    assert found(regex_filter("t.sk 1", ignore_case=True)) == [3]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a(?:)", ["ab", "xab", "a", "ba", r"a\Eb"]),
        ("(?:)b", ["ab", "xab", "b", "ba", r"a\Eb"]),
        ("b(?s)", ["ab", "xab", "b", "ba", r"a\Eb"]),
        ("(?:)$", ["ab", "xab", "a", "b", "ba", "", r"a\Eb"]),
        ("()a|b{0}$", ["ab", "xab", "a", "b", "ba", "", r"a\Eb"]),
        (r"\Qb", ["ab", "xab", "b", "ba", r"a\Eb"]),
        (r"\Qb\E$", ["ab", "xab", "b", r"a\Eb"]),
        (r"a\Q\E\Qb", ["ab", "xab"]),
        (r"(?<first>a)\Q", ["ab", "xab", "a", "ba", r"a\Eb"]),
        (r"^(?P<first>a)|^(?<second>x)", ["ab", "xab", "a", r"a\Eb"]),
    ],
)
def test_expressions_that_an_engine_reads_in_its_own_way(
    database: duckdb.DuckDBPyConnection, tmp_path: Path, source: str, expected: list[str]
) -> None:
    texts = ["ab", "xab", "a", "b", "ba", "", r"a\Eb"]

    found = same_everywhere(database, tmp_path, texts, [regex_filter(source)])

    assert [texts[at] for at in found] == expected


# --- properties ------------------------------------------------------------------------------------------

SIMPLE_SOURCE = st.lists(
    st.sampled_from([*FRAGMENTS, "*", "*", "?", "$", r"\*", r"\?", r"\$", "#IP"]), min_size=1, max_size=5
).map("".join)


def accepted(filter_: Filter) -> bool:
    try:
        check_filters([filter_])
    except UsageError:
        return False
    return True


@PROPERTY
@given(texts=TEXTS, source=SIMPLE_SOURCE, negative=st.booleans(), ignore_case=st.booleans())
def test_a_simple_filter_keeps_the_same_records_every_way(
    database: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    texts: list[str],
    source: str,
    negative: bool,
    ignore_case: bool,
) -> None:
    filter_ = simple_filter(source, negative=negative, ignore_case=ignore_case)

    found = same_everywhere(database, tmp_path, texts, [filter_])

    if not ignore_case:
        pattern = as_python(filter_.re2)
        assert found == [at for at, text in enumerate(texts) if bool(pattern.search(text)) != negative]


@PROPERTY
@given(texts=TEXTS, source=REGEX, negative=st.booleans(), ignore_case=st.booleans())
def test_a_regular_expression_keeps_the_same_records_every_way(
    database: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    texts: list[str],
    source: str,
    negative: bool,
    ignore_case: bool,
) -> None:
    filter_ = regex_filter(source, negative=negative, ignore_case=ignore_case)
    assume(accepted(filter_))

    found = same_everywhere(database, tmp_path, texts, [filter_])

    if not ignore_case and not any("\v" in text for text in texts):
        pattern = as_python(filter_.re2)
        assert found == [at for at, text in enumerate(texts) if bool(pattern.search(text)) != negative]


@PROPERTY
@given(
    texts=TEXTS,
    sources=st.lists(st.tuples(st.one_of(SIMPLE_SOURCE, REGEX), st.booleans(), st.booleans()), min_size=2, max_size=4),
)
def test_several_filters_keep_what_each_of_them_keeps(
    database: duckdb.DuckDBPyConnection, tmp_path: Path, texts: list[str], sources: list[tuple[str, bool, bool]]
) -> None:
    filters = [
        (regex_filter if is_regex else simple_filter)(source, negative=negative)
        for source, negative, is_regex in sources
    ]
    assume(all(accepted(each) for each in filters))

    together = same_everywhere(database, tmp_path, texts, filters)

    singly = [set(same_everywhere(database, tmp_path, texts, [each])) for each in filters]
    assert together == sorted(set.intersection(*singly))


@PROPERTY
@given(texts=TEXTS, start=st.integers(0, 79), cut=st.tuples(st.integers(0, 5), st.integers(1, 12)))
def test_a_piece_of_a_text_is_found_wherever_it_was_cut(
    database: duckdb.DuckDBPyConnection, tmp_path: Path, texts: list[str], start: int, cut: tuple[int, int]
) -> None:
    piece = texts[start % len(texts)][cut[0] : cut[0] + cut[1]]
    assume(piece and not set(piece) & set("*?$\\#"))

    found = same_everywhere(database, tmp_path, texts, [simple_filter(piece)])

    assert found == [at for at, text in enumerate(texts) if piece in text]


@settings(max_examples=200, deadline=None)
@given(source=st.one_of(REGEX, st.text(st.sampled_from(r"ab1()[]{}|*+?^$\.-:,<>P=!dwsQEzAZCpNi "), max_size=10)))
def test_both_engines_accept_the_same_expressions(database: duckdb.DuckDBPyConnection, source: str) -> None:
    filter_ = regex_filter(source)
    by_arrow = accepted(filter_)

    try:
        database.execute("SELECT regexp_matches('', ?)", [filter_.re2]).fetchall()
    except duckdb.InvalidInputException:
        assert not by_arrow
    else:
        assert by_arrow


# --- time ------------------------------------------------------------------------------------------------

BASE = 1_700_000_000_000_000_000


@pytest.fixture
def timed(tmp_path: Path) -> Path:
    """A record a nanosecond around 2023-11-14T22:13:20Z, one before 1970 and one without a time; ten row groups."""
    path = tmp_path / "timed.parquet"
    stamps = [-1, *range(BASE, BASE + 998), None]
    table = pa.table({"n": pa.array(range(1000)), "ts": pa.array(stamps, pa.timestamp("ns", "UTC"))})
    pq.write_table(table, path, row_group_size=100)
    return path


@pytest.mark.parametrize(
    ("time_range", "first", "last"),
    [
        (TimeRange(BASE + 1, BASE + 3), 2, 4),
        (TimeRange(BASE, BASE), 1, 1),
        (TimeRange(None, BASE), 0, 1),
        (TimeRange(BASE + 990, None), 991, 998),
        (TimeRange(-1, -1), 0, 0),
        (TimeRange(-(2**63) + 2, 2**63 - 2), 0, 998),
        (TimeRange(None, None), 0, 999),
    ],
)
def test_both_ends_of_a_range_are_exact_in_any_session_zone(
    database: duckdb.DuckDBPyConnection, timed: Path, time_range: TimeRange, first: int, last: int
) -> None:
    where = compile_where(FilterSet(), time_range, shape=True)

    found = database.execute(f"SELECT n FROM read_parquet('{timed}') WHERE {where.sql} ORDER BY n", where.params)

    assert [number for (number,) in found.fetchall()] == list(range(first, last + 1))


@pytest.mark.parametrize("time_range", [TimeRange(BASE + 150, BASE + 160), TimeRange(BASE + 950, None)])
def test_row_groups_outside_a_range_are_not_read(
    database: duckdb.DuckDBPyConnection, timed: Path, time_range: TimeRange
) -> None:
    where = compile_where(FilterSet(), time_range, shape=False)

    plan = database.execute(f"EXPLAIN ANALYZE SELECT n FROM read_parquet('{timed}') WHERE {where.sql}", where.params)

    assert re.search(r"Row Groups Scanned: 1 / 10\b", str(plan.fetchall()[0][1]))


# --- how it is done --------------------------------------------------------------------------------------


def test_a_filter_that_the_shape_decides_does_not_read_the_text(
    database: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    path = write(tmp_path / "x.parquet", ["a 1 b", "a 2", "c"] * 100)
    for filter_ in (
        simple_filter("a "),
        simple_filter("a*b", negative=True),
        simple_filter("b$"),
        regex_filter(r"^a \d+ (b|c)"),
        simple_filter("A", ignore_case=True),
    ):
        where = compile_where([filter_], ALWAYS, shape=True)

        plan = database.execute(f"EXPLAIN SELECT n FROM read_parquet('{path}') WHERE {where.sql}", where.params)

        assert "text" not in str(plan.fetchall()[0][1])


@pytest.mark.parametrize(
    ("filter_", "how"),
    [
        (simple_filter("fail"), "simple 'fail': shape alone"),
        (simple_filter("port 22", negative=True), "not simple 'port 22': shape first, then text"),
        (simple_filter("22"), "simple '22': text"),
        (simple_filter("a*b"), "simple 'a*b': shape alone"),
        (simple_filter("a?b"), "simple 'a?b': shape first, then text"),
        (simple_filter("#IP"), "keyword '#IP': shape first, then text"),
        (regex_filter(r"user=\S+ from .+:"), r"regex 'user=\\S+ from .+:': shape alone"),
        (regex_filter(r"Failed|Accepted"), "regex 'Failed|Accepted': shape alone"),
        (regex_filter(r"(\d+\.){3}\d+"), r"regex '(\\d+\\.){3}\\d+': shape alone"),
        (regex_filter(r"\d{3} "), r"regex '\\d{3} ': shape first, then text"),
        (regex_filter(r"\d\d+"), r"regex '\\d\\d+': text"),
        (regex_filter(r"\x41"), r"regex '\\x41': text"),
    ],
)
def test_what_decides_is_told(filter_: Filter, how: str) -> None:
    assert explain([filter_]) == [how]


def test_no_filter_and_no_range_keep_everything() -> None:
    where = compile_where(FilterSet(), ALWAYS, shape=True)

    assert (where.sql, where.params) == ("TRUE", ())


def test_masks_of_chunks_and_nulls() -> None:
    text = pa.chunked_array([pa.array(["ab", None]), pa.array(["b"], pa.string())])

    assert arrow_mask(FilterSet((simple_filter("b"),)), text).tolist() == [True, False, True]
    assert arrow_mask(FilterSet((simple_filter("a", negative=True),)), text).tolist() == [False, True, True]
    assert arrow_mask(FilterSet(), text.cast(pa.large_string())).tolist() == [True, True, True]
