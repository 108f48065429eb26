from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from config.bundle import Bundle
from lines.flights.train import DEFAULTS, train
from runtime.training import Dataset


def _part(rows: int, seed: int) -> tuple[pd.DataFrame, Any]:
    """Flights that are late where they wait and where the carrier is often late."""
    random = np.random.default_rng(seed)
    carrier = random.integers(0, 4, rows)
    wait = random.normal(10, 20, rows)
    late = random.random(rows) < 1 / (1 + np.exp(3 - wait / 15 - carrier / 2))
    wait[::10] = np.nan
    carriers = pd.Categorical.from_codes(carrier, categories=pd.Index(["9E", "AA", "B6", "UA"]))
    return pd.DataFrame({"carrier": carriers, "wait": wait}), late.astype(int)


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    (train_rows, train_labels), (validation, validation_labels) = _part(4000, seed=1), _part(2000, seed=2)
    return Dataset(
        train=train_rows,
        train_labels=train_labels,
        validation=validation,
        validation_labels=validation_labels,
        categorical=["carrier"],
    )


@pytest.mark.parametrize("name", ["shallow", "deep", "patient", "default_boosting"])
def test_every_variant_learns(bundle: Bundle, dataset: Dataset, name: str) -> None:
    variants = [*bundle.definition.training.trials, *bundle.definition.training.baselines]
    parameters = next(variant.parameters for variant in variants if variant.name == name)
    model = train(dataset, parameters)
    scores = model.predict_proba(dataset.validation)[:, 1]
    assert roc_auc_score(dataset.validation_labels, scores) > 0.7


def test_a_variant_names_only_settings_that_train_reads(bundle: Bundle) -> None:
    training = bundle.definition.training
    named = {name for variant in (*training.trials, *training.baselines) for name in variant.parameters}
    assert named <= set(DEFAULTS)


def test_boosting_ends_when_the_validation_rows_no_longer_improve(dataset: Dataset) -> None:
    assert train(dataset, {"learning_rate": 0.1}).n_iter_ < 100


def test_the_same_rows_give_the_same_model(dataset: Dataset) -> None:
    settings = {"max_features": 0.3, "max_iter": 10}
    first, second = (train(dataset, settings).predict_proba(dataset.validation) for _ in range(2))
    assert (first == second).all()
