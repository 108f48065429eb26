"""What is asked of a model: for each row the probability of the label 1, or the value that it estimates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from config.errors import LineError
from config.metrics import Task
from runtime.delivery.records import SMALLEST

if TYPE_CHECKING:
    import pandas as pd

_EXPECTED: dict[Task, str] = {
    "binary": "expected a fitted classifier with predict_proba over the labels 0 and 1: return the model",
    "regression": "expected a fitted regressor whose predict gives one number a row: return the model",
}
_METHOD: dict[Task, str] = {"binary": "predict_proba", "regression": "predict"}


def scores(model: Any, frame: pd.DataFrame, task: Task) -> Any:
    """Return one number for each row; one that is too small to be carried is 0."""
    answer = np.array(getattr(model, _METHOD[task])(frame), dtype=float)
    found = answer[:, 1] if task == "binary" else answer
    found[np.abs(found) < SMALLEST] = 0.0
    return found


def checked(model: Any, frame: pd.DataFrame, where: str, task: Task) -> Any:
    """Return the model's scores for the rows; raises LineError naming where it comes from if it is no such model."""
    expected = _EXPECTED[task]
    if not callable(getattr(model, _METHOD[task], None)) or (task == "regression" and hasattr(model, "classes_")):
        kind = "None" if model is None else f"a {type(model).__name__}"
        raise LineError(f"{where}: train returned {kind}, {expected}")
    try:
        answer = np.asarray(getattr(model, _METHOD[task])(frame), dtype=float)
    except Exception as error:  # noqa: BLE001 (the model is the user's)
        text = " ".join(str(error).split())
        raise LineError(f"{where}: the model cannot predict: {type(error).__name__}: {text}, {expected}") from None
    shape = (len(frame), 2) if task == "binary" else (len(frame),)
    if answer.shape != shape or (task == "binary" and list(getattr(model, "classes_", (0, 1))) != [0, 1]):
        raise LineError(f"{where}: the model answers with the shape {answer.shape} for {len(frame)} rows, {expected}")
    if not np.isfinite(answer).all():
        what = "probabilities" if task == "binary" else "values"
        raise LineError(f"{where}: the model answers with {what} that are not finite numbers, {expected}")
    return answer[:, 1] if task == "binary" else answer
