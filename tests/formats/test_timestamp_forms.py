"""Every entry of the table of forms, and the samples of real logs and vendors' forms in the shared data."""

from __future__ import annotations

import csv
import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.formats.stamping import instants, lines_of, plan_of
from twsla.formats.timestamps.detect import choose
from twsla.formats.timestamps.forms import COMPANIONS, FORMS, Form, form_named
from twsla.formats.timestamps.layouts import core_pattern
from twsla.formats.timestamps.leads import FOLLOWS, LEADS
from twsla.formats.timestamps.model import NO_OFFSET, StampOptions, Stamps
from twsla.formats.timestamps.search import TRIGGER
from twsla.formats.timestamps.stamp import stamp
from twsla.model.records import TsFlag

if TYPE_CHECKING:
    from collections.abc import Callable

_SHARED = Path(__file__).parents[3] / "shared" / "data"
_DAY = "2023-10-11"
_EXPECTED = {
    "iso": "T22:14:15.003",
    "iso-slash": "2023-01-02T05:04:05",
    "iso-joined": "T22:14:15.12345",
    "dotted-clock": "T13:14:15.003456",
    "healthapp": "T22:14:15.003",
    "basic-date": "T22:14:15.003",
    "cim": "T13:14:15.003456",
    "basic-start": "T22:14:15.003",
    "ctime": "T22:14:15.003456",
    "syslog-year": "T22:14:15.003",
    "day-month-year": "T13:14:15",
    "oracle": "T13:14:15.003456",
    "rfc822-minute": "T13:14:00",
    "rfc822-yy": "T13:14:00",
    "day-month": "T22:14:15.003",
    "clock-month-day-year": "T13:14:15.003",
    "clock-numbers": "2023-10-21T22:14:15",
    "suricata-fast": "T22:14:15.003456",
    "snort-year": "T22:14:15.003456",
    "snort": "T22:14:15.003456",
    "us-ampm-minute": "T22:14:00",
    "day-month-numbers": "2023-10-21T22:14:15.123",
    "three-numbers": "2023-10-21T22:14:15",
    "logcat": "T22:14:15.003",
    "two-numbers": "2023-10-21T22:14:15",
    "glog": "T22:14:15.003456",
    "glog-year": "T22:14:15.003456",
    "sccm": "T13:14:15.003",
    "tai64n": "T22:25:59.003430008",
    "epoch-s": "T22:14:15.003456",
    "epoch-float": "T22:14:15.0034561",
    "era-minute": "T22:14:00",
    "epoch-ms": "T22:14:15.003",
    "epoch-us": "T22:14:15.003456",
    "epoch-ns": "T22:14:15.003456789",
    "filetime": "T22:14:15.003456",
    "iso-minute": "T22:14:00",
    "msi": "T22:14:15.003",
    "json-date": "T22:14:15.003",
    "seconds-nanos": "T22:14:15.003456789",
    "german-minute": "T22:14:00",
    "day-month-minute": "2023-10-21T22:14:00",
    "japanese-minute": "T22:14:00",
    "time-only": "T22:14:15.003",
}
"""What the examples say where it is not 2023-10-11T22:14:15 UTC; without a date, that of the others."""

_names = pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)


@_names
def test_the_example_of_each_form_is_recognised_as_that_form(form: Form) -> None:
    plan = plan_of([form.example])

    assert plan.forms == (form.name,)
    assert plan.share == 1.0
    assert plan.example
    assert not plan.problems


@_names
def test_the_example_of_each_form_is_read_to_the_last_digit(form: Form) -> None:
    expected = _EXPECTED.get(form.name, "T22:14:15")

    assert instants([form.example]) == [_DAY + expected if expected.startswith("T") else expected]


@_names
def test_each_form_can_be_named(form: Form) -> None:
    text = form.example

    assert instants([text, "no stamp"], StampOptions(form=form.name)) == [*instants([text]), None]


@pytest.mark.parametrize("form", [*FORMS, *COMPANIONS], ids=lambda form: form.name)
def test_both_engines_name_the_same_groups_in_the_example(form: Form) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc

    line = form.example.encode()
    pattern = f"(?:{LEADS[form.leads[0]]})(?P<whole>{form.core})(?:{FOLLOWS[form.follow]}|$)"

    spans = pc.extract_regex_span(pa.array([line], pa.large_binary()), pattern=pattern)[0].as_py()
    own = core_pattern(form).match(line, spans["whole"][0])

    assert own is not None
    for group in own.groupdict():
        start, end = own.span(group)
        assert spans[group] == ([start, end - start] if start >= 0 else None)


@_names
def test_each_example_passes_the_first_sieve(form: Form) -> None:
    assert re.search(TRIGGER, form.example)


def test_names_are_unique_and_text_is_ascii_or_utf8_alternatives() -> None:
    names = [form.name for form in (*FORMS, *COMPANIONS)]

    assert len(set(names)) == len(names)
    for form in FORMS:
        assert form_named(form.name) is form
        # RE2 reads bytes here: a repetition mark behind a character of several bytes would mean its last byte only.
        assert not re.search(r"[^\x00-\x7f][?*+{]", form.core), form.name
        assert not re.search(r"(?<!\\)\[[^\]]*[^\x00-\x7f]", form.core), form.name


def _vendor_lines() -> list[tuple[str, str, str, str]]:
    path = _SHARED / "timestamps.tsv"
    if not path.is_file():
        return []
    rows = []
    for row in path.read_text("utf-8").splitlines():
        if row and not row.startswith("#"):
            name, _, line, expected, *flags = row.split("\t")
            line = line.replace("\\t", "\t").replace("\\\\", "\\")
            rows.append((name, line, expected, flags[0] if flags else ""))
    return rows


@pytest.mark.parametrize(("name", "line", "expected", "flags"), _vendor_lines() or [("", "", "", "")])
def test_vendor_forms(name: str, line: str, expected: str, flags: str) -> None:
    if not name:
        pytest.skip("the list of vendors' forms is not on this machine")
    stamps = stamp(lines_of(line), plan_of([line]))

    found = instants([line])

    assert found == [None if "u" in flags else expected.rstrip("0").rstrip(".") if "." in expected else expected]
    assert bool(stamps.needs_year[0]) == ("y" in flags)
    assert bool(stamps.needs_date[0]) == ("d" in flags)
    assert not stamps.flags[0] & TsFlag.OTHER_FORM


def _time(text: str, pattern: str) -> np.datetime64:
    return np.datetime64(datetime.strptime(text, pattern), "ns")  # noqa: DTZ007 - wall-clock time


_LOGHUB: dict[str, Callable[[dict[str, str]], np.datetime64]] = {
    "Android": lambda row: _time(f"2000-{row['Date']} {row['Time']}", "%Y-%m-%d %H:%M:%S.%f"),
    "Apache": lambda row: _time(row["Time"], "%a %b %d %H:%M:%S %Y"),
    "BGL": lambda row: _time(row["Time"], "%Y-%m-%d-%H.%M.%S.%f"),
    "HDFS": lambda row: _time(row["Date"].zfill(6) + row["Time"].zfill(6), "%y%m%d%H%M%S"),
    "HPC": lambda row: np.datetime64(int(row["Time"]), "s").astype("datetime64[ns]"),
    "Hadoop": lambda row: _time(f"{row['Date']} {row['Time']}", "%Y-%m-%d %H:%M:%S,%f"),
    "Linux": lambda row: _time(f"2000 {row['Month']} {row['Date']} {row['Time']}", "%Y %b %d %H:%M:%S"),
    "OpenSSH": lambda row: _time(f"2000 {row['Date']} {row['Day']} {row['Time']}", "%Y %b %d %H:%M:%S"),
    "Windows": lambda row: _time(f"{row['Date']} {row['Time']}", "%Y-%m-%d %H:%M:%S"),
    "Zookeeper": lambda row: _time(f"{row['Date']} {row['Time']}", "%Y-%m-%d %H:%M:%S,%f"),
}


def _loghub(system: str) -> tuple[Stamps, list[dict[str, str]]]:
    folder = _SHARED / "loghub" / system
    if not folder.is_dir():
        pytest.skip("the loghub samples are not on this machine")
    lines = lines_of((folder / f"{system}_2k.log").read_bytes())
    with (folder / f"{system}_2k.log_structured.csv").open(encoding="utf-8", newline="") as file:
        return stamp(lines, choose(lines, StampOptions())), list(csv.DictReader(file))


@pytest.mark.parametrize("system", _LOGHUB)
def test_every_line_of_a_real_log_has_its_own_stamp(system: str) -> None:
    stamps, rows = _loghub(system)

    expected = np.array([_LOGHUB[system](row) for row in rows])

    assert len(stamps.valid) == len(rows) == 2000
    assert stamps.valid.all()
    assert (stamps.wall_ns.astype("datetime64[ns]") == expected).all()
    assert not (stamps.flags & TsFlag.OTHER_FORM).any()
    assert stamps.needs_year.all() == stamps.needs_year.any() == (system in ("Android", "Linux", "OpenSSH"))


def test_the_zone_of_a_blue_gene_log_is_that_of_the_unix_time_beside() -> None:
    stamps, rows = _loghub("BGL")

    seconds = stamps.wall_ns // 10**9 - stamps.offset_s

    assert (stamps.offset_s != NO_OFFSET).all()
    assert (seconds == np.array([int(row["Timestamp"]) for row in rows])).all()
