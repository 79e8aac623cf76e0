"""A SELECT of the user's own over ``records``, run in a process that can read the store's files and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from twsla.errors import Cancelled, TwslaError, UsageError
from twsla.query.engine import translated
from twsla.query.sandbox import Reply, Request
from twsla.query.spooled import SpooledRows

if TYPE_CHECKING:
    from collections.abc import Callable

    from twsla.progress import Progress
    from twsla.query.engine import Engine

_HINT: Final = "columns of records: ts, ts_flags, source, line_no, offset, text, raw, shape, fields"
_WAIT_S: Final = 0.2
"""Between two looks at whether the user wants to stop."""
_MISTAKES: Final = frozenset(
    {
        "ParserException",
        "BinderException",
        "CatalogException",
        "ConversionException",
        "InvalidInputException",
        "SyntaxException",
        "OutOfRangeException",
        "NotImplementedException",
        "InvalidTypeException",
        "TypeMismatchException",
    }
)


@dataclass(frozen=True, slots=True)
class Field:
    """One column of the answer."""

    name: str
    """Unique."""
    title: str
    """As the statement names it."""
    kind: str
    """time, count, number, log or text."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the statement gave."""

    fields: tuple[Field, ...]
    rows: SpooledRows
    complete: bool
    """There were no more rows than were asked for."""
    close: Callable[[], None]
    """Frees the rows."""


def run_statement(engine: Engine, statement: str, progress: Progress, *, most_rows: int, timeout_s: float) -> Answer:
    """Run one SELECT.

    The statement sees the view ``records``: the records of the engine's query. It runs in a process of its own, see
    ``twsla.query.sandbox``.

    Args:
        engine: Its query decides what is in ``records``.
        statement: One statement that gives rows: SELECT, FROM, WITH, VALUES, DESCRIBE, PIVOT.
        progress: Asked whether to stop.
        most_rows: Rows kept.
        timeout_s: Seconds it may run; 0: as long as it takes.

    Raises:
        UsageError: It is not one such statement, or cannot be run.
        TwslaError: It ran too long, or needs too much memory.
    """
    runner = engine.isolated()
    runner.fields.whole = True
    try:
        with tempfile.TemporaryDirectory(prefix="twsla-") as folder:
            relation = runner.records()
            files = runner.file_paths(runner.selected.files)
            params = dict(relation.params)
            request = Request(statement, relation.sql, params, files, most_rows, timeout_s, runner.memory, folder)
            reply = _asked(request, engine, progress)
            _explain(runner, reply)
            table = runner.scratch_name()
            runner.execute(f"CREATE TABLE {table} AS FROM read_parquet($answer)", {"answer": request.answer})
        fields = tuple(Field(*field) for field in reply.fields)
        return Answer(fields, SpooledRows(runner, table), reply.complete, runner.close)
    except BaseException:
        runner.close()
        raise


def _asked(request: Request, engine: Engine, progress: Progress) -> Reply:
    """Have a process answer; it ends with whatever stops the engine.

    Raises:
        TwslaError: Its time or memory was not enough.
        Cancelled: The user does not want to wait.
    """
    # -P: no module of the directory one happens to be in takes the place of ours.
    command = [sys.executable, "-P", "-m", "twsla.query.sandbox"]
    path = os.pathsep.join([str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])])
    stopped = threading.Event()
    with (
        engine.stopping(stopped.set),
        subprocess.Popen(  # noqa: S603  # our own module
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": path},
        ) as process,
    ):
        try:
            output = _awaited(process, request, stopped, progress)
        finally:
            process.kill()
    try:
        return Reply(**json.loads(output))
    except ValueError:
        # It said nothing: memory that is not to be had ends a process in more than one way.
        return Reply(error="OutOfMemoryException")


def _awaited(process: subprocess.Popen[bytes], request: Request, stopped: threading.Event, progress: Progress) -> bytes:
    until = time.monotonic() + request.timeout_s if request.timeout_s else float("inf")
    given: bytes | None = json.dumps(asdict(request)).encode()
    output: bytes | None = None
    while True:
        progress.check()
        if stopped.is_set():
            raise Cancelled
        if output is not None:
            return output
        left = until - time.monotonic()
        if left <= 0:
            raise TwslaError(
                f"the statement was stopped after {request.timeout_s:g} seconds",
                hint="allow more with --timeout, or ask for less",
            )
        try:
            output = process.communicate(given, timeout=min(_WAIT_S, left))[0]
        except subprocess.TimeoutExpired:
            given = None  # communicate goes on with what it was given first


def _explain(runner: Engine, reply: Reply) -> None:
    """Raise what went wrong: mistakes in the statement as usage errors, what is wrong with the store as that."""
    if not reply.error:
        return
    if reply.error == "Refused":
        raise UsageError("it is not one statement that gives rows", hint="such as: SELECT * FROM records LIMIT 10")
    if reply.error == "InterruptException":
        raise Cancelled
    if reply.error == "OutOfMemoryException":
        raise TwslaError(
            f"the statement needs more memory than {runner.memory}, or more room for temporary files than it may have",
            hint="ask for less: fewer columns, shorter texts, a LIMIT; or narrow the time range (-t)",
        )
    reason = _reason(reply.message)
    if reply.error == "PermissionException":
        raise UsageError(
            f"the statement cannot be run: {reason}",
            hint="statements read the view records, no files and nothing from a network",
        )
    if reply.error in _MISTAKES:
        raise UsageError(f"the statement cannot be run: {reason}", hint=_HINT)
    import _duckdb

    with translated(runner.store.path, runner.memory):
        raise getattr(_duckdb, reply.error, _duckdb.Error)(reply.message)


def _reason(message: str) -> str:
    """The first line of DuckDB's message, and where it is."""
    lines = message.strip().splitlines()
    return " ".join(line.strip() for line in lines[:2] if line.strip())
