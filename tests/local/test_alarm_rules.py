"""How alarms are judged."""

from __future__ import annotations

from typing import Any

import pytest

from config.errors import LineError
from local.alarm_rules import holds, judged

ALARM: dict[str, Any] = {
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    "Threshold": 1.0,
    "EvaluationPeriods": 2,
    "StateValue": "OK",
}


@pytest.mark.parametrize(
    ("missing", "values", "state"),
    [
        ("missing", [None, None], "INSUFFICIENT_DATA"),
        ("missing", [None, 2.0], "OK"),
        ("notBreaching", [None, None], "OK"),
        ("breaching", [None, None], "ALARM"),
        ("breaching", [None, 2.0], "ALARM"),
        ("ignore", [None, None], "OK"),
        ("missing", [1.0, 1.0], "ALARM"),
    ],
)
def test_missing_data_is_treated_as_the_alarm_says(missing: str, values: list[float | None], state: str) -> None:
    assert judged(ALARM | {"TreatMissingData": missing}, values)[0] == state


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("ALARM(a)", True),
        ("OK(a) OR ALARM('b')", False),
        ('NOT OK("a") AND (OK(b) OR FALSE)', True),
        ("TRUE AND NOT TRUE", False),
        ("ALARM(arn:aws:cloudwatch:us-east-1:1:alarm:a)", True),
        ("INSUFFICIENT_DATA(unknown)", False),
    ],
)
def test_a_rule_is_decided_from_the_states_of_others(rule: str, expected: bool) -> None:
    states = {"a": "ALARM", "b": "OK", "arn:aws:cloudwatch:us-east-1:1:alarm:a": "ALARM"}
    assert holds(rule, states) is expected


@pytest.mark.parametrize("rule", ["ALARM(a) ALARM(a)", "(ALARM(a)", "AND", "maybe", ""])
def test_a_rule_that_cannot_be_read_is_told(rule: str) -> None:
    with pytest.raises(LineError, match="alarm rule"):
        holds(rule, {"a": "ALARM"})
