"""How an import is to be done: plain values, checked before anything is opened."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field

from twsla.formats.blocks import BLOCK_BYTES
from twsla.formats.multiline import Multiline
from twsla.formats.timestamps.model import StampOptions
from twsla.model.filters import FilterSet
from twsla.model.times import TimeRange


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that decides what is imported and how it is understood."""

    filters: FilterSet = field(default_factory=FilterSet)
    time_range: TimeRange = field(default_factory=lambda: TimeRange(None, None))
    stamps: StampOptions = field(default_factory=StampOptions)
    year: int | None = None
    encoding: str | None = None
    multiline: Multiline = field(default_factory=Multiline)
    no_timestamps: bool = False
    again: bool = False
    """Import content that is in the store already once more."""
    now_ns: int = 0
    workers: int = field(default_factory=lambda: max(2, os.cpu_count() or 2))
    block_bytes: int = BLOCK_BYTES

    def key(self) -> str:
        """Digest of what decides the records made of given content; see ``SourceEntry.options_key``."""
        parts = [
            repr(self.filters),
            repr(self.time_range),
            repr(self.stamps),
            self.year,
            self.encoding,
            repr(self.multiline),
            self.no_timestamps,
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
