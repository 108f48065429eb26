"""The curves of a model card: ROC and calibration of probabilities, residuals of estimates, and how training went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from config.metrics import Task
from runtime.charts import Bars, Line, chart

_POINTS = 100
_BINS = 10


def drawn(labels: Any, scores: Any, task: Task) -> list[str]:
    """Return the figures of a task; ``labels`` and ``scores`` are those of the test rows."""
    labels, scores = np.asarray(labels, dtype=float), np.asarray(scores, dtype=float)
    return [_roc(labels, scores), _calibration(labels, scores)] if task == "binary" else _residuals(labels, scores)


def training(curves: Mapping[str, Sequence[float]]) -> list[str]:
    """Return a figure for each curve of training, such as a loss by iteration."""
    return [
        chart(name, [Line([(float(i), float(value)) for i, value in enumerate(values)])], x="step", y="value")
        for name, values in curves.items()
        if len(values) > 1
    ]


def _roc(labels: Any, scores: Any) -> str:
    order = np.argsort(-scores, kind="stable")
    hits, misses = np.cumsum(labels[order]), np.cumsum(1 - labels[order])
    ends = np.flatnonzero(np.r_[scores[order][1:] != scores[order][:-1], True])
    ends = ends[np.unique(np.linspace(0, len(ends) - 1, _POINTS).astype(int))]
    points = [(0.0, 0.0), *zip((misses[ends] / misses[-1]).tolist(), (hits[ends] / hits[-1]).tolist(), strict=True)]
    lines = [Line([(0.0, 0.0), (1.0, 1.0)], faint=True), Line(points)]
    return chart("ROC.", lines, x="share of label 0 called", y="share of label 1 found", square=True)


def _calibration(labels: Any, scores: Any) -> str:
    points = [(float(scores[part].mean()), float(labels[part].mean())) for part in _tenths(scores)]
    note = "Each point is a tenth of the test rows; on the dashed line, probabilities are what they say."
    lines = [Line([(0.0, 0.0), (1.0, 1.0)], faint=True), Line(points, dots=True)]
    return chart("Calibration.", lines, x="score, on average", y="share of label 1", note=note, square=True)


def _residuals(labels: Any, scores: Any) -> list[str]:
    errors = scores - labels
    parts = _tenths(scores)
    middles = [float(scores[part].mean()) for part in parts]
    low, middle, high = (
        list(zip(middles, (float(np.quantile(errors[part], share)) for part in parts), strict=True))
        for share in (0.1, 0.5, 0.9)
    )
    zero = Line([(middles[0], 0.0), (middles[-1], 0.0)], faint=True)
    note = (
        "Median of each tenth of the test rows, between its 10th and 90th percentile; above 0 the model says too much."
    )
    lines = [zero, Line(low), Line(middle, dots=True), Line(high)]
    ends = np.quantile(errors, [0.005, 0.995])
    counts, edges = np.histogram(errors, bins=30, range=(float(ends[0]), float(max(ends[1], ends[0] + 1e-9))))
    truth = [(float(scores[part].mean()), float(labels[part].mean())) for part in parts]
    same = Line([(middles[0], middles[0]), (middles[-1], middles[-1])], faint=True)
    return [
        chart("Residuals.", lines, x="estimate", y="estimate minus label", note=note),
        chart("How often.", [Bars(edges.tolist(), counts.tolist())], x="estimate minus label", y="test rows"),
        chart("Calibration.", [same, Line(truth, dots=True)], x="estimate, on average", y="label, on average"),
    ]


def _tenths(scores: Any) -> list[Any]:
    """Return the places of each tenth of the rows by their score, rows of one score together."""
    edges = np.unique(np.quantile(scores, np.linspace(0, 1, _BINS + 1)[1:-1]))
    places = np.searchsorted(edges, scores, side="left")
    return [found for i in range(len(edges) + 1) if len(found := np.flatnonzero(places == i))]
