"""Records as vectors, vectors scored, scores back to the records: what all modes of ``anomaly`` by vectors share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from twsla.analysis.detectors import drawn, scores
from twsla.analysis.features import SHAPE, WORDS, Mode, access_mode, keyword_mode, number_key, number_params
from twsla.errors import UsageError
from twsla.model.result import Note
from twsla.query.scratch import derived_table, scratch_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from twsla.query.engine import Engine

    Array = np.ndarray[Any, Any]

_MOST_TEXTS: Final = 200_000
_MOST_TERMS: Final = 2_000
_EXPLAINED: Final = 20_000
_REASONS: Final = 3
_LARGEST: Final = 1e30
"""The forest counts in single precision."""


@dataclass(frozen=True, slots=True)
class Vectors:
    """Distinct vectors of the records."""

    matrix: Any
    names: Sequence[str]
    """Of each column."""
    counts: Array
    """Records that have each."""
    of_key: str
    """Scratch table: ``key`` and ``vector``, the row of the matrix."""
    key: str
    """SQL over ``records``."""
    params: dict[str, object]
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Scored:
    """A scratch table with a row for each record that fits: ts, score, why, _file, _row; the worst first."""

    table: str
    notes: tuple[Note, ...]


def vectors_of(engine: Engine, mode: str, *, classic: bool, extract: str) -> Vectors:
    """The records as a mode sees them."""
    if mode == "tfidf":
        return _term_vectors(engine, classic=classic)
    if mode == "number":
        return _number_vectors(engine, extract)
    if mode == "walu":
        return _feature_vectors(engine, access_mode(), "have no quotes, and no request between them")
    return _feature_vectors(engine, keyword_mode(WORDS[mode], classic=classic), "")


def scored(engine: Engine, vectors: Vectors, detector: str, seed: int) -> Scored:
    """Score vectors and give each record the score of its own."""
    import numpy as np

    size = len(vectors.counts)
    found: list[float | None] = [None] * size
    why: list[str | None] = [None] * size
    notes = list(vectors.notes)
    if int(vectors.counts.sum()) < 2:
        notes.append(Note("a single record cannot be compared: it has no score") if size else _nothing())
    else:
        training = vectors.matrix[drawn(vectors.counts, seed)]
        values = scores(vectors.matrix, training, detector, seed)
        found = values.tolist()
        worst = np.argsort(-values, kind="stable")[:_EXPLAINED]
        for place, text in zip(worst.tolist(), _reasons(vectors.matrix[worst], vectors.names, training), strict=True):
            why[place] = text
    of_vector = derived_table(
        engine,
        "SELECT unnest($vectors::BIGINT[]) AS vector, unnest($scores::DOUBLE[]) AS score, "
        "unnest($why::VARCHAR[]) AS why",
        {"vectors": list(range(size)), "scores": found, "why": why},
    )
    of_key = derived_table(engine, f"SELECT key, score, why FROM {vectors.of_key} JOIN {of_vector} USING (vector)")  # noqa: S608
    table = join_scores(engine, of_key, f"scored.key = {vectors.key}", params=vectors.params)
    return Scored(table, tuple(notes))


def join_scores(
    engine: Engine, of_key: str, condition: str, *, params: dict[str, object] | None = None, join: str = ""
) -> str:
    """A scratch table of the records, the worst first.

    Args:
        engine: Gives the records.
        of_key: Table with score and why, called ``scored`` in the condition.
        condition: SQL: which row of it a record has; with ``join`` behind ``records``.
        params: Of the condition.
        join: What else it needs.
    """
    from twsla.query.placed import files_of

    records = engine.records(files_of(engine), placed=True)
    return scratch_table(
        engine,
        f"SELECT records.ts, score, why, records._file, records._row FROM records {join} "  # noqa: S608  # ours
        f"JOIN {of_key} AS scored ON {condition} "
        'ORDER BY score DESC NULLS LAST, records.ts NULLS LAST, records.source, records."offset"',
        params,
        relation=records,
    )


def _nothing() -> Note:
    return Note("no record fits, so there is nothing to score")


def _reasons(matrix: Any, names: Sequence[str], training: Any) -> list[str]:
    """Of each row the values that are farthest from the mean, in standard deviations of the training."""
    import numpy as np

    dense = matrix.toarray() if hasattr(matrix, "toarray") else matrix
    means = np.asarray(training.mean(axis=0)).ravel()
    squares = training.multiply(training).mean(axis=0) if hasattr(training, "multiply") else (training**2).mean(axis=0)
    spread = np.sqrt(np.maximum(np.asarray(squares).ravel() - means**2, 0.0))
    floor = np.maximum(spread, 1e-3 * (np.abs(means) + 1e-3))
    texts = []
    for row in dense:
        away = (row - means) / floor
        order = np.argsort(-np.abs(away), kind="stable")[:_REASONS]
        far = [at for at in order.tolist() if abs(away[at]) > 1]
        texts.append(", ".join(f"{names[at]}: {row[at]:.4g} (mean {means[at]:.4g})" for at in far))
    return texts


def _feature_vectors(engine: Engine, mode: Mode, misfit: str) -> Vectors:
    """Vectors made by SQL."""
    keys = scratch_table(engine, f"SELECT {mode.key} AS key, count(*) AS records FROM records GROUP BY 1")  # noqa: S608
    left = engine.execute(f"SELECT coalesce(sum(records), 0)::BIGINT FROM {keys} WHERE key IS NULL")[0][0]  # noqa: S608
    listed = ", ".join(f"({sql})::DOUBLE" for _, sql in mode.features)
    of_key = f"SELECT key, records, [{listed}] AS vector FROM {keys} WHERE key IS NOT NULL"  # noqa: S608
    notes = (Note(f"{left:,} records {misfit}, and have no score"),) if left else ()
    return _grouped(engine, of_key, [name for name, _ in mode.features], mode.key, {}, notes)


def _grouped(
    engine: Engine, select: str, names: Sequence[str], key: str, params: dict[str, object], notes: tuple[Note, ...]
) -> Vectors:
    """Distinct vectors of a query that gives key, records and vector."""
    import numpy as np
    import pyarrow as pa

    found = derived_table(engine, select)
    numbered = derived_table(
        engine,
        f"SELECT vector, sum(records)::BIGINT AS records FROM {found} GROUP BY vector ORDER BY vector",  # noqa: S608
    )
    of_key = derived_table(
        engine,
        f"SELECT key, numbered.rowid AS vector FROM {found} AS found JOIN {numbered} AS numbered USING (vector)",  # noqa: S608
    )
    table = engine.rows(f"SELECT vector, records FROM {numbered} ORDER BY rowid").table  # noqa: S608
    lists = table["vector"].combine_chunks()
    values = np.asarray(lists.flatten() if isinstance(lists, pa.ListArray) else lists.combine_chunks().flatten())
    matrix = values.astype(np.float64).reshape(table.num_rows, len(names)) if table.num_rows else np.zeros((0, 1))
    return Vectors(
        np.clip(matrix, -_LARGEST, _LARGEST), names, np.asarray(table["records"]).astype(np.int64), of_key, key, params,
        notes,
    )  # fmt: skip


def _number_vectors(engine: Engine, extract: str) -> Vectors:
    """All numbers of a text; of records with another quantity of them than most there is no vector."""
    key, params = number_key(extract), number_params(extract)
    keys = scratch_table(engine, f"SELECT {key} AS key, count(*) AS records FROM records GROUP BY 1", params)  # noqa: S608
    sizes = engine.execute(
        f"SELECT len(key) AS size, sum(records)::BIGINT AS n FROM {keys} GROUP BY 1 ORDER BY coalesce(size, 0) = 0, n DESC, size"  # noqa: S608, E501
    )
    size = sizes[0][0] if sizes and sizes[0][0] else 0
    others = sum(records for length, records in sizes if length != size or not size)
    notes: tuple[Note, ...] = ()
    if others:
        has = f"do not have {size:,} numbers, as most have" if size else "have no numbers"
        notes = (Note(f"{others:,} records {has}, and have no score"),)
    select = f"SELECT key, records, key AS vector FROM {keys} WHERE len(key) = {size} AND {size} > 0"  # noqa: S608
    names = [f"number {place}" for place in range(1, size + 1)]
    return _grouped(engine, select, names, key, params, notes)


def _term_vectors(engine: Engine, *, classic: bool) -> Vectors:
    """Weights of terms: share of the text, times the logarithm of how few texts have the term.

    Classic: of texts as they are. Else of shapes, texts with each number as 0: of millions of records a few thousand;
    and with terms beyond the ``_MOST_TERMS`` that most shapes have added up to one number.
    """
    import numpy as np
    from scipy.sparse import csr_matrix, hstack

    from twsla.analysis.features_terms import joined, terms_of

    key = "text" if classic else SHAPE
    keys = scratch_table(engine, f"SELECT {key} AS key, count(*) AS records FROM records GROUP BY 1 ORDER BY 1")  # noqa: S608
    table = engine.rows(f"SELECT key, records FROM {keys} ORDER BY rowid LIMIT {_MOST_TEXTS + 1}").table  # noqa: S608
    if table.num_rows > _MOST_TEXTS:
        raise UsageError(
            f"more than {_MOST_TEXTS:,} different {'texts' if classic else 'shapes of text'} are too many for a forest",
            hint="leave --classic out, narrow the filters, or use -m pattern" if classic else "use -m pattern",
        )
    terms = terms_of(joined(table["key"].chunks))
    counts, size = terms.counts, table.num_rows
    having = np.bincount(counts.indices, minlength=counts.shape[1])
    weights = np.log10(size / np.maximum(having, 1))
    rows = np.repeat(np.arange(size), np.diff(counts.indptr))
    data = counts.data / np.maximum(terms.tokens, 1)[rows] * weights[counts.indices]
    matrix = csr_matrix((data, counts.indices, counts.indptr), shape=counts.shape)
    names = terms.terms.to_pylist()
    if not classic and len(names) > _MOST_TERMS:
        order = np.argsort(-having, kind="stable")
        rest = csr_matrix(matrix[:, order[_MOST_TERMS:]].sum(axis=1))
        matrix = hstack([matrix[:, order[:_MOST_TERMS]], rest], format="csr")
        names = [*(names[place] for place in order[:_MOST_TERMS].tolist()), "rarer terms"]
    of_key = derived_table(engine, f"SELECT key, rowid AS vector FROM {keys}")  # noqa: S608
    if not names:
        matrix, names = csr_matrix((size, 1)), ["terms"]
    return Vectors(matrix, names, np.asarray(table["records"]).astype(np.int64), of_key, key, {})
