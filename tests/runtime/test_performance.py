import math
import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.metrics import (
    brier_score_loss,
    log_loss,
    mean_absolute_error,
    median_absolute_error,
    roc_auc_score,
    root_mean_squared_error,
)

from config.metrics import OBSERVED, Task
from runtime import performance


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
    assert measured.metrics["log_loss"] == pytest.approx(log_loss(labels, scores), abs=0.01)
    assert measured.metrics["ece"] == pytest.approx(exact_calibration_error(labels, scores), abs=0.005)


def exact_calibration_error(labels: list[int], scores: list[float]) -> float:
    shares, means = calibration_curve(labels, scores, n_bins=10)
    sizes = np.bincount(np.digitize(scores, np.linspace(0, 1, 11)[1:-1]), minlength=10)
    return float(np.average(abs(shares - means), weights=sizes[sizes > 0]))


def test_calibration_is_mean_score_and_observed_share_of_each_tenth() -> None:
    generator = np.random.default_rng(1)
    scores = generator.beta(1, 3, size=20_000)
    labels = generator.random(20_000) < scores**2

    found = performance.calibration(performance.counters(zip(scores, labels.astype(int), strict=True), "binary"))

    shares, means = calibration_curve(labels, scores, n_bins=10)
    assert [share for _, share, _ in found] == pytest.approx(shares)
    assert [mean for mean, _, _ in found] == pytest.approx(means, abs=0.005)
    assert sum(n for *_, n in found) == 20_000


def test_a_score_that_means_what_it_says_has_little_calibration_error_and_a_bold_one_has_much() -> None:
    generator = np.random.default_rng(2)
    scores = generator.random(20_000)
    labels = (generator.random(20_000) < scores).astype(int)

    honest, bold = (
        performance.measure(performance.counters(zip(told, labels, strict=True), "binary"), "binary").metrics["ece"]
        for told in (scores, np.clip(2 * scores - 0.5, 0, 1))
    )

    assert honest is not None
    assert bold is not None
    assert honest < 0.02
    assert bold > 0.1


def test_slices_are_counted_each_for_itself_and_add_up_to_the_whole() -> None:
    chance = random.Random(1)
    outcomes = [
        (chance.random(), chance.randrange(2), {"origin": chance.choice(["JFK", "EWR", None])}) for _ in range(99)
    ]

    found = performance.by_slice(outcomes, "binary")

    assert sorted(found) == ["origin=(missing)", "origin=EWR", "origin=JFK"]
    whole = performance.counters([(score, label) for score, label, _ in outcomes], "binary")
    assert sum((Counter(counts) for counts in found.values()), Counter()) == Counter(whole)


def test_equal_scores_are_a_tie() -> None:
    assert performance.measure({"n": 4, "p0_30": 2, "p1_30": 2}, "binary").metrics["roc_auc"] == 0.5


def test_a_perfect_order_is_one() -> None:
    assert performance.measure({"n": 3, "p0_0": 1, "p0_30": 1, "p1_99": 1}, "binary").metrics["roc_auc"] == 1.0


def test_without_both_labels_there_is_no_roc_auc() -> None:
    measured = performance.measure({"n": 2, "p0_0": 2}, "binary")

    assert (measured.n, measured.metrics["roc_auc"], measured.metrics["brier"]) == (2, None, 0.005**2)
    assert measured.metrics["log_loss"] == pytest.approx(-math.log(0.995))
    assert measured.metrics["ece"] == pytest.approx(0.005)


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
