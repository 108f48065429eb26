"""How much a model leans on each feature: by how much its metric worsens when that column's values are shuffled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from config.metrics import HIGHER_IS_BETTER
from runtime import bootstrap, models
from runtime.artefact import Artefact

SAMPLE = 2000
SHUFFLES = 3


@dataclass(frozen=True)
class Importance:
    """A feature's share in a model's quality, in the metric's unit."""

    feature: str
    loss: float
    """Mean over the shuffles; about 0 for a feature that the model does not need."""
    spread: float
    """Standard deviation over the shuffles."""


def of(artefact: Artefact, frame: pd.DataFrame, labels: Any, metric: str, seed: int) -> list[Importance]:
    """Return every feature's importance on a sample of the rows, the greatest first."""
    random = np.random.default_rng(seed)
    chosen = random.permutation(len(frame))[:SAMPLE]
    sample, known = frame.iloc[chosen].reset_index(drop=True), np.asarray(labels)[chosen]

    def measured(rows: pd.DataFrame) -> float:
        scores = models.scores(artefact.model, rows, artefact.manifest.task)
        return bootstrap.measured(known, scores, metric)

    whole = measured(sample)
    better = 1 if HIGHER_IS_BETTER[metric] else -1
    found = []
    for name in sample.columns:
        losses = []
        for _ in range(SHUFFLES):
            order = random.permutation(len(sample))
            shuffled = sample[name].take(order).reset_index(drop=True)
            losses.append(better * (whole - measured(sample.assign(**{name: shuffled}))))
        found.append(Importance(name, float(np.mean(losses)), float(np.std(losses))))
    return sorted(found, key=lambda one: -one.loss)
