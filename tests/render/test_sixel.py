"""Sixel, read back by a decoder of our own and, where it is installed, by libsixel's."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.render import charted
from twsla.render.png import chart_pixels
from twsla.render.sixel import picture_size, sixel

if TYPE_CHECKING:
    from pathlib import Path

_TOKEN = re.compile(rb"#(\d+);2;(\d+);(\d+);(\d+)|#(\d+)|!(\d+)([?-~])|([?-~])|(\$)|(-)")


def decoded(data: bytes) -> np.ndarray:
    """The picture, as the standard says how to draw it; percent of each colour as they are sent."""
    head = re.fullmatch(rb'\x1bP[\d;]*q"1;1;(\d+);(\d+)(.*)\x1b\\', data, re.DOTALL)
    assert head is not None
    width, height, body = int(head[1]), int(head[2]), head[3]
    picture = np.full((height + 6, width, 3), -1)
    palette: dict[int, tuple[int, ...]] = {}
    colour = x = top = at = 0
    while at < len(body):
        token = _TOKEN.match(body, at)
        assert token is not None, body[at : at + 20]
        at = token.end()
        if token[1]:
            palette[int(token[1])] = tuple(int(part) for part in token.group(2, 3, 4))
        elif token[5]:
            colour = int(token[5])
        elif token[6] or token[8]:
            count, sign = (int(token[6]), token[7]) if token[6] else (1, token[8])
            for bit in range(6):
                if (sign[0] - 63) >> bit & 1:
                    picture[top + bit, x : x + count] = palette[colour]
            x += count
        elif token[9]:
            x = 0
        else:
            x, top = 0, top + 6
    assert len(palette) <= 256
    assert (picture[height:] == -1).all(), "nothing is drawn below the picture"
    return picture[:height]


@given(
    arrays(
        np.uint8, st.tuples(st.integers(1, 20), st.integers(1, 30), st.just(3)), elements=st.sampled_from([0, 51, 255])
    )
)
def test_few_colours_come_back_as_they_were(pixels: np.ndarray) -> None:
    assert decoded(sixel(pixels)).tolist() == (pixels.astype(int) * 100 // 255).tolist()


@given(arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40), st.just(3))))
def test_every_pixel_is_drawn_whatever_the_colours(pixels: np.ndarray) -> None:
    assert (decoded(sixel(pixels)) >= 0).all()


@pytest.mark.parametrize("name", ["line", "heat", "lines", "pie"])
def test_a_chart_comes_back_nearly_as_it_was(name: str) -> None:
    value = charted.every_kind()[name]
    pixels = chart_pixels(value, value.charts[0], zone="UTC", size=(500, 301))

    away = np.abs(decoded(sixel(pixels)) * 2.55 - pixels)

    assert away.max() <= 25
    assert away.mean() < 1


@pytest.mark.skipif(shutil.which("sixel2png") is None, reason="sixel2png (libsixel-bin) is not installed")
def test_libsixel_reads_it_the_same(tmp_path: Path) -> None:
    from PIL import Image

    value = charted.counts()
    data = sixel(chart_pixels(value, value.charts[0], zone="UTC", size=(500, 301)))
    (tmp_path / "in.six").write_bytes(data)

    subprocess.run(["sixel2png", "-i", tmp_path / "in.six", "-o", tmp_path / "out.png"], check=True)

    theirs = np.asarray(Image.open(tmp_path / "out.png").convert("RGB")).astype(int)
    assert np.abs(theirs[:301] - decoded(data) * 2.55).max() <= 1.5


@pytest.mark.parametrize("window", [(800, 600), (2000, 1200), (100, 60)])
def test_a_picture_fits_its_window_unless_that_is_tiny(window: tuple[int, int]) -> None:
    width, height = picture_size(window)

    assert width <= max(320, window[0])
    assert height <= max(240, window[1])
