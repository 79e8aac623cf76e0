"""Which records a log source means: as the mapping of SigmaHQ has it, and for systems other than Windows."""

# ruff: noqa: E501  # lines of logs

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.conftest import SHARED, needs_shared
from tests.sigma.stores import SECURITY, SYSMON, found, make_store, plan_of, rule, run_store
from twsla.errors import UsageError
from twsla.sigma.logsources import load_mapping
from twsla.sigma.names import canonical
from twsla.sigma.rules import LogSource

if TYPE_CHECKING:
    from pathlib import Path


@needs_shared
def test_windows_is_mapped_as_sigmahq_maps_it() -> None:
    entries = yaml.safe_load((SHARED / "data/sigma/thor.yml").read_text())["logsources"]
    mapping = load_mapping()
    services: dict[str, set[str]] = {}
    for entry in entries.values():
        if entry.get("product") == "windows" and "sources" in entry:
            services[entry["service"]] = {source.split(":", 1)[1] for source in entry["sources"]}
    checked = 0
    for service, channels in services.items():
        scopes, why = mapping.scopes_for(LogSource("windows", "", service))
        assert not why
        ours = {channel for scope in scopes for channel in scope.channels}
        assert all(any(_is_of(channel, mine) for mine in ours) for channel in channels), service
        checked += 1
    for entry in entries.values():
        if "conditions" not in entry:
            continue
        conditions = dict(entry["conditions"])
        numbers = conditions.pop("EventID")
        scopes, why = mapping.scopes_for(LogSource("windows", entry["category"], ""))
        assert not why
        channels = services[entry["rewrite"]["service"]]
        for number in numbers if isinstance(numbers, list) else [numbers]:
            [scope] = [s for s in scopes if str(number) in s.event_ids and set(s.channels) & channels]
            leaves = {(leaf.field, leaf.value) for leaf in scope.leaves}
            assert {(name, value.lower()) for name, value in conditions.items()} <= leaves
            renamed = {(alias.field, alias.sources) for alias in scope.aliases}
            expected = (entry.get("fieldmappings") or {}).items()
            assert {(canonical(name), (canonical(its),)) for name, its in expected} <= renamed
        checked += 1
    assert checked > 75


def _is_of(channel: str, ours: str) -> bool:
    return channel == ours or (ours.endswith("*") and channel.startswith(ours[:-1]))


AUDITED = {**SECURITY, "EventID": "4657", "ObjectValueName": "Evil", "ProcessName": r"C:\r.exe"}


@pytest.mark.parametrize(
    ("category", "selection", "event"),
    [
        (
            "process_creation",
            {"Image|endswith": r"\a.exe", "ParentImage": "p"},
            {"NewProcessName": r"C:\a.exe", "ParentProcessName": "P"},
        ),
        ("process_creation", {"IntegrityLevel": "High"}, {"MandatoryLabel": "S-1-16-12288"}),
        (
            "network_connection",
            {"Initiated": "true", "DestinationPort": 88},
            {"EventID": "5156", "Direction": "%%14593", "DestPort": "88"},
        ),
        (
            "registry_set",
            {"TargetObject": r"HKLM\SOFTWARE\Run\Evil", "Details": "x", "EventType": "SetValue"},
            {**AUDITED, "ObjectName": r"\REGISTRY\MACHINE\SOFTWARE\Run", "NewValue": "x", "OperationType": "%%1905"},
        ),
        (
            "registry_event",
            {"TargetObject|contains": r"HKLM\System\CurrentControlSet\Services", "Image|endswith": "r.exe"},
            {**AUDITED, "ObjectName": r"\REGISTRY\MACHINE\SYSTEM\ControlSet001\Services\x", "OperationType": "%%1904"},
        ),
        ("registry_delete", {"EventType": "DeleteValue"}, {**AUDITED, "ObjectName": "x", "OperationType": "%%1906"}),
    ],
)
def test_audit_events_stand_in_for_those_of_sysmon(
    tmp_path: Path, category: str, selection: dict[str, Any], event: dict[str, str]
) -> None:
    source = {"product": "windows", "category": category}
    plan = plan_of([rule({"s": selection, "condition": "s"}, logsource=source)])

    assert not plan.refused
    assert found(run_store(make_store(tmp_path / "db", [{**SECURITY, **event}, SYSMON]), plan))["rule"] == [0]


@pytest.mark.parametrize(
    ("source", "selection", "event"),
    [
        ({"product": "linux", "service": "sshd"}, ["Failed password"], "May  6 06:00:07 gate sshd[1]: Failed password for x"),
        ({"product": "linux", "service": "auditd"}, {"type": "EXECVE", "a0": "chattr"}, 'type=EXECVE msg=audit(1.2:3): argc=2 a0="chattr" a1="-i"'),
        (
            {"product": "linux", "category": "process_creation"},
            {"CommandLine|contains": "chattr -i /etc/x y"},
            'type=EXECVE msg=audit(1.2:3): argc=3 a0="chattr" a1="-i" a2=2F6574632F782079',
        ),
        (
            {"category": "webserver"},
            {"cs-method": "GET", "cs-uri-query|endswith": "/util/bash", "sc-status": 200, "cs-user-agent|contains": "curl"},
            '192.0.2.1 - - [06/May/2024:15:10:02 +0900] "GET /mgmt/tm/util/bash HTTP/1.1" 200 1 "-" "curl/8"',
        ),
        ({"product": "aws", "service": "cloudtrail"}, {"eventName": "StopLogging", "userIdentity.type": "Root"}, '{"eventSource":"x","eventName":"StopLogging","userIdentity":{"type":"Root"}}'),
        ({"product": "zeek", "service": "dns"}, {"answers": "10.0.0.2"}, '{"_path":"dns","query":"x","answers":["10.0.0.1","10.0.0.2"]}'),
        ({"product": "kubernetes", "service": "audit"}, {"verb": "create", "objectRef.resource": "pods"}, '{"verb":"create","objectRef":{"resource":"pods"}}'),
        ({"product": "cisco", "service": "aaa"}, ["erase"], "Feb 17 13:40:03: %PARSER-5-CFGLOG_LOGGEDCMD: User:admin logged command:erase x"),
    ],
)  # fmt: skip
def test_other_systems(tmp_path: Path, source: dict[str, str], selection: Any, event: str) -> None:
    plan = plan_of([rule({"s": selection, "condition": "s"}, logsource=source)])
    other = "2024-05-06 nothing of this kind: Failed password, erase, EXECVE, chattr"

    assert found(run_store(make_store(tmp_path / "db", [event, other, {**SYSMON, "a0": "chattr"}]), plan))["rule"] == [
        0
    ]


def test_a_mapping_of_the_user_comes_before_ours(tmp_path: Path) -> None:
    path = tmp_path / "mapping.yml"
    path.write_text(
        "sources:\n"
        "  - match: {product: shop, service: orders}\n"
        "    where: {app: shop}\n"
        "    fields: {User: [who, name]}\n"
        "  - match: {product: windows, service: security}\n"
        "    where: {Channel: Mine}\n"
    )
    mapping = load_mapping([path])

    assert [scope.name for scope in mapping.scopes_for(LogSource("shop", "", "orders"))[0]] == [
        "product=shop service=orders"
    ]
    assert len(mapping.scopes_for(LogSource("windows", "", "security"))[0]) == 1
    assert mapping.scopes_for(LogSource("windows", "", "system"))[0]


@pytest.mark.parametrize(
    "text", ["- a", "nonsense: 1", "sources: [{where: {a: 1}}]", "sources: [{match: {x: 1}}]", ": :"]
)
def test_a_mapping_that_is_none_is_an_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mapping.yml"
    path.write_text(text)

    with pytest.raises(UsageError, match=r"mapping\.yml"):
        load_mapping([path])
