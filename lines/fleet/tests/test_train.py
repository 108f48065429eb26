from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import mean_absolute_error

from config.bundle import Bundle
from lines.fleet.train import DEFAULTS, MODELS, train
from runtime.training import Dataset


def _part(rows: int, seed: int) -> tuple[pd.DataFrame, Any]:
    """Planes that fly half of what they flew, and more with one airline; of some nothing is known."""
    random = np.random.default_rng(seed)
    carrier = random.integers(0, 3, rows)
    hours = random.gamma(2, 4, rows)
    flown = hours / 2 + 3 * carrier + random.gamma(2, 0.5, rows)
    hours[::10] = np.nan
    carriers = pd.Categorical.from_codes(carrier, categories=pd.Index(["9E", "B6", "EV"]))
    return pd.DataFrame({"hours": hours, "carrier": carriers}), flown


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    (train_rows, train_labels), (validation, validation_labels) = _part(3000, seed=1), _part(1000, seed=2)
    return Dataset(
        train=train_rows,
        train_labels=train_labels,
        validation=validation,
        validation_labels=validation_labels,
        categorical=["carrier"],
    )


@pytest.fixture(scope="module")
def hours_only(dataset: Dataset) -> Dataset:
    return Dataset(
        train=dataset.train[["hours"]],
        train_labels=dataset.train_labels,
        validation=dataset.validation[["hours"]],
        validation_labels=dataset.validation_labels,
        categorical=[],
    )


def _error(dataset: Dataset, parameters: dict[str, Any]) -> float:
    model = train(dataset, parameters)
    return float(mean_absolute_error(dataset.validation_labels, model.predict(dataset.validation)))


def test_every_variant_learns_more_than_the_baselines(bundle: Bundle, dataset: Dataset, hours_only: Dataset) -> None:
    variants = [_error(dataset, dict(variant.parameters)) for variant in bundle.definition.training.trials]
    baselines = [_error(hours_only, dict(baseline.parameters)) for baseline in bundle.definition.training.baselines]
    assert max(variants) < min(baselines) / 1.5


def test_a_variant_names_only_settings_that_train_reads(bundle: Bundle) -> None:
    training = bundle.definition.training
    named = {name for variant in (*training.trials, *training.baselines) for name in variant.parameters}
    assert named <= {"model", *DEFAULTS}


def test_the_baselines_of_the_line_are_models_that_train_makes(bundle: Bundle) -> None:
    assert {baseline.parameters["model"] for baseline in bundle.definition.training.baselines} < set(MODELS)


def test_the_same_again_is_what_was_known_and_nothing_where_nothing_was(hours_only: Dataset) -> None:
    model = train(hours_only, {"model": "same"})
    expected = hours_only.validation["hours"].fillna(0.0)
    assert model.predict(hours_only.validation) == pytest.approx(expected.to_numpy(), abs=1e-9)


def test_no_plane_flies_less_than_nothing(dataset: Dataset) -> None:
    assert train(dataset, {}).predict(dataset.validation).min() >= 0
