"""Intervals by drawing rows again: they agree with sklearn, cover what they should, and noise seldom looks better."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.errors import LineError
from config.metrics import HIGHER_IS_BETTER, METRICS, Task
from runtime import bootstrap, quality
from runtime.bootstrap import Bootstrap, Interval

DAY = 86_400_000_000


def labelled(task: Task, rows: int, seed: int, ties: bool = False) -> tuple[Any, Any]:
    """Return labels and scores that tell something of them."""
    random = np.random.default_rng(seed)
    signal = random.normal(size=rows)
    noise = random.normal(size=rows)
    if task == "regression":
        return signal * 10, np.round(signal * 10 + noise, 0 if ties else 12)
    labels = (random.uniform(size=rows) < 1 / (1 + np.exp(1 - signal))).astype(int)
    labels[:2] = 0, 1
    scores = 1 / (1 + np.exp(1 - signal - noise))
    return labels, np.round(scores, 1) if ties else scores


@settings(max_examples=40)
@given(
    task=st.sampled_from(["binary", "regression"]),
    rows=st.integers(2, 60),
    seed=st.integers(0, 1000),
    ties=st.booleans(),
)
def test_with_every_row_once_a_metric_is_sklearns(task: Task, rows: int, seed: int, ties: bool) -> None:
    labels, scores = labelled(task, rows, seed, ties)
    expected = quality.measure(labels, scores, task, subject="rows")
    for metric in METRICS[task]:
        assert bootstrap.measured(labels, scores, metric) == pytest.approx(expected[metric], rel=1e-9, abs=1e-9)


@settings(max_examples=40)
@given(task=st.sampled_from(["binary", "regression"]), rows=st.integers(2, 40), seed=st.integers(0, 1000))
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
def test_a_weight_is_how_often_a_row_is_there(task: Task, rows: int, seed: int) -> None:
    labels, scores = labelled(task, rows, seed, ties=True)
    counts = np.random.default_rng(seed).integers(0, 4, rows)
    counts[:2] = 1
    again = np.repeat(labels, counts), np.repeat(scores, counts)
    expected = quality.measure(*again, task, subject="rows")
    for metric in METRICS[task]:
        found = bootstrap.statistic(metric, labels, scores)(counts[None, :].astype(float))[0]
        assert found == pytest.approx(expected[metric], rel=1e-9, abs=1e-9)


@settings(max_examples=25)
@given(task=st.sampled_from(["binary", "regression"]), seed=st.integers(0, 1000), by_day=st.booleans())
def test_an_interval_holds_the_metric_itself_and_is_always_the_same(task: Task, seed: int, by_day: bool) -> None:
    labels, scores = labelled(task, 400, seed)
    blocks = np.arange(400) // 40 if by_day else None
    draws = Bootstrap(labels=labels, task=task, seed=seed, blocks=blocks, resamples=200)
    found = draws.intervals(scores, list(METRICS[task]))
    for metric, interval in found.items():
        assert interval.low is not None
        assert interval.high is not None
        assert interval.low <= bootstrap.measured(labels, scores, metric) <= interval.high
    assert draws.intervals(scores, list(METRICS[task])) == found


def test_as_many_draws_at_once_as_memory_allows_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    labels, scores = labelled("binary", 300, 1)
    draws = Bootstrap(labels=labels, task="binary", seed=3, resamples=200)
    found = draws.drawn([bootstrap.statistic("roc_auc", labels, scores)])
    monkeypatch.setattr(bootstrap, "_AT_ONCE", 1)
    assert draws.drawn([bootstrap.statistic("roc_auc", labels, scores)]).shape == found.shape


def test_the_truth_lies_in_the_interval_about_as_often_as_it_says() -> None:
    """400 samples of 200 rows whose mean error is known: 95 in 100 intervals hold it."""
    truth = float(np.sqrt(2 / np.pi))
    held = 0
    for seed in range(400):
        errors = np.random.default_rng(seed).normal(size=200)
        draws = Bootstrap(labels=np.zeros(200), task="regression", seed=seed + 1000, resamples=200)
        interval = draws.intervals(errors, ["mae"])["mae"]
        held += interval.low <= truth <= interval.high  # type: ignore[operator]
    assert 0.92 <= held / 400 <= 0.98


def test_rows_that_share_a_days_luck_need_days_to_be_drawn() -> None:
    """Of 8 days with a luck of their own, single rows feign a precision that is not there; days do not."""
    held = {"row": 0, "day": 0}
    days = np.repeat(np.arange(8), 50)
    for seed in range(200):
        random = np.random.default_rng(seed)
        errors = random.normal(size=8)[days] + random.normal(size=400)
        for by, blocks in (("row", None), ("day", days)):
            draws = Bootstrap(labels=-errors, task="regression", seed=seed + 1000, blocks=blocks, resamples=200)
            interval = draws._interval(draws.drawn([bootstrap._mean(errors)])[:, 0])
            held[by] += interval.low <= 0 <= interval.high  # type: ignore[operator]
    assert held["row"] < 120
    assert held["day"] >= 180


def promoted(challenger: Any, champion: Any, labels: Any, seed: int, metric: str = "roc_auc") -> bool:
    _, found = Bootstrap(labels=labels, task="binary", seed=seed + 1000, resamples=200).compared(
        challenger, champion, metric
    )
    return found.low is not None and found.low > 0


def test_noise_is_not_promoted() -> None:
    """Of 200 pairs of equally good models at most 1 in 20 may look surely better."""
    found = 0
    for seed in range(200):
        random = np.random.default_rng(seed)
        labels = random.integers(0, 2, 400)
        first, second = (labels + random.normal(scale=1.5, size=400) for _ in range(2))
        found += promoted(first, second, labels, seed)
    assert found <= 10


def test_a_model_that_is_better_is_promoted() -> None:
    found = 0
    for seed in range(20):
        random = np.random.default_rng(seed)
        labels = random.integers(0, 2, 1000)
        known = random.normal(scale=1.5, size=1000)
        found += promoted(labels + known, labels + known + random.normal(scale=1.5, size=1000), labels, seed)
    assert found >= 19


@pytest.mark.parametrize(("metric", "task"), [("brier", "binary"), ("mae", "regression"), ("r2", "regression")])
def test_a_gain_is_positive_where_the_challenger_is_better(metric: str, task: Task) -> None:
    labels, scores = labelled(task, 300, 2)
    worse = scores + np.random.default_rng(1).normal(scale=0.5 * np.std(scores), size=300)
    worse = np.clip(worse, 0, 1) if task == "binary" else worse
    _, found = Bootstrap(labels=labels, task=task, seed=0, resamples=200).compared(scores, worse, metric)
    once = [bootstrap.measured(labels, one, metric) for one in (scores, worse)]
    assert found.gain == pytest.approx((once[0] - once[1]) * (1 if HIGHER_IS_BETTER[metric] else -1))
    assert found.gain > 0


def test_draws_of_one_label_are_left_out_and_too_many_of_them_tell_nothing() -> None:
    labels, scores = np.array([1] + [0] * 99), np.linspace(1, 0, 100)
    assert Bootstrap(labels=labels, task="binary", seed=0).intervals(scores, ["roc_auc"])["roc_auc"] == Interval(1, 1)
    alone = np.zeros(50)
    found = Bootstrap(labels=alone, task="binary", seed=0).intervals(scores[:50], ["roc_auc", "average_precision"])
    assert set(found.values()) == {Interval(None, None)}


@pytest.mark.parametrize(("by", "blocks"), [("day", 7), ("week", 5)])
def test_rows_of_a_day_or_week_are_drawn_together(by: Any, blocks: int) -> None:
    step = DAY if by == "day" else 7 * DAY
    moments = np.arange(blocks * 3) // 3 * step + 16_000 * DAY
    places = bootstrap.blocks_of(moments, by)
    assert places.tolist() == (np.arange(blocks * 3) // 3).tolist()


def test_a_week_begins_on_monday() -> None:
    monday = 4 * DAY
    weeks = np.concatenate([monday + 7 * DAY * np.arange(5), monday + 7 * DAY * np.arange(5) - 1])
    assert bootstrap.blocks_of(weeks, "week").tolist() == [1, 2, 3, 4, 5, 0, 1, 2, 3, 4]


def test_too_few_days_are_refused() -> None:
    with pytest.raises(LineError) as raised:
        bootstrap.blocks_of(np.arange(4) * DAY, "day")
    assert str(raised.value) == (
        "release.by: the test rows hold 4 days, expected at least 5 to draw whole days: "
        "let dataset.split.test be longer or say by: row"
    )


def test_a_seed_is_the_texts_own() -> None:
    assert bootstrap.seed_of("a") == bootstrap.seed_of("a") != bootstrap.seed_of("b")
