"""Turns what the user named - files, directories, pipes, standard input - into items."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from twsla.sources.archives import Place, Walker
from twsla.sources.backing import FileBacking
from twsla.sources.base import Item, Limits, Problem, ProblemKind, printable
from twsla.sources.budget import Budget
from twsla.sources.content import Content, OneShot
from twsla.sources.globs import Choice
from twsla.sources.streams import CountedStream, FileStream, PipeStream, Stream, system_reason
from twsla.store.layout import is_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

STDIN = "-"


def expand(
    arguments: Sequence[str],
    *,
    pattern: str | None = None,
    exclude: Sequence[str] = (),
    password: str | None = None,
    recursive: bool = True,
    within: Sequence[Path] = (),
    limits: Limits | None = None,
    on_problem: Callable[[Problem], None],
    stdin: BinaryIO,
) -> Iterator[Item]:
    """All items of the sources, in the order they were named; below a directory in the byte order of their paths.

    Compression and archives are recognised by content and looked into. Nothing is written anywhere.

    Args:
        arguments: Paths of files, directories, named pipes; "-" is standard input.
        pattern: Takes only matching files and members; the one meaning is that of ``globs.matches``. A file named
            itself is always taken; a matching archive below a directory is taken with all its members.
        exclude: Patterns of what is left out, directories and archives with all that is in them.
        password: For encrypted zip and 7z archives.
        recursive: Whether directories below a named directory are entered.
        within: Directories; files that, links followed, are in none of them are left out. None: any file.
        limits: What hostile input may cost; None: the usual.
        on_problem: Told of everything that is left out, from the thread that asks for the next item or reads one.
        stdin: Standard input in binary mode.

    Yields:
        Items. A file reached twice (two names, links) is given once.
    """
    choice = Choice(pattern, tuple(exclude))
    roots = tuple(os.path.realpath(each) for each in within)
    sources = _Sources(choice, recursive, password, limits or Limits(), on_problem, stdin, roots)
    for argument in arguments:
        yield from sources.argument(argument)


@dataclass(slots=True)
class _Sources:
    """What is shared by all arguments of one call."""

    choice: Choice
    recursive: bool
    password: str | None
    limits: Limits
    on_problem: Callable[[Problem], None]
    stdin: BinaryIO
    within: tuple[str, ...] = ()
    seen: dict[tuple[int, int], str] = field(default_factory=dict)
    """Device and inode of every file given, and its printable name."""
    stdin_read: bool = False

    def problem(self, source: str, kind: ProblemKind, sentence: str) -> None:
        self.on_problem(Problem(printable(source), kind, sentence))

    def argument(self, argument: str) -> Iterator[Item]:
        """The items of one argument."""
        if argument == STDIN:
            yield from self._stdin()
            return
        path = Path(argument)
        try:
            status = path.stat()
        except (OSError, ValueError) as error:
            self._unreachable(argument, error)
            return
        if stat.S_ISDIR(status.st_mode):
            yield from self._directory(argument)
        elif stat.S_ISREG(status.st_mode):
            yield from self._file(
                argument, status, Place(printable(argument), path.name, path.name, "file", named=True)
            )
        elif stat.S_ISSOCK(status.st_mode):
            self.problem(argument, ProblemKind.UNSUPPORTED, "is a socket")
        elif self.within:
            self.problem(argument, ProblemKind.SKIPPED, f"is a {_type_name(status.st_mode)}, and not a file")
        else:
            yield from self._stream(printable(argument), path.name, lambda: FileStream(path))

    def _unreachable(self, argument: str, error: OSError | ValueError) -> None:
        if isinstance(error, (FileNotFoundError, NotADirectoryError)):
            scheme = argument.partition(":")[0]
            hint = f"; '{scheme}:' is not a kind of source known here" if _looks_like_url(argument) else ""
            self.problem(argument, ProblemKind.MISSING, f"no such file or directory{hint}")
        else:
            reason = system_reason(error) if isinstance(error, OSError) else str(error)
            self.problem(argument, ProblemKind.UNREADABLE, reason)

    def _stdin(self) -> Iterator[Item]:
        if self.stdin_read:
            self.problem(STDIN, ProblemKind.DUPLICATE, "standard input is named twice; it is read once")
            return
        self.stdin_read = True
        yield from self._stream(STDIN, "", lambda: PipeStream(self.stdin))

    def _stream(self, name: str, label: str, start: Callable[[], Stream]) -> Iterator[Item]:
        """The items of a pipe."""
        budget = Budget(self.limits, None)
        walker = self._walker(budget, None, None)
        content = Content(OneShot(CountedStream(start(), budget)))
        yield from walker.items(content, Place(name, label, label, "stream", named=True))

    def _walker(self, budget: Budget, container: str | None, path: Path | None) -> Walker:
        return Walker(self.choice, self.limits, budget, self.password, container, path, self.on_problem)

    def _file(self, name: str, status: os.stat_result, place: Place) -> Iterator[Item]:
        """The items of a regular file, unless it was given before."""
        path = Path(name)
        if self.within and not _is_within(path, self.within):
            self.problem(name, ProblemKind.SKIPPED, f"is outside of {' and '.join(map(printable, self.within))}")
            return
        key = (status.st_dev, status.st_ino)
        if status.st_ino and key in self.seen:
            self.problem(name, ProblemKind.DUPLICATE, f"is the same file as {self.seen[key]}; it is read once")
            return
        self.seen[key] = place.name
        walker = self._walker(Budget(self.limits, status.st_size), place.name, path)
        content = Content(
            lambda: FileStream(path),
            size_bytes=status.st_size,
            mtime_ns=status.st_mtime_ns,
            mtime_from="file",
            path=path,
            backing=FileBacking(path, status.st_size),
        )
        yield from walker.items(content, place)

    def _directory(self, top: str) -> Iterator[Item]:
        """The items of all files below a directory."""
        problems, items = 0, 0

        def count(problem: Problem) -> None:
            nonlocal problems
            problems += 1
            self.on_problem(problem)

        inner = _Sources(
            self.choice,
            self.recursive,
            self.password,
            self.limits,
            count,
            self.stdin,
            self.within,
            self.seen,
            self.stdin_read,
        )
        for name, below in inner.files_below(top, ""):
            for item in inner.listed(name, below):
                items += 1
                yield item
        if not items and not problems:
            what = "no file in it" if self.choice.pattern is None else f"no file in it matches '{self.choice.pattern}'"
            self.problem(top, ProblemKind.EMPTY, what)

    def files_below(self, directory: str, below: str) -> Iterator[tuple[str, str]]:
        """Paths of everything below a directory that is not itself a directory, in byte order.

        Yields:
            The path as the user would write it, and the path below the directory named.
        """
        pending = [(directory, below, True)]
        while pending:
            name, path, is_directory = pending.pop()
            if is_directory:
                pending.extend(reversed(self._entries(name, path)))
            else:
                yield name, path

    def _entries(self, directory: str, below: str) -> list[tuple[str, str, bool]]:
        """Name, path below, and whether it is a directory to enter, of what is in a directory."""
        found = []
        try:
            with os.scandir(directory) as entries:
                for entry in entries:
                    path = f"{below}/{entry.name}" if below else entry.name
                    if self.choice.refuses(path):
                        continue
                    is_directory = entry.is_dir(follow_symlinks=False)
                    if not is_directory or self.recursive:
                        found.append((os.path.join(directory, entry.name), path, is_directory))  # noqa: PTH118 - keeps the user's spelling
        except OSError as error:
            self.problem(directory, ProblemKind.UNREADABLE, f"the directory cannot be listed: {system_reason(error)}")
        if is_store(Path(directory)):
            kind = ProblemKind.SKIPPED if below else ProblemKind.UNSUPPORTED
            self.problem(directory, kind, "is a store of twsla, not logs: it is left out")
            return []
        # With the separator after directories, the order of a walk is the order of the whole paths.
        return sorted(found, key=lambda entry: os.fsencode(entry[0]) + (b"/" if entry[2] else b""))

    def listed(self, name: str, below: str) -> Iterator[Item]:
        """The items of something found in a directory."""
        path = Path(name)
        try:
            is_link = path.is_symlink()
            status = path.stat()
        except OSError as error:
            reason = "is a link to nothing" if isinstance(error, FileNotFoundError) else system_reason(error)
            self._left_out(name, below, ProblemKind.MISSING, reason)
            return
        if stat.S_ISREG(status.st_mode):
            yield from self._file(name, status, Place(printable(name), below.replace(os.sep, "/"), path.name, "file"))
        elif stat.S_ISDIR(status.st_mode) and is_link:
            self._left_out(name, below, ProblemKind.SKIPPED, "is a link to a directory, which is not followed")
        else:
            self._left_out(name, below, ProblemKind.SKIPPED, f"is a {_type_name(status.st_mode)}")

    def _left_out(self, name: str, below: str, kind: ProblemKind, sentence: str) -> None:
        if self.choice.wants(below):
            self.problem(name, kind, sentence)


def _is_within(path: Path, roots: Sequence[str]) -> bool:
    """Whether a file is, links followed, below one of some directories."""
    real = Path(os.path.realpath(path))
    return any(real.is_relative_to(root) for root in roots)


def _looks_like_url(argument: str) -> bool:
    scheme, colon, _ = argument.partition(":")
    return bool(colon) and len(scheme) > 1 and scheme.isalnum()


def _type_name(mode: int) -> str:
    """What a directory entry is that is neither file nor directory."""
    names = {stat.S_IFIFO: "named pipe", stat.S_IFSOCK: "socket", stat.S_IFCHR: "device", stat.S_IFBLK: "device"}
    return names.get(stat.S_IFMT(mode), "special file")
