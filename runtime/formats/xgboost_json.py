"""XGBoost's JSON format."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np

from runtime.formats.native import UnreadableError


def read(body: bytes, columns: int) -> Callable[[Any], Any]:
    """Return what scores matrices with the model that a document holds; raises UnreadableError."""
    try:
        learner = json.loads(body)["learner"]
        learner["gradient_booster"]["name"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UnreadableError("it is not an XGBoost JSON document: train again") from None
    import xgboost

    booster = xgboost.Booster()
    try:
        booster.load_model(bytearray(body))
        features = booster.num_features()
    except (xgboost.core.XGBoostError, ValueError) as error:
        said = str(error).strip().splitlines()
        raise UnreadableError(f"XGBoost refuses it: {said[-1][:200] if said else type(error).__name__}") from None
    if features != columns:
        raise UnreadableError(
            f"it takes {features} columns, expected the dataset's {columns}: fit it on dataset.train as it is"
        )
    booster.set_param({"nthread": 1})

    def score(matrix: Any) -> Any:
        found = np.asarray(booster.inplace_predict(matrix, validate_features=False), dtype=float)
        return found[:, 1] if found.ndim == 2 and found.shape[1] == 2 else found.reshape(len(matrix), -1)[:, 0]

    if np.asarray(booster.inplace_predict(np.zeros((1, columns)), validate_features=False)).size > 2:
        raise UnreadableError("it answers with more than two numbers a row: train a binary objective or a regression")
    return score
