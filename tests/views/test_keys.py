"""The table of keys, and what becomes of it on results that have keys of their own."""

from __future__ import annotations

from collections import Counter

import pytest

from twsla.model.charts import Line
from twsla.model.result import Action, Column, Kind, Result, ValueRows
from twsla.views.keypress import NAMES
from twsla.views.keys import KEYS_OF_TEXT, TABLE, Do, KeyMap, Needs, RunAction, SortBy, hints, key_map, sections

TIME, LOG, COUNT = Column("ts", "Time", Kind.TIME), Column("text", "Log", Kind.LOG), Column("n", "Count", Kind.COUNT)
RECORD = (
    Column("source", "Source", Kind.TEXT, hidden=True),
    Column("line_no", "Line", Kind.COUNT, hidden=True),
    Column("offset", "Offset", Kind.BYTES, hidden=True),
)


def result(*columns: Column, actions: tuple[Action, ...] = (), charts: tuple[Line, ...] = ()) -> Result:
    names = [column.name for column in columns]
    return Result("R", columns, ValueRows(names, []), actions=actions, charts=charts)


def with_key(column: Column, key: str) -> Column:
    return Column(column.name, column.title, column.kind, sort_key=key)


def test_every_function_is_in_the_table_once() -> None:
    assert Counter(binding.do for binding in TABLE) == Counter(Do)


def test_a_key_has_one_meaning_whatever_the_result_has() -> None:
    """Keys shared by two lines are those that a chart or log texts take over from moving."""
    uses = Counter(key for binding in TABLE for key in binding.keys)

    assert {key for key, count in uses.items() if count > 1} == {"g", "h", "d"}


def test_every_key_can_be_pressed() -> None:
    names = set(NAMES.values()) | {"space"}

    for binding in TABLE:
        for key in binding.keys:
            assert len(key) == 1 or key in names, key


def test_a_function_keeps_a_key_on_the_commands_of_the_original() -> None:
    """Letters that results of the original program take for themselves, by command."""
    taken = {
        "count": "ckdt",
        "extract": "tvdpi",
        "tfidf": "iea",
        "anomaly": "r",
        "delay": "dt",
        "relation": "c0123456789",
        "heatmap": "kc",
        "time": "mdtl",
        "email": "tsdr",
        "sigma": "cr",
        "ai": "ea",
    }
    for command, letters in taken.items():
        columns = [with_key(Column(f"c{letter}", letter, Kind.COUNT), letter) for letter in letters]
        keys = key_map(result(TIME, LOG, *RECORD, *columns, charts=(Line("ts", ("c",)),)))
        for do in Do:
            assert keys.keys_of(do), (command, do)


def test_the_results_own_keys_win() -> None:
    action = Action("m", "Mark", lambda row, progress: "")
    keys = key_map(result(TIME, LOG, with_key(COUNT, "c"), actions=(action,)))

    assert keys.meanings["m"] == RunAction(action)
    assert keys.meanings["c"] == SortBy("n")
    assert keys.keys_of(Do.COLOUR) == ("C",)
    assert keys.keys_of(Do.MARKER) == ("H",)


def test_a_letter_that_an_action_has_taken_is_not_said_to_sort() -> None:
    action = Action("c", "By rule", lambda row, progress: "")
    keys = key_map(result(with_key(COUNT, "cd"), with_key(LOG, "c"), actions=(action,)))

    assert dict(hints(keys))["d"] == "sort"
    ((_, own), *_) = sections(keys)
    assert own == [("c", "By rule."), ("d", f"Sort by {COUNT.title}; again to reverse.")]


def test_g_and_h_draw_charts_where_there_are_some_and_move_elsewhere() -> None:
    plain, charted = key_map(result(COUNT)), key_map(result(COUNT, charts=(Line("ts", ("n",)),)))

    assert (plain.meanings["g"], plain.meanings["h"]) == (Do.TOP, Do.LEFT)
    assert (charted.meanings["g"], charted.meanings["h"]) == (Do.CHART, Do.CHART_HTML)
    assert charted.meanings["home"] is Do.TOP


@pytest.mark.parametrize(("columns", "has"), [((COUNT,), False), ((TIME, LOG, *RECORD), True)])
def test_marks_and_context_need_records(columns: tuple[Column, ...], has: bool) -> None:
    keys = key_map(result(*columns))

    assert ("M" in keys.meanings) is has
    assert ("z" in keys.meanings) is has


def test_help_shows_every_key_that_means_something() -> None:
    keys: KeyMap = key_map(result(TIME, with_key(LOG, "t"), *RECORD))
    texts = [text for _, lines in sections(keys) for _, text in lines]

    assert len(texts) == sum(bool(keys.keys_of(binding.do)) for binding in TABLE) + 1
    assert "Sort by Log; again to reverse." in texts


def test_hints_name_keys_that_work() -> None:
    found = dict(hints(key_map(result(COUNT))))

    assert found["?"] == "keys"
    assert "M" not in found


def test_needs_are_all_used() -> None:
    assert {binding.needs for binding in TABLE} - {None} <= set(Needs)


def test_panes_of_text_scroll_find_and_close() -> None:
    assert KEYS_OF_TEXT["g"] is Do.TOP
    assert KEYS_OF_TEXT["enter"] is Do.DETAIL
    assert KEYS_OF_TEXT["/"] is Do.FIND
    assert KEYS_OF_TEXT["q"] is Do.BACK
