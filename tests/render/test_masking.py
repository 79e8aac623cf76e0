"""Personal data masked: the required column of the specification, its sample, and what must stay as it is."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import SHARED, needs_shared
from twsla.model.patterns import observable
from twsla.render.masking import LABELS, mask_array, mask_text

MASKED = {
    "May  4 10:30:00 host connection from 192.168.1.1 port 22": "May  4 10:30:00 host connection from <IP> port 22",
    "mail from taro@example.com to hanako@example.co.jp": "mail from <EMAIL> to <EMAIL>",
    "MAC 00:11:22:33:44:55 seen": "MAC <MAC> seen",
    "card 4111-1111-1111-1111 and 4111111111111111": "card <CARD> and <CARD>",
    "tel 03-1234-5678 or 09012345678": "tel <PHONE> or <PHONE>",
    "us (212) 555-1234 or 212-555-1234": "us <PHONE> or <PHONE>",
    "intl +81 90 1234 5678": "intl <PHONE>",
    "zip 100-0001": "zip <ZIP>",
    "id 550e8400-e29b-41d4-a716-446655440000": "id <UUID>",
    "my number 123456789012": "my number <MYNUMBER>",
    "fe80::1ff:fe23:4567:890a up": "<IP> up",
    "2001:0db8:85a3:0000:0000:8a2e:0370:7334 up": "<IP> up",
    "pid 2026050410 value": "pid 2026050410 value",
    "root@192.0.2.1": "<EMAIL>",
    "from 192.0.2.1,192.0.2.2 and 192.0.2.3x192.0.2.4": "from <IP>,<IP> and <IP>x<IP>",
    "::ffff:192.0.2.1 x": "<IP> x",
    "\x00192.0.2.1\n192.0.2.2": "\x00<IP>\n<IP>",
    "nothing of anybody's": "nothing of anybody's",
    "": "",
}
STAMPS = [
    "2026-05-04T10:30:00.123456789Z",
    "2026-05-04T10:30:00.123-0700",
    "2026-05-04 10:30:00,123-0700",
    "2026-05-04T10:30:00.123+09:00",
    "04/May/2026:10:30:00 +0900",
    "1777890600",
    "1777890600.123",
    "1777890600123",
    "May  4 10:30:00",
    "12:00",
]


@pytest.mark.parametrize("text", MASKED)
def test_what_is_required_is_masked(text: str) -> None:
    assert mask_text(text) == MASKED[text]


@pytest.mark.parametrize("stamp", STAMPS)
def test_time_stamps_stay(stamp: str) -> None:
    assert mask_text(f"{stamp} host x[1]: {stamp}") == f"{stamp} host x[1]: {stamp}"


@pytest.mark.parametrize("name", LABELS)
def test_every_example_of_the_table_is_masked_and_no_counter_example(name: str) -> None:
    each = observable(name)
    assert mask_text(f"a {each.example} b") == f"a {LABELS[name]} b"
    assert LABELS[name] not in mask_text(f"a {each.counter_example} b")


@needs_shared
def test_the_sample_of_personal_data() -> None:
    """One case a line, each with its stamp."""
    lines = (SHARED / "data" / "twsla" / "pii.log").read_text("utf-8").splitlines()
    masked = [mask_text(line) for line in lines]
    expected = ["IP", "CARD", "MYNUMBER", "PHONE", "PHONE", "PHONE", "ZIP", "UUID", "IP ZIP PHONE", "CARD", "PHONE"]
    assert len(lines) == len(expected)
    for line, after, labels in zip(lines, masked, expected, strict=True):
        for label in labels.split():
            assert f"<{label}>" in after, line
        assert after.count("<") - line.count("<") == len(labels.split()), (line, after)
        assert after[:15] == line[:15]
        assert not after.partition("<PHONE>")[0].endswith(("+", "("))


@given(st.lists(st.one_of(st.none(), st.text())))
def test_columns_are_masked_as_texts_are_and_nulls_stay(texts: list[str | None]) -> None:
    """Whatever is in them; a second time changes nothing."""
    masked = mask_array(pa.array(texts, pa.large_string())).to_pylist()
    assert [None if text is None else mask_text(text) for text in texts] == masked
    assert mask_array(pa.array(masked, pa.large_string())).to_pylist() == masked


@given(st.text(alphabet="0123456789.:-+()@ abcdef\uf8ff<>", max_size=60))
def test_no_address_is_left(text: str) -> None:
    import duckdb

    masked = mask_text(text)
    for name in ("ip", "email", "uuid", "creditcard"):
        found = duckdb.execute("SELECT regexp_matches(?, ?)", [masked, observable(name).re2]).fetchone()
        assert found == (False,), (name, text, masked)
