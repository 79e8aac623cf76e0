"""``twsla sigma`` and its sub-commands, as they are typed."""

# command lines as they are typed

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from tests.analysis.commands import answered, twsla
from tests.conftest import ROOT, SHARED, needs_shared
from tests.sigma.stores import SYSMON, make_store

if TYPE_CHECKING:
    from pathlib import Path

RULES = ROOT / "testdata" / "sigma" / "rules"
LOGS = ROOT / "testdata" / "logs"
REFUSED = 325
"""``zgrep -h 'Failed password' auth-2024050* | wc -l``"""
OF_ROOT = 49
"""``zgrep -h 'Failed password' auth-2024050* | grep -c 'for root from'``"""


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("sigma") / "case.db"
    answered("import", "-d", store, LOGS)
    return store


@pytest.fixture
def processes(tmp_path: Path) -> Path:
    events = [
        {**SYSMON, "Image": r"C:\Windows\System32\vssadmin.exe", "CommandLine": "vssadmin Delete Shadows /all"},
        {**SYSMON, "Image": r"C:\x\VSSADMIN.EXE", "CommandLine": "delete shadows", "ParentImage": r"C:\x\backup.exe"},
        {**SYSMON, "Image": r"C:\Windows\System32\cmd.exe", "CommandLine": "=SUM(1)\x1b[31m delete shadows"},
    ]
    return make_store(tmp_path / "win.db", events)


def write_rule(path: Path, selection: str, source: str = "") -> Path:
    path.write_text(f"{source}detection:\n  sel:\n    {selection}\n  condition: sel\n")
    return path


def test_detections_are_listed_with_a_summary(logs: Path) -> None:
    document = answered("sigma", "-s", RULES, "-d", logs, "--format", "json").json

    rules = [row["rule"] for row in document["rows"]]
    assert rules.count("SSH Password Refused") == REFUSED
    assert {column["name"] for column in document["columns"]} >= {"level", "ts", "rule", "tags", "text"}
    facts = document["facts"]
    assert facts["detections"] == len(rules)
    assert facts["matched"] == REFUSED
    assert facts["tactics"] == f"credential-access {len(rules):,}"
    assert facts["levels"].startswith("high ")
    times = [row["ts"] for row in document["rows"]]
    assert times == sorted(times)


def test_detections_are_counted_by_rule(logs: Path) -> None:
    rows = answered("sigma", "-s", RULES, "-d", logs, "--by-rule", "--no-save", "--format", "csv").rows

    assert ["low", "SSH Password Refused", "attack.credential-access attack.t1110.001", str(REFUSED)] in rows


def test_other_commands_look_at_detections(logs: Path) -> None:
    answered("sigma", "-s", RULES, "-d", logs, "--rule", "SSH Password Refused")

    found = answered("search", "--on", "detections", "-d", logs, "--count").text.split()
    assert found == [str(REFUSED)]
    first = answered("search", "--on", "detections", "-d", logs, "--limit", "1").text
    assert first.startswith("[low] SSH Password Refused: May  5 ")
    counted = answered("count", "--on", "detections", "-d", logs, "-i", "1d", "--format", "csv").rows
    assert sum(int(row[1]) for row in counted) == REFUSED
    levels = answered(
        "sql", "--on", "detections", "-d", logs, "SELECT fields['sigma.level'], count(*) FROM records GROUP BY 1"
    )
    assert levels.text.splitlines()[1] == f"low\t{REFUSED}"
    assert int(answered("search", "-d", logs, "--count").text) == 905


def test_without_detections_the_error_says_what_to_do(tmp_path: Path) -> None:
    answered("import", "-d", tmp_path / "x.db", LOGS / "app.log")
    answer = twsla("count", "--on", "detections", "-d", tmp_path / "x.db")

    assert answer.code == 4
    assert "twsla sigma -s RULES" in answer.err


def test_a_store_beside_which_nothing_can_be_written_is_searched_all_the_same(processes: Path) -> None:
    processes.with_name("win.db.case").write_text("in the way")
    answer = answered("sigma", "-s", RULES, "-d", processes, "--format", "csv")

    assert len(answer.rows) == 1
    assert any("cannot be kept" in note for note in answer.notes)


def test_filters_of_rules_and_of_records_count(processes: Path) -> None:
    assert len(answered("sigma", "-s", RULES, "-d", processes, "--format", "csv").rows) == 1
    assert answered("sigma", "-s", RULES, "-d", processes, "-t", "2020,1d", "--format", "csv").rows == []
    assert answered("sigma", "-s", RULES, "-d", processes, "--tag", "attack.t1110", "--format", "csv").rows == []
    assert len(answered("sigma", "-s", RULES, "-d", processes, "--level", "critical", "--format", "csv").rows) == 1
    without = ["--without", "win_shadow_copies"]
    assert answered("sigma", "-s", RULES, "-d", processes, *without, "--format", "csv").rows == []


@needs_shared
def test_the_figures_of_a_known_event_log(tmp_path: Path) -> None:
    store = tmp_path / "case.db"
    answered("import", "-d", store, SHARED / "data/twsla/winevent.evtx")
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "0.yml").write_text("detection:\n  words: [nothing-of-this]\n  condition: words\n")
    cases = {
        "Image|endswith: '\\rundll32.exe'": 42,
        "TargetObject|contains: '\\'": 34,
        "Image|endswith: '\\rundll32.exe'\n    EventID: 1": 5,
        "EventID: 1\n    CommandLine|contains: conf3234": 1,
    }
    for selection, expected in cases.items():
        write_rule(rules / "1.yml", selection)
        for config in ([], ["-c", "windows"]):
            assert len(answered("sigma", "-s", rules, *config, "-d", store, "--format", "csv").rows) == expected, (
                selection
            )


@needs_shared
def test_published_regression_data_is_found() -> None:
    data = SHARED / "data/sigma"
    rules: list[str | Path] = ["-s", data / "rules", "-s", data / "rules-emerging-threats"]
    answer = twsla("sigma", "test", *rules, data / "regression_data", "--format", "json")
    failed = [row for row in answer.json["rows"] if row["passed"] != "passed"]

    assert len(answer.json["rows"]) == 99
    assert [row["problem"] for row in failed] == ["there is no such rule"]  # that one is in none of these directories
    assert "rules-threat-hunting" in failed[0]["file"]


def test_own_tests_pass_and_fail(tmp_path: Path) -> None:
    tests = ROOT / "testdata" / "sigma" / "tests"
    assert answered("sigma", "test", "-s", RULES, tests, "--format", "csv").rows

    info = (tests / "ssh" / "info.yml").read_text().replace("match_count: 2", "match_count: 3")
    (tmp_path / "info.yml").write_text(info)
    (tmp_path / "guessing.log").write_bytes((tests / "ssh" / "guessing.log").read_bytes())
    answer = twsla("sigma", "test", "-s", RULES, tmp_path, "--format", "csv")
    assert answer.code == 1
    assert [row[0] for row in answer.rows] == ["FAILED", "passed"]


def test_check_tells_all_faults(tmp_path: Path) -> None:
    path = tmp_path / "bad.yml"
    path.write_text(
        "title: x\nlevel: super-critical\nlogsource: {product: linux}\ndetection: {s: {A|foo: b}, condition: s}\n"
    )
    answer = twsla("sigma", "check", path, "--format", "csv")
    faults = [row for row in answer.rows if row[0] == "fault"]

    assert answer.code == 1
    assert len(faults) == 3
    assert "no id" in answer.text
    assert "super-critical" in answer.text
    assert "foo" in answer.text
    assert answered("sigma", "check", RULES).code == 0


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\0", b"a: [", b"- 1\n- 2", b"a: &a [*a]", b"title: [\n" * 3000, b"\0" * 100]
)
def test_a_broken_rule_does_not_keep_the_others_from_running(tmp_path: Path, processes: Path, content: bytes) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "a.yml").write_bytes(content)
    (rules / "b.yml").write_bytes((RULES / "win_shadow_copies.yml").read_bytes())
    answer = answered("sigma", "-s", rules, "-d", processes, "--format", "csv")

    assert len(answer.rows) == 1
    assert any("1 cannot be read" in note for note in answer.notes)
    assert twsla("sigma", "-s", rules, "-d", processes, "--strict").code == 1
    listed = answered("sigma", "list", "-s", rules, "--format", "json").json["rows"]
    assert [row["problem"] != "" for row in listed] == [True, False]


@pytest.mark.parametrize(
    "arguments", [[], ["-s", "nowhere"], ["-s", str(RULES), "--rule", "none"], ["-s", str(RULES), "-g", "full"]]
)
def test_what_cannot_be_done_is_one_sentence(processes: Path, arguments: list[str]) -> None:
    answer = twsla("sigma", "-d", processes, *arguments)

    assert answer.code in {1, 2}
    assert answer.err.startswith("twsla: error: ")
    assert "bug" not in answer.err


def test_a_configuration_says_what_fields_are_called(tmp_path: Path) -> None:
    store = make_store(tmp_path / "x.db", ['{"req":{"path":"/admin","who":"eve"}}', '{"req":{"path":"/","who":"bob"}}'])
    config = tmp_path / "config.yml"
    config.write_text("title: shop\nfieldmappings:\n  Path: $.req.path\n  User: ['$.req.who', other]\n")
    rule = write_rule(tmp_path / "r.yml", "Path: /admin\n    User: EVE", "title: t\nlogsource: {product: shop}\n")

    assert len(answered("sigma", "-s", rule, "-c", config, "-d", store, "--format", "csv").rows) == 1
    assert twsla("sigma", "-s", rule, "-d", store, "--format", "csv").rows == []
    config.write_text("title: none\n")
    assert twsla("sigma", "-s", rule, "-c", config, "-d", store).code == 2


def test_grok_captures_are_fields(logs: Path, tmp_path: Path) -> None:
    rule = write_rule(tmp_path / "r.yml", "user: root\n    src|cidr: 203.0.113.0/24")
    pattern = "Failed password for %{USER:user} from %{IP:src} port"
    found = answered("sigma", "-s", rule, "-x", pattern, "-d", logs, "--no-save", "--format", "csv").rows

    expected = answered(
        "search", "-d", logs, "-r", r"Failed password for root from 203\.0\.113\.\d+ port", "--count"
    ).text
    assert str(len(found)) == expected.strip()
    assert found


def test_compiled_rules_are_kept_and_a_broken_cache_is_none(processes: Path, clean_environment: Path) -> None:
    def detections() -> int:
        return len(answered("sigma", "-s", RULES, "-d", processes, "--format", "csv").rows)

    assert detections() == 1
    [cache] = (clean_environment / ".cache" / "twsla").iterdir()
    kept = cache.read_bytes()
    assert detections() == 1
    assert cache.read_bytes() == kept
    for broken in (kept[:100], b"", kept.replace(b"vssadmin", b"xssadmin"), b"[]" * 50):
        cache.write_bytes(broken)
        assert detections() == 1
        assert cache.read_bytes() == kept
    cache.unlink()
    cache.parent.rmdir()
    cache.parent.write_text("no directory")
    assert detections() == 1
    assert twsla("sigma", "-s", RULES, "-d", processes, "--no-cache", "--format", "csv").rows
    assert [each.name for each in (clean_environment / ".cache").iterdir()] == ["twsla"]


def test_explain_counts_what_each_part_finds(processes: Path) -> None:
    rows = answered(
        "sigma", "explain", "-s", RULES, "--rule", "win_shadow_copies", "-d", processes, "--format", "csv"
    ).rows
    told = {(kind, part): int(count) for kind, part, _, count in rows if kind != "value"}

    assert told["scope", "Sysmon 1"] == 3
    assert told["field", "ParentImage"] == 1
    assert told["part", "program"] == 2
    assert told["part", "words"] == 3
    assert told["excludes", "filter_backup"] == 1
    assert told["condition", ""] == 1


def test_coverage_tells_what_became_of_every_rule(processes: Path) -> None:
    rows = answered("sigma", "coverage", "-s", RULES, "-d", processes, "--timing", "--format", "json").json["rows"]

    assert {(row["rule"], row["state"]) for row in rows} == {
        ("Shadow Copies Deleted", "detected"),
        ("SSH Password Refused", "no records"),
        ("SSH Password of root Refused", "no records"),
        ("SSH Password Guessing", "nothing found"),
    }


def test_detections_for_other_tools(processes: Path) -> None:
    def written(format_name: str) -> str:
        return answered("sigma", "-s", RULES, "-d", processes, "--format", format_name).text

    [event] = map(json.loads, written("timesketch").splitlines())
    assert event["datetime"] == "2023-11-14T22:13:20Z"
    assert event["timestamp"] == 1_700_000_000_000_000
    assert event["data_type"] == "windows:evtx:record"
    layer = json.loads(written("navigator"))
    assert [(each["techniqueID"], each["score"]) for each in layer["techniques"]] == [("T1490", 100)]
    [run] = json.loads(written("sarif"))["runs"]
    assert run["results"][0]["level"] == "error"
    assert run["results"][0]["ruleId"] == run["tool"]["driver"]["rules"][0]["id"]
    answer = twsla("search", "-d", processes, "--format", "sarif")
    assert answer.code == 2


def test_sigma_is_a_command_and_the_first_word_of_others(processes: Path) -> None:
    assert len(answered("sigma", "-s", RULES, "-d", processes, "--format", "csv").rows) == 1
    assert answered("sigma", "coverage", "-s", RULES, "-d", processes, "--format", "csv").rows
    assert twsla("sigma", "nonsense", "-d", processes).code == 2


def test_a_report_shows_what_was_detected(logs: Path, tmp_path: Path) -> None:
    from datetime import UTC, datetime, timedelta

    before = datetime.now(UTC).replace(microsecond=0)
    answered("sigma", "-s", RULES, "-d", logs, "--limit", "1")
    parts = {each["title"]: each for each in answered("report", "-d", logs, "--format", "json").json["parts"]}

    part = parts["Detections"]
    facts = part["facts"]
    assert before <= datetime.fromisoformat(facts["ran"]) <= before + timedelta(minutes=5)
    assert (facts["rules"], facts["skipped"]) == (4, 0)
    sums = sorted(hashlib.sha256(path.read_bytes()).hexdigest() for path in RULES.glob("*.yml"))
    assert facts["rules_sha256"] == hashlib.sha256("".join(f"{each}\n" for each in sums).encode()).hexdigest()
    assert f"low {REFUSED} (1 rules)" in facts["levels"]
    assert facts["top_rules"].startswith(f"SSH Password Refused {REFUSED}, ")
    assert [column["name"] for column in part["columns"]] == ["level", "rule", "count", "first", "last", "tags"]
    times = answered("search", "-d", logs, "Failed password", "--columns", "ts", "--format", "json").json["rows"]
    assert part["rows"][0] == {
        "level": "low",
        "rule": "SSH Password Refused",
        "count": REFUSED,
        "first": min(row["ts"] for row in times),
        "last": max(row["ts"] for row in times),
        "tags": "attack.credential-access attack.t1110.001",
    }
    page = tmp_path / "case.html"
    answered("report", "-d", logs, "-o", page)
    assert facts["rules_sha256"] in page.read_text("utf-8")


def test_a_report_about_some_records_shows_what_was_detected_in_them(logs: Path) -> None:
    answered("sigma", "-s", RULES, "-d", logs, "--limit", "1")
    for on in ("records", "detections"):
        answer = answered("report", "-d", logs, "for root from", "--on", on, "--format", "json")
        part = next(each for each in answer.json["parts"] if each["title"] == "Detections")
        counts = {row["rule"]: row["count"] for row in part["rows"]}
        assert counts["SSH Password of root Refused"] == counts["SSH Password Refused"] == OF_ROOT


def test_a_report_without_detections_does_not_speak_of_them(processes: Path) -> None:
    answered("sigma", "-s", RULES, "-d", processes, "--no-save")
    assert "Detections" not in answered("report", "-d", processes, "--format", "md").text


def test_a_report_says_that_detections_are_damaged(processes: Path) -> None:
    answered("sigma", "-s", RULES, "-d", processes)
    for path in processes.with_name("win.db.case").rglob("*.parquet"):
        path.write_bytes(b"PAR1" + b"\0" * 100)
    answer = answered("report", "-d", processes, "--format", "json")
    parts = {each["title"]: each for each in answer.json["parts"]}
    assert parts["Evidence"]
    assert "detections" in parts["Detections"]["notes"][0]


def test_a_report_includes_what_was_detected_for_it(processes: Path) -> None:
    answer = answered("report", "-d", processes, "--include", f"sigma -s '{RULES}'", "--format", "json")
    *_, included, kept, evidence = answer.json["parts"]
    assert included["title"].startswith("Sigma: sigma -s")
    assert kept["title"] == "Detections"
    assert sum(row["count"] for row in kept["rows"]) == len(included["rows"]) == kept["facts"]["detections"]
    assert evidence["title"] == "Evidence"
