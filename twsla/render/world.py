"""The outlines of land for maps: coarse, and inside the package, so that a map needs no network."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twsla.render.drawings import Floats


@lru_cache(maxsize=2)
def outlines(kind: str) -> tuple[Floats, ...]:
    """The closed outlines of ``land``, or of the ``water`` inside it: (points, 2), degrees east and north."""
    import json
    from importlib.resources import files

    import numpy as np

    data = json.loads(files("twsla.render").joinpath("resources", "land.json").read_text("utf-8"))
    return tuple(np.array(ring, np.float64).reshape(-1, 2) / 10 for ring in data[kind])
