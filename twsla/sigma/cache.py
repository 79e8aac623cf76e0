"""Compiled rules kept from run to run, in the user's cache directory. Without it everything works, only slower.

A file for each set of rule paths: the SHA-256 of what follows, then JSON: compiled documents by the SHA-256 of the
file they came from. So a changed rule is compiled alone, and a file that was cut or edited is as good as none.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from twsla.sigma.rules import from_json, to_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from twsla.sigma.rules import Document

VERSION: Final = "2"
"""Of the compiled form; a change makes all files of the old one useless."""


class Cache:
    """The file of one set of rules."""

    def __init__(self, folder: Path, paths: Sequence[Path]) -> None:
        from importlib.metadata import version

        name = "\0".join([VERSION, version("pysigma"), *(os.path.abspath(path) for path in paths)])  # noqa: PTH100
        self.path = folder / f"rules-{hashlib.sha256(name.encode('utf-8', 'surrogateescape')).hexdigest()[:24]}.json"

    def read(self) -> dict[str, list[Document]]:
        """Compiled documents by the key of their file; none if they cannot be read."""
        import orjson

        try:
            content = self.path.read_bytes()
            digest, body = content[:64], content[65:]
            if hashlib.sha256(body).hexdigest().encode() != digest:
                return {}
            return {key: [from_json(each) for each in made] for key, made in orjson.loads(body).items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}

    def write(self, documents: Mapping[str, Sequence[Document]]) -> None:
        """Keep them in place of what was kept; where that is not possible they are not kept."""
        import orjson

        temporary: str | None = None
        try:
            body = orjson.dumps({key: [to_json(each) for each in found] for key, found in documents.items()})
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor, temporary = tempfile.mkstemp(dir=self.path.parent, prefix=".rules-")
            with os.fdopen(descriptor, "wb") as file:
                file.write(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
            Path(temporary).replace(self.path)
        except (OSError, TypeError, ValueError):
            if temporary:
                Path(temporary).unlink(missing_ok=True)


def cache_folder(variables: Mapping[str, str]) -> Path | None:
    """The user's directory for it: XDG_CACHE_HOME (LOCALAPPDATA on Windows), else ~/.cache; None without a home."""
    for variable in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        named = variables.get(variable)
        if named and Path(named).is_absolute():
            return Path(named) / "twsla"
    try:
        return Path.home() / ".cache" / "twsla"
    except RuntimeError:  # no such user
        return None
