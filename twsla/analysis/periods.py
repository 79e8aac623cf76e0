"""Periods: with what distance in time records come again, by autocorrelation of their number over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from twsla.analysis.bucketing import records_fact, undated_notes
from twsla.model.charts import Bar
from twsla.model.durations import NS_PER_S
from twsla.model.result import ArrowRows, Column, Fact, Kind, Note, Result

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from twsla.query.engine import Engine

_STEPS_NS: Final = tuple(seconds * NS_PER_S for seconds in (1, 5, 15, 60, 300, 900, 3600, 14400, 86400, 604800))
_LEAST_STEPS: Final = 16
_MOST_STEPS: Final = 1 << 20
_LEAST: Final = 0.15
"""Correlations below this may be chance."""
_NEARLY: Final = 0.8
_MOST_PERIODS: Final = 10
_MOST_PEAKS: Final = 100
_LEAST_RECORDS: Final = 8


@dataclass(frozen=True, slots=True)
class _Period:
    ns: int
    step: int
    """Nanoseconds: how finely time was divided."""
    strength: float


def periods(engine: Engine) -> Result:
    """Distances after which the number of records resembles itself, the clearest first.

    The time is divided into steps of several lengths, since what comes at irregular seconds may come at regular hours.
    Columns: period; resolution, the length of the step it was found with; correlation (of Pearson, over the time that
    is covered twice); repeats, how often the period fits into the time: three times at least. A multiple of a period is
    left out unless it is clearer.
    """
    import pyarrow as pa

    from twsla.query.totals import undated_matches

    first, last, records = engine.fetch("SELECT min(epoch_ns(ts)), max(epoch_ns(ts)), count(ts) FROM records")[0]
    found: list[_Period] = []
    if records >= _LEAST_RECORDS:
        for step in _STEPS_NS:
            if _LEAST_STEPS <= (last - first) // step < _MOST_STEPS:
                found += _peaks(_autocorrelation(_counts(engine, first, last, step)), step)
    chosen = _clearest(found)
    notes = undated_notes(engine, undated_matches(engine))
    if not chosen:
        notes = (*notes, Note("no period was found: nothing comes again at the same distance often enough"))
    return Result(
        title="Periods",
        columns=(
            Column("period", "Period", Kind.DURATION, layout="duration"),
            Column("resolution", "Resolution", Kind.DURATION, layout="duration"),
            Column("correlation", "Correlation", Kind.NUMBER),
            Column("repeats", "Repeats", Kind.NUMBER),
        ),
        rows=ArrowRows(
            pa.table(
                {
                    "period": pa.array([each.ns for each in chosen], pa.int64()),
                    "resolution": pa.array([each.step for each in chosen], pa.int64()),
                    "correlation": pa.array([each.strength for each in chosen], pa.float64()),
                    "repeats": pa.array([(last - first) / each.ns for each in chosen], pa.float64()),
                }
            )
        ),
        facts=(Fact("hits", "Hits", records, Kind.COUNT), records_fact(engine)),
        charts=(Bar(x="period", y="correlation"),) if chosen else (),
        notes=notes,
    )


def _counts(engine: Engine, first: int, last: int, step: int) -> npt.NDArray[np.float64]:
    """Records in each step."""
    import numpy as np

    counts = np.zeros((last - first) // step + 1)
    place = f"(epoch_ns(ts) - {first}) // {step}"
    sql = f"SELECT {place} AS place, count(*) FROM records WHERE ts IS NOT NULL GROUP BY place"  # noqa: S608  # numbers
    for at, count in engine.fetch(sql):
        counts[at] = count
    return counts


def _autocorrelation(counts: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """float64 (n // 3 + 1,): the correlation of the counts with themselves that many steps later.

    At each distance only the steps that have a partner count, so that long periods are not at a disadvantage.
    """
    import numpy as np

    centred = counts - counts.mean()
    size = 1 << (2 * len(counts) - 1).bit_length()
    spectrum = np.fft.rfft(centred, size)
    products = np.fft.irfft(spectrum * np.conj(spectrum), size)[: len(counts) // 3 + 1]
    squares = np.concatenate(([0.0], np.cumsum(centred**2)))
    lags = np.arange(len(products))
    heads, tails = squares[len(counts) - lags], squares[-1] - squares[lags]
    scale = np.sqrt(heads * tails)
    result: npt.NDArray[np.float64] = np.divide(products, scale, out=np.zeros_like(products), where=scale > 0)
    return result


def _peaks(strength: npt.NDArray[np.float64], step: int) -> list[_Period]:
    """Distances of more than two steps where the correlation is higher than around."""
    import numpy as np

    if len(strength) < 5:
        return []
    inner = strength[1:-1]
    higher = (inner >= strength[:-2]) & (inner > strength[2:]) & (inner >= _LEAST)
    lags = np.flatnonzero(higher) + 1
    lags = lags[lags > 2]
    best = lags[np.argsort(-strength[lags], kind="stable")][:_MOST_PEAKS]
    return [_Period(int(lag) * step, step, float(strength[lag])) for lag in best]


def _clearest(found: list[_Period]) -> list[_Period]:
    """The clearest periods, each once, and no multiples of shorter ones that are nearly as clear."""
    found = sorted(found, key=lambda each: (-round(each.strength, 6), each.ns))
    bases = [each for each in found if each.strength >= found[0].strength * _NEARLY] if found else []
    chosen: list[_Period] = []
    for each in found:
        shorter = [base for base in (*chosen, *bases) if base.ns < each.ns - each.step]
        if any(base.strength >= _NEARLY * each.strength and _is_multiple(each, base) for base in shorter):
            continue
        if any(abs(each.ns - other.ns) <= max(each.step, other.step) for other in chosen):
            continue
        chosen.append(each)
        if len(chosen) == _MOST_PERIODS:
            break
    return chosen


def _is_multiple(period: _Period, base: _Period) -> bool:
    times = round(period.ns / base.ns)
    return times > 1 and abs(period.ns - times * base.ns) <= max(period.step, times * base.step)
