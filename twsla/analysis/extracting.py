"""What is taken out of records: the options that commands share, and the extractions they describe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from twsla.errors import UsageError
from twsla.options import IpOptions, opt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twsla.model.extraction import Extraction

_T = TypeVar("_T")


@dataclass(frozen=True)  # without slots, so that a command's options can have this beside another base
class ExtractionOptions:
    """Which values to take out of a record."""

    extract: tuple[str, ...] = opt(
        "-e",
        "--extract",
        default=(),
        help="What to take out: ip, email, number …, a template such as 'port=%{number}', a regular expression, json, "
        "grok, field, csv, tsv, kv, word, normalize, template.",
        metavar="WHAT",
    )
    position: tuple[int, ...] = opt(
        "-p", "--pos", default=(), help="Which match, from 1; which field of a line, from 0.", metavar="N"
    )
    name: tuple[str, ...] = opt(
        "-n",
        "--name",
        default=(),
        help="Title of the column; also JSON path, grok field, key or column.",
        metavar="NAME",
    )
    group: tuple[int, ...] = opt(
        "--group", default=(), help="Which group of the expression; 0 is all of what matched.", metavar="N"
    )
    all_matches: bool = opt("--all", default=False, help="All values of a record, not one.")
    grok_pattern: str = opt("-x", "--grok-pat", default="", help="Grok pattern for -e grok.", metavar="PATTERN")
    grok: str = opt(
        "-g", "--grok", default="", help="Grok definitions: 'full', or a file of your own.", metavar="full|FILE"
    )

    def extractions(self) -> tuple[Extraction, ...]:
        """One for each ``-e``, in order.

        Raises:
            UsageError: One cannot be understood, or there are more positions, names or groups than extractions.
        """
        from twsla.model.extraction import parse_extraction

        count = len(self.extract)
        names = _one_each("--name", self.name, count, repeat=False)
        if not count:
            self._refuse_options_without_extraction()
            return ()
        positions = _one_each("--pos", self.position, count, repeat=True)
        groups = _one_each("--group", self.group, count, repeat=True)
        return tuple(
            parse_extraction(
                text,
                position=position,
                name=name or "",
                grok_pattern=self.grok_pattern if text.lower() == "grok" else "",
                grok_definitions=self.grok if text.lower() == "grok" else "",
                group=group,
                all_matches=self.all_matches,
            )
            for text, position, name, group in zip(self.extract, positions, names, groups, strict=True)
        )

    def _refuse_options_without_extraction(self) -> None:
        """Not those that a configuration file may hold for other commands."""
        given = {"--pos": self.position, "--group": self.group, "--all": self.all_matches}
        for flag, value in given.items():
            if value:
                raise UsageError(f"{flag} says which value, but not of what", hint="say what to take out with -e")

    def titles(self, default: str) -> tuple[str, ...]:
        """Titles of the columns: the names given; else ``default``, or of several what was to be taken out."""
        names = _one_each("--name", self.name, len(self.extract), repeat=False)
        if len(self.extract) == 1:
            return (names[0] or default,)
        return tuple(name or text for name, text in zip(names, self.extract, strict=True))


@dataclass(frozen=True)
class ValueOptions(IpOptions, ExtractionOptions):
    """Which values to take out of a record, and what to tell about those that are addresses."""

    def infos(self, extractions: Sequence[Extraction]) -> list[str]:
        """For each extraction what to put in the place of its values (one of ``IP_INFO``), or ""; ``--ip`` or ``-e``.

        Raises:
            UsageError: ``--ip`` does not tell which of several values is the address.
        """
        from twsla.model.extraction import ExtractionKind

        infos = [each.ip_info for each in extractions]
        if not self.ip:
            return infos
        texts = (ExtractionKind.WORD, ExtractionKind.NORMALIZE, ExtractionKind.TEMPLATE, ExtractionKind.COLUMN)
        places = [place for place, each in enumerate(extractions) if not each.ip_info and each.kind not in texts]
        if len(extractions) > 1:
            places = [place for place in places if extractions[place].observable in {"ip", "ipv6", "local_ip"}]
            if not places:
                raise UsageError(
                    f"--ip {self.ip} does not say which of the values is the address", hint=f"write -e {self.ip}"
                )
        for place in places:
            infos[place] = self.ip
        return infos


def _one_each(flag: str, values: Sequence[_T], count: int, *, repeat: bool) -> list[_T | None]:
    """The values of an option for each extraction: the first for the first; a single one for all, if ``repeat``."""
    if len(values) > max(count, 1):
        raise UsageError(
            f"{flag} is given {len(values)} times for {count} extraction{'s' if count != 1 else ''} (-e)",
            hint="give it once for each -e, in the same order",
        )
    if repeat and len(values) == 1:
        return [values[0]] * count
    return [*values, *[None] * (count - len(values))]
