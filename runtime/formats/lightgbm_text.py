"""LightGBM's text format, predicted by LightGBM's own C library.

The library is called as its C API is documented, not through the package of the same name, whose import brings pandas
and scikit-learn and whose predict spends ten times what the trees take on a row.
"""

from __future__ import annotations

import ctypes
import importlib.util
import threading
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from runtime.formats.native import UnreadableError

_FLOAT64, _ROW_MAJOR, _PREDICT_NORMAL, _ALL = 1, 1, 0, -1
_MANY = 4096
"""Rows from which threads are worth starting."""


def read(body: bytes, columns: int) -> Callable[[Any], Any]:
    """Return what scores matrices with the model that a text holds; raises UnreadableError."""
    if not body.startswith(b"tree\n") or b"\nend of trees" not in body or b"\0" in body:
        raise UnreadableError("it is not a LightGBM text file: train again")
    return _Booster(body, columns)


@lru_cache(maxsize=1)
def _library() -> Any:
    return _loaded(ctypes.CDLL)


def _loaded(kind: type[ctypes.CDLL]) -> Any:
    spec = importlib.util.find_spec("lightgbm")
    folders = spec.submodule_search_locations if spec is not None else None
    found = [path for folder in folders or () for path in sorted(Path(folder).glob("*/lib_lightgbm.*"))]
    try:
        library = kind(str(found[0]))
    except (IndexError, OSError) as error:
        raise UnreadableError(f"LightGBM's library cannot be loaded ({error}): install libgomp1 beside it") from None
    library.LGBM_GetLastError.restype = ctypes.c_char_p
    return library


def _checked(code: int) -> None:
    if code:
        raise UnreadableError(f"LightGBM refuses it: {_library().LGBM_GetLastError().decode(errors='replace')}")


class _Booster:
    """One loaded model; it stays until the process ends."""

    def __init__(self, body: bytes, columns: int) -> None:
        library, self._columns = _library(), columns
        self._handle, trees = ctypes.c_void_p(), ctypes.c_int()
        _checked(library.LGBM_BoosterLoadModelFromString(body, ctypes.byref(trees), ctypes.byref(self._handle)))
        classes, features = ctypes.c_int(), ctypes.c_int()
        _checked(library.LGBM_BoosterGetNumClasses(self._handle, ctypes.byref(classes)))
        _checked(library.LGBM_BoosterGetNumFeature(self._handle, ctypes.byref(features)))
        if classes.value != 1:
            raise UnreadableError(
                f"it answers with {classes.value} numbers a row, expected 1: train a binary objective"
            )
        if features.value != columns:
            raise UnreadableError(
                f"it takes {features.value} columns, expected the dataset's {columns}: fit it on dataset.train as it is"
            )
        self._one = ctypes.c_void_p()
        _checked(
            library.LGBM_BoosterPredictForMatSingleRowFastInit(
                self._handle, _PREDICT_NORMAL, 0, _ALL, _FLOAT64, columns, b"num_threads=1", ctypes.byref(self._one)
            )
        )
        self._answer, self._length = ctypes.c_double(), ctypes.c_int64()
        # a row takes microseconds: letting other threads run meanwhile would only mean to wait for them
        self._call = _loaded(ctypes.PyDLL).LGBM_BoosterPredictForMatSingleRowFast
        self._call.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
        self._out = (ctypes.addressof(self._length), ctypes.addressof(self._answer))
        self._alone = threading.Lock()  # the answer lies in one place

    def __call__(self, matrix: Any) -> Any:
        rows = np.ascontiguousarray(matrix, dtype=np.float64)
        if len(rows) == 1:
            with self._alone:
                _checked(self._call(self._one, rows.ctypes.data, *self._out))
                return np.array([self._answer.value])
        found, length = np.empty(len(rows)), ctypes.c_int64()
        _checked(
            _library().LGBM_BoosterPredictForMat(
                self._handle,
                ctypes.c_void_p(rows.ctypes.data),
                _FLOAT64,
                ctypes.c_int32(len(rows)),
                ctypes.c_int32(self._columns),
                _ROW_MAJOR,
                _PREDICT_NORMAL,
                0,
                _ALL,
                b"num_threads=1" if len(rows) < _MANY else b"",
                ctypes.byref(length),
                found.ctypes.data_as(ctypes.POINTER(ctypes.c_double)),
            )
        )
        return found
