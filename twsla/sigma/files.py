"""Rule files: which there are, what is in them, and their compiled form, which is kept by content."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from twsla.errors import TwslaError
from twsla.sigma.rules import About, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from twsla.progress import Progress
    from twsla.sigma.cache import Cache
    from twsla.sigma.rules import Document

SUFFIXES: Final = (".yml", ".yaml")
MOST_BYTES: Final = 8 << 20
"""A larger file is no rule."""
_MOST_NESTED: Final = 200


@dataclass(frozen=True, slots=True)
class RuleFile:
    """A file of rules as it was read."""

    path: Path
    content: bytes
    sha256: str
    problem: str = ""
    """Why it could not be read."""


def rule_paths(given: Sequence[Path]) -> list[Path]:
    """Files as they are named, and all rule files below directories, in order of their paths.

    Raises:
        TwslaError: One does not exist, or a directory cannot be listed.
    """
    found: dict[Path, None] = {}
    for path in given:
        if path.is_dir():
            found.update(dict.fromkeys(sorted(_below(path))))
        elif path.exists():
            found[path] = None
        else:
            raise TwslaError(f"there are no rules at {path}", hint="give a rule file, or a directory of .yml files")
    return list(found)


def _below(folder: Path) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        raise TwslaError(f"the rules in {error.filename} cannot be listed: {error.strerror or error}") from error

    for parent, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(parent, name) for name in names if name.lower().endswith(SUFFIXES))


def read_rule_file(path: Path) -> RuleFile:
    """Its content, or why there is none."""
    try:
        if path.stat().st_size > MOST_BYTES:
            return RuleFile(path, b"", "", f"it is no rule: larger than {MOST_BYTES >> 20} MiB")
        content = path.read_bytes()
    except OSError as error:
        return RuleFile(path, b"", "", f"it cannot be read: {error.strerror or error}")
    return RuleFile(path, content, hashlib.sha256(content).hexdigest())


def load_files(
    paths: Sequence[Path], values: Mapping[str, Sequence[str]], cache: Cache | None, progress: Progress
) -> list[Document]:
    """Every document of every file, compiled; those that cannot run are refused ones."""
    files = [read_rule_file(path) for path in paths]
    salt = hashlib.sha256(repr(sorted((name, tuple(each)) for name, each in values.items())).encode()).hexdigest()[:16]
    known = cache.read() if cache else {}
    kept: dict[str, list[Document]] = {}
    found: list[Document] = []
    compiled = 0
    for file in files:
        key = f"{file.sha256}-{salt}"
        documents = known.get(key)
        if documents is None:
            documents = compile_file(file, values)
            compiled += 1
            if compiled == 1:
                progress.message("Compiling rules")
            progress.check()
        kept[key] = [_at(document, file) for document in documents]
        found.extend(kept[key])
    if cache and compiled:
        cache.write(kept)
    return found


def _at(document: Document, file: RuleFile) -> Document:
    """The same document in the file where it lies now."""
    if document.about.path == str(file.path) and document.about.sha256 == file.sha256:
        return document
    return replace(document, about=replace(document.about, path=str(file.path), sha256=file.sha256))


def compile_file(file: RuleFile, values: Mapping[str, Sequence[str]]) -> list[Document]:
    """The documents of one file."""
    from twsla.sigma.compiling import compile_document

    name = str(file.path)
    documents = documents_of(file)
    if isinstance(documents, str):
        return [Refused(About(path=name), documents)]
    return [compile_document(document, name, number, values) for number, document in documents]


def documents_of(file: RuleFile) -> list[tuple[int, Any]] | str:
    """The YAML documents of a file with their numbers; or why there are none."""
    if file.problem:
        return file.problem
    try:
        return list(merged(_documents(file.content))) or "it is empty"
    except _Unreadable as error:
        return str(error)


class _Unreadable(Exception):
    pass


def _documents(content: bytes) -> list[Any]:
    import yaml
    from sigma.exceptions import SigmaError
    from sigma.rule.base import check_alias_expansion

    try:
        text = content.decode("utf-8-sig")
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        documents = list(yaml.load_all(text, Loader=loader))
        for document in documents if b"&" in content else ():
            check_alias_expansion(document)
    except UnicodeDecodeError as error:
        raise _Unreadable(f"it is no UTF-8 text: byte {error.start}") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
        raise _Unreadable(f"it is no YAML: {problem}{where}") from error
    except SigmaError as error:
        raise _Unreadable(f"it is no rule: {error}") from error
    except (RecursionError, ValueError, OverflowError) as error:
        raise _Unreadable(f"it cannot be understood: {type(error).__name__}: {error}") from error
    return documents


def merged(documents: Sequence[Any]) -> Iterator[tuple[int, Any]]:
    """Documents with their numbers; ``action: global`` and its kin are carried out."""
    template: dict[str, Any] = {}
    before: dict[str, Any] = {}
    for number, document in enumerate(documents, 1):
        if document is None:
            continue
        action = document.get("action") if isinstance(document, dict) else None
        match action:
            case "global":
                template = {key: value for key, value in document.items() if key != "action"}
                before = template
            case "reset":
                template = {}
            case "repeat":
                before = _update(before, {key: value for key, value in document.items() if key != "action"})
                yield number, before
            case None if isinstance(document, dict) and not {"correlation", "filter"} & set(document):
                before = _update(template, document)
                yield number, before
            case _:
                yield number, document


def _update(base: Any, more: Any, depth: int = 0) -> Any:
    """``base`` with what ``more`` says, mapping by mapping."""
    if not (isinstance(base, dict) and isinstance(more, dict)) or depth > _MOST_NESTED:
        return more
    joined = dict(base)
    for key, value in more.items():
        joined[key] = _update(joined[key], value, depth + 1) if key in joined else value
    return joined
