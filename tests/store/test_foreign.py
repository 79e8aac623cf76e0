"""A store that came from someone else: what its manifests and locks say must not reach beyond it."""

from __future__ import annotations

import json
import os
import random
from typing import TYPE_CHECKING, Any

import pytest

from twsla.analysis.sources import SourcesOptions, sources
from twsla.errors import StoreError
from twsla.model.query import Query
from twsla.progress import Silent
from twsla.query.engine import Engine
from twsla.store import layout
from twsla.store.lock import FileLock
from twsla.store.store import Store
from twsla.store.verify import verify_sources, verify_store
from twsla.store.writer import remove_dead

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Run


@pytest.fixture
def store(run: Run, tmp_path: Path) -> Path:
    """A store of two records, one without a time."""
    (tmp_path / "x.log").write_text("2024-05-06T00:00:00Z one\n")
    assert run("import", "x.log").code == 0
    return tmp_path / "twsla.db"


def manifest_of(store: Path) -> tuple[Path, dict[str, Any]]:
    (path,) = (store / "imports").glob("*.json")
    manifest = json.loads(path.read_text())
    del manifest["sha256"]  # which only says that nobody has changed it
    return path, manifest


@pytest.mark.parametrize(
    "name",
    [
        *(
            "/etc/passwd",
            "../../x.parquet",
            "records/../x.parquet",
            "records/a/../../x.parquet",
            "records/a/b/x.parquet",
        ),
        *("https://example.com/x.parquet", "records/2024-05/*.parquet", "records/2024-05/x.log", ""),
        "records/a/x\n.parquet",
    ],
)
def test_a_manifest_can_name_files_of_its_store_only(store: Path, name: str) -> None:
    path, manifest = manifest_of(store)
    manifest["files"][0]["path"] = name
    path.write_text(json.dumps(manifest))

    with pytest.raises(StoreError, match="cannot be a file of the store"):
        Store.open(store)


def test_whatever_a_manifest_holds_is_read_or_explained(store: Path) -> None:
    path, good = manifest_of(store)
    odd: list[Any] = [
        None,
        True,
        -1,
        10**30,
        1.5,
        "",
        "\udcff",
        "\x1b[31m",
        "\0",
        "../x",
        [],
        {},
        [1],
        {"a": 1},
        [[]],
        [None],
    ]
    rng = random.Random(1)
    opened = refused = 0
    for _ in range(400):
        manifest = json.loads(json.dumps(good))
        part: Any = manifest
        while isinstance(part, (dict, list)) and part:
            keys = list(part) if isinstance(part, dict) else range(len(part))
            key = rng.choice(list(keys))
            if rng.random() < 0.3 or not isinstance(part[key], (dict, list)):
                part[key] = rng.choice(odd)
                break
            part = part[key]
        path.write_text(json.dumps(manifest))
        try:
            engine = Engine(Store.open(store), Query())
        except StoreError as error:
            refused += 1
            assert str(path) in error.message
            continue
        opened += 1
        assert len(engine.fetch("SELECT text FROM records")) <= 1
        sources(engine, SourcesOptions(), Silent())
        list(verify_store(engine.store))
        list(verify_sources(engine.store))
        engine.close()

    assert opened > 20
    assert refused > 100


def test_a_deeply_nested_manifest_is_damaged(store: Path) -> None:
    path, _ = manifest_of(store)
    path.write_text("[" * 100_000)

    with pytest.raises(StoreError, match="is damaged"):
        Store.open(store)


@pytest.mark.skipif(os.name == "nt", reason="names of Unix")
def test_a_lock_with_a_pattern_for_a_name_removes_nothing(store: Path) -> None:
    before = sorted(store.rglob("*.parquet"))
    for name in ("*.lock", "?.lock", "[0-9A-Z]*.lock"):
        (store / "imports" / name).touch()

    remove_dead(store)

    assert sorted(store.rglob("*.parquet")) == before


@pytest.mark.skipif(os.name == "nt", reason="links of Unix")
def test_a_lock_that_is_a_link_makes_no_file_elsewhere(store: Path, tmp_path: Path) -> None:
    lock = store / "imports" / f"{layout.new_ulid()}.lock"
    lock.symlink_to(tmp_path / "made")

    with pytest.raises(StoreError, match="cannot be written"):
        FileLock(lock).acquire(wait=False)

    assert not (tmp_path / "made").exists()


@pytest.mark.skipif(os.name == "nt", reason="devices of Unix")
def test_a_device_is_not_read_to_its_end(store: Path) -> None:
    path, manifest = manifest_of(store)
    manifest["sources"][0] |= {"path": "/dev/zero", "bytes": 1 << 60}
    path.write_text(json.dumps(manifest))
    (kept,) = store.rglob("*.parquet")
    kept.unlink()
    os.mkfifo(kept)
    (store / "records" / "2024-05" / "dangling").symlink_to("nowhere")

    (source,) = verify_sources(Store.open(store))
    files = [check.state for check in verify_store(Store.open(store)) if check.kind == "store file"]

    assert (source.state, source.detail) == ("unreadable", "it is not a file")
    assert files == ["unreadable", "unknown"]
