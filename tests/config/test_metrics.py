from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from config.loading import load_bundle
from config.metrics import HIGHER_IS_BETTER, METRICS, OBSERVED, Metric, Observed, Task
from tests.config.conftest import Change

LINE = "lines/shop/line.yaml"


def test_every_task_has_metrics() -> None:
    assert list(METRICS) == list(OBSERVED) == list(get_args(Task))


def test_every_metric_belongs_to_one_task() -> None:
    assert (
        [name for metrics in METRICS.values() for name in metrics] == list(get_args(Metric)) == list(HIGHER_IS_BETTER)
    )


def test_every_metric_that_is_watched_belongs_to_one_task() -> None:
    assert [name for names in OBSERVED.values() for name in names] == list(get_args(Observed))


@pytest.fixture
def estimating(root: Path, change: Change) -> None:
    """Make the shop's line a regression that names no metric."""
    change(LINE, "  id: id\n", "  task: regression\n  id: id\n")
    change(LINE, "training:\n  metric: roc_auc\n", "training:\n")
    change(LINE, "metric: roc_auc, minimum: 0.6", "metric: mae, maximum: 5")
    change(LINE, "performance: {metric: roc_auc, minimum: 0.55, ", "performance: {")


@pytest.mark.usefixtures("estimating")
def test_without_a_metric_a_regression_is_judged_by_its_mean_absolute_error(root: Path) -> None:
    line = load_bundle("shop", root).definition
    assert (line.metric, line.observed_metric) == ("mae", "mae")


def test_without_a_metric_a_binary_line_is_judged_by_its_roc_auc(root: Path, change: Change) -> None:
    change(LINE, "training:\n  metric: roc_auc\n", "training:\n")
    change(LINE, "performance: {metric: roc_auc, ", "performance: {")
    line = load_bundle("shop", root).definition
    assert (line.metric, line.observed_metric) == ("roc_auc", "roc_auc")
