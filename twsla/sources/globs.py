"""Which files and members are taken: the one meaning of ``--file-pat`` and ``--exclude``."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase


def matches(pattern: str, path: str) -> bool:
    """Whether a shell glob matches a path below a directory or an archive ("var/log/messages").

    ``*`` any characters, ``?`` one, ``[abc]``, ``[!abc]``; case-sensitive; a leading dot is nothing special.
    Without ``/`` in the pattern the base name must match. With ``/`` the whole path must, part by part: ``*`` does not
    cross a ``/``, a part that is ``**`` stands for any number of parts, also none.
    """
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if "/" not in pattern:
        return bool(parts) and fnmatchcase(parts[-1], pattern)
    wanted = [part for part in pattern.split("/") if part not in ("", ".")]
    # reachable[i]: the parts of the path read so far can be matched by the first i parts of the pattern.
    reachable = _pass_stars([True] + [False] * len(wanted), wanted)
    for part in parts:
        step = [False] * (len(wanted) + 1)
        for index, want in enumerate(wanted):
            if want == "**":
                step[index + 1] = reachable[index + 1] or reachable[index]
            elif reachable[index]:
                step[index + 1] = fnmatchcase(part, want)
        reachable = _pass_stars(step, wanted)
    return reachable[-1]


def _pass_stars(reachable: list[bool], wanted: list[str]) -> list[bool]:
    """``**`` also stands for no part at all."""
    for index, want in enumerate(wanted):
        if want == "**" and reachable[index]:
            reachable[index + 1] = True
    return reachable


@dataclass(frozen=True, slots=True)
class Choice:
    """What is taken of the content of directories and archives; sources named by the user are always taken."""

    pattern: str | None = None
    exclude: tuple[str, ...] = ()

    def wants(self, path: str) -> bool:
        """Whether the pattern takes a file or member, or an archive with all its members."""
        return self.pattern is None or matches(self.pattern, path)

    def refuses(self, path: str) -> bool:
        """Whether a file, member, archive or directory is left out: it or a directory that it is in is excluded."""
        if not self.exclude:
            return False
        parts = [part for part in path.split("/") if part not in ("", ".")]
        paths = ["/".join(parts[: index + 1]) for index in range(len(parts))]
        return any(matches(pattern, each) for pattern in self.exclude for each in paths)
