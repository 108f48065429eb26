import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, roc_auc_score

from runtime import performance
from runtime.performance import Performance


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.02, 0.6), st.floats(0.5, 3))
def test_the_histogram_tells_the_exact_figures_within_a_hundredth(seed: int, base: float, signal: float) -> None:
    rng = random.Random(seed)
    labels = [int(rng.random() < base) for _ in range(3000)]
    scores = [rng.betavariate(1 + signal * label, 2) for label in labels]

    measured = performance.measure(performance.counters(zip(scores, labels, strict=True)))

    assert measured.n == 3000
    assert measured.roc_auc == pytest.approx(roc_auc_score(labels, scores), abs=0.01)
    assert measured.brier == pytest.approx(brier_score_loss(labels, scores), abs=0.01)


def test_equal_scores_are_a_tie() -> None:
    assert performance.measure({"n": 4, "p0_30": 2, "p1_30": 2}).roc_auc == 0.5


def test_a_perfect_order_is_one() -> None:
    assert performance.measure({"n": 3, "p0_0": 1, "p0_30": 1, "p1_99": 1}).roc_auc == 1.0


def test_without_both_labels_there_is_no_roc_auc() -> None:
    assert performance.measure({"n": 2, "p0_0": 2}) == Performance(n=2, roc_auc=None, brier=0.005**2)
