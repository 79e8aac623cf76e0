"""Conditions on fields: the records that pass are those that pass one by one."""

from __future__ import annotations

import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.query.conditions_by_hand import holds, inside
from tests.query.test_fields import make_store
from twsla.errors import UsageError
from twsla.model.conditions import All, Any, Comparison, Condition, Node, Not, Operator, parse_condition
from twsla.model.filters import FilterSet, simple_filter
from twsla.model.query import Query
from twsla.query.conditions import check_condition
from twsla.query.engine import Engine
from twsla.query.rows import count_records
from twsla.store import fieldcolumns

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = ("a", "b c", "d.e")
TEXTS = st.one_of(
    st.text("aAbB%_é*?\n[", max_size=4),
    st.sampled_from(["10", "+10", "010", "10.0", "-1", "9", "1e1", "0.50", ".5", "00", "-0", "5.", "١", "100", "0x10"]),
    st.sampled_from(["10.1.2.3", "10.1.2.03", "::ffff:10.1.2.3", "2001:db8::1", "::", "1:2", "fe80::1%eth0", "::1:"]),
    st.ip_addresses().map(str),
)
NETWORKS = st.one_of(
    st.sampled_from(["10.0.0.0/8", "10.1.2.3/32", "0.0.0.0/0", "::/0", "2001:db8::/31", "fe80::/10"]),
    st.tuples(st.ip_addresses(v=6), st.integers(0, 128)).map(lambda each: network(str(each[0]), each[1])),
    st.tuples(st.ip_addresses(v=4), st.integers(0, 32)).map(lambda each: network(str(each[0]), each[1])),
)
WITH_TEXT = (
    Operator.EQUAL,
    Operator.EXACT,
    Operator.LESS,
    Operator.AT_MOST,
    Operator.MORE,
    Operator.AT_LEAST,
    Operator.CONTAINS,
    Operator.STARTS,
    Operator.ENDS,
    Operator.LIKE,
)


def network(address: str, bits: int) -> str:
    from ipaddress import ip_network

    return str(ip_network(f"{address}/{bits}", strict=False))


COMPARISONS = st.one_of(
    st.builds(Comparison, st.sampled_from(NAMES), st.sampled_from(WITH_TEXT), st.tuples(TEXTS), st.booleans()),
    st.builds(
        Comparison,
        st.sampled_from(NAMES),
        st.just(Operator.IN),
        st.lists(TEXTS, min_size=1, max_size=3).map(tuple),
        st.booleans(),
    ),
    st.builds(Comparison, st.sampled_from(NAMES), st.just(Operator.CIDR), st.tuples(NETWORKS), st.booleans()),
    st.builds(Comparison, st.sampled_from(NAMES), st.just(Operator.EXISTS), st.just(()), st.booleans()),
    st.builds(
        Comparison,
        st.sampled_from(NAMES),
        st.just(Operator.MATCHES),
        st.tuples(st.sampled_from(["a", "^A|b", "[0-9]{2}", "(?i)B", "", "1$", "é"])),
        st.booleans(),
    ),
)
NODES: st.SearchStrategy[Node] = st.recursive(
    COMPARISONS,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(All, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(Any, st.lists(inner, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=6,
)
EVENTS = st.lists(st.none() | st.dictionaries(st.sampled_from(NAMES), TEXTS), min_size=1, max_size=8)


@settings(max_examples=40)
@given(events=EVENTS, roots=st.lists(NODES, min_size=1, max_size=8), least=st.integers(1, 9))
def test_the_records_found_are_those_that_pass_one_by_one(
    events: list[dict[str, str] | None], roots: list[Node], least: int
) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(fieldcolumns, "LEAST_RECORDS", least)
        store = make_store(Path(folder) / "t.db", events)
        for root in roots:
            with closing(Engine(store, Query(where=Condition("", root)))) as engine:
                found = [line for (line,) in engine.fetch("SELECT line_no FROM records ORDER BY line_no")]

            assert found == [at for at, each in enumerate(events, start=1) if holds(root, each or {})]


def condition(text: str) -> Condition:
    found = parse_condition(text, now_ns=0, zone="UTC")
    assert found is not None
    return found


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Engine]:
    events: list[dict[str, str] | None] = [
        {"Image": r"C:\Windows\cmd.exe", "EventID": "4688"},
        None,
        {"Image": r"C:\Windows\CMD.EXE", "EventID": "1", "Threat Name": "worm"},
        {"EventID": "04688", "ts": "noon"},
    ]
    engine = Engine(make_store(tmp_path / "t.db", events), Query())
    yield engine
    engine.close()


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (r"image ends with '\cmd.exe'", [1, 3]),
        (r"Image not ends with '\cmd.exe'", []),
        (r"not Image ends with '\cmd.exe'", [2, 4]),
        (r"Image like *\WINDOWS\cmd.ex?", [1, 3]),
        ("EventID = 4688", [1, 4]),
        ("EventID == 4688", [1]),
        ("EventID != 4688", [3]),
        ("EventID < 4688", [3]),
        ("threatname exists", [3]),
        ("not EventID exists", [2]),
        ("ts >= 1970-01-01T00:00:02Z", [3, 4]),
        ("ts = '1970-01-01 00:00:01'", [2]),
        ("fields.ts = NOON", [4]),
        ("line_no in (1, 4)", [1, 4]),
        ("line_no > 2 and source = LOG", [3, 4]),
        ("text contains 3", [4]),
        ("Image exists or text = 1", [1, 2, 3]),
    ],
)
def test_examples(store: Engine, text: str, lines: list[int]) -> None:
    engine = Engine(store.store, Query(where=condition(text)))
    check_condition(engine, condition(text))

    assert [line for (line,) in engine.fetch("SELECT line_no FROM records ORDER BY line_no")] == lines
    assert count_records(engine) == len(lines)
    narrowed = engine.narrowed(FilterSet((simple_filter("0"),)))
    assert count_records(narrowed) == (1 in lines)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("Imge = x", "did you mean Image?"),
        ("Image exists and threat = x", "did you mean Threat Name?"),
        ("zzzzz = x", "4 fields occur: EventID, Image, Threat Name, ts, …"),
    ],
)
def test_a_field_that_does_not_occur_is_an_error(store: Engine, text: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_condition(store, condition(text))

    assert caught.value.hint == hint


def test_an_expression_that_re2_refuses_is_an_error(store: Engine) -> None:
    with pytest.raises(UsageError, match="RE2 cannot look ahead"):
        check_condition(store, condition("Image matches /a(?=b)/"))


@pytest.mark.parametrize("network", ["::/0", "::ffff:0:0/96", "64:ff9b::/96", "10.0.0.0/8"])
def test_addresses_may_end_like_ipv4(network: str, tmp_path: Path) -> None:
    addresses = ["::ffff:10.1.2.3", "64:FF9B::192.0.2.33%1", "1:2:3:4:5:6:10.1.2.3", "1:2:3:4:5:6:7:10.1.2.3"]
    addresses += ["::10.1.2.300", "10.1.2.3", ":10.1.2.3", "::ffff:10.1.2", "::1"]
    store = make_store(tmp_path / "t.db", [{"a": each} for each in addresses])
    with closing(Engine(store, Query(where=condition(f"a cidr '{network}'")))) as engine:
        found = [line for (line,) in engine.fetch("SELECT line_no FROM records ORDER BY line_no")]

    assert found == [at for at, each in enumerate(addresses, start=1) if inside(each, network)]
