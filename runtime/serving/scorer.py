"""What predicts: a function from a checked matrix to scores, the fastest that the model allows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from runtime import models
from runtime.artefact import Artefact
from runtime.encoding import Encoding
from runtime.formats.native import Native

Scorer = Callable[[Any], Any]
"""From floats, rows × columns in the encoding's layout, to one score a row."""


def of(artefact: Artefact) -> Scorer:
    """Return the scorer of an artefact's model; a short cut is taken only where it gives the model's own answers."""
    model, encoding, task = artefact.model, artefact.encoding, artefact.manifest.task
    if isinstance(model, Native):
        return model.score
    from runtime.serving import boosting  # with scikit-learn

    def plain(matrix: Any) -> Any:
        return models.scores(model, encoding.framed(matrix), task)

    fast = boosting.of(model, encoding)
    rows = probes(encoding)
    if fast is not None and np.array_equal(fast(rows), plain(rows)) and np.array_equal(fast(rows[:1]), plain(rows[:1])):
        return fast
    return plain


def probes(encoding: Encoding) -> Any:
    """Return 64 rows of every kind of value: numbers of many sizes, each category, missing ones."""
    random = np.random.default_rng(0)
    rows = random.normal(size=(64, len(encoding.columns))) * 10.0 ** random.integers(-3, 5, (64, 1))
    for j, column in enumerate(encoding.columns):
        if column.type == "category":
            rows[:, j] = np.arange(64) % len(column.categories) if column.categories else np.nan
    rows[random.uniform(size=rows.shape) < 0.2] = np.nan
    return rows
