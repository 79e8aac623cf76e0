"""Detectors of outliers: vectors in, scores out, higher is worse."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

from twsla.errors import UsageError

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

DETECTORS: Final = {
    "iforest": "",
    "ecod": "ECOD",
    "copod": "COPOD",
    "hbos": "HBOS",
    "lof": "LOF",
    "knn": "KNN",
    "pca": "PCA",
}
"""Names, and the classes of PyOD."""
TREES: Final = 1000
SAMPLE: Final = 256
TRAINED_ON: Final = 20_000
"""Records that a detector is trained on at most, drawn at random."""
_DIGITS: Final = 9
_MOST_CELLS: Final = 40_000_000


def check_detector(name: str) -> None:
    """Tell early that a detector cannot be had.

    Raises:
        UsageError: PyOD is not installed.
    """
    if not DETECTORS[name]:
        return
    try:
        importlib.import_module("pyod")
    except ImportError as error:
        raise UsageError(
            f"the detector '{name}' needs PyOD, which is not installed", hint="pip install 'twsla[detectors]'"
        ) from error


def drawn(counts: Array, seed: int) -> Array:
    """Numbers of vectors to train on, each as often as it was drawn among the records.

    Args:
        counts: How many records have each vector.
        seed: Of the draw, where there are more records than ``TRAINED_ON``.
    """
    import numpy as np

    total = int(counts.sum())
    if total <= TRAINED_ON:
        return np.repeat(np.arange(len(counts)), counts)
    places = np.sort(np.random.default_rng(seed).choice(total, TRAINED_ON, replace=False))
    return np.searchsorted(np.cumsum(counts), places, side="right")


def scores(vectors: Any, training: Any, detector: str, seed: int) -> Array:
    """The score of each vector, the same whatever the number of processors.

    Args:
        vectors: Rows, float64; dense or sparse.
        training: Rows to learn from, at least two.
        detector: One of ``DETECTORS``.
        seed: For what is random in it.
    """
    found = _forest(vectors, training, seed) if detector == "iforest" else _pyod(vectors, training, detector, seed)
    rounded: Array = found.round(_DIGITS)
    return rounded


def _forest(vectors: Any, training: Any, seed: int) -> Array:
    """Isolation forest (Liu, Ting, Zhou 2008): 2 to the minus mean path length by that of 256 points."""
    from sklearn.ensemble import IsolationForest

    forest = IsolationForest(n_estimators=TREES, max_samples=min(SAMPLE, training.shape[0]), random_state=seed)
    forest.fit(training)
    found: Array = -forest.score_samples(vectors)
    return found


def _pyod(vectors: Any, training: Any, detector: str, seed: int) -> Array:
    import numpy as np

    check_detector(detector)
    if vectors.shape[0] * vectors.shape[1] > _MOST_CELLS:
        raise UsageError(
            f"{vectors.shape[0]:,} different vectors of {vectors.shape[1]:,} numbers are too many for '{detector}'",
            hint="use --detector iforest, or narrow the filters",
        )
    made = getattr(importlib.import_module(f"pyod.models.{detector}"), DETECTORS[detector])
    size = training.shape[0]
    special: dict[str, Any] = {"pca": {"random_state": seed}}.get(detector, {})
    if detector in {"lof", "knn"}:
        special = {"n_neighbors": max(1, min(20, size - 1))}
    model = made(**special)
    model.fit(_dense(training))
    found: Array = np.nan_to_num(np.asarray(model.decision_function(_dense(vectors)), np.float64))
    return found


def _dense(matrix: Any) -> Any:
    return matrix.toarray() if hasattr(matrix, "toarray") else matrix
