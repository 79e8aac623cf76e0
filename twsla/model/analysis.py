"""An analysis: what a line of the registry points at. The command, its help, schemas and docs are made from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from twsla.model.result import Result
    from twsla.progress import Progress

E = TypeVar("E")
"""The engine. It belongs to a layer above; an analysis names it in its function."""
O = TypeVar("O")  # noqa: E741  # options; never a number
"""The options dataclass."""


@dataclass(frozen=True, slots=True)
class Analysis(Generic[E, O]):
    """A question that can be asked of a store."""

    name: str
    """The command; a space makes a sub-command (``email count``)."""
    options: type[O]
    """Frozen dataclass of ``opt`` and ``arg`` fields; all have defaults unless they are required."""
    run: Callable[[E, O, Progress], Result]
    """Opens nothing and prints nothing. The first line of its docstring is the summary, the rest is help."""
    example: str
    """One command line that works as it stands, for help and docs; the tests run it."""
    selection: tuple[str, ...] | None = None
    """Fields of ``Selection`` that it takes; None: all of them."""
    damaged: bool = False
    """It is for stores with damaged manifests too, and looks at ``Store.damaged``."""

    @property
    def summary(self) -> str:
        """One sentence: the first line of the function's docstring."""
        return (self.run.__doc__ or "").strip().partition("\n")[0].strip()

    @property
    def description(self) -> str:
        """All of the function's docstring, without its indentation."""
        first, _, rest = (self.run.__doc__ or "").strip().partition("\n")
        lines = rest.split("\n")
        indent = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
        return "\n".join([first, *(line[indent:].rstrip() for line in lines)]).strip()
