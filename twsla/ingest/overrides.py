"""``--for 'GLOB:tz=Asia/Tokyo,year=2023'``: settings of an import for some of its sources."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from twsla.errors import UsageError
from twsla.formats.fields.forms import NAMES
from twsla.formats.multiline import choose_multiline

if TYPE_CHECKING:
    from twsla.formats.multiline import Multiline
    from twsla.formats.timestamps.model import StampOptions
    from twsla.ingest.settings import Settings

VALUES = (
    "tz",
    "encoding",
    "year",
    "ts-format",
    "ts-field",
    "input-format",
    "multiline",
    "ml-start",
    "ml-sep",
    "ml-lines",
    "fields",
)
"""Settings with a value, named as the options of the same meaning."""
FLAGS = ("dmy", "mdy", "no-ts")
EXAMPLE = "for example --for 'router*.log:tz=Asia/Tokyo,year=2023'"
FIELD_FORMS = ("auto", "off", *NAMES)
FIRST_YEAR, LAST_YEAR = 1970, 2200

_KNOWN = {name.replace("-", ""): name for name in (*VALUES, *FLAGS)}
_VALUE = "|".join(f"{name}|{name.replace('-', '')}" for name in VALUES)
_FLAG = "|".join(f"{name}|{name.replace('-', '')}" for name in FLAGS)
_SETTING = rf"(?i:(?:{_VALUE})=|(?:{_FLAG})(?=,|$))"
_BEFORE_SETTING = re.compile(rf",(?={_SETTING})")
_SPLIT = re.compile(rf":(?={_SETTING})")
_LOOSE_SPLIT = re.compile(r":(?=[\w-]+(?:=|$))")
"""The colon between pattern and settings: URLs and Windows paths have colons too."""
_MULTILINE = ("multiline", "ml-start", "ml-sep", "ml-lines")


@dataclass(frozen=True, slots=True)
class Override:
    """What is said about the sources whose name matches; checked."""

    pattern: str
    """As for ``--file-pat``; an archive's members are below it."""
    values: tuple[tuple[str, str], ...]
    """Setting and value, in the order given; the value of a flag is empty."""

    def matches(self, name: str) -> bool:
        """Whether it is about the source of this name (``Item.name``)."""
        from twsla.sources.globs import matches

        return matches(_as_path(self.pattern), _as_path(name))

    def apply(self, settings: Settings) -> Settings:
        """The settings with what is said here.

        Raises:
            UsageError: A value cannot be understood.
        """
        said = dict(self.values)
        stamps = _stamps(settings.stamps, said)
        return replace(
            settings,
            stamps=stamps,
            zone_reason=f"--for '{self.pattern}'" if "tz" in said else settings.zone_reason,
            year=_year(said["year"]) if "year" in said else settings.year,
            encoding=said.get("encoding", settings.encoding),
            format=said.get("input-format", settings.format),
            fields=said.get("fields", settings.fields),
            multiline=_multiline(said, settings.multiline),
            no_timestamps=settings.no_timestamps or "no-ts" in said,
        )

    def __str__(self) -> str:
        return f"{self.pattern}:{','.join(f'{name}={value}' if value else name for name, value in self.values)}"


def parse_override(text: str) -> Override:
    """Read one ``--for`` and check its values.

    Raises:
        UsageError: It has no settings, or one that does not exist, contradicts another or cannot be understood.
    """
    from twsla.ingest.settings import Settings

    split = _SPLIT.search(text) or _LOOSE_SPLIT.search(text)
    if split is None or not split.start():
        raise UsageError(f"--for '{text}' is not a pattern, a colon and settings", hint=EXAMPLE)
    values = tuple(_setting(part, text) for part in _BEFORE_SETTING.split(text[split.end() :]))
    names = [name for name, _ in values]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"--for '{text}' says {name} twice", hint="give it once")
    if "dmy" in names and "mdy" in names:
        raise UsageError(f"--for '{text}': dmy and mdy contradict each other", hint="give one of them")
    override = Override(text[: split.start()], values)
    try:
        check_settings(override.apply(Settings()))
    except UsageError as error:
        raise UsageError(f"--for '{text}': {error.message}", hint=error.hint) from error
    return override


def _setting(part: str, whole: str) -> tuple[str, str]:
    word, equals, value = part.partition("=")
    name = _KNOWN.get(word.strip().lower().replace("-", ""))
    if name is None or bool(equals) != (name in VALUES) or (equals and not value):
        raise UsageError(
            f"--for '{whole}': '{part}' is not a setting",
            hint=f"settings: {', '.join(f'{each}=…' for each in VALUES)}, {', '.join(FLAGS)}",
        )
    return name, value


def _stamps(stamps: StampOptions, said: dict[str, str]) -> StampOptions:
    from twsla.model.zones import check_zone

    if "tz" in said:
        stamps = replace(stamps, zone=check_zone(said["tz"]))
    if "ts-format" in said:
        stamps = replace(stamps, form=said["ts-format"])
    if "ts-field" in said:
        stamps = replace(stamps, field=said["ts-field"])
    if "dmy" in said or "mdy" in said:
        stamps = replace(stamps, day_first="dmy" in said)
    return stamps


def _year(text: str) -> int:
    if not text.isdecimal():
        raise UsageError(f"year {text} is no year", hint=f"give one from {FIRST_YEAR} to {LAST_YEAR}")
    return int(text)


def _multiline(said: dict[str, str], before: Multiline) -> Multiline:
    if not any(name in said for name in _MULTILINE):
        return before if "no-ts" not in said else choose_multiline(start="", separator="", lines=0, off=True)
    mode, lines = said.get("multiline", "auto"), said.get("ml-lines", "0")
    if mode not in {"auto", "off"}:
        raise UsageError(f"multiline={mode} is neither auto nor off", hint="or say ml-start, ml-sep or ml-lines")
    if not lines.isdecimal():
        raise UsageError(f"ml-lines={lines} is no number of lines", hint="give 1 or more")
    return choose_multiline(
        start=said.get("ml-start", ""), separator=said.get("ml-sep", ""), lines=int(lines), off=mode == "off"
    )


def check_settings(settings: Settings) -> None:
    """Refuse what cannot be used, before anything is opened.

    Raises:
        UsageError: A year, an encoding, a form of time stamps or an input format that does not exist.
    """
    from twsla.formats.encodings import detect_encoding
    from twsla.formats.timestamps.detect import asked_form

    if settings.year is not None and not FIRST_YEAR <= settings.year <= LAST_YEAR:
        raise UsageError(f"year {settings.year} is no year of a log", hint=f"give one from {FIRST_YEAR} to {LAST_YEAR}")
    if settings.encoding:
        detect_encoding(b"", forced=settings.encoding)
    if settings.stamps.form:
        asked_form(settings.stamps.form)
    if settings.fields not in FIELD_FORMS:
        raise UsageError(
            f"there is no form of fields '{settings.fields}'", hint=f"those there are: {', '.join(FIELD_FORMS)}"
        )
    if settings.format is not None and settings.format not in input_formats():
        raise UsageError(
            f"there is no input format '{settings.format}'", hint=f"input formats: {', '.join(input_formats())}"
        )


def input_formats() -> tuple[str, ...]:
    """Names that ``--input-format`` takes."""
    from twsla.registry import FORMATS

    return tuple(dict.fromkeys(("text", *FORMATS)))


def _as_path(name: str) -> str:
    """Members of archives as files below them; ``[!a]`` stays what it is."""
    return re.sub(r"(?<!\[)!", "/", name)
