"""Gradient boosting on what a plane, its like and the registry tell of its hours to come; and what it has to beat."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sklearn.dummy import DummyRegressor
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import Pipeline, make_pipeline

if TYPE_CHECKING:
    from runtime.training import Dataset

DEFAULTS: Mapping[str, Any] = {"learning_rate": 0.1, "max_leaf_nodes": 31}
"""scikit-learn's own settings of boosting, which a variant in line.yaml may give another value."""


def train(dataset: Dataset, parameters: Mapping[str, Any]) -> Any:
    """Return a regressor fitted on the training weeks: boosting, or the baseline that the parameter ``model`` names."""
    model = str(parameters.get("model", "boosting"))
    return MODELS[model](dataset, {name: parameters.get(name, default) for name, default in DEFAULTS.items()})


def boosting(dataset: Dataset, settings: Mapping[str, Any]) -> HistGradientBoostingRegressor:
    """Hours count from zero, hence Poisson's deviance. Boosting ends when the validation weeks improve no more."""
    model = HistGradientBoostingRegressor(
        **settings,
        loss="poisson",
        max_iter=400,
        min_samples_leaf=40,
        early_stopping=True,
        n_iter_no_change=15,
        categorical_features="from_dtype",
        random_state=0,
    )
    return model.fit(dataset.train, dataset.train_labels, X_val=dataset.validation, y_val=dataset.validation_labels)


def mean(dataset: Dataset, _settings: Mapping[str, Any]) -> DummyRegressor:
    """Every plane flies what a plane flew on average."""
    return DummyRegressor().fit(dataset.train, dataset.train_labels)


def same(dataset: Dataset, _settings: Mapping[str, Any]) -> Pipeline:
    """A plane flies what the only column says that it flew: a line through it, fitted to itself."""
    known = dataset.train.fillna(0.0)
    return _through_zeros(fit_intercept=False).fit(known, known.iloc[:, 0])


def linear(dataset: Dataset, _settings: Mapping[str, Any]) -> Pipeline:
    """A plane flies what a line through the columns says."""
    return _through_zeros().fit(dataset.train, dataset.train_labels)


def _through_zeros(*, fit_intercept: bool = True) -> Pipeline:
    """A plane of which nothing is known has not flown."""
    return make_pipeline(
        SimpleImputer(strategy="constant", fill_value=0.0), LinearRegression(fit_intercept=fit_intercept)
    )


MODELS: Mapping[str, Callable[[Dataset, Mapping[str, Any]], Any]] = {
    model.__name__: model for model in (boosting, mean, same, linear)
}
