"""Import and inspection of files below the directories that the server was started with, and nowhere else.

The work is done by ``twsla import`` itself, in a process of its own: it has the same importer as the command line, it
takes no memory of the server, and when it is ended the store is as it was before.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from twsla.errors import Cancelled, TwslaError, UsageError
from twsla.ingest.options import ImportOptions, InspectOptions
from twsla.mcp.answers import DEFAULT_BYTES, Answer
from twsla.mcp.parameters import Parameters, parameters_of
from twsla.mcp.tools import Tool
from twsla.options import Selection, describe
from twsla.sections import sections_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from twsla.mcp.desk import Desk
    from twsla.mcp.tools import Working

_NOT_OFFERED: Final = frozenset({"sources", "source", "within", "ml_inspect", "report", "datastore", "filters"})
_GRACE_S: Final = 5.0
"""After that long a process that was asked to end is ended."""
_TEXT: Final = {"type": "string"}
_COUNT: Final = {"type": "integer", "minimum": 0}
_NOTES: Final = {"type": "array", "items": _TEXT}
_AT_WORK = threading.Lock()
"""One import at a time: queries have the other places."""


def import_tools(desk: Desk) -> Iterator[Tool]:
    """``import_log`` and ``inspect``; offered without allowed directories too, to say why they cannot work."""
    where = " or ".join(map(str, desk.import_roots)) or "nowhere: import is off"
    path = {**_TEXT, "description": f"A file, directory or archive below an allowed directory ({where})."}
    yield _tool(
        "import_log",
        "Import logs",
        "Read a file, a directory with all below it, or an archive into the store. Importing again what is in the "
        "store already changes nothing.",
        {
            "path": path,
            "pattern": {**_TEXT, "description": "Only files and members whose name matches: *.log"},
            "log_path": {**_TEXT, "description": "Older name of path."},
            "filename_pattern": {**_TEXT, "description": "Older name of pattern."},
        },
        {
            "Files": _COUNT,
            "Lines": _COUNT,
            "Bytes": _COUNT,
            "records": _COUNT,
            "undated": _COUNT,
            "unchanged": {**_COUNT, "description": "Sources that were in the store already."},
            "notes": {**_NOTES, "description": "What was left out, and why."},
        },
        _parameters(ImportOptions, "time_range", "filter", "regex", "inverted", "ignore_case", "tz", "utc"),
        "import",
        _imported,
    )
    yield _tool(
        "inspect",
        "Tell how logs would be understood",
        "Tell how a file, directory or archive would be understood (format, encoding, time stamps, zone, years, gaps), "
        "and which options of import_log would change what; stores nothing.",
        {"path": path},
        {"rows": {"type": "array", "items": {"type": "object"}}, "facts": {"type": "object"}, "notes": _NOTES},
        _parameters(InspectOptions, "tz", "utc"),
        "inspect",
        _inspected,
    )


def _parameters(options: type, *selection: str) -> Parameters:
    without = {info.name for info in describe(Selection)} - set(selection)
    return parameters_of(sections_of(options, (Selection,), without), without=_NOT_OFFERED)


def _tool(
    name: str,
    title: str,
    description: str,
    own: dict[str, Any],
    output: dict[str, Any],
    parameters: Parameters,
    command: str,
    made: Callable[[dict[str, Any]], Answer],
) -> Tool:
    work = _Work(command, parameters, frozenset(own), made)
    properties = {**own, **{each: schema for each, schema in parameters.properties().items() if each not in own}}
    return Tool(
        name,
        title,
        description,
        {"type": "object", "properties": properties, "additionalProperties": False},
        {"type": "object", "properties": output, "required": list(output), "additionalProperties": False},
        work.run,
        parameters.explained,
        writes=command == "import",
        is_long=True,
    )


@dataclass(frozen=True, slots=True)
class _Work:
    """Runs a command of the program on one path."""

    command: str
    parameters: Parameters
    own: frozenset[str]
    made: Callable[[dict[str, Any]], Answer]

    def run(self, desk: Desk, given: Mapping[str, Any], working: Working) -> Answer:
        """One call."""
        text = given.get("path") or given.get("log_path")
        if not desk.import_roots:
            raise UsageError(
                "this server reads no files: import is off", hint="it has to be started with --allow-import DIR"
            )
        if not isinstance(text, str) or not text:
            raise UsageError("path is missing", hint="name a file, a directory or an archive")
        path = allowed_path(text, desk.import_roots)
        others = {name: value for name, value in given.items() if name not in self.own}
        pattern = given.get("pattern") or given.get("filename_pattern")
        if pattern:
            others["file_pat"] = pattern
        options = self._options(self.parameters.values(others, others=sorted(self.own)))
        arguments = [self.command, "--no-screen", "--quiet", "--format=json", f"--source={path}", *options]
        arguments += [f"--within={root}" for root in desk.import_roots]
        if self.command == "import":
            arguments.append(f"--datastore={desk.datastore}")
        if not _AT_WORK.acquire(blocking=False):
            raise TwslaError("another import or inspection is at work", hint="try again when it is done")
        try:
            working.progress.message(f"{self.command} {path}")
            return self.made(run_program(arguments, working))
        finally:
            _AT_WORK.release()

    def _options(self, values: Mapping[type, Mapping[str, object]]) -> Iterator[str]:
        """Values of options as arguments of a command line."""
        for each in self.parameters.all:
            value = values.get(each.owner, {}).get(each.info.name)
            if value is None:
                continue
            if each.info.type == "flag":
                yield from [each.info.long] if value else []
            else:
                for one in value if isinstance(value, tuple) else (value,):
                    yield f"{each.info.long}={one}"


def allowed_path(text: str, roots: tuple[Path, ...]) -> Path:
    """The real path, links followed, of what a client names; a relative one is below the first allowed directory.

    Raises:
        UsageError: It is not below an allowed directory, or there is no file or directory. Of what is elsewhere is
            not told whether it exists.
    """
    listed = " or ".join(map(str, roots))
    try:
        real = Path(os.path.realpath(roots[0] / text))
    except (OSError, ValueError):
        raise UsageError(f"'{text[:200]}' is no path", hint=f"name something below {listed}") from None
    if not any(real.is_relative_to(root) for root in roots):
        raise UsageError(f"'{text[:200]}' is not below an allowed directory", hint=f"allowed is what is below {listed}")
    if not (real.is_file() or real.is_dir()):
        raise UsageError(f"'{text[:200]}' is no file or directory")
    return real


def run_program(arguments: list[str], working: Working) -> dict[str, Any]:
    """Run the program in a process of its own; gives the JSON object that it answers with.

    Raises:
        TwslaError: What it says went wrong.
        Cancelled: The call was stopped; the process has ended.
    """
    process = subprocess.Popen(  # noqa: S603  # our own program; every argument is one option with its value
        [sys.executable, "-m", "twsla", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    asked_at: list[float] = []

    def stop() -> None:
        if not asked_at:
            asked_at.append(time.monotonic())
            process.terminate()
        elif time.monotonic() - asked_at[0] > _GRACE_S:
            process.kill()

    try:
        working.stoppable(stop)
        out, err = process.communicate()
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    if asked_at:
        raise Cancelled
    if not out:
        raise _said(err.decode("utf-8", "replace"))
    answer: dict[str, Any] = json.loads(out)
    return answer


def _said(err: str) -> TwslaError:
    """The error of a process by what it wrote on standard error."""
    lines = err.strip().splitlines()
    message = next((line.removeprefix("twsla: error: ") for line in lines if line.startswith("twsla: error: ")), "")
    hint = next((line.partition("hint: ")[2] for line in lines if "hint: " in line), None)
    return TwslaError(message or "the process that should read it has ended without an answer", hint=hint)


def _imported(report: dict[str, Any]) -> Answer:
    facts = report["facts"]
    numbers = {"Files": facts["files"], "Lines": facts["lines"], "Bytes": facts["bytes"]}
    rest = {name: facts[name] for name in ("records", "undated", "unchanged")}
    notes = report["notes"][:100]
    remark = "\n".join(f"note: {note}" for note in notes)
    return Answer({**numbers, **rest, "notes": notes}, text=numbers, remark=remark)


def _inspected(report: dict[str, Any]) -> Answer:
    rows: list[Any] = []
    size = 0
    for row in report["rows"]:
        size += len(json.dumps(row))
        if size > DEFAULT_BYTES:
            report["notes"].append(f"{len(report['rows']) - len(rows):,} further rows were left out")
            break
        rows.append(row)
    return Answer({"rows": rows, "facts": report["facts"], "notes": report["notes"]})
