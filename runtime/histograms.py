"""Histograms of what a model takes and says: the reference that it was trained on, and the profile of what it scored.

A number's bins lie between deciles of the reference, a category's are its commonest values and one for all others; the
last bin of each counts what is missing. A profile uses its reference's bins, so that the two compare.

A reference also says of how many rows it was made (``n``), of a number its ``minimum`` and ``maximum``, and of a
category its ``others`` when there are not too many. Older references lack these.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

SCORE = "score"
"""Name of the model's answer among the columns."""

_DECILES = np.arange(0.1, 1.0, 0.1)
_CATEGORIES = 20
"""More than these would, on a day's rows, be mostly noise."""
_BLOCK = 1 << 14
_OTHERS = 1000
"""More than these are not kept: what is unseen is then not told."""


def reference(frame: pd.DataFrame, scores: Any) -> dict[str, dict[str, Any]]:
    """Return bins and shares of every column of the training rows, and of the scores of rows not trained on."""
    found = {}
    for name, values in _columns(frame, scores).items():
        bins = _bins(values)
        counts = _counts(bins, values)
        shares = (counts / max(counts.sum(), 1)).tolist()
        found[name] = {**bins, **_known(bins, values), "n": len(values), "shares": shares}
    return found


def profile(reference: Mapping[str, Mapping[str, Any]], frame: pd.DataFrame, scores: Any) -> dict[str, dict[str, Any]]:
    """Return the counts of scored rows in the reference's bins, and of how many numbers lie outside its range."""
    columns = _columns(frame, scores)
    found = {}
    for name, histogram in reference.items():
        bins = {key: histogram[key] for key in ("kind", "edges", "categories") if key in histogram}
        counts = _counts(bins, columns[name]).tolist()
        found[name] = {**bins, "counts": counts, "outside": _outside(histogram, columns[name])}
    return found


def _columns(frame: pd.DataFrame, scores: Any) -> dict[str, pd.Series[Any]]:
    return {**{name: frame[name] for name in frame.columns}, SCORE: pd.Series(scores)}


def _bins(values: pd.Series[Any]) -> dict[str, Any]:
    if isinstance(values.dtype, pd.CategoricalDtype):
        commonest = values.value_counts().head(_CATEGORIES)
        return {"kind": "category", "categories": [str(name) for name in commonest.index[commonest > 0]]}
    known = values.to_numpy(dtype=float)
    known = known[np.isfinite(known)]
    edges = np.unique(np.quantile(known, _DECILES)) if known.size else np.array([])
    return {"kind": "number", "edges": edges.tolist()}


def _known(bins: Mapping[str, Any], values: pd.Series[Any]) -> dict[str, Any]:
    """Return what the reference has seen beyond its bins."""
    if bins["kind"] == "category":
        seen = values.value_counts()
        others = sorted({str(name) for name in seen.index[seen > 0]} - set(bins["categories"]))
        return {"others": others} if len(others) <= _OTHERS else {}
    known = values.to_numpy(dtype=float)
    known = known[np.isfinite(known)]
    return {"minimum": float(known.min()), "maximum": float(known.max())} if known.size else {}


def _outside(histogram: Mapping[str, Any], values: pd.Series[Any]) -> int:
    if "minimum" not in histogram:
        return 0
    low, high = histogram["minimum"], np.nextafter(histogram["maximum"], np.inf)
    known, (from_low, above_high) = _reached(values.to_numpy(dtype=float), [low, high])
    return int(known - from_low + above_high)


def _counts(bins: Mapping[str, Any], values: pd.Series[Any]) -> Any:
    if bins["kind"] == "category":
        categories = bins["categories"]
        seen = values.value_counts()
        listed = [int(seen.get(name, 0)) for name in categories]
        missing = int(values.isna().sum())
        return np.array([*listed, len(values) - missing - sum(listed), missing])
    known, reached = _reached(values.to_numpy(dtype=float), bins["edges"])
    return -np.diff([known, *reached, 0], append=known - len(values))


def _reached(numbers: Any, edges: Sequence[float]) -> tuple[int, list[int]]:
    """Return how many numbers there are, without NaN, and how many are at or above each edge.

    So few edges are compared with blocks that stay in the processor's cache ten times as fast as searched for.
    """
    known, reached = 0, [0] * len(edges)
    above = np.empty(_BLOCK, dtype=bool)
    for first in range(0, len(numbers), _BLOCK):
        block = numbers[first : first + _BLOCK]
        there = above[: len(block)]
        known += int(np.count_nonzero(np.equal(block, block, out=there)))
        for i, edge in enumerate(edges):
            reached[i] += int(np.count_nonzero(np.greater_equal(block, edge, out=there)))
    return known, reached
