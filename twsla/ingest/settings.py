"""How an import is to be done: plain values, checked before anything is opened."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from twsla.formats.blocks import BLOCK_BYTES
from twsla.formats.multiline import Multiline
from twsla.formats.timestamps.model import StampOptions
from twsla.model.filters import FilterSet
from twsla.model.times import TimeRange

if TYPE_CHECKING:
    from twsla.ingest.overrides import Override


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that decides what is imported and how it is understood."""

    filters: FilterSet = field(default_factory=FilterSet)
    time_range: TimeRange = field(default_factory=lambda: TimeRange(None, None))
    stamps: StampOptions = field(default_factory=StampOptions)
    zone_reason: str = ""
    """Who says so of the zone of stamps that name none: ``--tz``, the machine."""
    year: int | None = None
    encoding: str | None = None
    multiline: Multiline = field(default_factory=Multiline)
    no_timestamps: bool = False
    format: str | None = None
    """Input format, whatever the content looks like; None: recognised."""
    summary: bool = False
    """Texts of Windows events are one-line summaries instead of JSON."""
    carve: bool = False
    """Records in the free space of Windows event logs are read too."""
    fields: str = "auto"
    """Form of the records' fields: ``auto``, ``off``, or a name of ``twsla.formats.fields.forms``."""
    overrides: tuple[Override, ...] = ()
    """What is said about some sources only; of several that match, the later wins."""
    again: bool = False
    """Import content that is in the store already once more."""
    dry_run: bool = False
    """Read everything and store nothing."""
    now_ns: int = 0
    workers: int = field(default_factory=lambda: max(2, os.cpu_count() or 2))
    block_bytes: int = BLOCK_BYTES

    def of(self, name: str) -> Settings:
        """The settings for the source of that name."""
        settings = self
        for override in self.overrides:
            if override.matches(name):
                settings = override.apply(settings)
        return settings

    def said_of(self, name: str) -> dict[str, str]:
        """What the overrides say about the source of that name, for its entry in the manifest."""
        return {key: value for each in self.overrides if each.matches(name) for key, value in each.values}

    def key(self) -> str:
        """Digest of what decides the records made of given content; see ``SourceEntry.options_key``.

        Of one source's settings (``of``): what is said about other sources does not count.
        """
        parts = [
            repr(self.filters),
            repr(self.time_range),
            repr(self.stamps),
            self.year,
            self.encoding,
            repr(self.multiline),
            self.no_timestamps,
            self.format,
            *(["summary"] if self.summary else []),
            *(["carve"] if self.carve else []),
            *([f"fields={self.fields}"] if self.fields != "auto" else []),
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
