"""What each feature tells of the label by itself: where a leak is to be looked for when a model is too good."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from config.metrics import Task
from runtime import bootstrap

_BINS = 64
_MOST_CATEGORIES = 1000


def alone(frame: pd.DataFrame, labels: Any, task: Task, most: int = 5) -> list[tuple[str, float]]:
    """Return the features that tell most, with the ROC AUC or, of a regression, the R² of each alone.

    A feature is cut into bins (a category's values, a number's ranks, missing); every other row gives each bin its mean
    label, the rows between are told by it. So a feature may tell in any direction and in jumps. A number that follows
    the label closely is also judged as it is: bins are too coarse for it.
    """
    labels = np.asarray(labels, dtype=float)
    told = {name: _told(frame[name], labels, task) for name in frame.columns}
    ranked = sorted(told.items(), key=lambda item: -item[1])
    return [(name, round(share, 4)) for name, share in ranked[:most] if np.isfinite(share)]


def _told(values: pd.Series[Any], labels: Any, task: Task) -> float:
    codes, bins = _binned(values)
    seen, tested = slice(0, None, 2), slice(1, None, 2)
    sums = np.bincount(codes[seen], weights=labels[seen], minlength=bins)
    counts = np.bincount(codes[seen], minlength=bins)
    means = np.where(counts > 0, sums / np.maximum(counts, 1), labels[seen].mean())
    metric = "roc_auc" if task == "binary" else "r2"
    shares = [bootstrap.measured(labels[tested], means[codes[tested]], metric)]
    if not isinstance(values.dtype, pd.CategoricalDtype):
        shares.append(_straight(values.to_numpy(dtype=float), labels, task))
    return float(np.nanmax(shares)) if np.isfinite(shares).any() else float("nan")


def _straight(numbers: Any, labels: Any, task: Task) -> float:
    known = np.isfinite(numbers)
    if 2 * known.sum() < len(numbers) or np.ptp(numbers[known]) == 0 or np.ptp(labels[known]) == 0:
        return float("nan")
    if task == "binary":
        filled = np.where(known, numbers, np.median(numbers[known]))
        share = bootstrap.measured(labels, filled, "roc_auc")
        return max(share, 1 - share)
    return float(np.corrcoef(numbers[known], labels[known])[0, 1] ** 2)


def _binned(values: pd.Series[Any]) -> tuple[Any, int]:
    """Return each row's bin and how many there are; the last is that of missing values."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        codes = values.cat.codes.to_numpy().astype(np.int64)
        bins = min(len(values.cat.categories), _MOST_CATEGORIES)
        return np.where((codes < 0) | (codes >= bins), bins, codes), bins + 1
    numbers = values.to_numpy(dtype=float)
    known = np.isfinite(numbers)
    distinct = np.unique(numbers[known])
    if len(distinct) > _BINS:
        distinct = np.unique(np.quantile(numbers[known], np.linspace(0, 1, _BINS + 1)[1:]))
    codes = np.searchsorted(distinct, numbers, side="left")
    return np.where(known, codes, len(distinct)), len(distinct) + 1
