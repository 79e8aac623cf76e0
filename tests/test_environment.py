from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from twsla.environment import local_zone, of_process

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("variable", "zone"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        (":Asia/Tokyo", "Asia/Tokyo"),
        ("/usr/share/zoneinfo/America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ("/usr/share/zoneinfo/posix/Europe/Paris", "Europe/Paris"),
        ("Etc/GMT+5", "Etc/GMT+5"),
        ("EST5EDT", "EST5EDT"),
        ("UTC", "UTC"),
        ("", "UTC"),
        ("CET-1CEST,M3.5.0,M10.5.0/3", "UTC"),
        ("JST-9", "+09:00"),
        ("../../etc/passwd", "UTC"),
        ("/etc/localtime", "UTC"),
    ],
)
def test_the_zone_of_the_variable(variable: str, zone: str) -> None:
    assert local_zone({"TZ": variable}) == zone


def test_the_zone_of_the_machine_is_where_localtime_points(tmp_path: Path) -> None:
    link = tmp_path / "localtime"
    link.symlink_to("../usr/share/zoneinfo/Asia/Kathmandu")

    assert local_zone({}, link) == "Asia/Kathmandu"
    assert local_zone({}, tmp_path / "absent", tmp_path / "absent") == "UTC"


def test_window_size_follows_the_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("LINES", "x")

    environment = of_process()

    assert environment.width == 40
    assert environment.height > 0


@pytest.mark.parametrize(
    ("name", "value", "colour"), [("NO_COLOR", "1", False), ("NO_COLOR", "", True), ("TERM", "dumb", False)]
)
def test_colour_follows_the_variables(name: str, value: str, colour: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv(name, value)

    assert of_process().colour is colour
