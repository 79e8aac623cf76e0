"""The outermost frame: every way the program can end, as lines on standard error and an exit code."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import click

from twsla.errors import Cancelled, ExitCode, TwslaError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from twsla.environment import Environment


_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})


class Ending(NamedTuple):
    """What is said, and the exit code."""

    code: int
    message: str | None
    hint: str | None = None
    is_bug: bool = False


def guarded(work: Callable[[], int], environment: Environment, *, debug: bool) -> int:
    """Run ``work`` and give the exit code; whatever it raises is explained on standard error."""
    try:
        code = work()
        flush(environment)
    except click.exceptions.Exit as error:
        return error.exit_code
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  # the outermost frame of the program
        if isinstance(error, BrokenPipeError) and _reader_is_gone(environment):
            # Whoever read our output has seen enough (`twsla search … | head`): nothing went wrong.
            _forget_stdout(environment)
            return ExitCode.OK
        ending = explain(error)
        _say(environment, ending)
        if debug:
            _print_traceback(environment)
        return ending.code
    return code


def flush(environment: Environment) -> None:
    """Bring standard output to its end: a full disk must not be noticed after we said that all is well."""
    with writing_stdout(environment) as stdout:
        stdout.flush()


@contextmanager
def writing_stdout(environment: Environment) -> Iterator[BinaryIO]:
    """Standard output, for writing data to.

    Raises:
        TwslaError: It cannot be written.
        BrokenPipeError: Whoever read it has gone; no error of ours.
    """
    try:
        yield environment.stdout
    except BrokenPipeError:
        raise
    except OSError as error:
        _forget_stdout(environment)
        raise TwslaError(f"cannot write to standard output: {error.strerror or error}") from error


def explain(error: BaseException) -> Ending:
    """What an exception means to the user."""
    if isinstance(error, (KeyboardInterrupt, click.Abort, Cancelled)):
        return Ending(ExitCode.INTERRUPTED, "interrupted")
    if isinstance(error, TwslaError):
        return Ending(error.exit_code, error.message, error.hint)
    if isinstance(error, click.UsageError):
        return _usage(error)
    if isinstance(error, click.ClickException):
        return Ending(ExitCode.ERROR, _sentence(error.format_message()))
    if isinstance(error, OSError) and error.errno in _NO_SPACE:
        place = f" {error.filename}" if error.filename else ""
        return Ending(ExitCode.ERROR, f"cannot write{place}: {error.strerror}", "make room, or write elsewhere")
    if isinstance(error, BrokenPipeError):
        return Ending(ExitCode.ERROR, "the other end of a pipe or connection was closed")
    if isinstance(error, MemoryError):
        return Ending(ExitCode.ERROR, "not enough memory", "narrow the time range (-t) or the filters")
    return Ending(
        ExitCode.BUG,
        f"this is a bug in twsla: {type(error).__name__}: {error}{_place(error)}",
        "run again with --debug and report what it prints",
        is_bug=True,
    )


def _usage(error: click.UsageError) -> Ending:
    hint = None
    if error.ctx is not None:
        hint = f"'{error.ctx.command_path} --help' lists options and arguments"
    message = error.format_message()
    near = getattr(error, "possibilities", None)
    if near:
        message = error.message
        hint = f"did you mean {near[0]}? {hint or ''}".rstrip()
    return Ending(ExitCode.USAGE, _sentence(message), hint)


def _sentence(text: str) -> str:
    """Click's sentence in our form: no capital, no full stop."""
    text = text.strip().removesuffix(".")
    return text[:1].lower() + text[1:]


def _place(error: BaseException) -> str:
    """Where in our code it happened."""
    trace = error.__traceback__
    place = ""
    while trace is not None:
        code = trace.tb_frame.f_code
        if f"{os.sep}twsla{os.sep}" in code.co_filename:
            inside = code.co_filename.rpartition(f"{os.sep}twsla{os.sep}")[2]
            place = f" (twsla/{inside.replace(os.sep, '/')}, line {trace.tb_lineno})"
        trace = trace.tb_next
    return place


def _say(environment: Environment, ending: Ending) -> None:
    from twsla.render.escape import escape_text

    lines = [f"twsla: error: {escape_text(ending.message or '', keep='')}"]
    if ending.code == ExitCode.INTERRUPTED:
        lines = ["twsla: interrupted"]
    if ending.hint:
        lines.append(f"hint: {escape_text(ending.hint, keep='')}")
    try:
        environment.stdout.flush()  # so that the two streams do not interleave wrongly
    except OSError:
        _forget_stdout(environment)
    try:
        environment.stderr.write("".join(f"{line}\n" for line in lines))
        environment.stderr.flush()
    except OSError:  # nobody listens; the exit code remains
        return


def _print_traceback(environment: Environment) -> None:
    import traceback

    from twsla.render.escape import escape_text

    environment.stderr.write(escape_text(traceback.format_exc(), keep="\n"))


def _reader_is_gone(environment: Environment) -> bool:
    """Whether it is standard output that nobody reads any more; a source's connection can break as well."""
    import select

    try:
        poll = select.poll()
        poll.register(environment.stdout, select.POLLOUT)
        return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))
    except AttributeError:  # not on Windows
        return True
    except (OSError, TypeError, ValueError):  # no real file
        return False


def _forget_stdout(environment: Environment) -> None:
    """Send what is still buffered nowhere, or the interpreter would complain about it at its end."""
    try:
        if environment.stdout is sys.stdout.buffer:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, environment.stdout.fileno())
            os.close(nowhere)
    except (AttributeError, OSError, ValueError):  # no standard output, or not a real file
        return
