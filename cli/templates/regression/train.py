"""The model of this line, and the baselines that it must beat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sklearn.dummy import DummyRegressor
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression


def train(dataset: Any, parameters: Mapping[str, Any]) -> Any:
    """Return a fitted regressor; ``dataset.validation`` and ``dataset.validation_labels`` are there to tune it on."""
    settings = {"model": "boosting", **dataset.parameters, **parameters}  # the line's, and over them the variant's
    model = _MODELS[settings["model"]](settings)
    model.fit(dataset.train, dataset.train_labels)
    return model


def _boosting(settings: Mapping[str, Any]) -> HistGradientBoostingRegressor:
    return HistGradientBoostingRegressor(
        loss="gamma",  # errors grow with the minutes, which are never below zero
        learning_rate=settings["learning_rate"],
        max_iter=settings["rounds"],
        min_samples_leaf=30,
        categorical_features="from_dtype",
        random_state=0,
    )


_MODELS: Mapping[str, Any] = {
    "boosting": _boosting,
    "mean": lambda _: DummyRegressor(),
    "line": lambda _: LinearRegression(),
}
