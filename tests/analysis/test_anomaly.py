"""anomaly: the vectors of the specification, the forest, templates and rates, and what happens at the edges."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.analysis.commands import answered, twsla
from twsla.analysis import detectors
from twsla.analysis.features import SQL_WORDS, WORDS, Mode, access_mode, keyword_mode, number_key, number_params
from twsla.model.query import Query
from twsla.query.engine import Engine
from twsla.store.store import Store

if TYPE_CHECKING:
    from pathlib import Path

REQUEST = "GET /a?x=1%20union%20select%20username,passwd%20from%20users-- HTTP/1.1"


@pytest.fixture
def engine(tmp_path: Path) -> Any:
    engine = Engine(Store.open(store_of(tmp_path, "x")), Query())
    yield engine
    engine.close()


def store_of(folder: Path, *lines: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "a.log").write_text("".join(f"{line}\n" for line in lines))
    answered("-d", folder / "s.db", "import", "--utc", "--multiline", "off", folder / "a.log")
    return folder / "s.db"


def vector(engine: Engine, mode: Mode, text: str) -> dict[str, float] | None:
    """Names and numbers that a mode gives a text, without zeros."""
    listed = ", ".join(f"({sql})::DOUBLE" for _, sql in mode.features)
    key = engine.execute(f"SELECT {mode.key} FROM (SELECT $text AS text, NULL::VARCHAR AS shape)", {"text": text})[0][0]
    if key is None:
        return None
    values = engine.execute(f"SELECT {listed} FROM (SELECT $key AS key)", {"key": key})[0]
    return {name: value for (name, _), value in zip(mode.features, values, strict=True) if value}


def scored(store: Path, *arguments: str) -> list[tuple[str, float]]:
    rows = answered("-d", store, "anomaly", *arguments, "--format", "json", "--columns", "text,score").json["rows"]
    return [(row["text"], row["score"]) for row in rows]


# --- vectors


def test_classic_keywords(engine: Engine) -> None:
    sql = keyword_mode(SQL_WORDS, classic=True)
    assert [len(words) for words in WORDS.values()] == [28, 31, 21]
    assert vector(engine, sql, "select * from users where id = 1") == dict.fromkeys(
        ["*", "select", "from", "where", "user", "id"], 1
    )
    assert vector(engine, sql, REQUEST) == {
        **dict.fromkeys(["--", "select", "from", "union", "username", "passwd"], 1), "%20": 5, "user": 2,
    }  # fmt: skip
    system = keyword_mode(WORDS["os"], classic=True)
    assert vector(engine, system, "GET /cgi?c=;cat%20/etc/passwd|ls%20/tmp HTTP/1.1") == dict.fromkeys(
        ["cat%20", "ls%20", ";", "|", "/etc", "/tmp"], 1
    )
    folders = keyword_mode(WORDS["dir"], classic=True)
    assert vector(engine, folders, "GET /../../etc/passwd HTTP/1.1") == {"../": 2, "/etc/": 1}


def test_keywords_are_seen_through_case_and_encoding(engine: Engine) -> None:
    sql, folders = keyword_mode(SQL_WORDS, classic=False), keyword_mode(WORDS["dir"], classic=False)
    assert vector(engine, sql, "a=1%20UNION%20SELECT%20x") == {"union": 1, "select": 1}
    assert vector(engine, folders, "GET /%2e%2e%2f%2E%2E/etc/passwd") == {"../": 2, "/etc/": 1}
    assert vector(engine, folders, "GET /%252e%252e%252fetc/") == {"../": 1, "/etc/": 1}
    assert vector(engine, sql, "vendor reset valid") == {}  # or, set and id are no words there
    assert vector(engine, sql, "100% or %ff%fe") == {"%": 3, "or": 1}  # not UTF-8: left as it is


def test_requests_of_access_logs(engine: Engine) -> None:
    def values(text: str) -> list[float]:
        mode = access_mode()
        listed = ", ".join(f"({sql})::DOUBLE" for _, sql in mode.features)
        sql = f"SELECT {listed} FROM (SELECT {mode.key} AS key FROM (SELECT $text AS text))"
        return list(engine.execute(sql, {"text": text})[0])

    plain = '127.0.0.1 - - [04/May/2026:10:30:00 +0900] "GET /path?query=1 HTTP/1.1" 200 123'
    wanted = "-1 -1 0 0 0 0 2 0 0 1 1 0 0 0 0 0 0 0 1 1 2 7 0 0 0 0 0 0 0"
    assert values(plain) == [float(each) for each in wanted.split()]
    wanted = "12 -1 0 0 0 4 4 0 0 1 4 0 0 1 0 0 2 1 8 3 4 16 0 0 1 1 0 1 0"
    assert values('"POST /a/../b%2F%20.php?id=1%27%20or HTTP/1.1"') == [float(each) for each in wanted.split()]
    assert vector(engine, access_mode(), "no quotes") is None


@pytest.mark.parametrize(
    ("extract", "text", "numbers"),
    [
        ("start*end", "11:00 start 0.1  0.2 1.4 end 7", [0.1, 0.2, 1.4]),
        ("start", "1 start 2 -3.5 1.2.3 +4", [2.0, -3.5, 4.0]),
        ("*end", "1 2 end 3", [1.0, 2.0]),
        ("", "a1b2 . -- 3", [1.0, 2.0, 3.0]),
        ("start*end", "end start 1", None),
        ("x", "1 2", None),
    ],
)
def test_numbers(engine: Engine, extract: str, text: str, numbers: list[float] | None) -> None:
    sql = f"SELECT {number_key(extract)} FROM (SELECT $text AS text)"
    assert engine.execute(sql, {"text": text, **number_params(extract)})[0][0] == numbers


def test_classic_weights_of_terms(tmp_path: Path) -> None:
    from twsla.analysis.anomaly_vectors import vectors_of

    store = store_of(tmp_path, "alpha beta", "alpha gamma", "alpha alpha beta", "alpha beta")
    engine = Engine(Store.open(store), Query())
    found = vectors_of(engine, "tfidf", classic=True, extract="")
    engine.close()
    rows = dict(zip(["alpha alpha beta", "alpha beta", "alpha gamma"], found.matrix.toarray(), strict=True))
    at = {name: place for place, name in enumerate(found.names)}
    assert rows["alpha beta"][at["alpha"]] == 0
    assert rows["alpha beta"][at["beta"]] == pytest.approx(0.088046, abs=1e-6)
    assert found.counts.tolist() == [1, 2, 1]


# --- scores


def test_forest_of_the_specification() -> None:
    points = np.vstack([np.random.default_rng(3).normal(size=(300, 2)), [[20.0, 20.0], [0.0, 0.0]]])
    found = detectors.scores(points, points[:301], "iforest", 1)
    assert found[300] == pytest.approx(0.89, abs=0.03)
    assert found[301] == pytest.approx(0.39, abs=0.03)


def test_scores_stand_beside_their_records(tmp_path: Path) -> None:
    lines = [f'h - - [t] "GET /a{number} HTTP/1.1" 200' for number in range(40)]
    lines.insert(7, "no request here")
    lines.insert(20, 'h - - [t] "POST /../../..%2F%2F%27?x=;;;<<< HTTP/1.1" 200')
    store = store_of(tmp_path, *lines)
    answer = answered("-d", store, "anomaly", "-m", "walu", "--format", "csv")
    assert len(answer.rows) == 41
    assert answer.rows[0][0] == lines[20]
    assert any("1 records have no quotes" in note for note in answer.notes)


def test_numbers_of_another_quantity_are_told(tmp_path: Path) -> None:
    store = store_of(tmp_path, *(f"v={number % 3} w=1" for number in range(20)), "v=99999 w=1", "v=1", "none")
    answer = answered("-d", store, "anomaly", "-m", "number", "--format", "csv")
    assert answer.rows[0][0] == "v=99999 w=1"
    assert len(answer.rows) == 21
    assert any("2 records do not have 2 numbers" in note for note in answer.notes)


def test_same_scores_every_time(tmp_path: Path) -> None:
    store = store_of(tmp_path, *(f"GET /{'x;|&'[: number % 5]} select" for number in range(30)))
    first = scored(store, "-m", "sql")
    assert scored(store, "-m", "sql") == first
    other = scored(store, "-m", "sql", "--seed", "7")
    assert sorted(text for text, _ in other) == sorted(text for text, _ in first)
    assert dict(other) == pytest.approx(dict(first), abs=0.05)


@pytest.mark.parametrize("mode", ["tfidf", "sql", "pattern", "number"])
def test_few_records(tmp_path: Path, mode: str) -> None:
    assert len(scored(store_of(tmp_path / "two", "select 1", "plain 2"), "-m", mode)) == 2
    assert len(scored(store_of(tmp_path / "same", *["select 1"] * 5), "-m", mode)) == 5
    store = store_of(tmp_path / "one", "select 1")
    assert len(scored(store, "-m", mode)) == 1
    assert scored(store, "-m", mode, "-f", "not there") == []


def test_stop_words_only(tmp_path: Path) -> None:
    store = store_of(tmp_path, "the of a", "is the", "...")
    assert len(scored(store, "-m", "tfidf")) == 3
    assert len(scored(store, "-m", "tfidf", "--classic")) == 3


def test_why_names_the_feature(tmp_path: Path) -> None:
    store = store_of(tmp_path, *["plain"] * 30, "x' union select passwd")
    options = ("-m", "sql", "--format", "json", "--columns", "why")
    assert "union: 1 (mean 0.03226)" in answered("-d", store, "anomaly", *options).json["rows"][0]["why"]


@pytest.mark.parametrize("detector", ["ecod", "copod", "hbos", "lof", "knn", "pca"])
def test_detectors_of_pyod(detector: str) -> None:
    pytest.importorskip("pyod")
    points = np.vstack([np.random.default_rng(3).normal(size=(100, 3)), [[9.0, 9.0, 9.0]]])
    assert detectors.scores(points, points, detector, 1).argmax() == 100


def test_missing_pyod_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = store_of(tmp_path, "a", "b")

    def refuse(name: str, package: str | None = None) -> None:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", refuse)
    answer = twsla("-d", store, "anomaly", "--detector", "ecod")
    assert answer.code == 2
    assert "twsla[detectors]" in answer.err


# --- patterns


def test_rare_grave_new_and_bursting_templates(tmp_path: Path) -> None:
    lines = [f"2024-05-01 10:{minute:02}:00 worker tick done" for minute in range(60) for _ in range(4)]
    lines += ["2024-05-01 10:40:01 worker disk failure on sda"]
    lines += ["2024-05-01 10:50:02 worker tick done"] * 60
    rows = answered(
        "-d",
        store_of(tmp_path, *sorted(lines)),
        "anomaly",
        "-m",
        "pattern",
        "--format",
        "json",
        "--columns",
        "text,score,why",
    ).json["rows"]
    assert "disk failure" in rows[0]["text"]
    assert "error (4)" in rows[0]["why"]
    assert "new (2)" in rows[0]["why"]
    assert all("10:50" in row["text"] for row in rows[1:65])
    assert "64 in its bucket, usually 4" in rows[1]["why"]
    # rarity log2(301 / 1), grave 4, time log2(1 + 1), new 2
    assert rows[0]["score"] == pytest.approx(1 - 2 ** (-(np.log2(301) + 4 + 1 + 2) / 8))


def test_after_a_silence(tmp_path: Path) -> None:
    minutes = [minute for minute in range(60) if not 20 <= minute < 40]
    lines = [f"2024-05-01 10:{minute:02}:00 heartbeat of node" for minute in minutes for _ in range(4)]
    rows = answered(
        "-d", store_of(tmp_path, *lines), "anomaly", "-m", "pattern", "--format", "json", "--columns", "text,why"
    ).json["rows"]
    assert "10:40" in rows[0]["text"]
    assert "after 20 silent buckets" in rows[0]["why"]


def test_undated_records_are_judged_by_template(tmp_path: Path) -> None:
    store = store_of(tmp_path, "2024-05-01 10:00:00 a", "2024-05-01 10:05:00 a")
    (tmp_path / "b.log").write_text("no time at all\n")
    answered("-d", store, "import", tmp_path / "b.log")
    answer = answered("-d", store, "anomaly", "-m", "pattern", "--format", "csv")
    assert len(answer.rows) == 3
    assert any("1 records without a time stamp" in note for note in answer.notes)


# --- rates


def minutes(*numbers: int, text: str = "all is well") -> list[str]:
    return [f"2024-05-01 10:{at:02}:{n % 60:02} {text}" for at, number in enumerate(numbers) for n in range(number)]


def test_rate_of_the_example(tmp_path: Path) -> None:
    store = store_of(tmp_path, *sorted(minutes(9, 10, 11, 10, 9, 11, 60)))
    options = ("--utc", "-m", "rate", "--format", "json", "--columns", "ts,z,severity,mean,std,confidence,count")
    (row,) = answered("-d", store, "anomaly", *options).json["rows"]
    assert row["z"] == pytest.approx(55.90, abs=0.005)
    assert row["std"] == pytest.approx(0.8944, abs=0.0001)
    assert (row["mean"], row["severity"], row["confidence"], row["count"]) == (10, "critical", 1, 60)
    learnt = ("--baseline", "2024-05-01 10:00:00,2024-05-01 10:05:59.999999999")
    (again,) = answered("-d", store, "anomaly", *options, *learnt).json["rows"]
    assert again["z"] == row["z"]


def test_rate_of_errors_that_never_varied(tmp_path: Path) -> None:
    lines = minutes(*[10] * 6) + [f"2024-05-01 10:06:{n:02} error of disk" for n in range(10)]
    (row,) = answered(
        "-d",
        store_of(tmp_path, *lines),
        "anomaly",
        "-m",
        "rate",
        "--format",
        "json",
        "--columns",
        "feature,score,severity",
    ).json["rows"]
    assert row == {"feature": "error_rate", "score": pytest.approx(6.0), "severity": "high"}


def test_rate_needs_five_buckets(tmp_path: Path) -> None:
    answer = answered("-d", store_of(tmp_path, *minutes(1, 1, 90)), "anomaly", "-m", "rate", "--format", "csv")
    assert answer.rows == []
    assert any("needs 5 buckets and there are 2" in note for note in answer.notes)
    empty = answered("-d", tmp_path / "s.db", "anomaly", "-m", "rate", "-f", "nothing", "--format", "csv")
    assert empty.rows == []


def test_rate_sees_a_silence(tmp_path: Path) -> None:
    counts = [10, 11, 9, 10, 11, 9, 10, 0, 10, 11, 9, 10]
    (row,) = answered(
        "-d", store_of(tmp_path, *minutes(*counts)), "anomaly", "-m", "rate", "--format", "json", "--columns", "count,z"
    ).json["rows"]
    assert row["count"] == 0
    assert row["z"] < -3


@pytest.mark.parametrize(
    "arguments",
    [
        ("-e", "a"), ("--bucket", "60"), ("--baseline", "24h"), ("-m", "no"), ("--seed", "-1"),
        ("-m", "rate", "--threshold", "nan"), ("-m", "rate", "--bucket", "x"), ("-m", "pattern", "--bucket", "x"),
    ],
)  # fmt: skip
def test_options_that_make_no_sense(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    answer = twsla("-d", store_of(tmp_path, "a"), "anomaly", *arguments)
    assert answer.code == 2
    assert "Traceback" not in answer.err
