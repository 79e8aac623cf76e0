"""What may stand before and after a stamp where it is searched for anywhere on a line, as RE2 text.

All of it, and the table of forms, keeps to what RE2 and Python's ``re`` on bytes read the same way: both engines are
used, RE2 to decide on columns of lines, ``re`` to name the groups of one matched text.
"""

from __future__ import annotations

KEYS = (
    "@timestamp", "timestamp", "time", "ts", "eventTime", "event_time", "eventtime", "datetime", "dateTime",
    "date_time", "TimeCreated", "UtcTime", "SystemTime", "TimeGenerated", "timeGenerated", "__REALTIME_TIMESTAMP",
    "_SOURCE_REALTIME_TIMESTAMP", "requestReceivedTimestamp", "rt", "devTime", "_time", "asctime", "logtime",
    "log_time", "logTime", "EventTime", "EventReceivedTime", "Timestamp", "TIMESTAMP", "Time", "TIME", "DateTime",
    "time_local", "time_iso8601", "msec", "published", "createdDateTime", "activityDateTime", "CreationTime",
    "createdAt", "created_at", "CreatedAt", "created", "EpochTime", "epoch", "unixtime", "unix_time", "timeMillis",
    "timestampMs", "startTime", "start_time", "start", "$date", "$numberLong", "receiveTimestamp", "date", "Date",
    "t", "stageTimestamp", "end",
    "pwdLastSet", "lastLogonTimestamp", "lastLogon", "badPasswordTime", "lockoutTime", "accountExpires",
)  # fmt: skip
"""Names of fields that hold the time of the record, the most telling first."""

_KEY_NAMES = "|".join(sorted((key.replace("$", r"\$") for key in KEYS), key=len, reverse=True))
_SYSLOG_HEAD = r"(?:<\d{1,3}>(?:\d )?)?"

LEADS: dict[str, str] = {
    # Nothing that would make it a part of a longer number, name, version or path.
    "any": r"(?:^|[^\w./])",
    # Forms that begin with a letter, or with a sign of their own.
    "word": r"(?:^|[^\w])",
    # Forms that also occur in file names: only between blanks, brackets and separators.
    "spaced": r"""(?:^|[ \t\[(<"'|,;=])""",
    # The line begins, with perhaps a syslog priority, a bracket or the comment sign of a shell history.
    "start": rf"^{_SYSLOG_HEAD}(?:\[ ?|[(<#*]|: |#\+)?",
    "comment": r"^(?:# Time: )?",
    "key": rf"""(?:(?:^|[^\w])["']?(?:{_KEY_NAMES})["']?[ ]{{0,2}}[:=][ ]{{0,2}}["'(\[]?|\baudit\()""",
    # IIS native: client address, user name, date.
    "iis": r"^[^,]{1,45}, [^,]{1,64}, ",
    # Windows DHCP server: event number, date.
    "dhcp": r"^\d\d,",
    # Forms the user wrote: anywhere, but not within a number.
    "digitless": r"(?:^|[^0-9])",
    "free": "",
    # HP ProCurve: severity letter, date.
    "procurve": r"^[IWMDE] ",
}

INSIDE: dict[str, str] = {
    "any": r"[^\w./]",
    "word": r"[^\w]",
    "spaced": LEADS["spaced"].replace("^|", ""),
    "key": LEADS["key"].replace("^|", ""),
    "digitless": r"[^0-9]",
    "free": "",
}
"""The same where the search goes on within a line, so that its beginning is not a beginning of the line."""

FOLLOWS: dict[str, str] = {
    "digit": "[^0-9]",
    # Not the first byte of 秒, which is part of the stamp.
    "kanji": r"[^0-9\xe7]",
    "number": r"""[ \t,;|:.\])}"'^&\r]""",
    "clock": "[^0-9:]",
    "year": r"[^\w:.-]",
    "word": r"[^\w]",
    "name": r"[^\w.-]",
    "blank": r"[ \t]",
    "free": r"(?s:.)",
}
"""What may follow the text of a form (the end of the line always may): classes of one byte."""
