"""Tables of all commands, sources, formats and exporters: name, where to import it from, one-line summary.

Nothing named here is imported before ``load`` is asked for it. Plug-ins add to the tables by entry points; a built-in
name cannot be replaced, and a name that two distributions claim belongs to neither.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Literal

from twsla.errors import TwslaError, UsageError

Table = Literal["commands", "exporters", "sources", "formats"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a table."""

    target: str
    """``package.module:attribute``."""
    summary: str
    """One sentence. Of a command: the first line of the target's docstring; a test compares the two."""
    suffixes: tuple[str, ...] = ()
    """Of an exporter: the file name suffixes that choose it, lower case."""
    only: str = ""
    """Of an exporter: the command whose answers it writes; empty for those of all."""


COMMANDS: dict[str, Entry] = {
    "import": Entry("twsla.cli.commands.import_:command", "Read logs into the store."),
    "inspect": Entry("twsla.cli.commands.inspect:command", "Tell how sources would be understood, and store nothing."),
    "search": Entry("twsla.analysis.search:analysis", "List the records that match."),
    "count": Entry("twsla.analysis.count:analysis", "Count records by time, or by what they hold."),
    "extract": Entry("twsla.analysis.extract:analysis", "List a value of each record over time, with its changes."),
    "heatmap": Entry("twsla.analysis.heatmap:analysis", "Count records by date and hour."),
    "delay": Entry("twsla.analysis.delay:analysis", "List records that came late, the latest first."),
    "relation": Entry(
        "twsla.analysis.relation:analysis", "Count combinations of two or more things in the same record."
    ),
    "time": Entry("twsla.analysis.time:analysis", "List records with the time between them."),
    "email search": Entry("twsla.analysis.email_search:analysis", "List mails with sender, subject, delay and relays."),
    "email count": Entry("twsla.analysis.email_count:analysis", "Count mails by time, or by what their headers say."),
    "tfidf": Entry("twsla.analysis.tfidf:analysis", "List records that are like no others."),
    "anomaly": Entry("twsla.analysis.anomaly:analysis", "List records that are unlike the others, the worst first."),
    "summary": Entry(
        "twsla.analysis.summary:analysis", "Tell what the records are: levels, sources, patterns, what they name."
    ),
    "report": Entry(
        "twsla.analysis.report:analysis",
        "Gather summary, times, addresses, marked records, detections and the evidence in one document.",
    ),
    "windows events": Entry(
        "twsla.analysis.windows_events:analysis", "Count Windows events by channel and number, and tell what they mean."
    ),
    "windows logons": Entry(
        "twsla.analysis.windows_logons:analysis",
        "Sum up logons, failed logons, logoffs and remote sessions of Windows.",
    ),
    "windows processes": Entry(
        "twsla.analysis.windows_processes:analysis",
        "List the processes that began on Windows computers, as a tree of who began whom.",
    ),
    "windows scripts": Entry(
        "twsla.analysis.windows_scripts:analysis",
        "Put PowerShell scripts together again from the parts in which they were logged (event 4104).",
    ),
    "windows base64": Entry(
        "twsla.analysis.windows_base64:analysis",
        "Decode the base64 in command lines, scripts, services and tasks.",
    ),
    "windows gaps": Entry(
        "twsla.analysis.windows_gaps:analysis",
        "Tell where Windows events are missing, and what was done to logs, auditing and clock.",
    ),
    "windows computers": Entry("twsla.analysis.windows_computers:analysis", "Count Windows events by computer."),
    "sigma": Entry("twsla.analysis.sigma:analysis", "Detect threats with Sigma rules."),
    "sigma list": Entry("twsla.cli.commands.sigma_list:command", "List Sigma rules and what they look at."),
    "sigma check": Entry("twsla.cli.commands.sigma_check:command", "Tell what is wrong with Sigma rules."),
    "sigma test": Entry("twsla.cli.commands.sigma_test:command", "Try Sigma rules on events with known answers."),
    "sigma explain": Entry("twsla.analysis.sigma_explain:analysis", "Tell why a Sigma rule detects what it does."),
    "sigma coverage": Entry("twsla.analysis.sigma_coverage:analysis", "Tell which Sigma rules had records to look at."),
    "sql": Entry("twsla.analysis.sql:analysis", "Answer a SELECT over the records."),
    "sources": Entry("twsla.analysis.sources:analysis", "List what was imported, with hashes and problems."),
    "verify": Entry("twsla.analysis.verify:analysis", "Prove that the store and its sources are what they were."),
    "marks": Entry("twsla.analysis.marks:analysis", "List the records that were marked."),
    "mcp": Entry("twsla.cli.commands.mcp:command", "Serve the store to assistants, by the Model Context Protocol."),
    "completion": Entry("twsla.cli.commands.completion:command", "Print the completion script of a shell."),
    "plugins": Entry("twsla.cli.commands.plugins:command", "List the plug-ins and what they add."),
    "version": Entry("twsla.cli.commands.version:command", "Show the version."),
    "help": Entry("twsla.cli.commands.help:command", "Show help for a command."),
}
"""Command line commands; a target is an ``Analysis`` or a click command."""

COMMAND_GROUPS: dict[str, str] = {
    "email": "Search and count mail.",
    "windows": "Ask Windows events: logons, processes, scripts, gaps and more.",
    "sigma": "Detect threats with Sigma rules.",
}
"""First words of commands of two words, with a summary each."""

EXPORTERS: dict[str, Entry] = {
    "plain": Entry("twsla.export.plain:write_plain", "Texts one a line; tables TAB-separated.", (".txt", ".log")),
    "table": Entry("twsla.render.table:write_table", "Aligned columns for reading."),
    "csv": Entry("twsla.export.delimited:write_csv", "Comma-separated values, RFC 4180.", (".csv",)),
    "tsv": Entry("twsla.export.delimited:write_tsv", "TAB-separated values with backslash escapes.", (".tsv",)),
    "json": Entry("twsla.export.json_text:write_json", "One object with rows, facts, charts and notes.", (".json",)),
    "jsonl": Entry("twsla.export.json_text:write_jsonl", "One JSON object a row.", (".jsonl", ".ndjson")),
    "parquet": Entry("twsla.export.parquet:write_parquet", "Typed columns for other tools.", (".parquet",)),
    "html": Entry(
        "twsla.export.page:write_html",
        "A page with charts, rows, facts and notes, for any browser, without a network.",
        (".html", ".htm"),
    ),
    "png": Entry("twsla.export.image:write_png", "A picture of the chart.", (".png",)),
    "md": Entry("twsla.export.markdown:write_markdown", "A Markdown table.", (".md", ".markdown")),
    "timesketch": Entry("twsla.export.sigma:write_timesketch", "Detections as Timesketch imports them.", only="sigma"),
    "navigator": Entry("twsla.export.sigma:write_navigator", "Detections as an ATT&CK Navigator layer.", only="sigma"),
    "sarif": Entry("twsla.export.sigma:write_sarif", "Detections as a SARIF 2.1.0 log.", only="sigma"),
}
"""Output formats by the name that ``--format`` takes; a target is called with result, binary stream, render options."""

SOURCES: dict[str, Entry] = {}
FORMATS: dict[str, Entry] = {
    "mail": Entry("twsla.formats.mail:MailSource", "Message files (.eml) and mbox files."),
    "evtx": Entry("twsla.formats.evtx:EvtxSource", "Windows event logs (.evtx)."),
    "events": Entry("twsla.formats.event_lines:EventLines", "Windows events as JSON lines or CSV of other tools."),
}

TABLES: dict[Table, dict[str, Entry]] = {
    "commands": COMMANDS,
    "exporters": EXPORTERS,
    "sources": SOURCES,
    "formats": FORMATS,
}
GROUPS: dict[Table, str] = {
    "commands": "twsla.analyses",
    "exporters": "twsla.exporters",
    "sources": "twsla.sources",
    "formats": "twsla.formats",
}
"""Entry-point group of each table."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """One entry point of an installed distribution."""

    table: Table
    name: str
    target: str
    distribution: str
    version: str
    problem: str | None = None
    """Why it is not used."""


def load(entry: Entry) -> object:
    """Import what an entry points at. Whatever that raises comes through: of our own entries it is a bug."""
    module, _, attribute = entry.target.partition(":")
    return getattr(import_module(module), attribute)


def load_plugin(plugin: Plugin) -> object:
    """Import a plug-in.

    Raises:
        TwslaError: It cannot be imported, whatever the reason; plug-ins are not ours to trust.
    """
    try:
        return load(Entry(plugin.target, ""))
    except Exception as error:  # the boundary around a plug-in
        raise TwslaError(
            f"plug-in '{plugin.name}' of {plugin.distribution} {plugin.version} cannot be imported: "
            f"{type(error).__name__}: {error}",
            hint="update or remove it, or set TWSLA_PLUGINS=0 to run without plug-ins",
        ) from error


def find(table: Table, name: str, *, plugins: bool = True) -> Entry | Plugin | None:
    """The entry of a name; plug-ins are looked at only when it is none of ours.

    Raises:
        UsageError: Two distributions claim the name.
    """
    entry = TABLES[table].get(name)
    if entry is not None or not plugins:
        return entry
    claims = [plugin for plugin in installed_plugins() if plugin.table == table and plugin.name == name]
    for plugin in claims:
        if plugin.problem:
            raise UsageError(
                f"'{name}' cannot be used: {plugin.problem}", hint="'twsla plugins' lists what is installed"
            )
    return claims[0] if claims else None


def installed_plugins() -> tuple[Plugin, ...]:
    """Every plug-in by table and name, the refused ones with their problem. Imports none of them."""
    if not _any_installed():
        return ()
    from importlib.metadata import entry_points

    found = []
    for table, group in GROUPS.items():
        for point in entry_points(group=group):
            dist = point.dist
            name, version = (dist.name, dist.version) if dist else ("an unknown distribution", "")
            found.append(Plugin(table, point.name, point.value, name, version))
    found.sort(key=lambda plugin: (plugin.table, plugin.name, plugin.distribution))
    return tuple(_checked(plugin, found) for plugin in found)


def _checked(plugin: Plugin, found: list[Plugin]) -> Plugin:
    problem = None
    rivals = [other for other in found if (other.table, other.name) == (plugin.table, plugin.name)]
    if plugin.name in TABLES[plugin.table]:
        problem = f"{plugin.distribution} offers '{plugin.name}', which is built in and cannot be replaced"
    elif len(rivals) > 1:
        names = " and ".join(dict.fromkeys(other.distribution for other in rivals))
        problem = f"'{plugin.name}' is offered by {names}; uninstall all but one"
    if problem is None:
        return plugin
    return Plugin(plugin.table, plugin.name, plugin.target, plugin.distribution, plugin.version, problem)


def _any_installed() -> bool:
    """Whether any distribution on the path has an entry point of ours.

    Costs 3 ms for a hundred distributions; importlib.metadata, which also reads the rest of them, 40 ms.
    """
    for folder in dict.fromkeys(sys.path):
        for pattern in ("*.dist-info/entry_points.txt", "*.egg-info/entry_points.txt"):
            for path in Path(folder or ".").glob(pattern):
                try:
                    if b"[twsla." in path.read_bytes():
                        return True
                except OSError:
                    continue
    return False
