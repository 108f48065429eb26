"""The metrics of a model, and which way each is better."""

from __future__ import annotations

HIGHER_IS_BETTER: dict[str, bool] = {"roc_auc": True, "average_precision": True, "log_loss": False, "brier": False}
