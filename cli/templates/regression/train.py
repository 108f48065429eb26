"""The model of this line, and the baseline that it must beat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression


def train(dataset: Any, parameters: Mapping[str, Any]) -> Any:
    """Return a fitted regressor; ``dataset.validation`` and ``dataset.validation_labels`` are there to tune it on."""
    settings = {"model": "boosting", **dataset.parameters, **parameters}  # the line's, and over them the variant's
    if settings["model"] == "line":
        return LinearRegression().fit(dataset.train, dataset.train_labels)
    model = HistGradientBoostingRegressor(
        loss="gamma",  # errors grow with the minutes, which are never below zero
        learning_rate=settings["learning_rate"],
        max_iter=settings["rounds"],
        min_samples_leaf=30,
        categorical_features="from_dtype",
        random_state=0,
    )
    return model.fit(dataset.train, dataset.train_labels)
