"""The process that a user's own statement runs in: ``python -m twsla.query.sandbox``, a request on standard input.

A statement is code of somebody's. Here it can open the files of the records it is about and no others, can attach, load
and write nothing, and cannot be told otherwise; and since not all that it can ask for can be interrupted, or counts
its memory, the process has limits of its own and is ended from outside when its time is over.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import threading
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from _duckdb import DuckDBPyConnection

SPILL_LIMIT: Final = "20GB"
"""Of what does not fit in memory, on disk."""
_GRACE_S: Final = 10.0
_WHOLE: Final = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
_WIDE: Final = ("HUGEINT", "UHUGEINT", "UBIGINT")
_FRACTIONS: Final = ("FLOAT", "DOUBLE")


@dataclass(frozen=True, slots=True)
class Request:
    """What to run, and on what."""

    statement: str
    view: str
    """The SELECT that is the view ``records``, with ``$name`` parameters."""
    params: dict[str, Any]
    files: list[str]
    """The only files that may be read."""
    most_rows: int
    timeout_s: float
    """0: none."""
    memory: str
    """What DuckDB may take, as it writes sizes."""
    folder: str
    """Private: for what does not fit in memory, and for the answer."""

    @property
    def answer(self) -> str:
        """Where the rows are written."""
        return f"{self.folder}/answer.parquet"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of it: ``error`` names the kind of DuckDB's exception, or is empty."""

    fields: tuple[tuple[str, str, str], ...] = ()
    """Of each column a unique name, the name in the statement, and its kind: time, count, number, log or text."""
    complete: bool = True
    error: str = ""
    message: str = ""


class Refused(Exception):
    """It is not one statement that gives rows."""


def main() -> None:
    """Read a request, run it, write a reply."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asked is told, and ends this process
    request = Request(**json.load(sys.stdin))
    _limit_process(request.memory)
    if request.timeout_s:  # should whoever asked be no more
        timer = threading.Timer(request.timeout_s + _GRACE_S, os._exit, (1,))
        timer.daemon = True
        timer.start()
    import _duckdb

    try:
        reply = run(request)
    except Refused as error:
        reply = Reply(error="Refused", message=str(error))
    except _duckdb.Error as error:
        reply = Reply(error=type(error).__name__, message=str(error))
    except MemoryError:
        reply = Reply(error="OutOfMemoryException", message="")
    json.dump(asdict(reply), sys.stdout)
    sys.stdout.flush()
    os._exit(0)  # what DuckDB holds goes with the process


def _limit_process(memory: str) -> None:
    """Bound the memory of the whole process: DuckDB does not count all that its functions take.

    Args:
        memory: What DuckDB may take.
    """
    try:
        import resource
    except ImportError:  # Windows
        return
    sizes = {"K": 10, "M": 20, "G": 30, "T": 40}
    counted = re.fullmatch(r"(\d+)\s*([KMGT])i?B", memory)
    assert counted is not None, memory
    threads = (os.cpu_count() or 1) * (16 << 20)
    most = (256 << 20) + 2 * (int(counted[1]) << sizes[counted[2]]) + threads
    for limit, value in ((resource.RLIMIT_DATA, most), (resource.RLIMIT_CORE, 0)):
        _, hard = resource.getrlimit(limit)
        resource.setrlimit(limit, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))


def run(request: Request) -> Reply:
    """Answer a request.

    Raises:
        Refused: It is not one SELECT.
        duckdb.Error: It cannot be run.
    """
    connection = _isolated(request)
    statement = _one_select(connection, request.statement)
    described = connection.execute(f"DESCRIBE {statement}").fetchall()
    fields = [
        (_name(str(row[0]), place), str(row[0]), _kind(str(row[0]), str(row[1]))) for place, row in enumerate(described)
    ]
    values = ", ".join(_value(name, str(row[1])) for (name, _, _), row in zip(fields, described, strict=True))
    names = ", ".join(f'"{name}"' for name, _, _ in fields)
    connection.execute(
        f"CREATE TABLE answer AS SELECT {values} FROM ({statement}) AS answer({names}) LIMIT {request.most_rows + 1}"  # noqa: S608  # it is the statement's purpose
    ).fetchall()
    fields = [
        _as_whole(connection, field) if str(row[1]) in _WIDE else field
        for field, row in zip(fields, described, strict=True)
    ]
    found = int(connection.execute("SELECT count(*) FROM answer").fetchall()[0][0])
    kept = f"SELECT * FROM answer WHERE rowid < {request.most_rows} ORDER BY rowid"  # noqa: S608  # a number
    connection.execute(f"COPY ({kept}) TO {_quoted(request.answer)} (FORMAT parquet)").fetchall()
    return Reply(tuple(fields), found <= request.most_rows)


def _isolated(request: Request) -> DuckDBPyConnection:
    """A database with the view, closed to everything but the files it reads and the one it writes."""
    from _duckdb import connect

    connection: DuckDBPyConnection = connect(
        ":memory:",
        config={
            "memory_limit": request.memory,
            "max_temp_directory_size": SPILL_LIMIT,
            "temp_directory": f"{request.folder}/spill",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "python_enable_replacements": "false",
        },
    )
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    view = request.view
    for name, value in request.params.items():
        connection.execute(f"SET VARIABLE {name} = $value", {"value": value})
        view = re.sub(rf"\${name}\b", f"getvariable('{name}')", view)
    connection.execute(f"CREATE TEMP VIEW records AS {view}")
    connection.execute(f"SET allowed_paths = [{', '.join(map(_quoted, [*request.files, request.answer]))}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def _one_select(connection: DuckDBPyConnection, text: str) -> str:
    """The statement as a SELECT around it, without a semicolon at its end.

    Raises:
        Refused: It is none, or more than one, or gives no rows.
    """
    while ";" in text:
        head, _, tail = text.rpartition(";")
        if not _is_blank(connection, tail):
            break
        text = head
    kinds = [str(each.type).rpartition(".")[2] for each in connection.extract_statements(text)]
    if kinds != ["SELECT"] and not (kinds == ["MULTI"] and text.split()[:1] in (["PIVOT"], ["pivot"])):
        raise Refused
    return f"SELECT * FROM (\n{text}\n)"  # noqa: S608  # what it can do is limited by the database


def _is_blank(connection: DuckDBPyConnection, text: str) -> bool:
    """Nothing but white space and comments."""
    import _duckdb

    try:
        return not connection.extract_statements(text)
    except _duckdb.Error:
        return False


def _as_whole(connection: DuckDBPyConnection, field: tuple[str, str, str]) -> tuple[str, str, str]:
    """A column of large whole numbers (DuckDB's sums are such) as one of usual ones, where all of them are."""
    column = f'"{field[0]}"'
    fit = f"coalesce(bool_and({column} IS NULL OR try_cast({column} AS BIGINT) IS NOT NULL), true)"
    if not connection.execute(f"SELECT {fit} FROM answer").fetchall()[0][0]:  # noqa: S608  # our own names
        return field
    connection.execute(f"ALTER TABLE answer ALTER {column} TYPE BIGINT").fetchall()
    return field[0], field[1], "count"


def _name(title: str, place: int) -> str:
    """A column's name as it is, unless it would have to be quoted in a way that not every place does."""
    return f"column{place}" if '"' in title or not title.isprintable() else title


def _kind(name: str, sql_type: str) -> str:
    if sql_type.startswith("TIMESTAMP"):
        return "time"
    if sql_type in _WHOLE:
        return "count"
    if sql_type in _FRACTIONS:
        return "number"
    return "log" if name == "text" else "text"


def _value(name: str, sql_type: str) -> str:
    """SQL that turns a value of any type into one that all outputs know; no digit is lost."""
    name = f'"{name}"'
    if sql_type.startswith("TIMESTAMP"):
        return f"{name}::TIMESTAMPTZ_NS AS {name}"
    if sql_type in _WHOLE:
        return f"{name}::BIGINT AS {name}"
    if sql_type in _FRACTIONS:
        return f"{name}::DOUBLE AS {name}"
    if sql_type == "BOOLEAN":
        return name
    if sql_type.endswith("]") or sql_type.startswith(("STRUCT", "MAP", "UNION")):
        return f"to_json({name})::VARCHAR AS {name}"
    return f"{name}::VARCHAR AS {name}"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


if __name__ == "__main__":
    main()
