"""Processes of Windows computers, from Sysmon 1 and Security 4688, each with its parent.

Sysmon names processes by a GUID, so the parent is the process with the parent's. Security has numbers only, which are
used again: the parent is the process that was the last to begin with that number before, and had not ended.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from twsla.query.events import event_table, said
from twsla.query.fields import field_sql
from twsla.query.scratch import derived_table, drop_table

if TYPE_CHECKING:
    from twsla.query.engine import Engine

_SYSMON: Final = "channel IN ('Microsoft-Windows-Sysmon/Operational', 'Linux-Sysmon/Operational')"
_NOBODY: Final = "00000000-0000-0000-0000-000000000000"
_STARTS: Final = """
SELECT row_number() OVER (ORDER BY ts NULLS LAST, source, "offset") - 1 AS number, *
FROM (
    SELECT * FROM {events} WHERE id IN (1, 4688)
    QUALIFY row_number() OVER (
        PARTITION BY id, computer, coalesce(guid, concat_ws(' ', pid, ts, image)) ORDER BY ts, source, "offset"
    ) = 1
)
"""
_BY_GUID: Final = """
SELECT child.number, min_by(parent.number, parent.number) AS parent FROM {starts} AS child
JOIN {starts} AS parent ON parent.id = 1 AND parent.computer IS NOT DISTINCT FROM child.computer
    AND parent.guid = child.parent_guid AND parent.number <> child.number
WHERE child.id = 1 GROUP BY child.number
"""
_BY_PID: Final = """
SELECT child.number, parent.number AS parent, parent.ts AS began
FROM (SELECT * FROM {starts} WHERE id = 4688) AS child
ASOF JOIN (SELECT * FROM {starts} WHERE id = 4688) AS parent
    ON parent.computer = child.computer AND parent.pid = child.parent_pid AND parent.number < child.number
"""
_ALIVE: Final = """
SELECT found.number, found.parent FROM ({by_pid}) AS found
JOIN {starts} AS child ON child.number = found.number
ANTI JOIN (SELECT computer, pid, ts AS ended FROM {events} WHERE id = 4689) AS over
    ON over.computer = child.computer AND over.pid = child.parent_pid AND over.ended > found.began
        AND over.ended < child.ts
"""
_ENDS_BY_GUID: Final = """
SELECT begun.number, min(over.ts) AS ended FROM {starts} AS begun
JOIN {events} AS over ON over.id = 5 AND over.guid = begun.guid AND over.computer IS NOT DISTINCT FROM begun.computer
WHERE begun.id = 1 GROUP BY begun.number
"""
_ENDS_BY_PID: Final = """
SELECT begun.number, over.ts AS ended FROM (SELECT * FROM {events} WHERE id = 4689) AS over
ASOF JOIN (SELECT * FROM {starts} WHERE id = 4688) AS begun
    ON begun.computer = over.computer AND begun.pid = over.pid AND begun.ts <= over.ts
"""
_ALL: Final = """
SELECT starts.* EXCLUDE (channel), coalesce(guids.parent, pids.parent) AS parent, ends.ended
FROM {starts} AS starts LEFT JOIN ({by_guid}) AS guids USING (number) LEFT JOIN ({alive}) AS pids USING (number)
LEFT JOIN (SELECT number, min(ended) AS ended FROM ({ends_by_guid} UNION ALL {ends_by_pid}) GROUP BY number) AS ends
    USING (number)
"""
_WITH_ABSENT: Final = """
WITH orphans AS (
    SELECT number, computer, parent_guid, parent_pid, parent_image, parent_command_line,
        dense_rank() OVER (
            ORDER BY computer, coalesce(parent_guid, concat_ws(' ', parent_pid, lower(parent_image)))
        ) + {count} - 1 AS absent
    FROM {found}
    WHERE parent IS NULL AND coalesce(parent_guid, parent_pid::VARCHAR, parent_image) IS NOT NULL
)
SELECT found.* EXCLUDE (parent), coalesce(found.parent, orphans.absent) AS parent, true AS seen
FROM {found} AS found LEFT JOIN (SELECT number, absent FROM orphans) AS orphans USING (number)
UNION ALL BY NAME
SELECT absent AS number, min_by(computer, number) AS computer, min_by(parent_guid, number) AS guid,
    min_by(parent_pid, number) AS pid, min_by(parent_image, number) AS image,
    min_by(parent_command_line, number) AS command_line, false AS seen
FROM orphans GROUP BY absent
"""


@dataclass(frozen=True, slots=True)
class Processes:
    """Processes found."""

    table: str
    """Scratch table: ``number`` (0, 1, …; in order of time), where the event stands, id, computer, pid, parent_pid,
    guid, parent_guid, image, command_line, account, integrity, hashes, parent_image, parent_command_line, ended (NULL:
    not known), ``parent`` (number of the parent, or NULL), and ``seen``. Where it is false there is no event of the
    start, and what is known is what the first child says; these come last."""
    count: int
    """Those that were seen."""
    absent: int
    """Those that were not."""


def find_processes(engine: Engine) -> Processes:
    """The processes that began in the events of the query; what tells of one twice counts once."""
    events = event_table(
        engine,
        _columns(engine),
        ids=(1, 5, 4688, 4689),
        where=f"(({_SYSMON} AND id IN (1, 5)) OR (channel = 'Security' AND id IN (4688, 4689)))",
    )
    starts = derived_table(engine, _STARTS.format(events=events))
    names = {"events": events, "starts": starts}
    found = derived_table(
        engine,
        _ALL.format(
            starts=starts,
            by_guid=_BY_GUID.format(**names),
            alive=_ALIVE.format(by_pid=_BY_PID.format(**names), **names),
            ends_by_guid=_ENDS_BY_GUID.format(**names),
            ends_by_pid=_ENDS_BY_PID.format(**names),
        ),
    )
    ((count,),) = engine.execute(f"SELECT count(*) FROM {found}")  # noqa: S608  # our name
    table = derived_table(engine, _WITH_ABSENT.format(found=found, count=count))
    for name in (found, starts, events):
        drop_table(engine, name)
    ((total,),) = engine.execute(f"SELECT count(*) FROM {table}")  # noqa: S608
    return Processes(table, int(count), int(total - count))


def _columns(engine: Engine) -> dict[str, str]:
    """SQL for what is known of a process, whichever event tells it."""

    def either(sysmon: str, security: str) -> str:
        return f"CASE WHEN id IN (1, 5) THEN {said(engine, sysmon)} ELSE {security} END"

    # Security writes numbers with 16 for their base, which a cast understands.
    began, own = said(engine, "NewProcessId"), said(engine, "ProcessId")
    domain, user = said(engine, "SubjectDomainName"), said(engine, "SubjectUserName")
    target = said(engine, "TargetUserName")
    target_domain = said(engine, "TargetDomainName")
    # Since Windows 10 another account's process names it as the target; else that is empty.
    account = f"coalesce(coalesce({target_domain} || '\\', '') || {target}, coalesce({domain} || '\\', '') || {user})"
    return {
        "pid": f"try_cast(CASE WHEN id = 4688 THEN {began} ELSE {own} END AS BIGINT)",
        "parent_pid": f"try_cast(CASE WHEN id = 1 THEN {said(engine, 'ParentProcessId')} WHEN id = 4688 THEN {own} END "
        "AS BIGINT)",
        "guid": _guid(engine, "ProcessGuid"),
        "parent_guid": _guid(engine, "ParentProcessGuid"),
        "image": either("Image", f"coalesce({said(engine, 'NewProcessName')}, {said(engine, 'ProcessName')})"),
        "command_line": field_sql(engine, "CommandLine"),
        "account": either("User", account),
        "integrity": either("IntegrityLevel", said(engine, "MandatoryLabel")),
        "hashes": said(engine, "Hashes"),
        "parent_image": either("ParentImage", said(engine, "ParentProcessName")),
        "parent_command_line": said(engine, "ParentCommandLine"),
    }


def _guid(engine: Engine, name: str) -> str:
    """A GUID without braces, upper case; NULL where it stands for none."""
    return f"nullif(upper(trim({field_sql(engine, name)}, '{{}} ')), '{_NOBODY}')"
