"""How good scores are against labels: the metrics of a model."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn import metrics

from config.errors import LineError
from config.metrics import METRICS, Task


def measure(labels: Any, scores: Any, task: Task, *, subject: str) -> dict[str, float]:
    """Return every metric of the task: of scores in [0, 1] against labels 0 and 1, or of values against values.

    Raises LineError when the labels are all alike (then nothing can be told apart), or a score is no finite number.
    """
    seen = np.unique(labels)
    if len(seen) < 2:
        found = f"only the label {seen[0]}" if len(seen) else "no rows"
        expected = "both labels" if task == "binary" else "labels that differ"
        raise LineError(
            f"{subject} hold {found}, expected {expected}: correct the dates under dataset.split or the spine's label"
        )
    unknown = len(scores) - int(np.isfinite(scores).sum())
    if unknown:
        raise LineError(
            f"{subject}: the model answers {unknown} of {len(scores)} rows with no finite number: "
            "let train return a model that copes with their columns"
        )
    with np.errstate(over="ignore", invalid="ignore"):
        measured = _probabilities(labels, scores) if task == "binary" else _values(labels, scores)
    told: dict[str, float] = {name: float(measured[name]) for name in METRICS[task]}
    for name, value in told.items():
        if not np.isfinite(value):  # nothing could be compared with it, and no receipt could hold it
            raise LineError(
                f"{subject}: {name} is {value}, expected a finite number: "
                "bring the spine's label into a smaller unit or look at what the model answers"
            )
    return told


def _probabilities(labels: Any, scores: Any) -> dict[str, float]:
    return {
        "roc_auc": metrics.roc_auc_score(labels, scores),
        "average_precision": metrics.average_precision_score(labels, scores),
        "log_loss": metrics.log_loss(labels, scores, labels=[0, 1]),
        "brier": metrics.brier_score_loss(labels, scores),
    }


def _values(labels: Any, scores: Any) -> dict[str, float]:
    return {
        "mae": metrics.mean_absolute_error(labels, scores),
        "rmse": metrics.root_mean_squared_error(labels, scores),
        "median_ae": metrics.median_absolute_error(labels, scores),
        "r2": metrics.r2_score(labels, scores),
    }
