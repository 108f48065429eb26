"""How good scores are against labels: the metrics of a model."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from config.errors import LineError
from config.metrics import HIGHER_IS_BETTER


def measure(labels: Any, scores: Any, *, subject: str) -> dict[str, float]:
    """Return every metric of scores in [0, 1] against labels 0 and 1.

    Raises LineError when the labels are all alike: then nothing can be told apart.
    """
    seen = np.unique(labels)
    if len(seen) < 2:
        found = f"only the label {seen[0]}" if len(seen) else "no rows"
        raise LineError(
            f"{subject} hold {found}, expected both labels: correct the dates under dataset.split or the spine's label"
        )
    measured = {
        "roc_auc": roc_auc_score(labels, scores),
        "average_precision": average_precision_score(labels, scores),
        "log_loss": log_loss(labels, scores, labels=[0, 1]),
        "brier": brier_score_loss(labels, scores),
    }
    return {name: float(measured[name]) for name in HIGHER_IS_BETTER}
