"""The engine against an evaluator that tries one rule on one event after the other."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import SHARED, needs_shared
from tests.sigma.memory import detected
from tests.sigma.naive import compiled, event_of
from tests.sigma.stores import rule
from twsla.cli.main import run as run_program
from twsla.environment import of_process
from twsla.options import Selection
from twsla.progress import Silent
from twsla.query.engine import open_engine
from twsla.sigma.detecting import Detector
from twsla.sigma.files import load_files, rule_paths
from twsla.sigma.logsources import load_mapping
from twsla.sigma.plan import Planner
from twsla.sigma.reading import StoreReader

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

FIELDS = ("Image", "CommandLine", "User", "Data[0]", "Data[1]", "Threat Name", "Port", "Address")
WORDS = (
    "",
    "a",
    "A",
    "ab",
    "aB-c",
    "/x -y",
    "10",
    "9.5",
    "0x10",
    "ä",
    "Ä",
    "10.1.2.3",
    "fe80::1",
    "\\",
    "a\\b",
    "%",
    "*",
)
texts = st.one_of(st.sampled_from(WORDS), st.text("aAbB-/ \\*?%_1.\n", max_size=6))
events = st.lists(
    st.dictionaries(st.sampled_from(FIELDS), texts, max_size=5).map(
        lambda fields: {"Channel": "Microsoft-Windows-Sysmon/Operational", "EventID": "1", **fields}
    ),
    min_size=1,
    max_size=20,
)
names = st.sampled_from(("Image", "commandline", "User", "Data", "ThreatName", "Port", "Address", "Nowhere"))
plain = st.one_of(texts, st.none(), st.integers(0, 12), st.booleans())
changed = st.sampled_from(
    ("contains", "startswith", "endswith", "contains|all", "all", "windash|contains", "cased", "contains|cased", "neq")
)
expressions = st.sampled_from(("a", "^a.b?$", "[0-9]+", "(?i)AB", "a|b\\\\", ".", "^$", "x.*y", "\\d\\.\\d"))


@st.composite
def items(draw: st.DrawFn) -> tuple[str, Any]:
    """A field with modifiers, and what is asked of it."""
    name = draw(names)
    match draw(st.sampled_from(("plain", "plain", "changed", "changed", "re", "cidr", "number", "exists", "fieldref"))):
        case "plain":
            return name, draw(st.one_of(plain, st.lists(plain, min_size=1, max_size=3)))
        case "changed":
            return f"{name}|{draw(changed)}", draw(st.lists(texts, min_size=1, max_size=3))
        case "re":
            return f"{name}|re{draw(st.sampled_from(('', '|i', '|s')))}", draw(expressions)
        case "cidr":
            return f"{name}|cidr", draw(st.sampled_from(("10.0.0.0/8", "10.1.2.3/32", "fe80::/10")))
        case "number":
            return f"{name}|{draw(st.sampled_from(('lt', 'lte', 'gt', 'gte')))}", draw(st.integers(-1, 12))
        case "exists":
            return f"{name}|exists", draw(st.booleans())
        case _:
            return f"{name}|fieldref{draw(st.sampled_from(('', '|contains', '|endswith')))}", draw(names)


selections = st.one_of(
    st.lists(items(), min_size=1, max_size=3).map(dict),
    st.lists(st.lists(items(), min_size=1, max_size=2).map(dict), min_size=1, max_size=2),
    st.lists(texts.filter(bool), min_size=1, max_size=2),
)
conditions = st.sampled_from(
    (
        "a",
        "a and b",
        "a or b",
        "not a",
        "a and not b",
        "not (a or b) and not c",
        "1 of sel_*",
        "all of them",
        "a and not 1 of sel_*",
        "(a or b) and (c or not sel_x)",
    )
)
detections = st.fixed_dictionaries(
    {
        "a": selections,
        "b": selections,
        "c": selections,
        "sel_x": selections,
        "sel_y": selections,
        "condition": conditions,
    }
)


@settings(max_examples=120)
@given(st.lists(detections, min_size=1, max_size=6), events)
def test_random_rules_find_what_the_naive_evaluator_finds(
    rules: list[dict[str, Any]], events: list[dict[str, str]]
) -> None:
    titled = [rule(detection, f"r{number}") for number, detection in enumerate(rules)]
    found = detected(titled, events)

    for each in titled:
        if each["title"] not in found:  # refused, with a reason: a placeholder, a field without a name …
            continue
        test = compiled(each["detection"])
        assert found[each["title"]] == [at for at, event in enumerate(events) if test(event_of(event))], each


# --- SigmaHQ's rules on real event logs ------------------------------------------------------------------------------


class Thor:
    """Log sources of Windows by the mapping that SigmaHQ's own checker uses."""

    def __init__(self) -> None:
        entries = yaml.safe_load((SHARED / "data/sigma/thor.yml").read_text())["logsources"].values()
        self.services = {
            each["service"]: [source.split(":", 1)[1].lower() for source in each["sources"]]
            for each in entries
            if "sources" in each and each.get("product") == "windows"
        }
        self.categories: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for each in entries:
            if "conditions" in each:
                self.categories[each["category"]].append(each)

    def knows(self, source: Mapping[str, str]) -> bool:
        if source.get("product") not in (None, "windows"):
            return False
        return source.get("category") in self.categories or (
            "category" not in source and source.get("service") in self.services
        )

    def meant(self, source: Mapping[str, str], event: Mapping[str, list[str]]) -> Iterator[dict[str, list[str]]]:
        """The event as rules of the log source see it, if they mean it."""
        channel = event.get("channel", [""])[0].lower()
        if source.get("category") not in self.categories:
            if channel in self.services[source["service"]]:
                yield dict(event)
            return
        for entry in self.categories[source["category"]]:
            if channel not in self.services[entry["rewrite"]["service"]]:
                continue
            wanted = entry["conditions"].items()
            if all(_among(event.get(name.lower(), []), values) for name, values in wanted):
                renamed = (entry.get("fieldmappings") or {}).items()
                further = {name.lower(): event[its.lower()] for name, its in renamed if its.lower() in event}
                yield {**event, **further}


def _among(values: list[str], wanted: Any) -> bool:
    listed = wanted if isinstance(wanted, list) else [wanted]
    return any(value.lower() == str(each).lower() for value in values for each in listed)


BEYOND_THOR = {("Security", "4657"), ("Security", "5156"), ("Microsoft-Windows-WMI-Activity/Operational", "5861")}
"""Audit events that stand in for those of Sysmon, which that mapping does not know."""
EVERY = 5
"""So many rules are left out for one that is tried; all of them take a minute."""


@needs_shared
def test_real_rules_find_in_real_logs_what_the_naive_evaluator_finds(tmp_path: Path) -> None:
    store = tmp_path / "case.db"
    assert run_program(["import", "-q", "-d", str(store), str(SHARED / "data/evtx")], of_process()) == 0
    paths = rule_paths([SHARED / "data/sigma/rules", SHARED / "data/sigma/rules-emerging-threats"])[::EVERY]
    thor = Thor()
    given = [each for path in paths for each in yaml.load_all(path.read_text(), yaml.CSafeLoader)]
    rules = {each["id"]: each for each in given if thor.knows(each["logsource"])}
    assert len(rules) > 400
    with open_engine(Selection(datastore=store), of_process()) as engine:
        engine.fields.whole = True
        rows = engine.fetch("SELECT source, line_no, fields FROM records")
        events = {(source, number): event_of(fields) for source, number, fields in rows if fields}
        engine.fields.whole = False
        plan = Planner(load_mapping()).build(load_files(paths, {}, None, Silent()))
        detector = Detector(plan, StoreReader(engine), Silent())
        scoped = detector.scope()
        found = set()
        for each in detector.run(
            [at for at in range(len(plan.rules)) if scoped.active(plan, at)], extra=("source", "line_no")
        ):
            sources = [name for piece in each.batch.place for name in piece.column("source").to_pylist()]
            lines = [line for piece in each.batch.place for line in piece.column("line_no").to_pylist()]
            for number, hits in each.hits:
                found |= {(plan.rules[number].about.id, sources[hit], lines[hit]) for hit in hits.tolist()}
    expected = set(_naively(rules, events, thor))
    further = {
        (events[source, line]["channel"][0], events[source, line]["eventid"][0]) for _, source, line in found - expected
    }

    assert len(events) > 4000
    assert len(expected) > 50
    assert expected <= found
    assert further <= BEYOND_THOR


def _naively(
    rules: Mapping[str, Any], events: Mapping[tuple[str, int], dict[str, list[str]]], thor: Thor
) -> Iterator[tuple[str, str, int]]:
    by_source: dict[str, list[tuple[tuple[str, int], dict[str, list[str]]]]] = {}
    for identifier, each in rules.items():
        source = each["logsource"]
        key = f"{source.get('category')} {source.get('service')}"
        if key not in by_source:
            by_source[key] = [(at, seen) for at, event in events.items() for seen in thor.meant(source, event)]
        test = compiled(each["detection"])
        yield from ((identifier, *at) for at, event in by_source[key] if test(event))


@needs_shared
def test_nearly_all_published_rules_can_run() -> None:
    """Two need values that an organisation must give; log sources of other systems are named, not guessed."""
    from twsla.sigma.rules import Refused

    paths = rule_paths([SHARED / "data/sigma/rules", SHARED / "data/sigma/rules-emerging-threats"])
    documents = load_files(paths, {}, None, Silent())
    refused = [each for each in documents if isinstance(each, Refused)]

    assert len(documents) > 3600
    assert {each.reason for each in refused} == {
        "the placeholder %known_cdcs% has no values; give a file with them by --expand"
    }
    assert len(refused) == 2
