"""From one file to its items: looks inside compressions and archives, and archives in archives."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from twsla.sources.backing import hold_in_memory
from twsla.sources.base import DamagedError, Item, Problem, ProblemKind
from twsla.sources.magic import COMPRESSIONS, Shell, promised, sniff, unsupported
from twsla.sources.member import Archive, Member, Refused
from twsla.sources.sevenzip import sevenzip_members
from twsla.sources.tars import tar_members
from twsla.sources.zips import zip_members

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from twsla.sources.backing import MemoryBacking
    from twsla.sources.base import ItemKind, Limits
    from twsla.sources.budget import Budget
    from twsla.sources.content import Content
    from twsla.sources.globs import Choice


@dataclass(frozen=True, slots=True)
class Place:
    """Where a content stands."""

    name: str
    """Printable and complete: what the item will be called."""
    below: str
    """The path below the innermost directory or archive; patterns are matched against it."""
    label: str
    """The name that the content should live up to: "x.tar" for what is in "x.tar.gz"."""
    kind: ItemKind
    named: bool = False
    """Named by the user: taken if it is no archive, whatever the pattern says."""
    taken: bool = False
    """In an archive that the pattern took."""
    depth: int = 0
    packed: bool = False
    """Directly inside a compression: a tar here adds no depth."""


@dataclass(frozen=True, slots=True)
class Walker:
    """Finds the items of one outermost file or stream."""

    choice: Choice
    limits: Limits
    budget: Budget
    password: str | None
    container: str | None
    container_path: Path | None
    report: Callable[[Problem], None]

    def items(self, content: Content, place: Place) -> Iterator[Item]:
        """All items in a content, itself if it is no archive."""
        try:
            head = content.head()
        except DamagedError as error:
            if self._wanted(place) or promised(place.label):
                self.report(error.problem(place.name))
            return
        shell = sniff(head, place.label)
        if shell is None:
            yield from self._leaf(content, head, place)
        elif shell in COMPRESSIONS:
            if deeper := self._deeper(place, shell):
                yield from self.items(content.decoded(shell, head, self.budget, self._note(place)), deeper)
        elif deeper := self._deeper(place, shell):
            yield from self._archive(content, shell, deeper)

    def _wanted(self, place: Place) -> bool:
        return place.named or place.taken or self.choice.wants(place.below)

    def _note(self, place: Place) -> Callable[[str], None]:
        return lambda sentence: self.report(Problem(place.name, ProblemKind.NOTE, sentence))

    def _deeper(self, place: Place, shell: Shell) -> Place | None:
        """The place one layer down; None, and a problem, when it is too deep."""
        depth = place.depth + (0 if place.packed and shell is Shell.TAR else 1)
        if depth > self.limits.depth:
            why = f"is packed in more than {self.limits.depth} archives and compressions; unpack it first"
            self.report(Problem(place.name, ProblemKind.LIMIT, why))
            return None
        if shell not in COMPRESSIONS:
            return replace(place, depth=depth, packed=False)
        stem, _, suffix = place.label.rpartition(".")
        if promised(place.label) is not shell:
            stem = place.label
        elif suffix.lower().startswith("t"):
            stem += ".tar"
        return replace(place, depth=depth, packed=True, label=stem)

    def _leaf(self, content: Content, head: bytes, place: Place) -> Iterator[Item]:
        """The content itself, if it is wanted."""
        if not self._wanted(place):
            return
        if packing := unsupported(head):
            why = f"{packing} is not a packing that can be read; unpack it first"
            self.report(Problem(place.name, ProblemKind.UNSUPPORTED, why))
            return
        if expected := promised(place.label):
            what = "is not that" if head else "is empty"
            why = f"the name promises {expected.value}, the content {what}: read as it is"
            self.report(Problem(place.name, ProblemKind.NOTE, why))
        yield Item(
            name=place.name,
            container=self.container,
            container_path=self.container_path,
            kind=place.kind,
            size_bytes=content.size_bytes,
            mtime_ns=content.mtime_ns,
            mtime_from=content.mtime_from,
            seekable_path=content.path,
            sequential=content.sequential,
            open=content.open,
        )

    def _archive(self, content: Content, shell: Shell, place: Place) -> Iterator[Item]:
        """The items of all members."""
        taken = place.taken or (not place.named and self.choice.pattern is not None and self.choice.wants(place.below))

        def matters(member: str) -> bool:
            below = member.replace("\\", "/")
            wanted = taken or self.choice.wants(below) or promised(below) is not None
            return wanted and not self.choice.refuses(below)

        archive = Archive(place.name, self.limits, self.budget, self.password, self.report, matters)
        inside = replace(place, kind="member", named=False, taken=taken)
        found = False
        try:
            for member in self._members(content, shell, archive):
                found = True
                yield from self._member(member, archive, inside)
                if self.budget.exceeded:
                    raise Refused(ProblemKind.LIMIT, "is not read on, after a limit was met")
        except DamagedError as error:
            archive.problem(error.kind, error.why)
        except Refused as refused:
            archive.problem(refused.kind, refused.sentence)
        if not found and not archive.troubled:
            archive.problem(ProblemKind.EMPTY, "is an archive without files")

    def _member(self, member: Member, archive: Archive, inside: Place) -> Iterator[Item]:
        """The items of one member."""
        below = member.name.replace("\\", "/")
        name = archive.label(member.name)
        if not self.choice.refuses(below):
            label = below.rpartition("/")[2]
            yield from self.items(member.content, replace(inside, name=name, below=below, label=label))

    def _members(self, content: Content, shell: Shell, archive: Archive) -> Iterator[Member]:
        if shell is Shell.TAR:
            yield from tar_members(content, archive)
            return
        read = zip_members if shell is Shell.ZIP else sevenzip_members
        if content.backing is not None:
            yield from read(content.backing, archive)
            return
        backing = self._held(content, shell, archive)
        self.budget.held_bytes += backing.size_bytes
        try:
            yield from read(backing, archive)
        finally:
            self.budget.held_bytes -= backing.size_bytes

    def _held(self, content: Content, shell: Shell, archive: Archive) -> MemoryBacking:
        """The whole archive in memory, since its directory stands at its end.

        Raises:
            Refused: it is too large.
        """
        most = self.limits.memory_bytes - self.budget.held_bytes
        backing = None
        if content.size_bytes is None or content.size_bytes <= most:
            backing, damage = hold_in_memory(content.open(), most)
            if damage is not None:
                archive.problem(damage.kind, damage.message)
        if backing is None:
            size = "" if content.size_bytes is None else f" of {content.size_bytes:,} bytes"
            raise Refused(
                ProblemKind.LIMIT,
                f"a {shell.value} inside something else is read from memory, and this one{size} needs more than the "
                f"{most:,} bytes allowed; unpack it first",
            )
        return backing
