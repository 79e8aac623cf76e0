"""Templates of records (``-e template``): the constant words, and ``<*>`` where they vary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twsla.query.textkeys import TextKey, count_key

if TYPE_CHECKING:
    import pyarrow as pa

    from twsla.query.engine import Engine


def count_templates(engine: Engine) -> tuple[pa.Table, TextKey]:
    """How often each template occurs (columns key string, count int64; the largest first), and its notes."""
    key = template_key(engine)
    return count_key(engine, key), key


def template_key(engine: Engine) -> TextKey:
    """The template of each record, for queries of any form."""
    raise NotImplementedError
