"""The windows logons analysis: who logged on, where, from where, how, and what failed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from twsla.analysis.windows import event_facts, event_notes
from twsla.errors import UsageError
from twsla.model.analysis import Analysis
from twsla.model.charts import Bar, Graph, Pie
from twsla.model.result import Column, Fact, Kind, Result
from twsla.options import opt

if TYPE_CHECKING:
    from twsla.progress import Progress
    from twsla.query.engine import Engine

_SECURITY: Final = {
    4624: "logon",
    4625: "failed logon",
    4634: "logoff",
    4647: "logoff",
    4648: "explicit credentials",
    4672: "special privileges",
    4778: "reconnected",
    4779: "disconnected",
}
_SESSIONS: Final = {21: "RDP logon", 23: "RDP logoff", 24: "RDP disconnected", 25: "RDP reconnected"}
_REMOTE: Final = {1149: "RDP authenticated"}
_CHANNELS: Final = {
    "Security": _SECURITY,
    "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational": _SESSIONS,
    "Microsoft-Windows-TerminalServices-RemoteConnectionManager/Operational": _REMOTE,
}
OUTCOMES: Final = ("success", "failure", "other")
_KEYS: Final = {
    "event": ("Event", 2),
    "outcome": ("Outcome", 1),
    "user": ("User", 3),
    "by": ("By", 2),
    "computer": ("Computer", 3),
    "type": ("Type", 2),
    "address": ("Address", 2),
    "workstation": ("From", 2),
    "status": ("Status", 3),
    "process": ("Process", 3),
    "id": ("Event ID", 1),
}
_DEFAULT: Final = ("event", "user", "computer", "type", "address", "workstation", "status")


@dataclass(frozen=True, slots=True)
class LogonsOptions:
    """What ``windows logons`` takes besides the selection."""

    by: str = opt(
        "--by",
        default="",
        help=f"Count by these, with commas between them: {', '.join(_KEYS)}. Default: {','.join(_DEFAULT)}.",
        metavar="A,B",
    )
    outcome: str = opt("--outcome", default="", choices=OUTCOMES, help="Only logons, only failed ones, or the rest.")
    top: int = opt("--top", default=0, help="The N most frequent only.", metavar="N")


def windows_logons(engine: Engine, options: LogonsOptions, progress: Progress) -> Result:
    """Sum up logons, failed logons, logoffs and remote sessions of Windows.

    Security 4624, 4625, 4634, 4647, 4648, 4672, 4778 and 4779, sessions (RDP) 21, 23, 24, 25 and 1149: how many by
    event, user, computer, type, address, workstation and status, with the first and the last; the most frequent first.
    ``by`` is who acts (the subject), ``user`` whose account it is. Types and status codes are spelt out.

    The outcome of 4624, 4778, 21, 25 and 1149 is success, that of 4625 failure; that of others is other.
    """
    from twsla.query.events import event_table
    from twsla.query.rows import SpooledRows
    from twsla.query.scratch import derived_table

    keys = _keys(options)
    which = " OR ".join(
        f"(channel = '{channel}' AND id IN ({', '.join(map(str, ids))}))" for channel, ids in _CHANNELS.items()
    )
    events = event_table(engine, _columns(engine), where=f"({which})")
    condition = f"outcome = '{options.outcome}'" if options.outcome else "true"
    listed = ", ".join(f'coalesce("{key}"::VARCHAR, \'\') AS "{key}"' for key in keys)
    places = ", ".join(str(place) for place in range(1, len(keys) + 1))
    counted = derived_table(
        engine,
        f"SELECT {listed}, count(*) AS count, min(ts) AS first, max(ts) AS last FROM {events} WHERE {condition} "  # noqa: S608  # our names
        f"GROUP BY {places} ORDER BY count DESC, {places}" + (f" LIMIT {options.top}" if options.top else ""),
    )
    ((total, logons, failed, users, addresses),) = engine.execute(
        "SELECT count(*), count(*) FILTER (id = 4624), count(*) FILTER (outcome = 'failure'), count(DISTINCT user), "  # noqa: S608
        f"count(DISTINCT address) FROM {events} WHERE {condition}"
    )
    return Result(
        title="Windows logons",
        columns=(
            *(Column(key, _KEYS[key][0], Kind.TEXT, share=_KEYS[key][1]) for key in keys),
            Column("count", "Count", Kind.COUNT, sort_key="c"),
            Column("first", "First", Kind.TIME, sort_key="t"),
            Column("last", "Last", Kind.TIME),
        ),
        rows=SpooledRows(engine, counted),
        facts=(
            *event_facts(engine, total),
            Fact("logons", "Logons", logons, Kind.COUNT),
            Fact("failed", "Failed logons", failed, Kind.COUNT),
            Fact("users", "Users", users, Kind.COUNT),
            Fact("addresses", "Addresses", addresses, Kind.COUNT),
        ),
        charts=_charts(keys),
        notes=event_notes(engine, total, "logon events of Windows"),
    )


def _keys(options: LogonsOptions) -> tuple[str, ...]:
    keys = tuple(dict.fromkeys(key.strip() for key in options.by.split(",") if key.strip())) or _DEFAULT
    if unknown := [key for key in keys if key not in _KEYS]:
        raise UsageError(f"--by '{unknown[0]}' is nothing to count by", hint=f"one of {', '.join(_KEYS)}")
    if options.top < 0:
        raise UsageError(f"--top {options.top} is less than none", hint="give a number from 0 on")
    return keys


def _columns(engine: Engine) -> dict[str, str]:
    """SQL for what there is to count by."""
    from twsla.model.windows_logons import LOGON_TYPES, STATUSES
    from twsla.query.events import named, said

    def first(*names: str) -> str:
        return f"coalesce({', '.join(said(engine, name) for name in names)})"

    kinds = {f"{channel} {number}": kind for channel, known in _CHANNELS.items() for number, kind in known.items()}
    codes = f"CASE WHEN {said(engine, 'SubStatus')} NOT IN ('0x0', '0x00000000') THEN {said(engine, 'SubStatus')} END"
    code = f"lower(coalesce({codes}, {said(engine, 'Status')}))"
    logon_type = said(engine, "LogonType")
    key = "channel || ' ' || id"
    account = (
        f"CASE WHEN id = 4672 THEN {_account(engine, 'SubjectDomainName', 'SubjectUserName')} "
        f"WHEN id IN (4778, 4779) THEN {_account(engine, 'AccountDomain', 'AccountName')} "
        f"WHEN id = 1149 THEN {_account(engine, 'Param2', 'Param1')} "
        f"WHEN channel <> 'Security' THEN {said(engine, 'User')} "
        f"ELSE {_account(engine, 'TargetDomainName', 'TargetUserName')} END"
    )
    subject = _account(engine, "SubjectDomainName", "SubjectUserName")
    address = first("IpAddress", "ClientAddress", "Address")
    return {
        "event": named(kinds, key),
        "outcome": "CASE WHEN id IN (4624, 21, 25, 1149, 4778) THEN 'success' WHEN id = 4625 THEN 'failure' "
        "ELSE 'other' END",
        "user": account,
        '"by"': f"CASE WHEN id <> 4672 THEN {subject} END",
        '"type"': f"coalesce({named(LOGON_TYPES, logon_type)}, {logon_type})",
        "address": f"regexp_replace(CASE WHEN id = 1149 THEN {said(engine, 'Param3')} ELSE {address} END, "
        "'(?i)^::ffff:', '')",
        "workstation": first("WorkstationName", "ClientName"),
        "status": f"CASE WHEN id = 4625 THEN coalesce({named(STATUSES, code)} || ' (' || {code} || ')', {code}) END",
        "process": first("ProcessName", "LogonProcessName"),
    }


def _account(engine: Engine, domain: str, user: str) -> str:
    r"""``DOMAIN\user``."""
    from twsla.query.events import said

    return f"coalesce({said(engine, domain)} || '\\', '') || {said(engine, user)}"


def _charts(keys: tuple[str, ...]) -> tuple[Bar | Pie | Graph, ...]:
    charts: list[Bar | Pie | Graph] = [
        Bar(
            x="user" if "user" in keys else keys[0],
            y="count",
            split="event" if "event" in keys[1:] + keys[:1] else None,
        )
    ]
    if "address" in keys and "user" in keys:
        charts.append(Graph(source="address", target="user", weight="count"))
    return (*charts, Pie(label=(keys[0],), value="count"))


analysis = Analysis(
    name="windows logons",
    options=LogonsOptions,
    run=windows_logons,
    example="twsla windows logons --by user,computer,address",
)
