"""``twsla verify``: one changed byte in the store or a source is found, growth is not a difference."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Run


def states(lines: list[str]) -> dict[str, str]:
    return {row.split("\t")[1]: row.split("\t")[2] for row in lines[1:]}


def test_what_is_as_it_was_and_what_is_not(run: Run, tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_text("2024-05-06T00:00:00Z one\n")
    run("import", "x.log")

    clean = run("verify")
    with log.open("a") as file:
        file.write("2024-05-06T00:00:01Z two\n")
    grown = run("verify")
    log.write_text("2024-05-06T00:00:00Z ONE\n")
    rewritten = run("verify")

    assert (clean.code, set(states(clean.lines).values())) == (0, {"same"})
    assert (grown.code, states(grown.lines)[str(log)]) == (0, "grown")
    assert (rewritten.code, states(rewritten.lines)[str(log)]) == (4, "changed")


def test_damage_to_the_store_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.log").write_text("2024-05-06T00:00:00Z one\n")
    run("import", "x.log")
    (stored,) = (tmp_path / "twsla.db").glob("records/*/*.parquet")
    data = bytearray(stored.read_bytes())
    data[len(data) // 2] ^= 1
    stored.write_bytes(data)

    changed = run("verify", "--differences", "--no-sources")
    stored.unlink()
    gone = run("verify", "--differences", "--no-sources")

    name = stored.relative_to(tmp_path / "twsla.db").as_posix()
    assert (changed.code, states(changed.lines)) == (4, {name: "changed"})
    assert (gone.code, states(gone.lines)) == (4, {name: "missing"})
