"""Gradient boosting on what is known of a flight at its scheduled departure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sklearn.ensemble import HistGradientBoostingClassifier

if TYPE_CHECKING:
    from runtime.training import Dataset

DEFAULTS: Mapping[str, Any] = {
    "learning_rate": 0.1,
    "max_iter": 400,
    "max_leaf_nodes": 31,
    "min_samples_leaf": 20,
    "max_features": 1.0,
    "early_stopping": True,
}
"""scikit-learn's own settings, which a variant in line.yaml may give another value."""


def train(dataset: Dataset, parameters: Mapping[str, Any]) -> HistGradientBoostingClassifier:
    """Return a classifier fitted on the training rows.

    Unless early stopping is off, boosting ends when the validation month has not improved for 15 iterations: a month of
    its own, because neighbouring flights share their delays and a random part of the training rows would look too good.
    """
    settings = {name: parameters.get(name, default) for name, default in DEFAULTS.items()}
    model = HistGradientBoostingClassifier(
        **settings, n_iter_no_change=15, categorical_features="from_dtype", random_state=0
    )
    if not settings["early_stopping"]:
        return model.fit(dataset.train, dataset.train_labels)
    return model.fit(dataset.train, dataset.train_labels, X_val=dataset.validation, y_val=dataset.validation_labels)
