"""Fields by name: which there are, in SQL, and as columns."""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twsla.model.filters import FilterSet, simple_filter
from twsla.model.query import Query
from twsla.model.records import fields_field, record_schema
from twsla.model.times import TimeRange
from twsla.query.engine import Engine
from twsla.query.fields import field_batches, field_names, field_sql, meant
from twsla.store import fieldcolumns
from twsla.store.fieldcolumns import split_map
from twsla.store.manifest import Manifest, read_manifest, write_manifest
from twsla.store.store import Store
from twsla.store.writer import ImportWriter

if TYPE_CHECKING:
    from collections.abc import Iterator

SECOND = 10**9
EVENTS: list[dict[str, str] | None] = [
    {"Image": "a.exe", "ProcessId": "1", "Threat Name": "worm"},
    None,
    {"Image": "", "ProcessID": "2"},
    {"image": "b.exe", "Image": "c.exe"},
    {"image": "d.exe"},
    {},
]


def make_store(path: Path, events: list[dict[str, str] | None]) -> Store:
    """A store with a record a second, from 0 on, whose text is its number."""
    count = len(events)
    table = pa.table(
        [
            pa.array([number * SECOND for number in range(count)], pa.int64()).cast(pa.timestamp("ns", "UTC")),
            pa.array([0] * count, pa.uint8()),
            pa.array(["log"] * count).dictionary_encode(),
            pa.array(range(1, count + 1), pa.int64()),
            pa.array(range(count), pa.int64()),
            pa.array([str(number) for number in range(count)], pa.large_string()),
            pa.nulls(count, pa.large_binary()),
            pa.array(["0"] * count, pa.large_string()).dictionary_encode(),
        ],
        schema=record_schema(),
    )
    maps = pa.array([None if each is None else list(each.items()) for each in events], fields_field().type)
    with ThreadPoolExecutor(1) as pool:
        writer = ImportWriter(path, pool)
        writer.add(table.append_column(fields_field(), maps))
        writer.flush()
        writer.commit(lambda _: Manifest(writer.id, "", "", {}, (), writer.files()))
    return Store.open(path)


@pytest.fixture(params=["map", "columns"])
def engine(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """With all fields in the map, and with a column for each that can have one."""
    monkeypatch.setattr(fieldcolumns, "LEAST_RECORDS", 1 if request.param == "columns" else 99)
    engine = Engine(make_store(tmp_path / "t.db", EVENTS), Query())
    columns = {"field_Image", "field_ProcessID", "field_Threat Name"} if request.param == "columns" else set()
    assert {each for each in engine.store.files[0].columns if each.startswith("field_")} == columns
    yield engine
    engine.close()


def values(engine: Engine, name: str) -> list[str | None]:
    column = field_sql(engine, name)
    return [value for (value,) in engine.fetch(f"SELECT {column} FROM records ORDER BY line_no")]


def test_names_are_those_of_the_sources(engine: Engine) -> None:
    assert field_names(engine) == ("Image", "ProcessID", "ProcessId", "Threat Name", "image")


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("Image", ["a.exe", None, "", "c.exe", "d.exe", None]),
        ("image", ["a.exe", None, "", "b.exe", "d.exe", None]),
        ("IMAGE", ["a.exe", None, "", "c.exe", "d.exe", None]),
        ("processid", ["1", None, "2", None, None, None]),
        ("threatname", ["worm", None, None, None, None, None]),
        ("Nothing", [None] * 6),
    ],
)
def test_a_name_gives_its_field_or_one_alike(engine: Engine, name: str, wanted: list[str | None]) -> None:
    assert values(engine, name) == wanted
    (batch,) = field_batches(engine, [name])
    assert batch.column(3).to_pylist() == wanted


def test_batches_have_what_was_asked_for_in_its_order(engine: Engine) -> None:
    (batch,) = field_batches(engine, ["ProcessId", "none", "Image"], extra=("line_no", "_row", "raw", "_file"))

    assert batch.schema.names == ["line_no", "_row", "raw", "_file", "ProcessId", "none", "Image"]
    assert batch.column("line_no").to_pylist() == [1, 2, 3, 4, 5, 6]
    assert batch.column("_row").to_pylist() == [0, 1, 2, 3, 4, 5]
    assert batch.column("_file").to_pylist() == [0] * 6
    assert batch.column("Image").type == pa.dictionary(pa.int32(), pa.string())
    assert sorted(batch.column("Image").dictionary.to_pylist()) == ["", "a.exe", "c.exe", "d.exe"]


@pytest.mark.parametrize(
    ("query", "lines"),
    [
        (Query(filters=FilterSet((simple_filter("2"),))), [3]),
        (Query(TimeRange(SECOND, 4 * SECOND)), [2, 3, 4, 5]),
        (Query(TimeRange(SECOND, 4 * SECOND), FilterSet((simple_filter("4"),))), [5]),
        (Query(TimeRange(0, 99 * SECOND)), [1, 2, 3, 4, 5, 6]),
    ],
)
def test_batches_hold_the_records_of_the_query(engine: Engine, query: Query, lines: list[int]) -> None:
    (batch,) = field_batches(Engine(engine.store, query), ["Image"], extra=("line_no",))

    assert batch.column(0).to_pylist() == lines
    assert batch.column(1).to_pylist() == [values(engine, "Image")[line - 1] for line in lines]


def test_no_record_is_no_batch(engine: Engine) -> None:
    none = Engine(engine.store, Query(filters=FilterSet((simple_filter("nothing"),))))

    assert list(field_batches(none, ["Image"])) == []


def test_records_of_several_files_by_place_have_their_fields(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fieldcolumns, "LEAST_RECORDS", 1)
    make_store(tmp_path / "t.db", EVENTS[:2])
    store = make_store(tmp_path / "t.db", [{"Channel": "Security", "Image": "z.exe"}])
    with closing(Engine(store, Query())) as engine:
        engine.fields.whole = True
        relation = engine.chosen(engine.selected.files, {0: [0], 1: [0]})
        found = engine.fetch("SELECT fields['Image'], fields['Channel'] FROM records ORDER BY 1", relation=relation)
    assert found == [("a.exe", None), ("z.exe", "Security")]


def test_engines_made_of_one_know_its_fields(engine: Engine) -> None:
    column = field_sql(engine, "Image")
    narrowed = engine.narrowed(FilterSet((simple_filter("3"),)))

    assert narrowed.fetch(f"SELECT {column} FROM records") == [("c.exe",)]
    assert engine.fetch(f"SELECT {column} FROM records", relation=engine.records(())) == []


def test_the_same_name_comes_before_one_alike() -> None:
    assert meant("user", ["USER", "User", "us er", "user", "users"]) == ("user", "USER", "User", "us er")


def test_a_map_that_has_a_name_twice_counts_with_the_first() -> None:
    maps = pa.array([[("a", "1"), ("b", "2"), ("a", "3")], None, [], [("a", None)]], fields_field().type)

    found = split_map(maps)

    assert {name: column.to_pylist() for name, column in found.items()} == {
        "a": ["1", None, None, None],
        "b": ["2", None, None, None],
    }
    assert split_map(maps.slice(1), {"b"}) == {}
    assert {name: column.to_pylist() for name, column in split_map(maps.slice(0, 1), {"b"}).items()} == {"b": ["2"]}


NAMES = st.sampled_from(
    ["a", "A", "b", "Ünï", "with blank", 'quo"te', "dot.ted", "ends\n", "", "ts", "fields", "source"]
)
EVENT = st.dictionaries(NAMES, st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=3))


@settings(max_examples=30)
@given(events=st.lists(st.none() | EVENT, min_size=1, max_size=12), least=st.integers(1, 4), most=st.integers(0, 4))
def test_whatever_has_a_column_each_record_keeps_its_fields(
    events: list[dict[str, str] | None], least: int, most: int
) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(fieldcolumns, "LEAST_RECORDS", least)
        patch.setattr(fieldcolumns, "MOST_COLUMNS", most)
        store = make_store(Path(folder) / "t.db", events)
        asked = sorted({name for event in events for name in event or ()})
        with closing(Engine(store, Query())) as engine:
            assert set(field_names(engine)) == set(asked)
            columns = [field_sql(engine, name) for name in asked]
            engine.fields.whole = True
            rows = engine.fetch(f"SELECT {', '.join(['fields', *columns])} FROM records ORDER BY line_no")
            (batch,) = field_batches(engine, asked, extra=("line_no",))

    assert [dict(row[0] or {}) for row in rows] == [event or {} for event in events]
    alike = [dict((event or {}).items()) for event in events]
    for place, name in enumerate(asked):
        wanted = [next((event[each] for each in meant(name, asked) if each in event), None) for event in alike]
        assert [row[1 + place] for row in rows] == wanted
        assert batch.column(1 + place).to_pylist() == wanted


def test_only_imports_with_columns_for_fields_are_kept_from_older_programs(engine: Engine, tmp_path: Path) -> None:
    (manifest,) = engine.store.manifests
    has_columns = any(each.startswith("field_") for each in manifest.files[0].columns)

    assert manifest.version == (2 if has_columns else 1)


def test_a_store_without_names_in_its_manifest_is_looked_through(engine: Engine) -> None:
    (manifest,) = engine.store.manifests
    old = replace(manifest, files=tuple(replace(entry, field_names=()) for entry in manifest.files))
    write_manifest(engine.store.path, old)
    again = Engine(Store.open(engine.store.path), Query())

    assert read_manifest(engine.store.path / "imports" / f"{old.id}.json").files[0].field_names == ()
    assert field_names(again) == field_names(engine)


def test_what_asks_for_no_field_reads_none(engine: Engine) -> None:
    def read(sql: str) -> str:
        relation = engine.records()
        given = f"EXPLAIN WITH records AS NOT MATERIALIZED ({relation.sql}) {sql}"
        plan: str = engine.execute(given, relation.params)[0][1]
        return plan.partition("READ_PARQUET")[2]

    everything = "SELECT * FROM records WHERE contains(text, '1')"
    assert "field" not in read(everything)
    assert "field" not in read("SELECT source, count(*) FROM records GROUP BY 1")
    assert "field" in read(f"SELECT {field_sql(engine, 'Image')} FROM records")
    assert "field" not in read("SELECT text FROM records")
