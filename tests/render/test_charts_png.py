"""Pictures of charts: drawn for everything, the same each time, hostile texts and fonts included."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from tests.render import charted
from twsla.errors import UsageError
from twsla.model.charts import Pie
from twsla.model.result import Result
from twsla.render.figure import caption_lines
from twsla.render.fonts import BASE, FALLBACKS, Fonts
from twsla.render.png import chart_pixels, chart_png, first_chart

if TYPE_CHECKING:
    from pathlib import Path

CASES = charted.every_kind()


def picture(value: Result, zone: str = "Europe/Berlin") -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(chart_png(value, value.charts[0], zone=zone))).convert("RGB"))


@pytest.mark.parametrize("name", CASES)
def test_every_chart_is_drawn_without_a_warning(name: str) -> None:
    pixels = picture(CASES[name])

    height, width = pixels.shape[:2]
    assert 900 <= width <= 1300
    assert 230 <= height <= 1700
    ink = np.asarray((pixels < 200).any(axis=2))
    assert 0.001 < ink.mean() < 0.7
    # Nothing is cut off at the edges, but for a bold title that begins at the left.
    assert not ink[:, -1].any()
    assert not ink[-1].any()
    assert not ink[0].any()


def test_the_same_result_is_the_same_picture() -> None:
    value = charted.pairs(20, 12, loops=True)

    assert chart_png(value, value.charts[0]) == chart_png(value, value.charts[0])


def test_a_picture_is_as_large_as_asked_for() -> None:
    value = charted.counts()

    assert chart_pixels(value, value.charts[0], zone="UTC", size=(640, 401)).shape == (401, 640, 3)


def test_a_higher_value_stands_higher() -> None:
    """The peak of the line is the topmost ink of its colour, and stands where its time is."""
    value = charted.counts(96)
    pixels = picture(value).astype(int)

    blue = (abs(pixels - [0, 0x72, 0xB2]).sum(axis=2)) < 60
    rows, columns = np.nonzero(blue)
    top = columns[rows.argmin()]
    assert abs(top / pixels.shape[1] - (0.055 + 0.93 * 64 / 95)) < 0.02


def test_the_largest_slice_has_the_most_ink() -> None:
    value = charted.keys(200, chart=Pie(("key",), "count"))
    pixels = picture(value).astype(int)

    def ink(colour: tuple[int, int, int]) -> int:
        return int((abs(pixels - colour).sum(axis=2) < 8).sum())

    first, second, other = ink((0x33, 0x22, 0x88)), ink((0x88, 0xCC, 0xEE)), ink((0xBB, 0xBB, 0xBB))
    # 5,200 to 2,600 to 15,246 of 30,474
    assert abs(first / second - 2) < 0.05
    assert abs(other / first - 15_246 / 5_200) < 0.1


def test_a_result_without_charts_is_a_usage_error_that_says_what_else_there_is() -> None:
    with pytest.raises(UsageError, match="'Search' has no chart") as caught:
        first_chart(Result("Search", (), charted.counts().rows))
    assert "csv" in str(caught.value.hint)


def test_the_caption_is_at_most_three_lines_and_says_that_it_was_cut() -> None:
    assert caption_lines("", 20) == []
    assert caption_lines("one two three", 9) == ["one two", "three"]
    assert caption_lines("a" * 25, 10) == ["a" * 10, "a" * 10, "a" * 5]
    lines = caption_lines(" ".join(["word"] * 50), 20)
    assert len(lines) == 3
    assert lines[2].endswith("…")


# --- fonts and surroundings --------------------------------------------------------------------------------------


def test_latin_needs_the_font_that_comes_along_alone() -> None:
    assert Fonts(["plain", "é ñ → …"]).families == [BASE]


def test_japanese_is_drawn_where_a_font_has_it_and_escaped_where_none_has() -> None:
    from matplotlib.font_manager import fontManager

    fonts = Fonts(["日本語"])

    installed = {entry.name for entry in fontManager.ttflist}
    if installed & set(FALLBACKS[:20]):
        assert len(fonts.families) > 1
        assert fonts.drawable("日本語") == "日本語"
    else:
        assert fonts.drawable("日本語") == "\\u65e5\\u672c\\u8a9e"


def test_what_no_font_has_is_a_visible_escape_and_joiners_are_nothing() -> None:
    fonts = Fonts(["\U000e0041 a\u200db\ufe0f"])

    assert fonts.drawable("\U000e0041 a\u200db\ufe0f") == "\\U000e0041 ab"


SCRIPT = """
import sys
from tests.render import charted
from twsla.render.png import chart_png
value = charted.hostile_keys()
sys.stdout.buffer.write(chart_png(value, value.charts[0]))
assert "matplotlib.pyplot" not in sys.modules
"""


def drawn_in(folder: Path, **variables: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", SCRIPT],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        check=False,
        timeout=120,
    )


def test_nothing_is_said_where_no_cache_can_be_written(tmp_path: Path) -> None:
    done = drawn_in(tmp_path, HOME="/proc/nowhere", XDG_CACHE_HOME="/proc/nowhere", XDG_CONFIG_HOME="/proc/nowhere")

    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"\x89PNG")


def test_a_settings_file_in_the_current_directory_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "with").mkdir()
    (tmp_path / "without").mkdir()
    settings = "font.size: 40\ntext.usetex: True\nbogus: 1\nsavefig.facecolor: red\nlines.linewidth: 9\n"
    (tmp_path / "with" / "matplotlibrc").write_text(settings)

    one, other = drawn_in(tmp_path / "with"), drawn_in(tmp_path / "without")

    assert (one.returncode, one.stderr) == (0, b"")
    assert one.stdout == other.stdout


def test_a_settings_file_that_cannot_be_read_is_explained(tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_bytes(b"\xff\xfe\x00")

    done = drawn_in(tmp_path)

    assert b"TwslaError: pictures cannot be drawn: matplotlib does not load" in done.stderr
