from __future__ import annotations

import numpy as np
import pytest

from config.errors import LineError
from config.metrics import METRICS, Task
from runtime import quality


@pytest.mark.parametrize(("task", "labels"), [("binary", [0, 1, 1, 0]), ("regression", [3.0, 5.0, 4.0, 2.0])])
def test_every_metric_of_the_task_is_measured(task: Task, labels: list[float]) -> None:
    measured = quality.measure(np.array(labels), np.array([0.2, 0.8, 0.6, 0.4]), task, subject="the rows")
    assert list(measured) == list(METRICS[task])


def test_values_are_measured_in_the_unit_of_the_label() -> None:
    labels, scores = np.array([10.0, 20.0, 30.0, 40.0]), np.array([11.0, 18.0, 33.0, 40.0])
    assert quality.measure(labels, scores, "regression", subject="the rows") == pytest.approx(
        {"mae": 1.5, "rmse": 3.5**0.5, "median_ae": 1.5, "r2": 1 - 14 / 500}
    )


@pytest.mark.parametrize(
    ("labels", "found"), [([7.5, 7.5], "only the label 7.5"), ([], "no rows")], ids=["alike", "none"]
)
def test_values_that_are_all_alike_cannot_be_measured(labels: list[float], found: str) -> None:
    with pytest.raises(LineError) as error:
        quality.measure(np.array(labels), np.array(labels), "regression", subject="training: the test rows")
    assert str(error.value) == (
        f"training: the test rows hold {found}, expected labels that differ: "
        "correct the dates under dataset.split or the spine's label"
    )


def test_a_metric_that_is_no_finite_number_is_told() -> None:
    with pytest.raises(LineError) as error:
        quality.measure(
            np.array([1.0, 1e200]), np.array([1.0, -1e200]), "regression", subject="training: the test rows"
        )
    assert str(error.value) == (
        "training: the test rows: rmse is inf, expected a finite number: "
        "bring the spine's label into a smaller unit or look at what the model answers"
    )
