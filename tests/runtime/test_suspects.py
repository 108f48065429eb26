"""What single features tell: a leak is found whatever form it has."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from config.metrics import Task
from runtime import suspects

ROWS = 2000
RANDOM = np.random.default_rng(0)
LABELS = RANDOM.integers(0, 2, ROWS)
NOISE = RANDOM.normal(size=ROWS)
VALUES = RANDOM.normal(size=ROWS) * 50


@pytest.mark.parametrize(
    ("task", "labels", "leak"),
    [
        ("binary", LABELS, LABELS * 5.0),
        ("binary", LABELS, -LABELS + NOISE / 100),
        ("binary", LABELS, np.where(LABELS == 1, NOISE * 100, 0.0)),
        ("binary", LABELS, pd.Categorical(np.where(LABELS == 1, "paid", "open"))),
        ("binary", LABELS, np.where(LABELS == 1, np.nan, NOISE)),
        ("regression", VALUES, VALUES * 60),
        ("regression", VALUES, np.round(VALUES)),
        ("regression", VALUES, -VALUES + NOISE / 10),
    ],
)
def test_a_feature_that_repeats_the_label_comes_first(task: Task, labels: object, leak: object) -> None:
    frame = pd.DataFrame({"noise": NOISE, "kind": pd.Categorical(["a", "b"] * (ROWS // 2)), "outcome": leak})
    (name, share), *others = suspects.alone(frame, labels, task)
    assert (name, share > 0.99) == ("outcome", True)
    assert all(other < 0.6 for _, other in others)


def test_a_feature_without_a_value_tells_nothing() -> None:
    frame = pd.DataFrame({"empty": np.full(ROWS, np.nan), "same": np.full(ROWS, 3.0)})
    assert dict(suspects.alone(frame, LABELS, "binary")) == {"empty": 0.5, "same": 0.5}
