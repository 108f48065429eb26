import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    brier_score_loss,
    mean_absolute_error,
    median_absolute_error,
    roc_auc_score,
    root_mean_squared_error,
)

from config.metrics import OBSERVED, Task
from runtime import performance
from runtime.performance import Performance


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.02, 0.6), st.floats(0.5, 3))
def test_the_histogram_tells_the_exact_figures_within_a_hundredth(seed: int, base: float, signal: float) -> None:
    rng = random.Random(seed)
    labels = [int(rng.random() < base) for _ in range(3000)]
    scores = [rng.betavariate(1 + signal * label, 2) for label in labels]

    measured = performance.measure(performance.counters(zip(scores, labels, strict=True), "binary"), "binary")

    assert measured.n == 3000
    assert measured.metrics["roc_auc"] == pytest.approx(roc_auc_score(labels, scores), abs=0.01)
    assert measured.metrics["brier"] == pytest.approx(brier_score_loss(labels, scores), abs=0.01)


def test_equal_scores_are_a_tie() -> None:
    assert performance.measure({"n": 4, "p0_30": 2, "p1_30": 2}, "binary").metrics["roc_auc"] == 0.5


def test_a_perfect_order_is_one() -> None:
    assert performance.measure({"n": 3, "p0_0": 1, "p0_30": 1, "p1_99": 1}, "binary").metrics["roc_auc"] == 1.0


def test_without_both_labels_there_is_no_roc_auc() -> None:
    assert performance.measure({"n": 2, "p0_0": 2}, "binary") == Performance(
        n=2, metrics={"roc_auc": None, "brier": 0.005**2}
    )


_NUMBERS = st.floats(-1e6, 1e6).filter(lambda value: value == 0 or abs(value) > 1e-6)
_OUTCOMES = st.lists(st.tuples(_NUMBERS, _NUMBERS), min_size=1, max_size=60)


@given(_OUTCOMES, st.sampled_from([1e-9, 1.0, 1e12]))
def test_the_figures_of_a_regression_are_within_a_hundredth_whatever_its_unit(
    outcomes: list[tuple[float, float]], unit: float
) -> None:
    pairs = [(score * unit, label * unit) for score, label in outcomes]
    scores, labels = np.array(pairs).T

    measured = performance.measure(performance.counters(pairs, "regression"), "regression")

    error = mean_absolute_error(labels, scores)
    assert measured.n == len(pairs)
    assert measured.metrics["mae"] == pytest.approx(error, rel=0.0101)
    assert measured.metrics["rmse"] == pytest.approx(root_mean_squared_error(labels, scores), rel=0.0101)
    assert measured.metrics["median_ae"] == pytest.approx(median_absolute_error(labels, scores), rel=0.0101)
    assert measured.metrics["bias"] == pytest.approx(np.mean(scores - labels), abs=0.0101 * error)


@given(_OUTCOMES, st.integers(0, 60))
def test_labels_that_come_in_two_batches_count_as_in_one(outcomes: list[tuple[float, float]], first: int) -> None:
    parts = [performance.counters(part, "regression") for part in (outcomes[:first], outcomes[first:])]

    assert Counter(parts[0]) + Counter(parts[1]) == Counter(performance.counters(outcomes, "regression"))


def test_a_score_that_is_its_label_has_no_error() -> None:
    counts = performance.counters([(2.5, 2.5)], "regression")

    assert performance.measure(counts, "regression").metrics == {"mae": 0, "rmse": 0, "median_ae": 0, "bias": 0}


def test_scores_above_their_labels_have_a_bias_above_zero() -> None:
    counts = performance.counters([(12.0, 10.0), (11.0, 10.0)], "regression")

    assert performance.measure(counts, "regression").metrics["bias"] == pytest.approx(1.5, rel=0.01)


@pytest.mark.parametrize("task", OBSERVED)
def test_a_window_tells_the_metrics_that_can_be_watched(task: Task) -> None:
    assert tuple(performance.measure({}, task).metrics) == OBSERVED[task]
