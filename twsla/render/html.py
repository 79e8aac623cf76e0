"""A Result as one self-contained HTML page: facts, notes, charts, rows; it needs no network and asks for none.

The page's policy lets the two scripts run that it brings, by their hashes, and nothing else: no other script, no
connection, no form, no frame. Every text of the result is escaped as well, its control characters visible.
"""

from __future__ import annotations

import base64
import hashlib
import html
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from twsla import __version__
from twsla.render.cells import canonical, display, escape_text, is_numeric
from twsla.render.chart_values import label_text
from twsla.render.chartdata import chart_data
from twsla.render.drawings import UndrawableError, is_empty
from twsla.render.plotly_figures import figure_of
from twsla.render.shown import chosen_columns
from twsla.render.values import canonical_value, display_value, json_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import BinaryIO

    import pyarrow as pa

    from twsla.model.result import Column, Fact, Result
    from twsla.render.plotly_texts import Figure
    from twsla.render.shown import RenderOptions

MOST_ROWS = 5_000
MOST_CELL_CHARACTERS = 4_000
MOST_TEXT_CHARACTERS = 16_000_000
"""Of all cells together; a page of more is no longer shown by browsers in good time."""
_KEPT = "\t\n"


@dataclass(frozen=True, slots=True)
class _Member:
    """A result on the page: the whole, or one of its parts."""

    result: Result
    columns: tuple[Column, ...]
    figures: list[tuple[Figure | None, str, tuple[str, ...]]]


def write_page(result: Result, sink: BinaryIO, options: RenderOptions) -> None:
    """Write the page.

    Raises:
        UsageError: A column is named that the result has not got.
    """
    members = [
        _Member(each, chosen_columns(each, chosen), list(_figures(each, options.zone)))
        for each, chosen in [(result, options), *((part, replace(options, columns=None)) for part in result.parts)]
    ]
    drawn = [figure for member in members for figure, _, _ in member.figures if figure is not None]
    scripts = [_resource("page.js")]
    if drawn:
        scripts.insert(0, _plotly())
    sink.write(_head(result, scripts).encode())
    place = 0
    for number, member in enumerate(members):
        if number:
            sink.write(f'<article id="part{number}">\n<h1>{_text(member.result.title)}</h1>\n'.encode())
        for text in _member(member, place, options):
            sink.write(text.encode())
        place += sum(figure is not None for figure, _, _ in member.figures)
        sink.write(b"</article>\n" if number else _contents(result).encode())
    sink.write(f"<footer>Made by twsla {__version__}. Times: {_text(options.zone)}.</footer>\n".encode())
    if drawn:
        sink.write(f'<script type="application/json" id="charts">{_inline_json(drawn)}</script>\n'.encode())
    for script in scripts:
        sink.write(f"<script>{script}</script>\n".encode())
    sink.write(b"</body>\n</html>\n")


def _member(member: _Member, place: int, options: RenderOptions) -> Iterator[str]:
    """One result's facts, notes, charts and rows; ``place`` is the number of its first chart on the page."""
    result, figures = member.result, member.figures
    yield _facts(result, options.zone)
    if len(figures) == 1 and figures[0][1] == label_text(result.title):
        figures = [(figures[0][0], "", figures[0][2])]  # it has that title already
    for figure, title, notes in figures:
        yield _chart(place if figure is not None else None, title, notes)
        place += figure is not None
    if member.columns:
        yield from _rows(result, member.columns, options)


def _contents(result: Result) -> str:
    """Links to the parts; nothing where there are none."""
    parts = enumerate(result.parts, start=1)
    links = (f'<li><a href="#part{number}">{_text(part.title)}</a></li>\n' for number, part in parts)
    return f"<nav>\n<ul>\n{''.join(links)}</ul>\n</nav>\n" if result.parts else ""


def _text(text: str) -> str:
    """A text inside an element or an attribute: escaped, control characters visible."""
    return html.escape(escape_text(text, keep=""))


def _inline_json(value: object) -> str:
    """JSON that cannot end its script element."""
    return json_text(value).replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


# --- head and scripts ----------------------------------------------------------------------------------------------


@lru_cache(maxsize=4)
def _resource(name: str) -> str:
    from importlib.resources import files

    return files("twsla.render").joinpath("resources", name).read_text("utf-8")


@lru_cache(maxsize=1)
def _plotly() -> str:
    """plotly.js, which comes with the package plotly (4.8 MB), as text that cannot end its script element."""
    from plotly.offline import get_plotlyjs

    text: str = get_plotlyjs()
    # A browser reads line ends as \n before it computes the hash.
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("</script", "<\\/script").replace("<!--", "<\\!--")


def _policy(scripts: Sequence[str]) -> str:
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" for script in scripts
    )
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def _head(result: Result, scripts: Sequence[str]) -> str:
    title = _text(result.title)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(scripts)}">\n'
        '<meta name="referrer" content="no-referrer">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="generator" content="twsla {__version__}">\n'
        f"<title>{title}</title>\n<style>\n{_resource('page.css')}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
    )


# --- facts, notes, charts ------------------------------------------------------------------------------------------


def _facts(result: Result, zone: str) -> str:
    parts = []
    if result.facts:
        parts.append('<dl class="facts">\n')
        parts += [_fact(fact, zone) for fact in result.facts]
        parts.append("</dl>\n")
    if result.notes:
        parts.append('<ul class="notes">\n')
        parts += [f"<li>{_text(note.text)}</li>\n" for note in result.notes]
        parts.append("</ul>\n")
    return "".join(parts)


def _fact(fact: Fact, zone: str) -> str:
    shown, exact = (text(fact.value, fact.kind, zone=zone) for text in (display_value, canonical_value))
    hint = f' title="{_text(exact)}"' if exact != shown else ""
    return f"<div><dt>{_text(fact.title)}</dt><dd{hint}>{_text(shown)}</dd></div>\n"


def _figures(result: Result, zone: str) -> Iterator[tuple[Figure | None, str, tuple[str, ...]]]:
    """Figure, title and notes of each chart; None where there is nothing to draw."""
    for chart in result.charts:
        try:
            drawing = chart_data(chart, result, zone=zone)
        except UndrawableError as error:
            yield None, chart.title or result.title, (error.message,)
            continue
        if is_empty(drawing):
            yield None, drawing.title, (*drawing.notes, "Nothing to draw: there are no rows")
        else:
            yield figure_of(drawing), drawing.title, drawing.notes


def _chart(place: int | None, title: str, notes: Sequence[str]) -> str:
    plot = f'<div class="plot" id="chart{place}"></div>\n' if place is not None else ""
    below = "".join(f'<p class="small">{_text(note)}.</p>\n' for note in notes)
    head = f"<h2>{_text(title)}</h2>\n" if title else ""
    return f'<section class="chart">\n{head}{plot}{below}</section>\n'


# --- rows ----------------------------------------------------------------------------------------------------------


def _rows(result: Result, columns: Sequence[Column], options: RenderOptions) -> Iterator[str]:
    total = len(result.rows)
    table = result.rows.slice(0, MOST_ROWS)
    cells = [_cells(column, table, options.zone) for column in columns]
    count = _fitting(cells, table.num_rows)
    cut = sum(is_cut for column in cells for _, is_cut in column[:count])
    yield f'<section class="rows">\n<h2>Rows</h2>\n<div class="tools"><span>{_extent(count, total)}{_cut(cut)}</span>'
    if count:
        yield '<input type="search" class="find" placeholder="find in these rows" aria-label="find in these rows">'
        yield '<span class="found" role="status"></span>'
    yield '</div>\n<div class="scroll">\n<table>\n<thead><tr>'
    for column in columns:
        yield f'<th scope="col" class="{_class(column)}"><button type="button">{_text(column.title)}</button></th>'
    yield "</tr></thead>\n<tbody>\n"
    for row in range(count):
        yield f"<tr>{''.join(column[row][0] for column in cells)}</tr>\n"
    yield "</tbody>\n</table>\n</div>\n"
    ranks = [_ranks(column, table.slice(0, count)) for column in columns]
    yield f'<script type="application/json" class="ranks">{_inline_json(ranks)}</script>\n</section>\n'


def _extent(count: int, total: int) -> str:
    if count == total:
        return f"{total:,} row{'' if total == 1 else 's'}."
    return f"The first {count:,} of {total:,} rows; all are in CSV, JSON and Parquet."


def _cut(cut: int) -> str:
    if not cut:
        return ""
    return f" {cut:,} long cell{' is' if cut == 1 else 's are'} cut after {MOST_CELL_CHARACTERS:,} characters."


def _class(column: Column) -> str:
    """The name by which the style sheet knows how a column looks."""
    return "number" if is_numeric(column.kind) else column.kind.value


def _cells(column: Column, table: pa.Table, zone: str) -> list[tuple[str, bool]]:
    """Each cell as an element, and whether it was cut: the display text, with the lossless one as a hint."""
    shown = display(column, table, zone=zone).to_pylist()
    exact = canonical(column, table, zone=zone).to_pylist()
    name = _class(column)
    cells = []
    for text, full in zip(shown, exact, strict=True):
        more = len(text) - MOST_CELL_CHARACTERS
        if more > 0:
            text = f"{text[:MOST_CELL_CHARACTERS]} … ({more:,} more characters)"
        inside = html.escape(escape_text(text, keep=_KEPT))
        hint = f' title="{_text(full)}"' if full != text and more <= 0 else ""
        cells.append((f'<td class="{name}"{hint}><div>{inside}</div></td>', more > 0))
    return cells


def _fitting(cells: Sequence[Sequence[tuple[str, bool]]], rows: int) -> int:
    """How many rows fit into a page."""
    size = 0
    for row in range(rows):
        size += sum(len(column[row][0]) for column in cells)
        if size > MOST_TEXT_CHARACTERS:
            return row
    return rows


def _ranks(column: Column, table: pa.Table) -> list[Any]:
    """For each row the place of its value among the different values of the column; None for a missing one."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from twsla.render.cells import canonical_array, plain_array

    array = plain_array(table.column(column.name), column.kind)
    try:
        ranks = pc.rank(array, tiebreaker="dense")
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        ranks = pc.rank(canonical_array(array, column.kind), tiebreaker="dense")
    ranked: list[Any] = pc.if_else(array.is_valid(), ranks, pa.scalar(None, pa.uint64())).to_pylist()
    return ranked
