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
    "timestamp_ms", "timestamp_us", "timestamp_ns", "ts_ms", "ts_us", "ts_ns", "time_ms", "time_ns", "timeStamp",
    "TimeStamp", "timestampMillis", "timestampNanos", "epochMillis", "epoch_ms", "epochSecond", "epochTime",
    "unixTimestamp", "unix_timestamp", "timeUnixNano", "time_unix_nano", "observedTimeUnixNano", "eventTimestamp",
    "event_timestamp", "event_ts", "log_timestamp", "EventTimestamp", "EdgeStartTimestamp", "deviceReceiptTime",
    "createTime", "create_time", "receivedTime", "occurredAt", "occurred_at", "logged_at", "itime", "__time", "dt",
    "EdgeEndTimestamp", "endTime", "end_time", "UTCTimestamp", "ContextTimeStamp", "__time__", "reqTimeSec",
    "date_create", "when",
    "pwdLastSet", "lastLogonTimestamp", "lastLogon", "badPasswordTime", "lockoutTime", "accountExpires",
)  # fmt: skip
"""Names of fields that hold the time of the record, the most telling first."""

_KEY_NAMES = "|".join(sorted((key.replace("$", r"\$") for key in KEYS), key=len, reverse=True))
_SYSLOG_HEAD = r"(?:<\d{1,3}>(?:\d )?)?"
COLOUR = r"\x1b\[[0-9;]{0,12}m"
"""What makes a terminal write in colour, as programs in containers do that take their output for one."""

LEADS: dict[str, str] = {
    # Nothing that would make it a part of a longer number, name, version or path.
    "any": rf"(?:^|[^\w./]|{COLOUR})",
    # Forms that begin with a letter, or with a sign of their own.
    "word": rf"(?:^|[^\w]|{COLOUR})",
    # Forms that also occur in file names: only between blanks, brackets and separators.
    "spaced": rf"""(?:^|[ \t\[(<"'|,;=]|{COLOUR})""",
    # The line begins, with perhaps a syslog priority, a bracket or the comment sign of a shell history.
    "start": rf"""^(?:{COLOUR})?{_SYSLOG_HEAD}(?:\[ ?|[(<#*"']|: |#\+)?""",
    "comment": r"^(?:# Time: )?",
    "key": rf"""(?:(?:^|[^\w])["']?(?:{_KEY_NAMES})["']?[ ]{{0,2}}[:=>][ ]{{0,2}}["'(\[]?|\baudit\()""",
    # IIS native: client address, user name, date.
    "iis": r"^[^,]{1,45}, [^,]{1,64}, ",
    # Windows DHCP server: event number, date.
    "dhcp": r"^\d\d,",
    # Windows NPS: the server's name, the service.
    "nps": r'^"[^"]{1,64}","IAS",',
    # Tornado, Jupyter: a bracket and the letter of the level.
    "tornado": rf"^(?:{COLOUR})?\[[IWEDCF] ",
    "msi": r"^MSI \([a-zA-Z]\) \([0-9A-F!:]{1,12}\) \[",
    "ossec": r"^\*\* Alert ",
    # Forms the user wrote: anywhere, but not within a number.
    "digitless": r"(?:^|[^0-9])",
    "free": "",
    # HP ProCurve: severity letter, date.
    "procurve": r"^[IWMDE] ",
}

INSIDE: dict[str, str] = {
    "any": rf"(?:[^\w./]|{COLOUR})",
    "word": rf"(?:[^\w]|{COLOUR})",
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
    "number": r"""[ \t,;|:.\])}"'^&<\r\x1b]""",
    "clock": "[^0-9:]",
    "year": r"[^\w:.-]",
    "word": r"[^\w]",
    "name": r"[^\w.-]",
    "blank": r"[ \t]",
    "free": r"(?s:.)",
}
"""What may follow the text of a form (the end of the line always may): classes of one byte."""
