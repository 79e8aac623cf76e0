"""Filters and a time range as SQL over the columns ``ts``, ``text`` and ``shape``, and as a mask over Arrow text.

The same records pass either way: both engines match with RE2, which reads an expression the same in both. Its defaults
are what ``twsla.model.filters`` promises (``.`` is no line end, ``^`` and ``$`` are the ends of the text), so that no
flag has to be given.

DuckDB evaluates ``contains``, ``starts_with``, ``suffix`` and ``LIKE`` on a dictionary column once per entry, with a
bound parameter just as with a constant, but ``regexp_matches`` once per row. On 1.5 million sshd lines of 399 shapes,
one core: ``contains`` on the text 86 ms, on the shape 11 ms; ``authentication.*root`` on the text 249 ms, as LIKE on
the shape 20 ms.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from twsla.model.filters import Filter, FilterKind, FilterSet
from twsla.query.re2_check import check_filters
from twsla.query.regexes import Node, Plain, folded, is_closed, plain, required, shape_of, understand

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from twsla.model.times import TimeRange

__all__ = ["Where", "arrow_mask", "check_filters", "compile_where", "explain"]

_MOST_GROUPS: Final = 3
"""Texts that are looked for ahead of a regular expression."""
_TRUE: Final = "TRUE"


@dataclass(frozen=True, slots=True)
class Where:
    """A SQL condition; every ``?`` in it is a parameter."""

    sql: str
    params: tuple[object, ...] = ()

    def __invert__(self) -> Where:
        return Where(f"NOT ({self.sql})", self.params)


def compile_where(filters: Iterable[Filter], time_range: TimeRange, *, shape: bool) -> Where:
    """The condition that records pass; true for those that do, false or NULL for the others.

    Args:
        filters: All of them have to pass.
        time_range: Undated records pass only where it is open at both ends.
        shape: There is a column ``shape``, without NULLs: the store leaves it out of a file rather than have some.

    The filters must have passed ``check_filters``.

    Conditions come cheapest first. On ``ts`` they are integer comparisons, exact to the nanosecond whatever the
    session's zone, and DuckDB skips Parquet row groups by them.
    """
    first: list[Where] = []
    last: list[Where] = []
    for sign, bound in ((">=", time_range.start_ns), ("<=", time_range.end_ns)):
        if bound is not None:
            first.append(Where(f"epoch_ns(ts) {sign} ?", (bound,)))
    for each in filters:
        plan = _plan(each)
        if not shape or plan.shape is None:
            last.append(~plan.text if each.negative else plan.text)
        elif plan.exact:
            first.append(~plan.shape if each.negative else plan.shape)
        elif each.negative:
            last.append(_any(~plan.shape, ~plan.text))
        else:
            first.append(plan.shape)
            last.append(plan.text)
    return _all(*first, *last)


def decided_by_shape(filters: Iterable[Filter]) -> bool:
    """Whether the conditions on a file with shapes look at nothing but these, times left aside."""
    plans = [_plan(each) for each in filters]
    return all(plan.shape is not None and plan.exact for plan in plans)


def _all(*conditions: Where) -> Where:
    wanted = [each for each in conditions if each.sql != _TRUE]
    if not wanted:
        return Where(_TRUE)
    return Where(" AND ".join(each.sql for each in wanted), tuple(value for each in wanted for value in each.params))


def _any(*conditions: Where) -> Where:
    sql = " OR ".join(f"({each.sql})" if " AND " in each.sql else each.sql for each in conditions)
    return Where(f"({sql})", tuple(value for each in conditions for value in each.params))


# --- one filter ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Plan:
    """How a filter is decided, its sign left aside."""

    text: Where
    """Decides on ``text``."""
    shape: Where | None = None
    """On ``shape``; None: the shape says nothing."""
    exact: bool = field(default=False, kw_only=True)
    """``shape`` decides; otherwise it is true for all that match and for some that do not."""


def _plan(each: Filter) -> _Plan:
    node = _structure(each)
    groups = _texts_within(each, node)
    on_text = _on_text(each, groups)
    if node is None:
        hints = _group("shape", each.shape_hints) if each.shape_hints else None
        return _Plan(on_text, hints)
    as_plain = None if each.ignore_case else plain(node)
    if as_plain is not None and is_closed(node):
        return _Plan(on_text, _plain_on_shape(as_plain, each.re2), exact=True)
    before = _all(*(_contains("shape", group, each.ignore_case) for group in groups))
    if is_closed(node):
        return _Plan(on_text, _all(before, _regex("shape", each.re2)), exact=True)
    on_shape = _all(*(_contains("shape", shapes, each.ignore_case) for group in groups if (shapes := _shapes(group))))
    return _Plan(on_text, None if on_shape.sql == _TRUE else on_shape)


def _structure(each: Filter) -> Node | None:
    if each.kind is FilterKind.KEYWORD:
        return None  # says itself what the shape holds, and is too long to be read with profit
    return understand(each.re2.removeprefix("(?i)") if each.ignore_case else each.re2)


def _texts_within(each: Filter, node: Node | None) -> list[tuple[str, ...]]:
    """Groups of texts, one of each group being in every text that matches (in its lower-case form if case is ignored).

    The longest first.
    """
    groups = required(node) if node is not None else []
    if each.ignore_case:
        groups = [tuple(folded(text) for text in group) for group in groups]
    groups = [group for group in dict.fromkeys(groups) if all(group)]
    return sorted(groups, key=lambda group: (-min(map(len, group)), len(group)))[:_MOST_GROUPS]


def _shapes(group: tuple[str, ...]) -> tuple[str, ...]:
    """The group as the shape has it; () where that says too little."""
    shapes = tuple(dict.fromkeys(shape_of(text) for text in group))
    return () if "0" in shapes else shapes


def _on_text(each: Filter, groups: list[tuple[str, ...]]) -> Where:
    if each.literal is not None and not each.ignore_case:
        if not each.literal:
            return Where(_TRUE)
        return Where("suffix(text, ?)" if each.at_end else "contains(text, ?)", (each.literal,))
    judged = _regex("text", each.re2)
    single = [group for group in groups if len(group) == 1][:1]
    if each.ignore_case or not single:
        return judged
    return _all(_contains("text", single[0], ignore_case=False), judged)


def _regex(column: str, re2: str) -> Where:
    """In a group, because DuckDB 2.0 rewrites some expressions into other conditions, and wrongly where a part matches
    the empty text: ``a(?:)`` becomes "ends with a". It leaves groups alone; they cost nothing where none is asked for.
    """
    return Where(f"regexp_matches({column}, ?)", (f"({re2})",))


def _contains(column: str, group: tuple[str, ...], ignore_case: bool) -> Where:
    return _group(f"lower({column})" if ignore_case else column, group)


def _group(column: str, texts: tuple[str, ...]) -> Where:
    each = [Where(f"contains({column}, ?)", (text,)) for text in texts]
    return each[0] if len(each) == 1 else _any(*each)


def _plain_on_shape(asked: Plain, re2: str) -> Where:
    """Exact: the texts hold no digits."""
    if not asked.texts:
        return Where(_TRUE)
    if len(asked.texts) > 1:
        return _in_order_on_shape(asked, re2)
    text = asked.texts
    if asked.at_start and asked.at_end:
        return Where("shape = ?", text)
    if asked.at_start:
        return Where("starts_with(shape, ?)", text)
    return Where("suffix(shape, ?)" if asked.at_end else "contains(shape, ?)", text)


def _in_order_on_shape(asked: Plain, re2: str) -> Where:
    """Several texts with ``.*`` between them. LIKE lets ``%`` run over line ends: RE2 looks at shapes with such."""
    judged = _regex("shape", re2)
    if any(sign in text for text in asked.texts for sign in "%_\\"):
        return _all(*(_group("shape", (text,)) for text in asked.texts), judged)
    pattern = "%".join(asked.texts)
    pattern = ("" if asked.at_start else "%") + pattern + ("" if asked.at_end else "%")
    one_line = Where("NOT contains(shape, chr(10))")
    return _all(Where("shape LIKE ?", (pattern,)), _any(one_line, judged))


def explain(filters: Iterable[Filter]) -> list[str]:
    """One line per filter: what decides on it where there is a shape column."""
    lines = []
    for each in filters:
        plan = _plan(each)
        how = "text" if plan.shape is None else "shape alone" if plan.exact else "shape first, then text"
        sign = "not " if each.negative else ""
        lines.append(f"{sign}{each.kind.value} {each.source!r}: {how}")
    return lines


# --- at import ------------------------------------------------------------------------------------------------------


def arrow_mask(filters: FilterSet, text: pa.Array | pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    """Which texts pass all filters: bool (n,), the same decision as the SQL. A null is read as matching nothing."""
    import numpy as np

    mask = np.ones(len(text), dtype=bool)
    for each in filters:
        matched = _arrow_matches(each, text)
        mask &= ~matched if each.negative else matched
    return mask


def _arrow_matches(each: Filter, text: Any) -> npt.NDArray[np.bool_]:
    import pyarrow as pa
    import pyarrow.compute as pc

    if each.literal is None or each.ignore_case:
        found = pc.match_substring_regex(text, each.re2)
    elif each.at_end:
        found = pc.ends_with(text, each.literal)
    else:
        found = pc.match_substring(text, each.literal)
    found = pc.fill_null(found, False)
    if isinstance(found, pa.ChunkedArray):
        found = found.combine_chunks()
    matched: npt.NDArray[np.bool_] = found.to_numpy(zero_copy_only=False)
    return matched
