"""What a line asks of a challenger: the gates that it gives, and those that every line has."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from config.metrics import Task
from config.release import Release


def bars(*gates: dict[str, Any], task: Task = "binary") -> list[dict[str, Any]]:
    return Release.model_validate({"gates": list(gates)}).bars(task)


@pytest.mark.parametrize(("task", "leak"), [("binary", ("roc_auc", 0.999)), ("regression", ("r2", 0.9999))])
def test_every_line_is_guarded_against_leaks_and_constants(task: Task, leak: tuple[str, float]) -> None:
    assert bars(task=task) == [
        {"kind": "leak", "metric": leak[0], "suspicious": leak[1], "severity": "error"},
        {"kind": "constant", "severity": "error"},
    ]


def test_a_gate_of_that_kind_replaces_the_one_that_every_line_has() -> None:
    given = {"kind": "leak", "metric": "brier", "suspicious": 0.001, "severity": "warning"}
    assert bars(given) == [given, {"kind": "constant", "severity": "error"}]


def test_a_leak_that_says_its_severity_alone_keeps_what_is_suspicious() -> None:
    assert bars({"kind": "leak", "severity": "info"})[0]["suspicious"] == 0.999


def test_a_gate_without_a_kind_is_one_on_a_metric() -> None:
    (first, *_) = bars({"metric": "roc_auc", "minimum": 0.7, "severity": "warning"})
    assert first == {
        "kind": "metric", "metric": "roc_auc", "minimum": 0.7, "bound": "point", "severity": "warning"
    }  # fmt: skip


def test_as_many_gates_as_are_allowed_travel_in_a_functions_environment() -> None:
    gate = {"kind": "slice", "slice": "customer_history__orders", "metric": "average_precision", "minimum": 0.123}
    slices = [{**gate, "worse_by": 0.123, "minimum_rows": 10000, "bound": "interval", "severity": "warning"}] * 8
    most = [*slices, *[{"metric": "average_precision", "minimum": 0.123, "maximum": 0.999, "severity": "warning"}] * 12]
    assert len(json.dumps(bars(*most))) < 3.5 * 1024
    with pytest.raises(ValidationError, match="at most 20 items"):
        bars(*most, gate)


def test_a_bar_that_moves_asks_for_no_new_measurement() -> None:
    def measured(**gate: Any) -> dict[str, Any]:
        known = {"kind": "slice", "slice": "origin", "metric": "roc_auc", "minimum": 0.7, **gate}
        return Release.model_validate({"gates": [known]}).measured()

    assert measured() == measured(minimum=0.8, minimum_rows=1000, severity="info")
    assert measured() != measured(slice="carrier")
    assert measured() != measured(metric="brier", minimum=0.1)
