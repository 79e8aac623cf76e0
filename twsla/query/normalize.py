"""Normalised texts: time stamps, numbers and addresses replaced by what they are (``-e normalize``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twsla.query.textkeys import TextKey, count_key

if TYPE_CHECKING:
    import pyarrow as pa

    from twsla.query.engine import Engine


def count_normalized(engine: Engine) -> pa.Table:
    """How often each normalised text occurs.

    Columns: key string, count int64; the largest first, ties by key.
    """
    return count_key(engine, normalized_key(engine))


def normalized_key(engine: Engine) -> TextKey:
    """The normalised text of each record, for queries of any form: keys over time, delays by key."""
    raise NotImplementedError
