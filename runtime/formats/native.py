"""Models in the formats of their own libraries: read without pickle, asked for scores by matrices of floats.

A matrix has a row for each example and a column for each of the encoding's, in its order: a category is its position in
the column's vocabulary, NaN is missing.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from config.errors import LineError

if TYPE_CHECKING:
    import pandas as pd

NativeFormat = Literal["lightgbm", "xgboost", "onnx"]
Read = Callable[[bytes, int], Callable[[Any], Any]]
"""From a file's content and the number of columns to what scores matrices; raises UnreadableError."""

NEEDS: Mapping[NativeFormat, tuple[str, ...]] = {
    "lightgbm": ("lightgbm",),
    "xgboost": ("xgboost",),
    "onnx": ("onnx", "onnxruntime"),
}


class UnreadableError(Exception):
    """A file that is not what its name says, or not what is accepted; the message says why."""


@dataclass(frozen=True)
class Native:
    """A model and the file that it was read from; to those who predict from frames it looks like scikit-learn's."""

    format: NativeFormat
    body: bytes
    score: Callable[[Any], Any]
    """From a matrix to one number a row: the probability of the label 1, or the estimate."""

    def predict_proba(self, frame: pd.DataFrame) -> Any:
        scores = self.score(matrix(frame))
        return np.column_stack([1 - scores, scores])

    def predict(self, frame: pd.DataFrame) -> Any:
        return self.score(matrix(frame))


def read(format_: NativeFormat, body: bytes, columns: int, where: str) -> Native:
    """Return the model that a file holds; raises LineError naming ``where`` for anything else."""
    for library in NEEDS[format_]:
        if importlib.util.find_spec(library) is None:
            raise LineError(
                f"{where}: a model of the format {format_} needs the package {library}, which is not installed: "
                f"add {format_} to libraries in the environment's file and deploy, here: uv sync --group {format_}"
            )
    try:
        return Native(format=format_, body=body, score=_reader(format_)(body, columns))
    except UnreadableError as error:
        raise LineError(f"{where}: {error}") from None


def matrix(frame: pd.DataFrame) -> Any:
    """Return a frame, with categories as pandas' category dtype, as the matrix that stands for it."""
    found = np.empty(frame.shape)
    for j, name in enumerate(frame.columns):
        values = frame[name]
        if values.dtype == "category":
            codes = values.cat.codes.to_numpy()
            found[:, j] = np.where(codes < 0, np.nan, codes)
        else:
            found[:, j] = values
    return found


def _reader(format_: NativeFormat) -> Read:
    """Each brings its library, so only the one that is needed is imported."""
    if format_ == "lightgbm":
        from runtime.formats import lightgbm_text

        return lightgbm_text.read
    if format_ == "xgboost":
        from runtime.formats import xgboost_json

        return xgboost_json.read
    from runtime.formats import onnx_graph

    return onnx_graph.read
