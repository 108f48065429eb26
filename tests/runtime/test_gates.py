from typing import Any

import pytest

from runtime import gates
from runtime.gates import Decision

GATE = {"metric": "roc_auc", "minimum": 0.7, "maximum": None, "severity": "error"}


def decided(challenger: dict[str, float], champion: dict[str, float] | None = None, **changes: Any) -> Decision:
    given: dict[str, Any] = {"line": "flights", "gates": [GATE], "metric": "roc_auc", "margin": 0.0, **changes}
    return gates.decide(challenger=challenger, champion=champion, **given)


@pytest.mark.parametrize(
    ("challenger", "champion", "margin", "metric", "decision"),
    [
        (0.71, None, 0.0, "roc_auc", "promote"),
        (0.70, None, 0.0, "roc_auc", "promote"),
        (0.69, None, 0.0, "roc_auc", "halt"),
        (float("nan"), None, 0.0, "roc_auc", "halt"),
        (0.80, 0.79, 0.0, "roc_auc", "promote"),
        (0.79, 0.79, 0.0, "roc_auc", "keep"),
        (0.78, 0.79, 0.0, "roc_auc", "keep"),
        (0.80, 0.79, 0.05, "roc_auc", "keep"),
        (0.85, 0.79, 0.05, "roc_auc", "promote"),
        (0.69, 0.60, 0.0, "roc_auc", "halt"),
        (0.80, 0.90, 0.0, "brier", "promote"),
        (0.90, 0.80, 0.0, "brier", "keep"),
        (11.5, 12.0, 0.0, "mae", "promote"),
        (11.5, 12.0, 1.0, "mae", "keep"),
        (12.5, 12.0, 0.0, "rmse", "keep"),
        (-0.2, -0.5, 0.0, "r2", "promote"),
    ],
)
def test_a_challenger_must_pass_its_gates_and_beat_the_champion(
    challenger: float, champion: float | None, margin: float, metric: str, decision: str
) -> None:
    found = decided(
        {"roc_auc": 0.99, metric: challenger},
        None if champion is None else {metric: champion},
        margin=margin,
        metric=metric,
    )

    assert found.decision == decision


def test_a_halt_says_which_gate_and_what_to_do() -> None:
    assert decided({"roc_auc": 0.61}).message == (
        "release: roc_auc 0.6100 is below its gate 0.7: "
        "improve the model or correct release.gates in lines/flights/line.yaml; the champion stays"
    )


def test_a_halt_by_several_gates_counts_them() -> None:
    brier = {"metric": "brier", "minimum": None, "maximum": 0.1, "severity": "error"}

    assert decided({"roc_auc": 0.9, "brier": 0.2}, gates=[brier, {**brier, "maximum": 0.05}]).message.startswith(
        "release: brier 0.2000 is above its gate 0.1 (2 gates in all): improve"
    )


def test_a_kept_champion_is_told_with_both_metrics() -> None:
    assert decided({"roc_auc": 0.8}, {"roc_auc": 0.79}, margin=0.05).message == (
        "release: roc_auc 0.8000 does not beat the champion's 0.7900 by 0.05: the champion stays"
    )


@pytest.mark.parametrize(("severity", "decision", "warned"), [("warning", "promote", True), ("info", "promote", False)])
def test_only_a_gate_of_severity_error_halts(severity: str, decision: str, warned: bool) -> None:
    found = decided({"roc_auc": 0.61}, gates=[{**GATE, "severity": severity}])

    assert (found.decision, found.warned) == (decision, warned)
    assert found.inspections == [
        {
            "severity": severity,
            "check": "gate",
            "kind": "metric",
            "column": "roc_auc",
            "passed": False,
            "observed": 0.61,
            "expected": "at least 0.7",
            "why": "roc_auc 0.6100 is below its gate 0.7",
            "mend": "improve the model or correct release.gates in lines/flights/line.yaml",
        }
    ]


@pytest.mark.parametrize(
    ("low", "high", "decision"),
    [(0.001, 0.02, "promote"), (0.0, 0.02, "keep"), (-0.004, 0.02, "keep"), (None, None, "keep")],
)
def test_a_challenger_must_be_surely_better(low: float | None, high: float | None, decision: str) -> None:
    comparison = {"gain": 0.01, "low": low, "high": high, "confidence": 0.95}
    assert decided({"roc_auc": 0.80}, {"roc_auc": 0.79}, comparison=comparison).decision == decision


def test_a_gain_that_may_be_chance_is_told_with_its_interval() -> None:
    comparison = {"gain": 0.0031, "low": -0.0004, "high": 0.0065, "confidence": 0.95}
    assert decided({"roc_auc": 0.8031}, {"roc_auc": 0.8}, comparison=comparison).message == (
        "release: roc_auc 0.8031 is not surely better than the champion's 0.8000 "
        "(gain 0.0031, 95 %: -0.0004 to 0.0065): "
        "the champion stays; more test rows (dataset.split.test) would tell more"
    )


def test_a_gain_below_the_margin_is_told_with_its_interval() -> None:
    comparison = {"gain": 0.01, "low": 0.004, "high": 0.016, "confidence": 0.9}
    assert decided({"roc_auc": 0.8}, {"roc_auc": 0.79}, margin=0.05, comparison=comparison).message == (
        "release: roc_auc 0.8000 does not beat the champion's 0.7900 by 0.05 "
        "(gain 0.0100, 90 %: 0.0040 to 0.0160): the champion stays"
    )
