"""JSON paths of events read from stored fields: the same values as from the texts, and no text is read for them."""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import SHARED, needs_shared
from twsla.formats.evtx_json import read_event, text_of_strings
from twsla.model.event_places import ALL_ODD
from twsla.model.extraction import parse_extraction
from twsla.model.query import Query
from twsla.model.records import fields_field, record_schema
from twsla.query.engine import Engine
from twsla.query.extraction import compile_extraction
from twsla.query.fields import ask_for_fields
from twsla.store import fieldcolumns
from twsla.store.manifest import Manifest, SourceEntry
from twsla.store.store import Store
from twsla.store.writer import ImportWriter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.conftest import Run

Event = dict[str, Any]
ELEMENTS = ("EventID", "Channel", "Level", "Provider", "Correlation", "Security", "Provider_Name", "EventID_Qualifiers")
NAMES = (*ELEMENTS, "A", "a", "A_Name", "A.Name", "A[0]", "Data", "EventData.Channel", "System.A", "carved", "Value")
INNER = ("Name", "Qualifiers", "UserID", "Value", "ActivityID")
PATHS = (
    *(f"$.Event.System.{name}" for name in ("EventID", "Channel", "Level", "Security", "A")),
    *(f"$.Event.System.{name}" for name in ("EventID.Value", "EventID.Qualifiers", "Provider.Name", "Security.UserID")),
    *(f'$.Event.EventData["{name}"]' for name in NAMES if name not in ELEMENTS[:3]),
    "$.Event.EventData.Channel",
    "$.Event.EventData.A.Name",
    "$.Event.UserData.A",
)
EXTRACTIONS = tuple(parse_extraction("json", position=None, name=path) for path in PATHS)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5) | st.sampled_from(["", "null", '<&>"\\', "1e3"])
SCALARS = st.none() | st.booleans() | st.integers(-(1 << 60), 1 << 60) | st.floats(allow_nan=False) | TEXTS
ATTRIBUTES = st.dictionaries(st.sampled_from(INNER), SCALARS, max_size=2)
DEEP = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.fixed_dictionaries({}, optional={"#attributes": ATTRIBUTES, "#text": inner, "Name": inner, "A": inner})
    ),
    max_leaves=4,
)
USUAL = st.integers(0, 9999) | TEXTS | st.fixed_dictionaries({"#attributes": ATTRIBUTES})
QUALIFIED = st.fixed_dictionaries(
    {"#attributes": st.fixed_dictionaries({"Qualifiers": st.integers(0, 9) | st.just("")}), "#text": st.integers(0, 9)}
)
VALUES = st.one_of(USUAL, USUAL, QUALIFIED, DEEP)
MEMBERS = st.dictionaries(st.sampled_from((*NAMES, "#attributes", "#text")), VALUES, max_size=4)
PLAIN = st.dictionaries(st.sampled_from(NAMES), USUAL, max_size=4)
SECTIONS = ("UserData", "ProcessingErrorData", "RenderingInfo", "#attributes")
ANY_EVENT = st.fixed_dictionaries(
    {"System": PLAIN | MEMBERS | DEEP},
    optional={"EventData": PLAIN | MEMBERS | DEEP, **dict.fromkeys(SECTIONS, MEMBERS | DEEP)},
)
USUAL_EVENT = st.fixed_dictionaries(
    {
        "System": st.fixed_dictionaries(
            {"EventID": st.integers(0, 9) | QUALIFIED, "Channel": TEXTS},
            optional={"Provider": st.fixed_dictionaries({"#attributes": ATTRIBUTES}), "Correlation": st.none()},
        )
    },
    optional={"EventData": PLAIN, "UserData": st.fixed_dictionaries({"X": MEMBERS})},
)
LOG = st.lists(USUAL_EVENT, min_size=1, max_size=4) | st.lists(USUAL_EVENT | ANY_EVENT, min_size=1, max_size=4)


def add_import(
    path: Path, source: str, texts: Sequence[str], fields: Sequence[dict[str, str] | None], odd: Any
) -> None:
    """Store records as an import does."""
    count = len(texts)
    table = pa.table(
        [
            pa.array(range(count), pa.int64()).cast(pa.timestamp("ns", "UTC")),
            pa.array([0] * count, pa.uint8()),
            pa.array([source] * count).dictionary_encode(),
            pa.array(range(1, count + 1), pa.int64()),
            pa.array(range(count), pa.int64()),
            pa.array(texts, pa.large_string()),
            pa.nulls(count, pa.large_binary()),
            pa.nulls(count, pa.large_string()).dictionary_encode(),
        ],
        schema=record_schema(),
    )
    maps = pa.array([None if each is None else list(each.items()) for each in fields], fields_field().type)
    with ThreadPoolExecutor(1) as pool:
        writer = ImportWriter(path, pool)
        writer.add(table.append_column(fields_field(), maps))
        writer.flush()
        entry = SourceEntry(source, odd_fields=odd)
        writer.commit(lambda _: Manifest(writer.id, "", "", {}, (entry,), writer.files()))


def add_log(path: Path, source: str, events: Sequence[Event]) -> None:
    odd: set[str] = set()
    read = [read_event(event, odd) for event in events]
    told = None if ALL_ODD in odd else sorted(odd)
    add_import(path, source, [text_of_strings(body) for _, body in read], [fields for fields, _ in read], told)


def values(store: Store, *, stored: bool) -> tuple[list[tuple[Any, ...]], int]:
    """What the paths give for each record, and how many of them are read from fields."""
    with closing(Engine(store, Query())) as engine:
        if stored:
            ask_for_fields(engine, EXTRACTIONS)
        found = [compile_extraction(each, prefix=f"e{place}", engine=engine) for place, each in enumerate(EXTRACTIONS)]
        params = {name: value for each in found for name, value in each.params.items()}
        columns = ", ".join(f"CASE WHEN {each.where} THEN {each.expression} END" for each in found)
        rows = engine.fetch(f"SELECT source, line_no, {columns} FROM records ORDER BY 1, 2", params)
        return rows, len(engine.fields.paths)


@given(logs=st.lists(LOG, min_size=1, max_size=2), beside=st.booleans())
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_fields_and_texts_give_the_same(logs: list[list[Event]], *, beside: bool) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(fieldcolumns, "LEAST_RECORDS", 2)
        path = Path(folder) / "t.db"
        for number, events in enumerate(logs):
            add_log(path, f"log{number}", events)
        if beside:
            texts = ['x {"Event": {"System": {"Channel": 1.50, "Channel": 2}}}']
            add_import(path, "text", texts, [{"Channel": "3", "A": "4"}], None)
        store = Store.open(path)
        asked, _ = values(store, stored=True)
        assert asked == values(store, stored=False)[0]


PROCESS: Event = {
    "System": {"EventID": 1, "Channel": "C", "Provider": {"#attributes": {"Name": "P"}}, "Correlation": None},
    "EventData": {"A": "a.exe", "Value": None},
}
CLASSIC: Event = {"System": {"EventID": {"#attributes": {"Qualifiers": 16384}, "#text": 1000}, "Channel": "D"}}


def test_no_text_is_read(tmp_path: Path) -> None:
    add_log(tmp_path / "t.db", "log", [PROCESS] * 20 + [CLASSIC] * 2)
    for path, wanted in (
        ("$.Event.System.EventID", {("1", 20), ('{"Qualifiers":"16384","Value":"1000"}', 2)}),
        ("$.Event.System.EventID.Value", {(None, 20), ("1000", 2)}),
        ("Event.System.Provider.Name", {("P", 20), (None, 2)}),
        ("Event.EventData['A']", {("a.exe", 20), (None, 2)}),
        ("Event.EventData.Value", {("", 20), (None, 2)}),
        ("Event.EventData.nobody", {(None, 22)}),
    ):
        with closing(Engine(Store.open(tmp_path / "t.db"), Query())) as engine:
            extraction = parse_extraction("json", position=None, name=path)
            before = compile_extraction(extraction, engine=engine)
            ask_for_fields(engine, [extraction])
            after = compile_extraction(extraction, engine=engine)
            for one, reads_text in ((before, True), (after, False)):
                sql = f"SELECT CASE WHEN {one.where} THEN {one.expression} END AS v, count(*) FROM records GROUP BY 1"
                assert set(engine.fetch(sql, one.params)) == wanted
                relation = engine.records()
                plan = f"EXPLAIN WITH records AS NOT MATERIALIZED ({relation.sql}) {sql}"
                ((_, text),) = engine.execute(plan, {**relation.params, **one.params})
                assert "PARQUET" in text.upper()
                assert ("text" in text.replace("│", " ").split()) == reads_text


@pytest.mark.parametrize(
    ("position", "all_matches", "path"),
    [(2, False, "$.Event.System.Channel"), (1, True, "$.Event.System.Channel"), (1, False, "$..Channel")],
)
def test_what_fields_cannot_say_is_left_to_the_text(
    tmp_path: Path, position: int, path: str, *, all_matches: bool
) -> None:
    add_log(tmp_path / "t.db", "log", [PROCESS])
    with closing(Engine(Store.open(tmp_path / "t.db"), Query())) as engine:
        ask_for_fields(engine, [parse_extraction("json", position=position, name=path, all_matches=all_matches)])
        assert not engine.fields.paths


def test_few_events_among_other_records_are_read_as_text(tmp_path: Path) -> None:
    add_log(tmp_path / "t.db", "log", [PROCESS])
    add_import(tmp_path / "t.db", "text", ["{}"] * 2, [None] * 2, None)
    assert values(Store.open(tmp_path / "t.db"), stored=True)[1] == 0


@needs_shared
def test_logs_give_the_same_by_field_and_by_text(run: Run, tmp_path: Path) -> None:
    """A second path for the same value, which no field has, is read from the text."""
    assert run("import", "-d", tmp_path / "s.db", "-p", "*sysmon*", SHARED / "data/evtx").code == 0
    for path in ("System.EventID", "EventData.Image"):
        found, wanted = (
            run("count", "-d", tmp_path / "s.db", "-e", "json", "-n", f"{start}.{path}", "--format", "tsv").lines[1:]
            for start in ("$.Event", "$..Event")
        )
        assert found == wanted
        assert found
