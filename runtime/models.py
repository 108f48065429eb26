"""What is asked of a model: probabilities of the label 1 for rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from config.errors import LineError


def scores(model: Any, frame: pd.DataFrame) -> Any:
    """Return the probability of the label 1 for each row."""
    return model.predict_proba(frame)[:, 1]


def checked(model: Any, frame: pd.DataFrame, where: str) -> Any:
    """Return the model's scores for the rows; raises LineError naming where it comes from if it is no such model."""
    expected = "expected a fitted classifier with predict_proba over the labels 0 and 1: return the model"
    if not callable(getattr(model, "predict_proba", None)):
        kind = "None" if model is None else f"a {type(model).__name__}"
        raise LineError(f"{where}: train returned {kind}, {expected}")
    try:
        answer = np.asarray(model.predict_proba(frame), dtype=float)
    except Exception as error:  # noqa: BLE001 (the model is the user's)
        text = " ".join(str(error).split())
        raise LineError(f"{where}: the model cannot predict: {type(error).__name__}: {text}, {expected}") from None
    if answer.shape != (len(frame), 2) or list(getattr(model, "classes_", (0, 1))) != [0, 1]:
        raise LineError(f"{where}: the model answers with the shape {answer.shape} for {len(frame)} rows, {expected}")
    if not np.isfinite(answer).all():
        raise LineError(f"{where}: the model answers with probabilities that are not finite numbers, {expected}")
    return answer[:, 1]
