"""What ``train`` returned, as the format in which it is kept: scikit-learn's as it is, others by their own library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from config.errors import LineError
from config.metrics import Task
from runtime.formats.native import NativeFormat, read

if TYPE_CHECKING:
    import pandas as pd

_CLOSE = 1e-6
"""How far a saved model's answers may be from the trained one's: XGBoost and ONNX compute in single precision."""


def taken(model: Any, frame: pd.DataFrame, where: str, task: Task) -> Any:
    """Return the model read back from its library's format, or itself where it belongs to no such library.

    ``frame`` has rows as ``train`` got them, on which what was saved must answer as what was trained does; raises
    LineError when it does not.
    """
    found = _saved(model, where)
    if found is None:
        return model
    format_, body = found
    native = read(format_, body, frame.shape[1], where)
    answers = native.predict(frame)
    own = _own(model, frame, format_)
    if own is not None and not np.allclose(answers, own, rtol=_CLOSE, atol=_CLOSE, equal_nan=True):
        raise LineError(
            f"{where}: the saved model answers unlike the trained one, by up to {np.nanmax(np.abs(answers - own)):g}: "
            "fit it on dataset.train as it is, with its columns and categories"
        )
    if task == "binary" and not ((answers >= 0) & (answers <= 1)).all():
        raise LineError(f"{where}: the model's answers are no probabilities: train it with a binary objective")
    return native


def _saved(model: Any, where: str) -> tuple[NativeFormat, bytes] | None:
    module, kind = type(model).__module__.partition(".")[0], type(model).__name__
    try:
        if module == "lightgbm":
            booster = model if kind == "Booster" else model.booster_
            return "lightgbm", booster.model_to_string().encode()
        if module == "xgboost":
            return "xgboost", bytes(_xgboost(model).save_raw("json"))
        if module.startswith("onnx") and kind == "ModelProto":
            return "onnx", model.SerializeToString()
    except Exception as error:  # noqa: BLE001 (the model is the user's)
        text = " ".join(str(error).split())[:200]
        raise LineError(f"{where}: the model cannot be saved: {type(error).__name__}: {text}: fit it first") from None
    return ("onnx", model) if isinstance(model, bytes) else None


def _xgboost(model: Any) -> Any:
    """Return the booster with the rounds that its own predict uses: up to the best, where early stopping ended it."""
    if not hasattr(model, "get_booster"):
        return model
    best = getattr(model, "best_iteration", None)
    return model.get_booster() if best is None else model.get_booster()[: best + 1]


def _own(model: Any, frame: pd.DataFrame, format_: NativeFormat) -> Any:
    """Return what the trained model itself says of the rows; None where it has no predict of its own."""
    if format_ == "onnx":
        return None
    if hasattr(model, "predict_proba"):
        return model.predict_proba(frame)[:, 1]
    if format_ == "xgboost" and not hasattr(model, "get_booster"):
        import xgboost

        return model.predict(xgboost.DMatrix(frame, enable_categorical=True))
    return model.predict(frame)
