"""Addresses cut out by the shape of a record are those that an expression finds in its text."""

from __future__ import annotations

import random
import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis.commands import answered, store_of
from twsla.model.patterns import observable
from twsla.query.address_places import choose_leads

if TYPE_CHECKING:
    from pathlib import Path

PIECES = [
    *("1.2.3.4", "10.0.0.1", "255.255.255.255", "192.168.100.200", "999.1.1.1", "1.2.3.256", "1.2.3", "0001.2.3.4"),
    *("010.1.2.3", "111.222.111.2222", "1.2.3.4.5", "v1.2.3.4", "1.2.3.4x", "_1.2.3.4", "12", "7", "4.5"),
    *("ü", "日本", "\t", " ", "  ", "from ", "rhost=", "[", "]", ".", ":", "/", "-", "=", "port 22", "a", "from"),
]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=9).map("".join)


def first_address(text: str, name: str = "ip") -> str | None:
    """By the table's expression, in Python's own engine."""
    found = re.search(observable(name).group(), text, re.ASCII)
    return found[1] if found else None


def shape_of(text: str) -> str:
    return re.sub("[0-9]+", "0", text)


@given(st.lists(TEXTS, max_size=12))
@settings(max_examples=400)
def test_behind_the_lead_of_its_shape_a_text_has_its_first_address(texts: list[str]) -> None:
    leads, places = choose_leads(Counter(map(shape_of, texts)))
    assert all(not re.search("[0-9]", lead) for lead in leads)

    for text in texts:
        number = places.get(shape_of(text))
        if number is None or number < 0:
            continue
        lead = leads[number % 100]
        piece = (text.split(lead)[1] if lead else text)[:16]
        numbers = re.match(r"[0-9]+(?:\.[0-9]*)*", piece)
        assert numbers is not None
        found = re.match(rf"({observable('ip').body})(?:[^0-9]|\Z)", piece)
        if found or number < 100:  # else the next one is looked for
            assert (found[1] if found else None) == first_address(text)


def test_frequent_shapes_share_short_leads() -> None:
    leads, places = choose_leads(
        {
            "a from 0.0.0.0 port 0": 50,
            "b from 0.0.0.0": 40,
            "0.0.0.0 - - GET /": 30,
            "0.0.0.0 - - Chrome/0.0.0.0": 20,
            "rhost=0.0.0.0 from": 10,
            "0 0.0.0.0": 5,
            "v0.0.0.0 from": 5,
        }
    )

    assert leads == ("om ", "", "st=", " ")
    assert places == {
        "a from 0.0.0.0 port 0": 0,
        "b from 0.0.0.0": 0,
        "0.0.0.0 - - GET /": 1,
        "0.0.0.0 - - Chrome/0.0.0.0": 101,
        "rhost=0.0.0.0 from": 2,
        "0 0.0.0.0": 3,
    }


@pytest.fixture(scope="module")
def lines() -> list[str]:
    chance = random.Random(20240501)
    made = ["".join(chance.choices(PIECES, k=chance.randrange(8))).strip() for _ in range(600)]
    frequent = ["sshd[%d]: Failed password from %s port %d ssh2", "%d rhost=%s user=%d", "%d x [%s] %d from here"]
    for _ in range(1500):
        octets = ".".join(str(chance.choice([0, 1, 9, 10, 99, 100, 199, 255, 256, 999, 1000])) for _ in range(4))
        made.append(chance.choice(frequent) % (chance.randrange(10**5), octets, chance.randrange(10**5)))
        made.append(
            f"{octets} - GET /{chance.randrange(99)} Chrome/{chance.randrange(200)}.0.{chance.randrange(300)}.0"
        )
    return [line for line in made if line and not re.search(r"\A\s|[\x00-\x08]", line)]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> Path:
    return store_of(tmp_path_factory.mktemp("addresses"), [f"x{at % 7} {line}" for at, line in enumerate(lines)], lines)


@pytest.mark.parametrize("name", ["ip", "local_ip"])
@pytest.mark.parametrize("filters", [[], ["from"], ["-r", "port [0-9]+"]])
def test_counts_and_lists_are_those_of_the_expression(store: Path, name: str, filters: list[str]) -> None:
    texts = answered("search", "-d", store, *filters, "--format", "jsonl", "--columns", "source,line_no,text").text
    import json

    records = [json.loads(line) for line in texts.splitlines()]
    expected = {
        (record["source"][-5:], record["line_no"]): value
        for record in records
        if (value := first_address(record["text"], name)) is not None
    }
    assert len(records) > 300
    assert expected

    counted = answered("count", "-d", store, "-e", name, *filters, "--format", "csv")
    listed = answered(
        "extract", "-d", store, "-e", name, *filters, "--columns", "source,line_no,value", "--format", "csv"
    )
    pairs = answered("count", "-d", store, "-e", name, "-e", "number", *filters, "--format", "json").json["rows"]

    assert {key: int(count) for key, count in counted.rows} == Counter(expected.values())
    assert {(source[-5:], int(number)): value for source, number, value in listed.rows} == expected
    assert sum(row["count"] for row in pairs) == len(expected)
