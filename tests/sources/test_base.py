from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twsla.sources.base import DamagedError, Problem, ProblemKind, digest_file, printable

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("var/log/messages", "var/log/messages"),
        ("C:\\logs\\a.txt", "C:\\logs\\a.txt"),
        ("ログ 2024.txt", "ログ 2024.txt"),
        ("a\x00b\x1b[2Jc\r\n", "a\\x00b\\x1b[2Jc\\x0d\\x0a"),
        (b"caf\xe9".decode("utf-8", "surrogateescape"), "caf\\xe9"),
        ("log\u202etxt.exe", "log\\u202etxt.exe"),
        ("\x7f\x9b", "\\x7f\\x9b"),
        ("\ud800", "\\ud800"),
        ("a\U000e0041b", "a\\U000e0041b"),
    ],
)
def test_names_are_shown_so_that_no_character_does_harm(name: str, shown: str) -> None:
    assert printable(name) == shown


@given(st.binary(max_size=60))
def test_any_file_name_becomes_valid_utf8_without_control_characters(raw: bytes) -> None:
    shown = printable(raw.decode("utf-8", "surrogateescape"))

    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in shown)
    assert shown.encode("utf-8").decode("utf-8") == shown


def test_a_file_is_digested_as_it_lies_on_disk(tmp_path: Path) -> None:
    data = b"0123456789abcdef" * 200_000
    (tmp_path / "x").write_bytes(data)

    assert digest_file(tmp_path / "x") == (len(data), hashlib.sha256(data).hexdigest())


def test_damage_says_how_much_was_kept() -> None:
    problem = DamagedError(1234567, "the gzip data ends too early, at byte 99").problem("a.gz")

    assert problem == Problem(
        "a.gz",
        ProblemKind.DAMAGED,
        "the gzip data ends too early, at byte 99; 1,234,567 bytes before that were read",
    )
    assert problem.loses_data
    assert not Problem("x", ProblemKind.SKIPPED, "is a socket").loses_data
