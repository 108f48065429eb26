"""The tasks of a model, and the metrics of each: which way each is better, and which ground truth can tell."""

from __future__ import annotations

from typing import Literal

Task = Literal["binary", "regression"]
Metric = Literal["roc_auc", "average_precision", "log_loss", "brier", "mae", "rmse", "median_ae", "r2"]
Observed = Literal["roc_auc", "brier", "log_loss", "ece", "mae", "rmse", "median_ae", "bias"]

METRICS: dict[Task, dict[Metric, bool]] = {
    "binary": {"roc_auc": True, "average_precision": True, "log_loss": False, "brier": False},
    "regression": {"mae": False, "rmse": False, "median_ae": False, "r2": True},
}
"""What is measured on held-out rows, and whether higher is better. A task's first metric is its default."""

OBSERVED: dict[Task, tuple[Observed, ...]] = {
    "binary": ("roc_auc", "brier", "log_loss", "ece"),
    "regression": ("mae", "rmse", "median_ae", "bias"),
}
"""What a window's counters tell once ground truth has joined; again the first is the default."""

HIGHER_IS_BETTER: dict[str, bool] = {name: higher for task in METRICS.values() for name, higher in task.items()}
