"""The whole program with names and texts that are patterns, options, addresses, SQL or terminal sequences elsewhere."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.cli.test_terminal import in_terminal
from tests.conftest import Finished

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Run

pytestmark = pytest.mark.skipif(os.name == "nt", reason="names of Unix")

LINE = "2024-05-06T00:00:00Z one of 1.2.3.4"

STORES = [
    *("'\".db", "$w0.db", "; -- x", "a\\b.db", "a WHERE b"),  # SQL
    *("a*b.db", "a?b.db", "[ab].db", "[.db", "**"),  # patterns of file names
    *("source=web", "text=x", "shape=0", "ts=2020-01-01"),  # columns, where directories are read as such
    *("~", "~root", "s3:x.db", "file:x.db", "C:", "a%20b#c"),  # homes and addresses
    *("a\nb\x1b[31m.db", "日本\u202e.db", " ", "--help", "x" * 255),
]


def no_sequences(done: Finished) -> None:
    """Neither stream would move a terminal's cursor or change its colours; an error is a sentence and a hint."""
    assert not set(done.text) & {"\x1b", "\x07", "\r", "\x9b", "\u202e"}
    assert not set(done.err) & {"\x1b", "\x07", "\r", "\x9b", "\u202e"}
    if done.code:
        assert done.err.startswith("twsla: error: ")
        assert len(done.err.splitlines()) <= 2


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "x.log"
    path.write_text(f"{LINE}\n2024-05-06T00:00:01Z two\n")
    return path


# --- stores ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", STORES)
def test_a_store_may_have_any_name(run: Run, log: Path, tmp_path: Path, name: str) -> None:
    imported = run(f"--datastore={name}", "import", "x.log")
    found = run("search", f"--datastore={name}", "--with-source", "one")

    assert (imported.code, found.code) == (0, 0), imported.err + found.err
    assert (tmp_path / name / "STORE").is_file()
    assert found.text == f"x.log:1:0:{LINE}\n"
    no_sequences(imported)
    no_sequences(found)


@pytest.mark.parametrize("folder", ["text=x", "a*b", "~", "\udcff"])
def test_a_store_may_lie_anywhere_and_be_called_from_there(run: Run, log: Path, tmp_path: Path, folder: str) -> None:
    place = tmp_path / folder
    place.mkdir()
    shutil.copy(log, place)

    imported = run("import", "x.log", cwd=place)
    found = run("search", "one", cwd=place)
    verified = run("verify", "--differences", cwd=place)

    assert (imported.code, found.text, verified.code) == (0, f"{LINE}\n", 0), imported.err + found.err
    assert [path.name for path in tmp_path.rglob("STORE")] == ["STORE"]


def test_a_store_named_like_a_pattern_is_not_its_neighbours(run: Run, log: Path, tmp_path: Path) -> None:
    run("-d", "[ab].db", "import", "x.log")
    for name in ("a.db", "b.db"):
        shutil.copytree(tmp_path / "[ab].db", tmp_path / name)

    assert run("search", "-d", "[ab].db", "one").text == f"{LINE}\n"
    assert run("count", "-d", "[ab].db", "-e", "ip").text == "Key\tCount\n1.2.3.4\t1\n"


@pytest.mark.parametrize("name", ["\udcff.db", "x" * 256, "x" * 5000, "x.log/y.db"])
def test_a_store_that_cannot_be_is_one_sentence(run: Run, log: Path, tmp_path: Path, name: str) -> None:
    before = sorted(tmp_path.iterdir())
    for done in (run("-d", name, "import", "x.log"), run("search", "-d", name, "x"), run("verify", "-d", name)):
        assert (done.code, done.out) == (4, b""), done.err
        no_sequences(done)
    assert sorted(tmp_path.iterdir()) == before


# --- sources -----------------------------------------------------------------------------------------------------

SOURCES = {
    "a\nb.log": r"a\x0ab.log",
    "a\rb.log": r"a\x0db.log",
    "a\tb.log": r"a\x09b.log",
    "a\x1b[31mred.log": r"a\x1b[31mred.log",
    "a\x1b]0;title\x07.log": r"a\x1b]0;title\x07.log",
    "a\x7f\x9b.log": r"a\x7f\x9b.log",
    "\udcff\udcfe.log": r"\xff\xfe.log",
    "日本\u202egol.log": r"日本\u202egol.log",
    "\u2028.log": r"\u2028.log",
    **{
        name: name
        for name in (
            *("-d", "--help", "-", "--", "@x", " ", "~", "~root", "http:", "ssh:x", "s3:x.log", "C:x.log"),
            *("a'b.log", 'a"b.log', "$w0.log", "$(id).log", "`id`.log", "a;b", "a*b.log", "[ab].log", "{a,b}", "a?b"),
            *("a!b.log", "a#2", "a%n.log", "a\\b.log", "=cmd|x.log", "+x", "a,b=c.log", "日本.log", "x" * 251 + ".log"),
        )
    },
}
"""Names, and how each is shown."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A directory with a file of each name, each with a line that tells its place in the list."""
    folder = tmp_path / "in"
    folder.mkdir()
    for place, name in enumerate(SOURCES):
        (folder / name).write_bytes(f"2024-05-06T00:00:{place:02}Z file {place}\n".encode())
    return folder


def test_files_of_a_directory_may_have_any_name(run: Run, folder: Path) -> None:
    imported = run("import", "in")
    found = run("search", "--with-source")
    verified = run("verify")
    listed = run("sources", "--format", "json")

    shown = [f"in/{name}:1:0:2024-05-06T00:00:{place:02}Z file {place}" for place, name in enumerate(SOURCES.values())]
    assert (imported.code, verified.code, listed.code) == (0, 0, 0), imported.err + verified.err
    assert found.text.split("\n")[:-1] == shown
    assert {row["source"] for row in json.loads(listed.text)["rows"]} == {f"in/{name}" for name in SOURCES.values()}
    states = [row.split("\t")[2] for row in verified.text.split("\n")[1:-1]]
    assert states == ["same"] * (len(SOURCES) + 1)  # every source is found again under its own name, and the store file
    for done in (imported, found, verified, listed):
        no_sequences(done)


def test_files_may_be_named_one_by_one(run: Run, folder: Path) -> None:
    names = [name for name in SOURCES if name != "-"]  # that is standard input

    imported = run("-d", "../y.db", "import", "--", *names, cwd=folder)
    counted = run("search", "-d", "../y.db", "--count", cwd=folder)

    assert (imported.code, counted.text) == (0, f"{len(names)}\n"), imported.err
    no_sequences(imported)


def test_files_that_are_not_there_are_named_safely(run: Run) -> None:
    for name in ("a\x1b[31m.log", "\udcff", "a\nb", "x" * 300, "x" * 5000):
        done = run("import", "--", name)

        assert done.code == 3, (name, done.err)
        assert not set(done.err) & {"\x1b", "\r"}
        assert "Traceback" not in done.err


def test_what_a_spreadsheet_would_run_is_guarded(run: Run, folder: Path) -> None:
    run("import", "=cmd|x.log", "+x", cwd=folder)

    guarded = run("sources", "--format", "csv", "--csv-guard", "--columns", "source", cwd=folder)

    assert [row for (row,) in csv.reader(io.StringIO(guarded.text))] == ["source", "'=cmd|x.log", "'+x"]


def test_a_terminal_gets_no_sequences_from_names(folder: Path, tmp_path: Path) -> None:
    quiet = {"NO_COLOR": "1", "PAGER": "cat", "COLUMNS": "200"}

    code, imported = in_terminal("import", "in", cwd=tmp_path, **quiet)
    _, found = in_terminal("search", "--with-source", "--format", "plain", cwd=tmp_path, **quiet)
    _, listed = in_terminal("sources", "--format", "table", cwd=tmp_path, **quiet)

    assert code == 0, imported
    assert r"in/a\x1b[31mred.log:1:0:" in found
    for seen in (imported, found, listed):
        assert not set(seen) & {"\x1b", "\x07", "\x9b", "\u202e"}


# --- archives ----------------------------------------------------------------------------------------------------

MEMBERS = {
    "../../escaped.log": "../../escaped.log",
    "{root}/absolute.log": "{root}/absolute.log",
    "a/../../b.log": "a/../../b.log",
    "..": "..",
    "C:\\x.log": "C:\\x.log",
    "a\nb.log": r"a\x0ab.log",
    "a\x1b[31m.log": r"a\x1b[31m.log",
    "\u202egol.log": r"\u202egol.log",
    "x" * 300 + ".log": "x" * 300 + ".log",
    **{
        name: name
        for name in ("a!b.log", "$w0.log", "'.log", "http://x/y.log", "-d", "*.log", "=cmd|x.log", "日本.log")
    },
}


def members(root: Path) -> Iterator[tuple[str, str, bytes]]:
    """Name, how it is shown, content."""
    for place, (name, shown) in enumerate(MEMBERS.items()):
        text = f"2024-05-06T00:00:{place:02}Z member {place}\n".encode()
        yield name.replace("{root}", str(root)), shown.replace("{root}", str(root)), text


def write_zip(path: Path, root: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, _, content in members(root):
            archive.writestr(zipfile.ZipInfo(name), content)


def write_tar(path: Path, root: Path) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for name, _, content in members(root):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for name, kind in (("link", tarfile.SYMTYPE), ("hard", tarfile.LNKTYPE), ("device", tarfile.CHRTYPE)):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "/etc/passwd"
            archive.addfile(member)


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_members_of_an_archive_may_have_any_name_and_write_nothing(run: Run, tmp_path: Path, kind: str) -> None:
    place = tmp_path / "one" / "two"
    place.mkdir(parents=True)
    (write_zip if kind == "zip" else write_tar)(place / f"h.{kind}", tmp_path)

    imported = run("import", f"h.{kind}", cwd=place)
    found = run("search", "--with-source", cwd=place)

    assert imported.code == 0, imported.err
    assert found.text.split("\n")[:-1] == [
        f"h.{kind}!{shown}:1:0:{content.decode().strip()}" for _, shown, content in members(tmp_path)
    ]
    files = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert {name for name in files if not name.startswith("one/two/twsla.db/")} == {f"one/two/h.{kind}"}
    no_sequences(imported)
    no_sequences(found)


# --- texts -------------------------------------------------------------------------------------------------------

TEXTS = ["'\"$w0?%\\{}'; DROP TABLE x; --", "a\x1b[31m", "*" * 300, "a" * 20_000]


@pytest.mark.parametrize("text", [*TEXTS, "a\n", "\udced\udca0\udc80"])
def test_a_text_is_a_text_wherever_it_is_put(run: Run, log: Path, text: str) -> None:
    run("import", "x.log")
    for arguments in (
        ["search", "--count", "--", text],
        ["search", "--count", f"--regex={text}"],
        ["count", f"--extract=one{text}%{{ip}}"],
        ["count", "--extract=ip", f"--name={text}"],
        ["count", "--extract=json", f"--name={text}"],
        ["search", f"--sort={text}"],
        ["search", f"--time-range={text}"],
    ):
        done = run(*arguments)

        assert done.code in (0, 2), (arguments[0], arguments[-1][:50], done.err)
        assert "Traceback" not in done.err
        no_sequences(Finished(done.code, b"", done.err))  # to a pipe, data goes out as it is


def test_records_with_such_texts_are_found_by_them(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.log").write_text("".join(f"2024-05-06T00:00:00Z <{text}>\n" for text in TEXTS))
    run("import", "x.log")

    for text in TEXTS:
        literal = text.replace("?", "\\?").replace("*", "\\*")
        assert run("search", f"--filter=<{literal}>").text == f"2024-05-06T00:00:00Z <{text}>\n", text
    counted = run("count", "-e", "<(.*)>", "--format", "json")
    assert {row["key"]: row["count"] for row in json.loads(counted.text)["rows"]} == dict.fromkeys(TEXTS, 1)


def test_a_traceback_shows_sequences_escaped(run: Run, log: Path) -> None:
    done = run("search", "--debug", "-d", "a\x1b[31m.db", "x")

    assert done.code == 4
    assert "Traceback" in done.err
    assert "\x1b" not in done.err
