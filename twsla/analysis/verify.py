"""The verify analysis: is the evidence what it was?"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from twsla.errors import ExitCode
from twsla.model.analysis import Analysis
from twsla.model.result import Column, Fact, Kind, Result, ValueRows
from twsla.options import opt

if TYPE_CHECKING:
    from twsla.progress import Progress
    from twsla.query.engine import Engine

COLUMNS = (
    Column("kind", "What", Kind.TEXT),
    Column("name", "Name", Kind.TEXT, share=3),
    Column("state", "State", Kind.TEXT),
    Column("bytes", "Bytes", Kind.BYTES),
    Column("detail", "Detail", Kind.TEXT, share=4),
)


@dataclass(frozen=True, slots=True)
class VerifyOptions:
    """What ``verify`` takes besides the selection."""

    no_sources: bool = opt("--no-sources", default=False, help="Check the files of the store only.")
    differences: bool = opt("--differences", default=False, help="List only what differs.")


def verify(engine: Engine, options: VerifyOptions, progress: Progress) -> Result:
    """Prove that the store and its sources are what they were.

    Every file of the store is hashed and compared with its manifest, and so is every source that is still where it was.
    A source that is gone or has grown is told, and is no difference. Exit code 4 if anything differs.
    """
    from twsla.sources.base import printable
    from twsla.store.verify import verify_sources, verify_store

    checks = []
    for check in chain(verify_store(engine.store), () if options.no_sources else verify_sources(engine.store)):
        progress.check()
        progress.advance("files", 1)
        progress.advance("bytes", check.bytes)
        checks.append(check)
    different = sum(check.is_difference for check in checks)
    shown = [check for check in checks if check.is_difference or not options.differences]
    rows = [(check.kind, printable(check.name), check.state, check.bytes, check.detail) for check in shown]
    return Result(
        title="Verify",
        columns=COLUMNS,
        rows=ValueRows([column.name for column in COLUMNS], rows),
        facts=(
            Fact("checked", "Checked", len(checks), Kind.COUNT),
            Fact("different", "Different", different, Kind.COUNT),
        ),
        exit_code=ExitCode.STORE if different else ExitCode.OK,
    )


analysis = Analysis(
    name="verify",
    options=VerifyOptions,
    run=verify,
    example="twsla verify --differences",
    selection=("datastore", "tz", "utc"),
    damaged=True,
)
