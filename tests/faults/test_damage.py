"""``twsla verify`` names every difference and exits 4: flipped, cut, missing, added; in the store, in the sources."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.faults.stores import records, run_to_end, snapshot
from twsla.errors import StoreError
from twsla.store.store import Store
from twsla.store.verify import verify_sources, verify_store

if TYPE_CHECKING:
    from tests.conftest import Run
    from twsla.store.verify import Check


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two sources and a store of two imports of them."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "a.log").write_bytes(b"".join(b"2024-05-06T00:00:%02dZ one %d\n" % (i % 60, i) for i in range(100)))
    (folder / "b.log").write_bytes(b"no stamp\n2024-06-06T00:00:00Z caf\xff\n")
    (folder / "empty.log").write_bytes(b"")
    for names in (["a.log"], ["b.log"], ["empty.log"]):
        done = run_to_end("import", *names, cwd=folder)
        assert done.code == 0, done.err
    return folder


@pytest.fixture
def case(made: Path, tmp_path: Path) -> Path:
    """A copy of the folder, with manifests that speak of the originals."""
    return Path(shutil.copytree(made, tmp_path / "case", dirs_exist_ok=True))


def differences(store: Path) -> dict[str, str]:
    """What ``verify`` finds, in this process; a store that cannot be opened at all is one difference."""
    try:
        opened = Store.open(store, damaged=True)
    except StoreError as error:
        return {error.message: "refused"}
    return {check.name: check.state for check in verify_store(opened) if check.is_difference}


def manifest_paths(store: Path) -> list[Path]:
    return sorted((store / "imports").glob("*.json"))


def flip(path: Path, at: int, bit: int = 0) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1 << bit
    path.write_bytes(data)


def test_a_store_as_it_was_made_has_no_difference(case: Path, run: Run) -> None:
    assert differences(case / "twsla.db") == {}
    done = run("verify", cwd=case)
    assert (done.code, {line.split("\t")[2] for line in done.lines[1:]}) == (0, {"same"})


def test_a_flipped_bit_anywhere_in_the_store_is_found_and_named(case: Path) -> None:
    store = case / "twsla.db"
    rng = random.Random(7)
    for path in [path for path in store.rglob("*") if path.is_file() and path.name != ".commit.lock"]:
        original = path.read_bytes()
        relative = path.relative_to(store).as_posix()
        places = range(len(original)) if len(original) < 40 else rng.sample(range(len(original)), 40)
        for at in places:
            flip(path, at, rng.randrange(8))
            found = differences(store)
            assert relative in found or any(path.name in name or str(store) in name for name in found), (relative, at)
            path.write_bytes(original)
    assert differences(store) == {}


def test_no_flipped_bit_of_a_manifest_reaches_an_answer(case: Path) -> None:
    store = case / "twsla.db"
    path = manifest_paths(store)[0]
    original = path.read_bytes()
    right = Store.open(store)
    for at in range(0, len(original), 7):
        flip(path, at, at % 8)
        try:
            opened = Store.open(store)
        except StoreError as error:
            assert path.name in error.message
        else:
            # Only what follows the content, the name of the hash, can be hit without being noticed here.
            assert opened == right
            assert at > len(original) - 90
            assert f"imports/{path.name}" in differences(store)
        path.write_bytes(original)


@pytest.mark.parametrize("which", ["records/2024-05", "records/2024-06", "records/undated"])
def test_a_file_that_is_gone_or_cut_is_named(case: Path, which: str, run: Run) -> None:
    (path,) = (case / "twsla.db" / which).iterdir()
    name = path.relative_to(case / "twsla.db").as_posix()
    path.write_bytes(path.read_bytes()[:-1])
    cut = run("verify", "--differences", "--no-sources", cwd=case)
    path.unlink()
    gone = run("verify", "--differences", "--no-sources", cwd=case)

    assert (cut.code, gone.code) == (4, 4)
    assert [line.split("\t")[1:3] for line in cut.lines[1:]] == [[name, "changed"]]
    assert [line.split("\t")[1:3] for line in gone.lines[1:]] == [[name, "missing"]]


def test_an_import_that_is_gone_with_all_its_files_is_named_by_those_after_it(case: Path) -> None:
    store = case / "twsla.db"
    first, second, third = manifest_paths(store)
    for path in (first, second):
        for entry in json.loads(path.read_bytes())["files"]:
            (store / entry["path"]).unlink()
    first.unlink()
    assert differences(store)[f"imports/{first.name}"] == "missing"
    second.unlink()
    assert differences(store) == {f"imports/{second.name}": "missing"}
    shutil.copy(third, second)
    assert differences(store)


def test_a_manifest_that_was_made_anew_is_told_by_the_one_after_it(case: Path) -> None:
    """Somebody changes a manifest and puts in the hash that fits."""
    import hashlib

    store = case / "twsla.db"
    first = manifest_paths(store)[0]
    content, member, _ = first.read_text().replace('"name": "a.log"', '"name": "z.log"').rpartition(',\n "sha256": "')
    sha256 = hashlib.sha256(content.encode()).hexdigest()
    first.write_text(f'{content}{member}{sha256}"\n}}\n')

    assert differences(store) == {f"imports/{first.name}": "changed"}


def test_a_damaged_manifest_is_named_and_the_rest_is_checked(case: Path, run: Run) -> None:
    store = case / "twsla.db"
    first = manifest_paths(store)[0]
    (dated,) = (store / "records" / "2024-05").iterdir()
    (other,) = (store / "records" / "2024-06").iterdir()
    first.write_bytes(first.read_bytes()[:-20])
    flip(other, 30)

    done = run("verify", "--differences", "--no-sources", cwd=case)
    searched = run("search", "one", cwd=case)
    imported = run("import", "--again", "a.log", cwd=case)

    assert done.code == 4
    assert {line.split("\t")[1]: line.split("\t")[2] for line in done.lines[1:]} == {
        f"imports/{first.name}": "changed",
        dated.relative_to(store).as_posix(): "unknown",
        other.relative_to(store).as_posix(): "changed",
    }
    for refused in (searched, imported):
        assert (refused.code, refused.out) == (4, b"")
        assert f"{first.name} is damaged" in refused.err
        assert refused.err.count("twsla: error:") == 1


@pytest.mark.parametrize(
    "name",
    [
        "extra",
        "imports/notes.txt",
        "imports/00000000000000000000000000.json.bak",
        "records/2024-05/x.parquet",
        "records/y",
    ],
)
def test_a_file_that_does_not_belong_there_is_named(case: Path, name: str, run: Run) -> None:
    (case / "twsla.db" / name).write_bytes(b"x")

    done = run("verify", "--differences", "--no-sources", cwd=case)

    assert (done.code, [line.split("\t")[1:3] for line in done.lines[1:]]) == (4, [[name, "unknown"]])


def test_a_foreign_manifest_among_the_imports_is_named(case: Path) -> None:
    store = case / "twsla.db"
    extra = store / "imports" / "01ZZZZZZZZZZZZZZZZZZZZZZZZ.json"
    data = json.loads(manifest_paths(store)[0].read_bytes())
    del data["sha256"]
    data["id"] = extra.stem
    extra.write_text(json.dumps(data))

    assert differences(store) == {f"imports/{extra.name}": "unknown"}


def test_changes_to_sources_are_named(case: Path, made: Path, run: Run, tmp_path: Path) -> None:
    """Manifests hold absolute paths, so this case has its own."""
    for name in ("flipped", "cut", "gone", "same", "grown", "directory"):
        (tmp_path / f"{name}.log").write_bytes(f"2024-05-06T00:00:00Z {name}\n".encode())
    shutil.copy(made / "a.log", tmp_path / "packed.log")
    assert (
        run("import", *(f"{name}.log" for name in ("flipped", "cut", "gone", "same", "grown", "directory"))).code == 0
    )
    flip(tmp_path / "flipped.log", 10)
    (tmp_path / "cut.log").write_bytes((tmp_path / "cut.log").read_bytes()[:-1])
    (tmp_path / "gone.log").unlink()
    with (tmp_path / "grown.log").open("ab") as file:
        file.write(b"more")
    (tmp_path / "directory.log").unlink()
    (tmp_path / "directory.log").mkdir()

    done = run("verify")

    states = {Path(line.split("\t")[1]).stem: line.split("\t")[2] for line in done.lines[1:] if line[:6] == "source"}
    assert done.code == 4
    assert states == {
        "flipped": "changed",
        "cut": "changed",
        "gone": "not at hand",
        "same": "same",
        "grown": "grown",
        "directory": "unreadable",
    }


def test_an_import_that_runs_or_commits_meanwhile_is_no_difference(case: Path) -> None:
    """Verify opens the store; before it looks for files, another import comes and goes, and a third one is writing."""
    store = case / "twsla.db"
    opened = Store.open(store)
    checks: list[Check] = []
    walk = verify_store(opened)
    checks.append(next(walk))
    (case / "late.log").write_bytes(b"2024-07-06T00:00:00Z late\n")
    assert run_to_end("import", "late.log", cwd=case).code == 0
    (store / "imports" / "01ARZ3NDEKTSV4RRFFQ69G5FAV.lock").touch()
    (store / "records" / "2024-05" / "01ARZ3NDEKTSV4RRFFQ69G5FAV-000000.parquet").write_bytes(b"PAR1")
    checks += walk

    assert not [check for check in checks if check.is_difference]
    assert sorted(Path(check.name).name for check in checks if check.state == "unfinished") == [
        "01ARZ3NDEKTSV4RRFFQ69G5FAV-000000.parquet",
        "01ARZ3NDEKTSV4RRFFQ69G5FAV.lock",
    ]
    assert not [check for check in verify_sources(opened) if check.is_difference]


def test_damage_is_an_error_of_the_store_for_a_search_as_well(case: Path, run: Run) -> None:
    (path,) = (case / "twsla.db" / "records" / "2024-05").iterdir()
    path.write_bytes(path.read_bytes()[:100])

    done = run("search", "one", cwd=case)

    assert (done.code, done.out) == (4, b"")
    assert "twsla verify" in done.err
    assert len(records(case / "twsla.db" / "nowhere")) == 0
    assert snapshot(case / "twsla.db")
