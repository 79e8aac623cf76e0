"""The one table of time-stamp forms. A new form is a new entry; the tests run over every entry with its example.

``core`` is the text of the stamp as RE2, up to its seconds in most forms: a fraction, AM or PM, and a zone behind it
are the ``tail``, which all forms share (see ``tails``). Groups of ``core`` give the values:

    year month day hour minute second       numbers; ``yy`` a year of two digits (69..99 are 1969..1999)
    mon wday                                three letters of a month or weekday, any case
    doy, week + isowday                     ISO 8601 ordinal and week dates
    n1 n2 (n3)                              numbers whose order (``mdy``, ``dmy``, ``ymd``) is decided per source
    fraction ms nanos                       decimal fraction of a second; whole milliseconds; whole nanoseconds
    ampm offset zone utc                    AM/PM (also 午前/午後, 上午/下午, 오전/오후); +0900; a zone's name; ``Z``
    offmin bias hours                       minutes east; minutes west; whole hours east
    era eyear                               Japanese era, in full or as a letter, and its year
    iana                                    name of a zone, such as Asia/Tokyo
    giga mantissa                           10**9 seconds, and the decimal fraction of that
    epoch filetime tai                      seconds to nanoseconds by ``unit``; 100 ns since 1601; TAI64N label in hex

A regular expression looks at the shape of digits only; whether the date exists is decided afterwards, on columns.
The order of entries matters where two match at the same position: the first wins.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache

from twsla.errors import UsageError

_HMS = r"(?P<hour>\d\d?):(?P<minute>\d\d):(?P<second>\d\d)"
_HM = r"(?P<hour>\d\d?):(?P<minute>\d\d)"
_MON = r"(?P<mon>(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))"
_MONTH = _MON + r"(?:uary|ruary|ch|il|e|y|ust|t|tember|ober|ember)?\.?"
_WEEKDAY = r"(?P<wday>(?i:mon|tue|wed|thu|fri|sat|sun))(?:day|sday|nesday|rsday|urday)?,? {1,2}"
_MAYBE_WEEKDAY = f"(?:{_WEEKDAY})?"
_Y = r"(?P<year>\d{4})"
_YEAR_FROM_1900 = r"(?P<year>(?:19|20|21)\d\d)"
_M, _D = r"(?P<month>\d\d?)", r"(?P<day>\d\d?)"
_M2, _D2, _YY = r"(?P<month>\d\d)", r"(?P<day>\d\d)", r"(?P<yy>\d\d)"
_H2MS = r"(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)"
_JA_DAY = "(?:月|火|水|木|金|土|日)"
_JA_WEEKDAY = rf"(?: ?(?:\((?:{_JA_DAY}(?:曜日|曜)?|Mon|Tue|Wed|Thu|Fri|Sat|Sun)\)|{_JA_DAY}(?:曜日|曜)))?"
_EAST_AMPM = "(?P<ampm>午前|午後|上午|下午|오전|오후|[AP]M)"
_JA_AMPM = f"(?:{_EAST_AMPM} ?)?"
_JA_HM = r"(?P<hour>\d\d?)(?::|時)(?P<minute>\d\d?)"
_JA_HMS = _JA_HM + r"(?::|分)(?P<second>\d\d?)(?:(?:[.,](?P<fraction>\d{1,9}))?秒)?"
_GAP = r"""(?:[Tt ,;|\t]|  |, |","|" "|T | - | \| |\]\[)"""
_FRACTION = r"(?P<fraction>\d{1,9})"
_ZONE_OR_OFFSET = r"(?:(?P<zone>[A-Z]{2,5})|(?P<offset>[+-]\d\d:?\d\d))"
_AMPM = "(?: |\u202f)?(?P<ampm>(?i:[ap]m|[ap]\\.m\\.))"
_IS = '"?(?:=|: ?)"?'
_LEVELS = "(?:TRACE|DEBUG|INFO|WARN|ERROR|FATAL)"


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """One form of time stamp. Forms are told apart by identity: they are keys of many caches."""

    name: str
    family: str
    """Whose logs have it."""
    example: str
    """A line with such a stamp."""
    core: str
    """RE2 text with named groups, see the module."""
    leads: tuple[str, ...] = ("any",)
    """Keys of ``LEADS``: what stands before it where it is searched for anywhere on a line."""
    follow: str = "digit"
    """Key of ``FOLLOWS``."""
    tail: str = "fcaz"
    """What may come behind ``core``: f ``.003`` or ``,003``; c ``:003``; a AM/PM; z zone; m offset in minutes."""
    order: str = ""
    """Of n1, n2, n3: ``?`` decided by evidence or option only; ``?mdy`` month first unless evidence speaks against."""
    unit: int = 1
    """Of ``epoch``: how many in a second."""
    search: bool = True
    """Whether it counts where it stands in a line of a source that is locked to another form."""

    def __reduce__(self) -> tuple[object, ...]:
        """Sent to another process, a form of the table is the one of the table there."""
        if forms_by_name().get(self.name) is self:
            return form_named, (self.name,)
        return Form, tuple(getattr(self, item.name) for item in fields(self))

    def has(self, group: str) -> bool:
        """Whether ``core`` names the group."""
        return f"(?P<{group}>" in self.core

    @property
    def is_zone(self) -> bool:
        """Whether it is a zone in a field of its own, without a time."""
        return not any(self.has(group) for group in ("hour", "epoch", "filetime", "tai", "giga"))


FORMS: tuple[Form, ...] = (
    # ISO 8601 and its relatives: year first.
    Form("iso", "ISO 8601", "2023-10-11T22:14:15.003Z app started", rf"{_Y}-{_M}-{_D}{_JA_WEEKDAY}{_GAP}{_HMS}"),
    Form("iso-slash", "nginx, Go, Windows", "2023/1/2 5:04:05,Info,x",
         rf"{_Y}/{_M}/{_D}{_JA_WEEKDAY}(?:[Tt ,:;|\t_-]|  |, |\",\"|\" \"| \| |\]\[){_JA_AMPM}{_HMS}"),
    Form("iso-dot", "ISO with dots", "2023.10.11 22:14:15 x", rf"{_Y}\.{_M}\.{_D}[ T_-]{{1,2}}{_HMS}"),
    Form("iso-colon", "DirectAdmin, EXIF", "2023:10:11-22:14:15 x", rf"{_Y}:{_M2}:{_D2}[ -]{_HMS}"),
    Form("iso-joined", "svlogd, s6", "2023-10-11_22:14:15.12345 x", rf"{_Y}-{_M2}-{_D2}[_:.-]{_HMS}", ("spaced",)),
    Form("iso-underscore", "ISO with underscores", "2023_10_11 22:14:15 x", rf"{_Y}_{_M2}_{_D2}[ _T-]{_HMS}",
         ("spaced",)),
    Form("iso-ampm", "Japanese Windows", "2023-10-11 午後 10:14:15 x", rf"{_Y}-{_M}-{_D} {_EAST_AMPM} ?{_HMS}"),
    Form("iso-joint-clock", "ISO 8601, date extended, time basic", "2023-10-11T221415Z x",
         rf"{_Y}-{_M2}-{_D2}T{_H2MS}"),
    Form("korean", "Korean", "2023. 10. 11. 오후 10:14:15 x", rf"{_Y}\. {_M}\. {_D}\.? {_JA_AMPM}{_HMS}"),
    Form("iso-basic", "ISO 8601 basic", "20231011T221415Z x", rf"{_Y}{_M2}{_D2}[Tt]{_H2MS}"),
    Form("ordinal", "ISO 8601 ordinal date", "2023-284T22:14:15Z x", rf"{_Y}-(?P<doy>\d{{3}})[T ]{_HMS}"),
    Form("ordinal-basic", "ISO 8601 ordinal date", "2023284T221415Z x", rf"{_Y}(?P<doy>\d{{3}})T{_H2MS}"),
    Form("week", "ISO 8601 week date", "2023-W41-3T22:14:15Z x", rf"{_Y}-W(?P<week>\d\d)-(?P<isowday>\d)[T ]{_HMS}"),
    Form("week-basic", "ISO 8601 week date", "2023W413T221415Z x", rf"{_Y}W(?P<week>\d\d)(?P<isowday>\d)T{_H2MS}"),
    Form("dotted-clock", "DB2, BlueGene/L", "2023-10-11-22.14.15.003456+540 I1234A", tail="fazm",
         core=rf"{_Y}-{_M2}-{_D2}[-T ](?P<hour>\d\d?)\.(?P<minute>\d\d)\.(?P<second>\d\d)"),
    Form("dashed-clock", "Zeek headers", "#open\t2023-10-11-22-14-15", leads=("spaced",), follow="name", tail="z",
         core=rf"{_Y}-{_M2}-{_D2}[-_T ](?P<hour>\d\d)-(?P<minute>\d\d)-(?P<second>\d\d)"),
    Form("healthapp", "HealthApp", "20231011-22:14:15:003|Step_LSC|30002312|x", tail="",
         core=rf"{_Y}{_M2}{_D2}-(?P<hour>\d\d?):(?P<minute>\d\d?):(?P<second>\d\d?):(?P<ms>\d{{1,3}})"),
    Form("basic-date", "8-digit date", "20231011 22:14:15.003 x", rf"{_Y}{_M2}{_D2}[ _,|\tT-]{_HMS}"),
    Form("cim", "WMI", "InstallDate=20231011221415.003456+540",
         rf"{_YEAR_FROM_1900}{_M2}{_D2}{_H2MS}\.(?P<fraction>\d{{6}})(?P<offmin>[+-]\d{{3}})", tail=""),
    Form("generalized-time", "Active Directory, X.509", "whenChanged: 20231011221415.0Z",
         rf"{_YEAR_FROM_1900}{_M2}{_D2}{_H2MS}(?:[.,]{_FRACTION})?(?:(?P<utc>Z)|(?P<offset>[+-]\d{{4}}))", tail=""),
    Form("fourteen-digits", "14-digit stamp", "20231011221415 x", leads=("start", "key"), follow="number", tail="f",
         core=rf"{_YEAR_FROM_1900}{_M2}{_D2}{_H2MS}"),
    Form("utc-time", "ASN.1 UTCTime", "notAfter=231011221415Z", rf"{_YY}{_M2}{_D2}{_H2MS}(?P<utc>Z)", follow="word",
         tail=""),
    Form("basic-start", "file stamps", "20231011_221415.003 x", rf"{_Y}{_M2}{_D2}[_ -]{_H2MS}", ("start",)),
    Form("japanese", "Japanese", "2023年10月11日 22:14:15 エラー 接続失敗",
         rf"{_Y}年 ?{_M}月 ?{_D}日{_JA_WEEKDAY}[ ,]{{0,2}}{_JA_AMPM}{_JA_HMS}", follow="kanji"),
    Form("japanese-era", "Japanese", "令和5年10月11日 午後10時14分15秒 起動", leads=("word",),
         core=rf"(?P<era>令和|平成|昭和|㋿|㍻|㍼)(?:(?P<eyear>\d\d?)|元)年 ?{_M}月 ?{_D}日{_JA_WEEKDAY}[ ,]{{0,2}}"
         rf"{_JA_AMPM}{_JA_HMS}", follow="kanji"),
    Form("era-letter", "Japanese", "R5.10.11 22:14:15 起動", leads=("spaced",), follow="kanji",
         core=rf"(?P<era>[RHS])(?P<eyear>\d\d?)(?:[./-]|年){_M}(?:[./-]|月){_D}(?:日)?{_JA_WEEKDAY}[ ,]{{1,2}}"
         rf"{_JA_AMPM}{_JA_HMS}"),
    Form("slash-kanji", "Japanese", "2023/10/11 22時14分15秒 起動", follow="kanji",
         core=rf"{_Y}/{_M}/{_D}{_JA_WEEKDAY}[ ,]{{0,2}}{_JA_AMPM}(?P<hour>\d\d?)時(?P<minute>\d\d?)分"
         r"(?P<second>\d\d?)(?:秒)?"),
    Form("japanese-month-day", "Japanese, syslog of a Japanese system", "10月11日 22:14:15 起動", leads=("spaced",),
         core=rf"{_M}月 {{0,2}}{_D}(?:日)?{_JA_WEEKDAY}[ ,]{{1,2}}{_JA_AMPM}{_JA_HMS}", follow="kanji"),
    # Month names.
    Form("month-day-year", "Cisco ASA, java.util.logging, JavaScript", "Oct 11 2023 22:14:15: %ASA-6-302013: Built",
         rf"{_MAYBE_WEEKDAY}{_MONTH}[ /-]{{1,2}}{_D},?[ /-]{{1,2}}{_Y}(?:,? {{1,2}}|:|T|,? at ){_HMS}", ("word",)),
    Form("ctime", "Apache error, dmesg -T, date", "[Wed Oct 11 22:14:15.003456 2023] [core:error] [pid 1] x",
         rf"{_WEEKDAY}{_MON} {{1,2}}{_D} {_HMS}(?:[.,:]{_FRACTION})?(?: (?P<ampm>(?i:[ap]m)))?(?: {_ZONE_OR_OFFSET})?"
         rf" {_YEAR_FROM_1900}", ("word",), tail="z"),
    Form("syslog-year", "Juniper", "Oct 11 22:14:15.003 2023 router mgd[1]: x", leads=("word",), follow="year", tail="",
         core=rf"{_MON} {{1,2}}{_D} {_HMS}(?:[.,]{_FRACTION})?(?: (?P<zone>[A-Z]{{3,4}}))? {_YEAR_FROM_1900}"),
    Form("rfc3164", "syslog", "<34>Oct 11 22:14:15 mymachine su: failed",
         rf"{_MAYBE_WEEKDAY}{_MON} {{1,2}}{_D} {_HMS}", ("word",)),
    Form("mikrotik", "MikroTik, this year", "oct/11 22:14:15 dhcp,info x", rf"{_MON}/{_D} {_HMS}", ("word",)),
    Form("year-month-day", "Cisco NX-OS", "2023 Oct 11 22:14:15 sw1 %ETHPORT-5-IF_UP: x",
         rf"{_Y}[ /-]{_MON}[ /-]{{1,2}}{_D}[ :T,]{{1,2}}{_HMS}"),
    Form("day-month-year", "access logs, BIND, Tomcat, mail", "127.0.0.1 - - [11/Oct/2023:22:14:15 +0900] \"GET / x",
         rf"{_MAYBE_WEEKDAY}{_D}[ /-]?{_MONTH}[ /-]?{_Y}(?:::|[: T]|, |  | - ){_HMS}"),
    Form("day-month-yy", "RFC 850", "Wednesday, 11-Oct-23 22:14:15 UTC x",
         rf"{_MAYBE_WEEKDAY}{_D}[ /-]{_MON}[ /-]{_YY}(?:[: T]|, |  ){_HMS}"),
    Form("oracle", "Oracle", "11-OCT-23 10.14.15.003456 PM +09:00",
         rf"{_D}-{_MON}-(?:{_Y}|{_YY}) (?P<hour>\d\d?)\.(?P<minute>\d\d)\.(?P<second>\d\d)"),
    Form("rfc822-minute", "RFC 822", "Wed, 11 Oct 2023 22:14 JST x", follow="clock", tail="az",
         core=rf"{_MAYBE_WEEKDAY}{_D} {_MON} {_Y} {_HM}"),
    Form("rfc822-yy", "RFC 822", "11 Oct 23 22:14 JST x", follow="clock", tail="az",
         core=rf"{_MAYBE_WEEKDAY}{_D} {_MON} {_YY} {_HM}"),
    Form("day-month", "Redis 2", "[1234] 11 Oct 22:14:15.003 * Ready", rf"{_D}[ -]{_MON} {_HMS}"),
    Form("clock-month-day-year", "Cisco show clock", "22:14:15.003 JST Wed Oct 11 2023", follow="year", tail="",
         core=rf"{_HMS}(?:[.,]{_FRACTION})?(?: (?P<zone>[A-Z]{{2,5}}))? {_MAYBE_WEEKDAY}{_MON} {{1,2}}{_D},? "
         rf"{_YEAR_FROM_1900}"),
    Form("clock-iso", "time before date", "22:14:15 2023-10-11 x", tail="z",
         core=rf"{_HMS}(?:[.,]{_FRACTION})? {_YEAR_FROM_1900}[-/]{_M2}[-/]{_D2}"),
    Form("clock-numbers", "time before date", "22:14:15 21/10/2023 x", tail="z", order="?",
         core=rf"{_HMS}(?:[.,]{_FRACTION})?(?:{_AMPM})?,? (?P<n1>\d\d?)[-/](?P<n2>\d\d?)[-/](?P<year>\d{{4}})"),
    Form("clock-german", "time before date", "22:14:15 11.10.2023 x", tail="z",
         core=rf"{_HMS}(?:[.,]{_FRACTION})?,? {_D}\.{_M}\.{_Y}"),
    # Numbers only, year not first. Vendors that fix the order come before those that do not.
    Form("iis-native", "IIS native: month first", "192.168.1.1, -, 10/11/2023, 22:14:15, W3SVC1, WEB, 10.0.0.1, 1,",
         rf"{_M}/{_D}/(?:{_Y}|{_YY}), {_HMS}", ("iis",), tail=""),
    Form("dhcp", "Windows DHCP: month first", "10,10/11/23,22:14:15,Assign,10.0.0.5,pc1,001122334455,",
         rf"{_M2}/{_D2}/{_YY},{_HMS}", ("dhcp",), tail=""),
    Form("nps", "Windows NPS: month first", '"NPS01","IAS",10/11/2023,22:14:15,1,"CORP\\bob",,,',
         rf"{_M}/{_D}/{_Y},{_HMS}", ("nps",), tail=""),
    Form("procurve", "HP ProCurve: month first", "I 10/11/23 22:14:15 00076 ports: port 1 is now on-line",
         rf"{_M2}/{_D2}/{_YY} {_HMS}", ("procurve",), tail=""),
    Form("suricata-fast", "Suricata fast: month first", "10/11/2023-22:14:15.003456  [**] [1:1:1] x [**]",
         rf"{_M2}/{_D2}/{_Y}-{_HMS}\.(?P<fraction>\d{{6}})", tail=""),
    Form("snort-year", "Snort -y: month first", "10/11/23-22:14:15.003456  [**] [1:1:1] x [**]",
         rf"{_M2}/{_D2}/{_YY}-{_HMS}\.(?P<fraction>\d{{6}})", tail=""),
    Form("snort", "Snort: month first", "10/11-22:14:15.003456  [**] [1:1:1] x [**] {TCP} 1.1.1.1:1 -> 2.2.2.2:2",
         rf"{_M2}/{_D2}-{_HMS}\.(?P<fraction>\d{{6}})", tail=""),
    Form("suricata-log", "Suricata: day first", "11/10/2023 -- 22:14:15 - <Notice> - x", rf"{_D}/{_M}/{_Y} -- {_HMS}"),
    Form("us-ampm", "Windows US: month first unless a number above 12 says otherwise",
         "10/11/2023 10:14:15 PM Information x", tail="z", order="?mdy",
         core=rf"(?P<n1>\d\d?)/(?P<n2>\d\d?)/(?P<year>\d{{4}}){_GAP}{_HMS}(?:[.,:]{_FRACTION})?{_AMPM}"),
    Form("us-ampm-minute", "Windows US: month first unless a number above 12 says otherwise",
         "10/11/2023 10:14 PM x", tail="z", order="?mdy",
         core=rf"(?P<n1>\d\d?)/(?P<n2>\d\d?)/(?P<year>\d{{4}}){_GAP}{_HM}{_AMPM}"),
    Form("day-month-numbers", "dates with slashes or dashes", "21/10/2023 22:14:15,123 x", order="?",
         core=rf"(?P<n1>\d\d?)[/-](?P<n2>\d\d?)[/-](?P<year>\d{{4}})(?:{_GAP}|[:-]){_HMS}"),
    Form("german", "dates with dots: day first", "11.10.2023 22:14:15 x",
         rf"{_D}\.{_M}\.{_Y}(?:{_GAP}|[-:]){_HMS}"),
    Form("german-dots", "dates and times with dots: day first", "11.10.2023 22.14.15 x",
         rf"{_D}\.{_M}\.{_Y}[ \t]{{1,2}}(?P<hour>\d\d?)\.(?P<minute>\d\d)\.(?P<second>\d\d)", ("spaced",)),
    Form("german-yy", "dates with dots: day first", "11.10.23 22:14:15 x", rf"{_D2}\.{_M2}\.{_YY}{_GAP}{_HMS}"),
    Form("spark", "Spark: year first", "23/10/11 22:14:15 INFO executor.Coarse: x", tail="",
         core=rf"{_YY}/{_M2}/{_D2} {_HMS} {_LEVELS}"),
    Form("three-numbers", "two-digit dates", "10/21/23 22:14:15 x", order="?", leads=("spaced",),
         core=rf"(?P<n1>\d\d?)[/-](?P<n2>\d\d?)[/-](?P<n3>\d\d)(?:{_GAP}|-){_HMS}"),
    Form("mysql", "MySQL 5.5", "231011 22:14:15 [Note] Event", rf"{_YY}{_M2}{_D2} {{1,2}}{_HMS}",
         ("comment", "start", "tornado")),
    Form("hdfs", "HDFS", "231011 221415 148 INFO dfs.DataNode: x", leads=("start",), follow="blank", tail="",
         core=rf"{_YY}{_M2}{_D2} {_H2MS}"),
    Form("logcat", "Android logcat", "10-11 22:14:15.003  1702  2395 D WindowManager: x", leads=("start",), tail="fz",
         core=rf"{_M2}-{_D2} {_HMS}"),
    Form("netlogon", "Windows Netlogon: month first", "10/11 22:14:15 [LOGON] [1234] x", leads=("start",), tail="",
         core=rf"{_M2}/{_D2} {_HMS} \["),
    Form("two-numbers", "dates without year", "21/10 22:14:15 x", leads=("start",), order="?",
         core=rf"(?P<n1>\d\d)/(?P<n2>\d\d) {_HMS}"),
    Form("proxifier", "Proxifier: month first", "[10.11 22:14:15] chrome.exe - x:443 open", leads=("start",), tail="",
         core=rf"{_M2}\.{_D2} {_HMS}\]"),
    Form("glog", "glog, klog", "I1011 22:14:15.003456    1234 main.go:12] x", leads=("start",), tail="f",
         core=rf"[IWEFDV]{_M2}{_D2} {_HMS}"),
    Form("glog-year", "glog", "I20231011 22:14:15.003456  1234 main.cc:12] x", leads=("start",), tail="f",
         core=rf"[IWEFDV]{_YEAR_FROM_1900}{_M2}{_D2} {_HMS}"),
    # Vendors with fields of their own.
    Form("sccm", "Windows SCCM: month first",
         '<![LOG[msg]LOG]!><time="22:14:15.003-540" date="10-11-2023" component="x" type="1">', tail="",
         core=rf'time="{_HMS}(?:\.{_FRACTION})?(?P<bias>[+-]\d{{1,3}})?" date="{_M}-{_D}-{_Y}"', leads=("word",)),
    Form("date-time-fields", "Fortinet, CSV and JSON with two fields", 'date=2023-10-11 time=22:14:15 devname="FG"',
         leads=("word",), tail="fz",
         core=rf'(?:(?i:date)|日付){_IS}{_Y}[-/]{_M2}[-/]{_D2}"?(?:[ ,;|]{{1,2}}|、)"?(?:(?i:time)|時刻){_IS}{_HMS}'),
    Form("time-date-fields", "Fortinet, CSV and JSON with two fields", 'time=22:14:15 date=2023-10-11 devname="FG"',
         leads=("word",), tail="",
         core=rf'(?i:time){_IS}{_HMS}(?:\.{_FRACTION})?"?[ ,;|]{{1,2}}"?(?i:date){_IS}{_Y}[-/]{_M2}[-/]{_D2}'),
    Form("named-date-time-fields", "two fields", "date=11/Oct/2023 time=22:14:15 x", leads=("word",), tail="fz",
         core=rf'(?i:date){_IS}{_D}[ /-]?{_MON}[ /-]?{_Y}"?[ ,;|]{{1,2}}"?(?i:time){_IS}{_HMS}'),
    Form("msi", "Windows Installer", "MSI (s) (AC:30) [22:14:15:003]: x", leads=("msi",), tail="",
         core=rf"{_HMS}:(?P<ms>\d{{3}})"),
    Form("tai64n", "daemontools, qmail", "@400000006527210100345678 x", leads=("word",), follow="word", tail="",
         core=r"@(?P<tai>4[0-9a-f]{15}(?:[0-9a-f]{8})?)"),
    Form("json-date", "JSON of .NET", '{"TimeCreated":"\\/Date(1697062455003)\\/","Id":4624}', leads=("word",), tail="",
         core=r"/Date\((?P<epoch>\d{12,13})(?:[+-]\d{4})?\)", follow="free", unit=1000),
    Form("seconds-nanos", "Log4j JSON, Protobuf", '{"instant":{"epochSecond":1697062455,"nanoOfSecond":3456789}}',
         leads=("word",), tail="",
         core=r'(?:epochSecond|seconds|secs)"?: ?"?(?P<epoch>[1-4]\d{9})"?, ?"(?:nanoOfSecond|nanos)"?: ?'
         r'(?P<nanos>\d{1,9})'),
    # Plain numbers: only at the line's start or behind the name of a field.
    Form("epoch-s", "Unix time", "1697062455.003456 x", r"(?P<epoch>[1-4]\d{9}|[3-9]\d{8})", ("start", "key"),
         "number", "f"),
    Form("ossec", "OSSEC", "** Alert 1697062455.12345: - syslog,sshd,", r"(?P<epoch>[1-4]\d{9})", ("ossec",), "number",
         tail=""),
    Form("epoch-float", "zap: Unix time as a floating-point number", '{"level":"info","ts":1.6970624550034561e+09}',
         r"(?P<giga>[1-4])\.(?P<mantissa>\d{1,17})[eE]\+?0?9", ("key", "start"), "number", ""),
    Form("epoch-ms", "Unix time in milliseconds", "1697062455003 x", r"(?P<epoch>[1-4]\d{12}|[3-9]\d{11})",
         ("start", "key"), "number", "f", unit=1000),
    Form("epoch-us", "Unix time in microseconds", "1697062455003456 x", r"(?P<epoch>[1-4]\d{15}|[3-9]\d{14})",
         ("start", "key"), "number", "", unit=1_000_000),
    Form("epoch-ns", "Unix time in nanoseconds", "1697062455003456789 x", r"(?P<epoch>[1-4]\d{18}|[3-9]\d{17})",
         ("start", "key"), "number", "", unit=1_000_000_000),
    Form("filetime", "Windows FILETIME, LDAP", "133415360550034560 x", r"(?P<filetime>1[1-5]\d{16})",
         ("start", "key"), "number", ""),
    # Weak ones: without seconds, without a date.
    Form("iso-minute", "ISO 8601 without seconds", "[2023-10-11 22:14] [ALPM] x", follow="clock", tail="az",
         core=rf"{_Y}[-/]{_M2}[-/]{_D2}[T ]{_HM}"),
    Form("german-minute", "dates with dots: day first", "11.10.2023 22:14 x", follow="clock", tail="az",
         core=rf"{_D}\.{_M}\.{_Y}[ ,]{{1,2}}{_HM}"),
    Form("day-month-minute", "dates with slashes or dashes", "21/10/2023 22:14 x", follow="clock", tail="z", order="?",
         core=rf"(?P<n1>\d\d?)[/-](?P<n2>\d\d?)[/-](?P<year>\d{{4}})(?:[ ,]|, ){_HM}"),
    Form("japanese-minute", "Japanese", "2023年10月11日 22時14分 起動", follow="clock", tail="",
         core=rf"{_Y}年 ?{_M}月 ?{_D}日{_JA_WEEKDAY}[ ,]{{0,2}}{_JA_AMPM}{_JA_HM}(?:分)?"),
    Form("era-minute", "Japanese", "令和5年10月11日 22時14分 起動", leads=("word",), follow="clock", tail="",
         core=rf"(?P<era>令和|平成|昭和|㋿|㍻|㍼)(?:(?P<eyear>\d\d?)|元)年 ?{_M}月 ?{_D}日{_JA_WEEKDAY}[ ,]{{0,2}}"
         rf"{_JA_AMPM}{_JA_HM}(?:分)?"),
    Form("time-only", "time of day", "22:14:15.003 [main] INFO c.x - y", _HMS, ("start", "tornado"), "clock",
         search=False),
)  # fmt: skip

COMPANIONS: tuple[Form, ...] = (
    Form("zone-field", "Fortinet, Sophos", 'tz="+0900" type="traffic"', leads=("word",), tail="",
         core=r'(?:tz|timezone|time_zone)"?[:=] ?"?(?:(?:GMT|UTC)?(?:(?P<offset>[+-]\d\d:?\d\d)|'
         r'(?P<hours>[+-]\d\d?)(?::00)?)|(?P<zone>[A-Z]{2,5}))"?'),
    Form("zone-name", "PHP", "[11-Oct-2023 22:14:15 Europe/Berlin] PHP Warning:  x", leads=("word",), follow="word",
         core=r"(?P<iana>(?:Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Europe|Indian|Pacific)/[A-Z]"
         r"[A-Za-z_/-]{2,28}[a-z])", tail=""),
    Form("number-s", "Unix time in a column", "- 1697062455 2023.10.11", r"(?P<epoch>[1-4]\d{9})", ("spaced",),
         "number", "f"),
    Form("number-ms", "Unix time in a column", "a 1697062455003 b", r"(?P<epoch>[1-4]\d{12})", ("spaced",), "number",
         "f", unit=1000),
    Form("number-us", "Unix time in a column", "a 1697062455003456 b", r"(?P<epoch>[1-4]\d{15})", ("spaced",),
         "number", "", unit=1_000_000),
    Form("number-ns", "Unix time in a column", "a 1697062455003456789 b", r"(?P<epoch>[1-4]\d{18})", ("spaced",),
         "number", "", unit=1_000_000_000),
)  # fmt: skip
"""Forms that count only by evidence: beside a stamp of the same moment, or as a column over many lines."""


@lru_cache(maxsize=1)
def forms_by_name() -> dict[str, Form]:
    """The table, by name."""
    return {form.name: form for form in FORMS}


def form_named(name: str) -> Form:
    """The entry of that name, or a UsageError that lists them all."""
    form = forms_by_name().get(name)
    if form is None:
        raise UsageError(
            f"there is no time-stamp form '{name}'",
            hint="a strptime pattern such as '%Y-%m-%d %H:%M:%S.%f', or one of: " + ", ".join(forms_by_name()),
        )
    return form
