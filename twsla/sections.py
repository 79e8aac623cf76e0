"""What a command takes: its own options, and those it shares with others.

The command line, its documentation and MCP tools are made from these.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from twsla.options import OptionInfo, OutputOptions, Selection, describe

if TYPE_CHECKING:
    from collections.abc import Iterable

TITLES = {Selection: "Which records", OutputOptions: "Output"}
"""Headings of the shared options in help; a command's own stand under "Options"."""


@dataclass(frozen=True, slots=True)
class Section:
    """One option dataclass as a command offers it."""

    owner: type
    infos: tuple[OptionInfo, ...]

    @property
    def title(self) -> str:
        """Heading in help."""
        return TITLES.get(self.owner, "Options")


def sections_of(own: type | None, shared: Iterable[type], without: Iterable[str] = ()) -> tuple[Section, ...]:
    """A command's options: its own, then the shared ones without what they would share.

    A shared option gives up its short letter where the command uses that letter, and goes altogether where the command
    has a long option of that name, or positional arguments of its own. ``without`` names shared fields to leave out.
    """
    mine = describe(own) if own else ()
    longs = {flag for info in mine if not info.positional for flag in (info.long, *info.aliases)}
    shorts = {info.short for info in mine}
    has_arguments = any(info.positional for info in mine)
    sections = [Section(own, mine)] if own else []
    for owner in shared:
        kept = []
        for info in describe(owner):
            if info.name in without or info.long in longs or (info.positional and has_arguments):
                continue
            kept.append(_without_short(info) if info.short in shorts else info)
        sections.append(Section(owner, tuple(kept)))
    return tuple(sections)


def _without_short(info: OptionInfo) -> OptionInfo:
    return replace(info, short=None)
