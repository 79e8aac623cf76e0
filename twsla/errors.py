"""Every error this program can explain, and the exit code of each.

    TwslaError            exit 1    anything we can explain
      UsageError          exit 2    option, pattern, time range, configuration
        MissingExtra      exit 2    an optional dependency is not installed
      SourceError         exit 3    cannot reach, open, log in to or decode the input
      StoreError          exit 4    missing, damaged, locked or newer store
      RemoteError         exit 5    a service we call refused, failed or timed out
      IncompleteError     exit 6    finished under --strict, but something was left out

Library code raises these and prints nothing; ``twsla.cli`` turns them into two lines on
standard error. A message names the thing, what is wrong with it, and (as ``hint``) what to do.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Process exit codes."""

    OK = 0
    ERROR = 1
    USAGE = 2
    SOURCE = 3
    STORE = 4
    REMOTE = 5
    INCOMPLETE = 6
    BUG = 70
    INTERRUPTED = 130


class TwslaError(Exception):
    """Anything we can explain in one sentence."""

    exit_code = ExitCode.ERROR

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(TwslaError):
    """An option, pattern, time range or configuration value that cannot be used."""

    exit_code = ExitCode.USAGE


class MissingExtra(UsageError):
    """An optional dependency is needed and not installed."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f"{feature} needs the optional part '{extra}'", hint=f"pip install 'twsla[{extra}]'")
        self.feature = feature
        self.extra = extra


class SourceError(TwslaError):
    """The input cannot be reached, opened or read."""

    exit_code = ExitCode.SOURCE


class StoreError(TwslaError):
    """The store is missing, damaged, busy or of a newer version."""

    exit_code = ExitCode.STORE


class RemoteError(TwslaError):
    """A service we call refused, failed or did not answer."""

    exit_code = ExitCode.REMOTE


class IncompleteError(TwslaError):
    """Under --strict: the work is done, but something was left out."""

    exit_code = ExitCode.INCOMPLETE


class Cancelled(TwslaError):
    """The user asked to stop."""

    exit_code = ExitCode.INTERRUPTED

    def __init__(self) -> None:
        super().__init__("interrupted")
