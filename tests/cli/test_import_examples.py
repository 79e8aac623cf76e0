"""The worked examples of the specification (7.4, 7.5), and its limits of import (6.1), by ``import`` and ``search``.

Local zone Asia/Tokyo; the files are of 2026-11-21 02:53 there, which is the "now" of the examples.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import tarfile
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Finished, Run

NOW_S = 1_795_197_180
"""2026-11-21 02:53 +09:00."""
TOKYO = "Asia/Tokyo"
SAMPLES = ROOT.parent / "shared" / "data" / "twsla"


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    os.utime(path, (NOW_S, NOW_S))
    return path


def records(run: Run, *arguments: str) -> list[dict[str, Any]]:
    """All records of the store, with times in Tokyo."""
    listed = run("search", "--format", "jsonl", "--columns", "ts,source,line_no,text", *arguments, zone=TOKYO)
    assert listed.code == 0, listed.err
    return [json.loads(line) for line in listed.lines]


# --- 7.4: time stamps --------------------------------------------------------------------------------------------

STAMPS = [
    ("Jun 14 15:16:01 combo sshd…", "2026-06-14T15:16:01+09:00"),
    ("Dec 31 23:59:59 host", "2025-12-31T23:59:59+09:00"),
    ("[Sun Oct 09 00:36:03 2022] [error]", "2022-10-09T00:36:03+09:00"),
    ("2022/12/26 5:48:00 x", "2022-12-26T05:48:00+09:00"),
    ("2022/12/26 15:48:00 x", "2022-12-26T15:48:00+09:00"),
    ("2022/1/5 15:48:00 x", "2022-01-05T15:48:00+09:00"),
    ("2024-05-06T07:08:09Z x", "2024-05-06T16:08:09+09:00"),
    ("2024-05-06T07:08:09.123456+09:00 x", "2024-05-06T07:08:09.123456+09:00"),
    ("2024-05-06T07:08:09.5 x", "2024-05-06T07:08:09.500+09:00"),
    ("2024-05-06 07:08:09.123 INFO", "2024-05-06T07:08:09.123+09:00"),
    ("2024-05-06 07:08:09,123 INFO", "2024-05-06T07:08:09.123+09:00"),
    ('127.0.0.1 - - [04/May/2026:10:30:00 +0900] "GET …', "2026-05-04T10:30:00+09:00"),
    ("1136473445 x", "2006-01-06T00:04:05+09:00"),
    ("1136473445.99 x", "2006-01-06T00:04:05.990+09:00"),
    ("1136473445000 x", "2006-01-06T00:04:05+09:00"),
    ("1136473445000000000 x", "2006-01-06T00:04:05+09:00"),
    ("26/12/2022 15:48:00,123 x", "2022-12-26T15:48:00.123+09:00"),
    ('{"time":"2024-05-06T07:08:09Z","msg":"x"}', "2024-05-06T16:08:09+09:00"),
    ('{"ts":1136473445.99,"msg":"zeek"}', "2006-01-06T00:04:05.990+09:00"),
    ("key=1136473445 …", None),
    ("no timestamp", None),
    # The last leap day that is not in the future.
    ("Feb 29 00:00:00 x", "2024-02-29T00:00:00+09:00"),
    # Limit L14: forms the original did not know.
    ("type=SYSCALL msg=audit(1364481363.243:24287): x", "2013-03-28T23:36:03.243+09:00"),
    ("20240506T070809Z x", "2024-05-06T16:08:09+09:00"),
    ("2024年5月6日 7時08分09秒 起動", "2024-05-06T07:08:09+09:00"),
    ("05/06/2024 07:08:09 PM x", "2024-05-06T19:08:09+09:00"),
    ("Mon, 6 May 2024 07:08:09 +0000 x", "2024-05-06T16:08:09+09:00"),
]


def instant(text: str | None) -> str | None:
    """Fractions without needless zeros."""
    if text is None or "." not in text:
        return text
    head, _, tail = text.partition(".")
    return f"{head}.{tail[:-6].rstrip('0')}{tail[-6:]}"


def test_time_stamps(inside: Run, tmp_path: Path) -> None:
    """Each line is a file of its own."""
    (tmp_path / "logs").mkdir()
    for number, (line, _) in enumerate(STAMPS):
        write(tmp_path / "logs" / f"{number:02}.txt", f"{line}\n")

    assert inside("import", "logs", zone=TOKYO).code == 0

    found = {record["text"]: instant(record["ts"]) for record in records(inside)}
    assert found == {line: instant(wanted) for line, wanted in STAMPS}


def test_the_left_most_stamp_counts_whatever_the_line_before_had(inside: Run, tmp_path: Path) -> None:
    write(tmp_path / "a.log", "2024-05-06 07:08:09 first\nJun 14 15:16:01 host at 2024-01-01 00:00:00 msg\n")

    inside("import", "a.log", zone=TOKYO)

    # Another line of the file tells the year.
    assert [record["ts"] for record in records(inside)] == ["2024-05-06T07:08:09+09:00", "2024-06-14T15:16:01+09:00"]


# --- 7.5: import ---------------------------------------------------------------------------------------------------

A = "head line\n2024/05/01 10:00:00 A\n d1\n2024/05/01 10:00:05 B\n2024/05/01 10:00:01 C\n d2\n"
B = "2024/05/01 10:00:00 A\nx\n---\n2024/05/01 10:01:00 B\n---\nno ts\n2024/05/01 10:02:00 C\n---\n"


def by_line(run: Run) -> list[tuple[int, str, str | None]]:
    """(line, text, clock time) in the order of the source."""
    found = [(each["line_no"], each["text"], each["ts"] and each["ts"][11:19]) for each in records(run)]
    return sorted(found, key=lambda each: each[0])


@pytest.mark.parametrize(
    "options", [(), ("--mlStart", r"^\d{4}/"), ("--ml-start", r"^\d{4}/", "--noDelta")], ids=" ".join
)
def test_example_a(inside: Run, tmp_path: Path, options: tuple[str, ...]) -> None:
    write(tmp_path / "a.log", A)

    report = json.loads(inside("import", "--report", "json", *options, "a.log", zone=TOKYO).text)

    # No line is lost: what the original skipped belongs to the record before, and the first line is undated.
    assert by_line(inside) == [
        (1, "head line", None),
        (2, "2024/05/01 10:00:00 A\n d1", "10:00:00"),
        (4, "2024/05/01 10:00:05 B", "10:00:05"),
        (5, "2024/05/01 10:00:01 C\n d2", "10:00:01"),
    ]
    assert (report["rows"][0]["records"], report["rows"][0]["undated"]) == (4, 1)


def test_example_b(inside: Run, tmp_path: Path) -> None:
    write(tmp_path / "b.log", B)

    inside("import", "--mlSep", "^---$", "b.log", zone=TOKYO)

    assert by_line(inside) == [
        (1, "2024/05/01 10:00:00 A\nx\n---", "10:00:00"),
        (4, "2024/05/01 10:01:00 B\n---", "10:01:00"),
        (6, "no ts\n2024/05/01 10:02:00 C\n---", "10:02:00"),
    ]


@pytest.mark.skipif(not (SAMPLES / "multi.log").exists(), reason="the original's samples are not here")
@pytest.mark.parametrize(
    ("options", "lines", "undated"),
    [
        ((), [3, 4, 14], 0),
        (("--mlStart", r"^\d{4}/\d{2}/\d{2}"), [3, 4, 14], 0),
        # The first record holds all stamps; the original dropped the 12 lines of the others, which are undated here.
        (("--mlSep", "^---$"), [9, 3, 3, 6], 3),
        # Three lines each: the third begins at line 7, with the stamp in its second line.
        (("--mlLines", "3"), [3, 3, 3, 3, 3, 3, 3], 4),
        # Start goes before separator before number.
        (("--mlLines", "3", "--mlSep", "^---$", "--mlStart", r"^\d{4}/"), [3, 4, 14], 0),
        (("--mlLines", "3", "--mlSep", "^---$"), [9, 3, 3, 6], 3),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_example_c(inside: Run, tmp_path: Path, options: tuple[str, ...], lines: list[int], undated: int) -> None:
    report = json.loads(inside("import", "--report", "json", *options, str(SAMPLES / "multi.log"), zone=TOKYO).text)

    assert [text.count("\n") + 1 for _, text, _ in by_line(inside)] == lines
    assert report["rows"][0]["undated"] == undated
    assert report["rows"][0]["lines"] == 21


def test_example_d(inside: Run, tmp_path: Path) -> None:
    seconds = ("00", "05", "02", "06", "06")
    lines = [f'10.0.0.1 - - [14/Jun/2026:15:16:{second} +0900] "GET /{n}' for n, second in enumerate(seconds, 1)]
    write(tmp_path / "access.log", "".join(f"{line}\n" for line in lines))

    inside("import", "-t", "2026/06/14 15:16:02,3s", "access.log", zone=TOKYO)

    assert [number for number, _, _ in by_line(inside)] == [2, 3]


def test_example_e(inside: Run, tmp_path: Path) -> None:
    lines = ["2024-05-06 07:08:09 a", "2024-05-06 07:08:10 " + "x" * 70_000, "2024-05-06 07:08:11 c"]
    write(tmp_path / "a.log", "".join(f"{line}\n" for line in lines))

    inside("import", "a.log", zone=TOKYO)

    assert [text for _, text, _ in by_line(inside)] == lines


# --- 4.1 and 6.1: flags, and limits that must be beaten -------------------------------------------------------------


def test_sources_of_the_option_come_first_and_others_may_be_filters(inside: Run, tmp_path: Path) -> None:
    for name in ("a.log", "b.log"):
        write(tmp_path / name, f"2024-05-06 07:08:09 {name} keep\n2024-05-06 07:08:09 {name} other\n")

    inside("import", "-s", "b.log", "a.log", "keep", "-b", "5000", "--noDelta")

    assert inside("search").lines == ["2024-05-06 07:08:09 a.log keep", "2024-05-06 07:08:09 b.log keep"]
    assert inside("sources", "--columns", "source", "--format", "csv").lines == ["source", "b.log", "a.log"]


def test_utc(inside: Run, tmp_path: Path) -> None:
    write(tmp_path / "a.log", "2024-05-06 07:08:09 x\n")

    inside("import", "--utc", "a.log", zone=TOKYO)

    assert inside("search", "--columns", "ts", "--format", "csv", zone=TOKYO).lines[1] == "2024-05-06T16:08:09+09:00"


def test_no_two_records_overwrite_each_other(inside: Run, tmp_path: Path) -> None:
    """L01: 300 sources with the same time on the same line."""
    (tmp_path / "logs").mkdir()
    for number in range(300):
        write(tmp_path / "logs" / f"{number}.log", f"2024-05-06 07:08:09 source {number}\n")

    inside("import", "logs")

    assert sorted(inside("search").lines) == sorted(f"2024-05-06 07:08:09 source {number}" for number in range(300))


@pytest.mark.parametrize("options", [(), ("--noTS",)])
def test_a_second_import_of_anything_changes_nothing(inside: Run, tmp_path: Path, options: tuple[str, ...]) -> None:
    """L02: not only files with stamps under the same path."""
    write(tmp_path / "a.log", A)
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        archive.writestr("inner/c.log", B)
    first = [inside("import", *options, "a.log", "z.zip"), inside("import", *options, "-", input=b"2024-05-06 x\n")]
    before = inside("search", "--count").text

    (tmp_path / "a.log").rename(tmp_path / "renamed.log")
    again = [
        inside("import", *options, "renamed.log", "z.zip"),
        inside("import", *options, "-", input=b"2024-05-06 x\n"),
    ]

    assert [done.code for done in (*first, *again)] == [0] * 4
    assert inside("search", "--count").text == before


def test_records_of_one_moment_are_in_the_order_of_the_file(inside: Run, tmp_path: Path) -> None:
    """L03: 1, 2 … 20 and not 1, 10, 11 … 2."""
    lines = [f"2024-05-06 07:08:09 line {number}" for number in range(1, 31)]
    write(tmp_path / "a.log", "".join(f"{line}\n" for line in lines))

    inside("import", "a.log")

    assert inside("search").lines == lines


def test_lines_without_a_stamp_are_kept_counted_and_found(inside: Run, tmp_path: Path) -> None:
    """L04."""
    write(tmp_path / "a.log", A)

    done = inside("import", "a.log")

    assert "undated records: 1" in done.err
    assert inside("search", "head line").lines == ["head line"]


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (("-f", "alpha"), 2),
        (("-r", "^2024.*alpha$"), 1),
        (("-v", "alpha"), 1),
        (("-s", "a.log", "alpha", "one"), 1),
        (("-f", "alpha", "-v", "one"), 1),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_every_filter_works_at_import(inside: Run, tmp_path: Path, options: tuple[str, ...], wanted: int) -> None:
    """L05."""
    write(tmp_path / "a.log", "".join(f"2024-05-06 07:08:09 {text}\n" for text in ("one alpha", "alpha two", "beta")))

    sources = () if "-s" in options else ("a.log",)
    done = inside("import", "--report", "json", *options, *sources)

    assert json.loads(done.text)["rows"][0]["records"] == wanted
    assert inside("search", "--count").text == f"{wanted}\n"


def tar(mode: str) -> Callable[[bytes], bytes]:
    def packed(content: bytes) -> bytes:
        sink = io.BytesIO()
        with tarfile.open(fileobj=sink, mode=mode) as archive:  # type: ignore[call-overload]  # a mode in a variable
            info = tarfile.TarInfo("var/log/x.log")
            info.size, info.mtime = len(content), NOW_S
            archive.addfile(info, io.BytesIO(content))
        return sink.getvalue()

    return packed


def zipped(content: bytes) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("var/log/x.log", content)
    return sink.getvalue()


@pytest.mark.parametrize(
    "pack",
    [
        gzip.compress,
        bz2.compress,
        lzma.compress,
        tar("w"),
        tar("w:gz"),
        tar("w:bz2"),
        tar("w:xz"),
        zipped,
        lambda content: zipped(gzip.compress(content)),
        lambda content: tar("w:gz")(zipped(tar("w")(gzip.compress(content)))),
    ],
    ids=["gz", "bz2", "xz", "tar", "tar.gz", "tar.bz2", "tar.xz", "zip", "gz in zip", "gz in tar in zip in tar.gz"],
)
def test_containers_are_known_by_content(inside: Run, tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    """L07: whatever the name, one in another, and everything of them in the store."""
    lines = [f"2024-05-06 07:08:{n:02} line {n}" for n in range(20)]
    write(tmp_path / "EVIDENCE", pack("".join(f"{line}\n" for line in lines).encode()))

    inside("import", "EVIDENCE")

    assert inside("search").lines == lines


def test_a_damaged_archive_gives_what_comes_before_the_damage(inside: Run, tmp_path: Path) -> None:
    """L07: and says so."""
    lines = [f"2024-05-06 07:08:{n % 60:02} line {os.urandom(20).hex()}" for n in range(20_000)]
    packed = gzip.compress("".join(f"{line}\n" for line in lines).encode())
    write(tmp_path / "a.log.gz", packed[: len(packed) // 2])

    done = inside("import", "a.log.gz")

    kept = inside("search", "--count").text
    assert done.code == 3
    assert "a.log.gz: " in done.err
    assert 5_000 < int(kept) < 15_000


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "cp932", "euc_jp", "iso2022_jp"])
def test_encodings_are_found_and_their_words_too(inside: Run, tmp_path: Path, encoding: str) -> None:
    """L08."""
    lines = [
        f"2024-05-06 07:08:{n:02} {'エラーが発生しました' if n % 4 == 0 else '正常に起動しました'}" for n in range(40)
    ]
    write(tmp_path / "a.log", "".join(f"{line}\r\n" for line in lines).encode(encoding))

    inside("import", "a.log")

    assert inside("search", "エラー").lines == [line for line in lines if "エラー" in line]


def test_the_encoding_can_be_said(inside: Run, tmp_path: Path) -> None:
    write(tmp_path / "a.log", "2024-05-06 07:08:09 Žluťoučký\n".encode("cp1250"))

    inside("import", "--encoding", "cp1250", "a.log")

    assert inside("search", "Žluť").lines == ["2024-05-06 07:08:09 Žluťoučký"]


@pytest.mark.parametrize("option", ["-p", "--filePat", "--file-pat"])
def test_one_meaning_of_the_pattern_everywhere(inside: Run, tmp_path: Path, option: str) -> None:
    """L09: below directories, of any depth, and in archives."""
    for name in ("top.log", "top.txt", "sub/deep/in.log", "sub/deep/in.txt"):
        path = tmp_path / "logs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, f"2024-05-06 07:08:09 {name}\n")
    with zipfile.ZipFile(tmp_path / "logs" / "z.zip", "w") as archive:
        for name in ("in/zip.log", "in/zip.txt"):
            archive.writestr(name, f"2024-05-06 07:08:09 {name}\n")

    inside("import", option, "*.log", "logs")

    assert sorted(line[20:] for line in inside("search").lines) == ["in/zip.log", "sub/deep/in.log", "top.log"]


def test_standard_input(inside: Run) -> None:
    """L10."""
    inside("import", "-", input=A.encode())

    assert inside("search", "--count").text == "4\n"


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (("--ts-format", "%d.%m.%Y klo %H.%M"), "2024-06-05T14:30:00Z"),
        (("--ts-format", "epoch-s", "--ts-field", "at"), "2006-01-05T15:04:05Z"),
        (("--ts-field", "at"), "2006-01-05T15:04:05Z"),
        (("--timeField", "seen"), "2001-02-03T04:05:06Z"),
        (("--timeFormat", "%d.%m.%Y klo %H.%M"), "2024-06-05T14:30:00Z"),
        (("--tz", "Asia/Tokyo", "--ts-format", "%d.%m.%Y klo %H.%M"), "2024-06-05T05:30:00Z"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_the_stamp_can_be_said(inside: Run, tmp_path: Path, options: tuple[str, ...], wanted: str) -> None:
    """L14: --timeFormat, --timeField, --tz."""
    line = "05.06.2024 klo 14.30 at=1136473445 seen=2001-02-03T04:05:06Z x"
    write(tmp_path / "a.log", f"{line}\n")

    inside("import", *options, "a.log")

    assert inside("search", "--columns", "ts", "--format", "csv").lines == ["ts", wanted]


def test_records_without_looked_for_stamps_are_undated_and_in_order(inside: Run, tmp_path: Path) -> None:
    """L15: the moment of the import is nobody's time."""
    write(tmp_path / "a.log", A)

    inside("import", "--noTS", "a.log")

    assert inside("search").lines == A.splitlines()
    assert set(inside("search", "--columns", "ts", "--format", "csv").lines[1:]) <= {"", '""'}


def test_a_wrong_store_is_not_made_by_reading_it(inside: Run, tmp_path: Path) -> None:
    """L17."""
    assert inside("search", "-d", "wrong.db").code == 4
    assert not (tmp_path / "wrong.db").exists()


def test_one_bad_source_stops_no_other(inside: Run, tmp_path: Path) -> None:
    """L19."""
    write(tmp_path / "good.log", "2024-05-06 07:08:09 good\n")
    write(tmp_path / "bad.zip", b"PK\x03\x04 and nothing more")

    done: Finished = inside("import", "missing.log", "bad.zip", "good.log")

    assert done.code == 3
    assert all(f"{name}: " in done.err for name in ("missing.log", "bad.zip"))
    assert inside("search").lines == ["2024-05-06 07:08:09 good"]


def test_an_exported_journal_has_a_record_for_each_entry(inside: Run, tmp_path: Path) -> None:
    entries = [
        f"__CURSOR=s=1;i={i}\n__REALTIME_TIMESTAMP=169706245{i}003456\nMESSAGE=at 2020-01-01T00:00:00Z\n\n"
        for i in (5, 6)
    ]
    (tmp_path / "x.export").write_text("".join(entries))

    done = inside("import", "x.export", "--report", "json")
    found = inside("search", "--format", "jsonl", "*", "--utc").lines

    assert [json.loads(line)["text"] for line in found] == [entry.removesuffix("\n") for entry in entries]
    assert [json.loads(line)["ts"] for line in found] == ["2023-10-11T22:14:15.003456Z", "2023-10-11T22:14:16.003456Z"]
    assert json.loads(done.text)["rows"][0]["undated"] == 0
