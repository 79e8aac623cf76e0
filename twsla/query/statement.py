"""A SELECT of the user's own over ``records``, in a database that can read the store's files and nothing else."""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from twsla.errors import Cancelled, TwslaError, UsageError
from twsla.query.engine import first_line, translated
from twsla.query.spooled import SpooledRows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from _duckdb import DuckDBPyConnection

    from twsla.query.engine import Engine

_WHOLE: Final = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
_WIDE: Final = ("HUGEINT", "UHUGEINT", "UBIGINT")
_FRACTIONS: Final = ("FLOAT", "DOUBLE")
_HINT: Final = "columns of records: ts, ts_flags, source, line_no, offset, text, raw, shape, fields"


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


def run_statement(engine: Engine, statement: str, *, most_rows: int, timeout_s: float) -> Answer:
    """Run one SELECT.

    The statement sees the view ``records``: the records of the engine's query. It runs in a database of its own, which
    may open the files of these records and no others, can attach, load and write nothing, and cannot be told otherwise.

    Args:
        engine: Its query decides what is in ``records``.
        statement: One statement that gives rows: SELECT, FROM, WITH, VALUES, DESCRIBE, PIVOT.
        most_rows: Rows kept.
        timeout_s: Seconds it may run; 0: as long as it takes.

    Raises:
        UsageError: It is not one such statement, or cannot be run.
        TwslaError: It ran too long, or needs too much memory.
    """
    runner = engine.isolated()
    try:
        return _answer(runner, statement, most_rows, timeout_s)
    except BaseException:
        runner.close()
        raise


def _answer(runner: Engine, statement: str, most_rows: int, timeout_s: float) -> Answer:
    _isolate(runner)
    wrapped = f"SELECT * FROM (\n{statement}\n)"  # noqa: S608  # what it can do is limited by the database
    connection = runner.connection
    with _explained(runner):
        kinds = [str(each.type).rpartition(".")[2] for each in connection.extract_statements(wrapped)]
    if kinds != ["SELECT"] and not (kinds == ["MULTI"] and statement.split()[:1] in (["PIVOT"], ["pivot"])):
        raise UsageError("it is not one statement that gives rows", hint="such as: SELECT * FROM records LIMIT 10")
    with _time_limit(runner, timeout_s), _explained(runner):
        described = connection.execute(f"DESCRIBE {wrapped}").fetchall()
        fields = tuple(
            Field(_name(str(row[0]), place), str(row[0]), _kind(str(row[0]), str(row[1])))
            for place, row in enumerate(described)
        )
        values = ", ".join(_value(each.name, str(row[1])) for each, row in zip(fields, described, strict=True))
        names = ", ".join(f'"{each.name}"' for each in fields)
        table = runner.scratch_name()
        connection.execute(
            f"CREATE TABLE {table} AS SELECT {values} FROM ({wrapped}) AS answer({names}) LIMIT {int(most_rows) + 1}"  # noqa: S608
        ).fetchall()
        fields = tuple(
            _as_whole(connection, table, each) if str(row[1]) in _WIDE else each
            for each, row in zip(fields, described, strict=True)
        )
        found = int(connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0])  # noqa: S608  # our own name
        if found > most_rows:
            connection.execute(f"DELETE FROM {table} WHERE rowid >= {int(most_rows)}").fetchall()  # noqa: S608
    return Answer(fields, SpooledRows(runner, table), found <= most_rows, runner.close)


def _isolate(runner: Engine) -> None:
    """Make the view, then close the database to everything but the files it reads."""
    connection = runner.connection
    runner.fields.whole = True
    relation = runner.records()
    view = relation.sql
    for name, value in relation.params.items():
        connection.execute(f"SET VARIABLE {name} = $value", {"value": value})
        view = re.sub(rf"\${name}\b", f"getvariable('{name}')", view)
    connection.execute(f"CREATE TEMP VIEW records AS {view}")
    files = runner.file_paths(runner.selected.files)
    listed = ", ".join("'" + path.replace("'", "''") + "'" for path in files)
    connection.execute(f"SET allowed_paths = [{listed}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def _as_whole(connection: DuckDBPyConnection, table: str, field: Field) -> Field:
    """A column of large whole numbers (DuckDB's sums are such) as one of usual ones, where all of them are."""
    column = f'"{field.name}"'
    fit = f"coalesce(bool_and({column} IS NULL OR try_cast({column} AS BIGINT) IS NOT NULL), true)"
    if not connection.execute(f"SELECT {fit} FROM {table}").fetchall()[0][0]:  # noqa: S608  # our own names
        return field
    connection.execute(f"ALTER TABLE {table} ALTER {column} TYPE BIGINT").fetchall()
    return replace(field, kind="count")


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


@contextmanager
def _time_limit(runner: Engine, timeout_s: float) -> Iterator[None]:
    """Stop what runs after some time.

    Raises:
        TwslaError: It was stopped.
    """
    if not timeout_s:
        yield
        return
    thread = threading.get_ident()
    expired = threading.Event()

    def stop() -> None:
        expired.set()
        runner.interrupt(thread)

    timer = threading.Timer(timeout_s, stop)
    timer.daemon = True
    timer.start()
    try:
        yield
    except Cancelled:
        if expired.is_set():
            raise TwslaError(
                f"the statement was stopped after {timeout_s:g} seconds",
                hint="allow more with --timeout, or ask for less",
            ) from None
        raise
    finally:
        timer.cancel()


@contextmanager
def _explained(runner: Engine) -> Iterator[None]:
    """Mistakes in the statement as usage errors; what is wrong with the store stays that."""
    import _duckdb

    with translated(runner.store.path):
        try:
            yield
        except _duckdb.PermissionException as error:
            raise UsageError(
                f"the statement cannot be run: {first_line(error)}",
                hint="statements read the view records, no files and nothing from a network",
            ) from error
        except (
            _duckdb.ParserException,
            _duckdb.BinderException,
            _duckdb.CatalogException,
            _duckdb.ConversionException,
            _duckdb.InvalidInputException,
            _duckdb.SyntaxException,
        ) as error:
            raise UsageError(f"the statement cannot be run: {_reason(error)}", hint=_HINT) from error


def _reason(error: Exception) -> str:
    """The first line of DuckDB's message, and where it is."""
    lines = str(error).strip().splitlines()
    return " ".join(line.strip() for line in lines[:2] if line.strip())
