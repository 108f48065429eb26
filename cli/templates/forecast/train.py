"""The model of this line, and the naive forecast that it must beat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression


def train(dataset: Any, parameters: Mapping[str, Any]) -> Any:
    """Return a fitted regressor; ``dataset.validation`` and ``dataset.validation_labels`` are there to tune it on."""
    settings = {"model": "boosting", **dataset.parameters, **parameters}  # the line's, and over them the variant's
    if settings["model"] == "naive":
        return _naive(dataset)
    model = HistGradientBoostingRegressor(
        loss="poisson",  # units are counts
        learning_rate=settings["learning_rate"],
        max_iter=settings["rounds"],
        min_samples_leaf=20,
        early_stopping=True,
        categorical_features="from_dtype",
        random_state=0,
    )
    return model.fit(dataset.train, dataset.train_labels, X_val=dataset.validation, y_val=dataset.validation_labels)


def _naive(dataset: Any) -> HistGradientBoostingRegressor | LinearRegression:
    """Return what answers the only column as it is: a line through it, fitted to itself."""
    known = dataset.train.dropna().astype("float64")
    return LinearRegression(fit_intercept=False).fit(known, known.iloc[:, 0])
