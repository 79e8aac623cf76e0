"""What keys make of the state of a table: by hand, and whatever the keys."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from twsla.views import state as states
from twsla.views.keys import Do, Meaning, SortBy
from twsla.views.state import Narrowing, TableState, press

HUNDRED = TableState(known=100, complete=True, height=10, fit=10, columns=("a", "b"), sortable=("a", "b", "c"))


def after(*dos: Do | SortBy, state: TableState = HUNDRED) -> TableState:
    for do in dos:
        state, rest = press(state, do)
        assert rest is None
        state.check()
    return state


def where(state: TableState) -> tuple[int, int]:
    return state.top, state.cursor


def test_down_moves_the_row_and_then_the_screen() -> None:
    assert where(after(*[Do.DOWN] * 9)) == (0, 9)
    assert where(after(*[Do.DOWN] * 10)) == (1, 10)


def test_up_at_the_top_stays() -> None:
    assert where(after(Do.UP)) == (0, 0)


def test_a_page_keeps_one_line_and_the_place_on_the_screen() -> None:
    assert where(after(Do.DOWN, Do.DOWN, Do.PAGE_DOWN)) == (9, 11)
    assert where(after(Do.DOWN, Do.DOWN, Do.PAGE_DOWN, Do.PAGE_UP)) == (0, 2)


def test_a_page_beyond_the_end_goes_to_the_last_row() -> None:
    assert where(after(*[Do.PAGE_DOWN] * 30)) == (90, 99)


def test_half_pages() -> None:
    assert where(after(Do.HALF_DOWN)) == (5, 5)
    assert where(after(Do.HALF_DOWN, Do.HALF_UP)) == (0, 0)


def test_top_and_bottom() -> None:
    assert where(after(Do.BOTTOM)) == (90, 99)
    assert where(after(Do.BOTTOM, Do.TOP)) == (0, 0)


def test_the_bottom_is_followed_while_rows_are_counted() -> None:
    state = after(Do.BOTTOM, state=replace(HUNDRED, complete=False))

    state = states.counted(state, 250, complete=False)
    assert where(state) == (240, 249)
    state = states.counted(state, 300, complete=True)
    assert where(state) == (290, 299)
    assert not state.at_end


def test_any_move_ends_following() -> None:
    state = after(Do.BOTTOM, Do.UP, state=replace(HUNDRED, complete=False))

    assert where(states.counted(state, 250, complete=True)) == (90, 98)


def test_sorting_begins_at_the_top_and_again_reverses() -> None:
    state = after(Do.BOTTOM, SortBy("b"))
    assert (state.sort, state.reverse, where(state)) == ("b", False, (0, 0))
    state = after(SortBy("b"), state=state)
    assert (state.sort, state.reverse) == ("b", True)
    state = after(SortBy("a"), state=state)
    assert (state.sort, state.reverse) == ("a", False)


def test_brackets_sort_by_the_shown_columns_in_turn() -> None:
    state = after(Do.SORT_NEXT)
    assert state.sort == "a"
    assert after(Do.SORT_NEXT, state=state).sort == "b"
    assert after(Do.SORT_NEXT, Do.SORT_NEXT, state=state).sort == "a"
    assert after(Do.SORT_PREVIOUS, state=state).sort == "b"


def test_scrolling_by_the_wheel_keeps_the_row_selected_as_long_as_it_is_seen() -> None:
    state = after(*[Do.DOWN] * 5)

    assert where(states.scroll(state, 3)) == (3, 5)
    assert where(states.scroll(state, 8)) == (8, 8)
    assert where(states.scroll(states.scroll(state, 20), -20)) == (0, 9)


def test_a_row_that_was_looked_for_is_shown_with_its_surroundings() -> None:
    assert where(states.show(HUNDRED, 50)) == (47, 50)
    assert where(states.show(HUNDRED, 5)) == (0, 5)
    assert where(states.show(HUNDRED, 99)) == (90, 99)


def test_a_smaller_window_keeps_the_selected_row_in_sight() -> None:
    assert where(states.resized(after(*[Do.DOWN] * 9), 4)) == (6, 9)
    assert where(states.resized(after(Do.BOTTOM), 20)) == (80, 99)


def test_filters_are_added_once_switched_and_dropped() -> None:
    state = states.add_filter(states.add_filter(HUNDRED, "x"), "y")
    assert state.active == ("x", "y")
    assert states.add_filter(state, "x").active == ("y", "x")
    state = states.switch_filter(state, 0)
    assert state.filters == (Narrowing("x", on=False), Narrowing("y"))
    assert states.drop_filter(state, 0).filters == (Narrowing("y"),)
    assert after(Do.FILTERS_OFF, state=state).active == ()
    assert after(Do.FILTERS_OFF, Do.FILTERS_OFF, state=state).active == ("x", "y")


def test_hiding_all_columns_changes_nothing() -> None:
    assert states.show_columns(HUNDRED, ()) == HUNDRED
    assert states.show_columns(HUNDRED, ("c",)).columns == ("c",)


def test_what_a_state_cannot_do_is_handed_on() -> None:
    assert press(HUNDRED, Do.SAVE) == (HUNDRED, Do.SAVE)


KEYS = st.one_of(
    st.sampled_from(list(Do)).map(lambda do: ("press", do)),
    st.sampled_from(["a", "b", "c"]).map(lambda name: ("press", SortBy(name))),
    st.integers(0, 500).map(lambda known: ("counted", known)),
    st.integers(0, 500).map(lambda known: ("counting", known)),
    st.integers(-5, 60).map(lambda height: ("resized", height)),
    st.integers(-700, 700).map(lambda rows: ("scroll", rows)),
    st.integers(-10, 700).map(lambda row: ("show", row)),
    st.integers(-10, 700).map(lambda row: ("select", row)),
    st.text(max_size=2).map(lambda text: ("filter", text)),
    st.sets(st.sampled_from(["a", "b", "c"])).map(lambda names: ("columns", tuple(sorted(names)))),
)


def step(state: TableState, kind: str, value: object) -> TableState:
    match kind, value:
        case "press", Do() | SortBy():
            meaning: Meaning = value
            return press(state, meaning)[0]
        case "counted" | "counting", int():
            return states.counted(state, value, complete=kind == "counted")
        case "resized", int():
            return states.resized(state, value)
        case "scroll", int():
            return states.scroll(state, value)
        case "show", int():
            return states.show(state, value)
        case "select", int():
            return states.select(state, value)
        case "filter", str():
            return states.add_filter(state, value)
        case "columns", tuple():
            return states.show_columns(state, value)
    raise AssertionError(kind)


@given(st.lists(KEYS, max_size=60))
def test_no_keys_and_events_break_the_state(steps: list[tuple[str, object]]) -> None:
    state = TableState(columns=("a", "b"), sortable=("a", "b", "c"))

    for kind, value in steps:
        state = step(state, kind, value)
        state.check()
        assert state.columns
