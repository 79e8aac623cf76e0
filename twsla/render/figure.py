"""A picture to draw on: matplotlib without pyplot, untouched by settings files, with title, caption and fitting fonts.

Importing matplotlib costs about 0.7 s, so it waits until a picture is asked for. It keeps a list of fonts in the user's
cache directory; where that cannot be written it takes a temporary directory by itself, and is not to speak of it.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

from twsla.errors import TwslaError
from twsla.render.fonts import Fonts
from twsla.render.widths import clip, width, wrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

DPI = 100
TEXT = "#222222"
MUTED = "#666666"
GRID = "#E3E3E3"
_SETTINGS: dict[str, Any] = {
    "text.parse_math": False,  # a dollar sign in a log is no formula
    "text.usetex": False,
    "axes.formatter.use_mathtext": False,
    "font.size": 10,
    "axes.edgecolor": "#999999",
    "axes.labelcolor": TEXT,
    "axes.titlesize": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "xtick.color": TEXT,
    "ytick.color": TEXT,
    "text.color": TEXT,
    "grid.color": GRID,
    "legend.frameon": False,
    "lines.solid_joinstyle": "round",
}
_CAPTION_LINES = 3
_SETTINGS_LOCK = Lock()
"""matplotlib's settings are the process's: one picture at a time."""


@dataclass(frozen=True, slots=True)
class Canvas:
    """An empty picture and what its texts go through."""

    figure: Figure
    fonts: Fonts
    width: int
    height: int

    def text(self, text: str, cells: int) -> str:
        """A text of at most so many terminal cells, with characters that no font has as escapes."""
        # Marks that take no cell are not counted as cells: a letter can have a thousand of them.
        return clip(self.fonts.drawable(text), cells)[: 4 * cells]

    def axes(self) -> Axes:
        """The one pair of axes."""
        axes = self.figure.add_subplot()
        axes.tick_params(length=3)
        return axes


@contextmanager
def drawn_canvas(texts: Iterable[str], size: tuple[int, int], title: str, caption: str) -> Iterator[Canvas]:
    """A canvas of ``size`` pixels with a title above and a caption below; to be drawn on and read inside the block.

    Raises:
        TwslaError: matplotlib cannot be loaded.
    """
    matplotlib = load_matplotlib()
    from matplotlib.figure import Figure

    fonts = Fonts((*texts, title, caption, "…−"))
    pixels, lines = size
    settings = {**matplotlib.rcParamsDefault, **_SETTINGS, "font.family": fonts.families}
    settings.pop("backend", None)
    with _SETTINGS_LOCK, matplotlib.rc_context(settings):
        figure = Figure(figsize=(pixels / DPI, lines / DPI), dpi=DPI, facecolor="white", layout="constrained")
        canvas = Canvas(figure, fonts, pixels, lines)
        _frame(canvas, title, caption)
        yield canvas


def load_matplotlib() -> Any:
    """The module, with its messages on standard error turned off.

    Raises:
        TwslaError: It cannot be loaded.
    """
    import logging

    logging.getLogger("matplotlib").setLevel(logging.CRITICAL)
    try:
        import matplotlib as loaded
    except (ImportError, OSError, ValueError, RuntimeError) as error:
        # It reads a settings file 'matplotlibrc' of the current directory, which may be anybody's and not even text.
        raise TwslaError(
            f"pictures cannot be drawn: matplotlib does not load ({error})",
            hint="run it in a directory without a file 'matplotlibrc', or install matplotlib anew",
        ) from error
    return loaded


def _frame(canvas: Canvas, title: str, caption: str) -> None:
    """Title and caption, and the room between them for the axes."""
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    cells = max(20, canvas.width // 9)
    canvas.figure.text(
        14 / canvas.width, 1 - 10 / canvas.height, canvas.text(title, cells), size=13, weight="bold", va="top"
    )
    lines = caption_lines(canvas.fonts.drawable(caption), max(20, int(canvas.width / 6.2)))
    below = 8 + 14 * len(lines)
    for place, line in enumerate(lines):
        canvas.figure.text(
            14 / canvas.width, (below - 2 - 14 * place) / canvas.height, line, size=8, color=MUTED, va="top"
        )
    engine = canvas.figure.get_layout_engine()
    assert isinstance(engine, ConstrainedLayoutEngine)
    top = 38 / canvas.height
    foot = below / canvas.height
    engine.set(rect=(0, foot, 1, 1 - top - foot), w_pad=0.12, h_pad=0.08)


def caption_lines(text: str, cells: int) -> list[str]:
    """The caption as at most three lines; the last ends in ``…`` if there was more."""
    lines: list[str] = []
    for word in text.split():
        first, *more = wrap(word, cells)
        if lines and width(f"{lines[-1]} {first}") <= cells:
            lines[-1] = f"{lines[-1]} {first}"
        else:
            lines.append(first)
        lines += more
    if len(lines) > _CAPTION_LINES:
        lines = [*lines[: _CAPTION_LINES - 1], clip(" ".join(lines[_CAPTION_LINES - 1 :]), cells)]
    return [line[: 4 * cells] for line in lines]


def pixels_of(figure: Figure) -> NDArray[np.uint8]:
    """The picture as (height, width, 3) bytes: red, green, blue."""
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]  # matplotlib
    return np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[:, :, :3])  # type: ignore[no-untyped-call]


def png_of(figure: Figure) -> bytes:
    """The picture as a PNG file, the same bytes each time."""
    import io

    from matplotlib.backends.backend_agg import FigureCanvasAgg

    sink = io.BytesIO()
    FigureCanvasAgg(figure).print_png(sink, metadata={"Software": "twsla"})  # type: ignore[no-untyped-call]
    return sink.getvalue()
