"""The model of this line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sklearn.ensemble import HistGradientBoostingClassifier


def train(dataset: Any, parameters: Mapping[str, Any]) -> HistGradientBoostingClassifier:
    """Return a fitted classifier; ``dataset.validation`` and ``dataset.validation_labels`` are there to tune it on."""
    settings = {**dataset.parameters, **parameters}  # the line's, and over them the variant's
    model = HistGradientBoostingClassifier(
        learning_rate=settings["learning_rate"],
        max_iter=settings["rounds"],
        min_samples_leaf=40,
        categorical_features="from_dtype",
        random_state=0,
    )
    model.fit(dataset.train, dataset.train_labels)
    return model
