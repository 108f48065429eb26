from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from config.checks import Check, NotNull, Range
from config.line import Line
from config.loading import load_bundle
from config.mistakes import told

CHECK: TypeAdapter[Check] = TypeAdapter(Check)
LINE = load_bundle("flights").definition.model_dump()
EACH = "or one for each of error, warning and info: correct it"


def mistakes(check: dict[str, Any]) -> list[str]:
    with pytest.raises(ValidationError) as error:
        Line.model_validate({**LINE, "tests": {"flights": [check]}})
    return told(error.value, Line)


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (
            {"check": "not_null", "column": "a"},
            ": severity: missing, expected error, warning or info, or a threshold for each, such as "
            "tolerance: {warning: 0.01, error: 0.05}: add it",
        ),
        (
            {"check": "not_null", "column": "a", "severity": "error", "tolerance": {"warning": 0.1}},
            ": severity: 'error' is given beside tolerance by severity, expected one of them: remove the severity or "
            "give one value",
        ),
        (
            {"check": "not_null", "column": "a", "tolerance": {"warnin": 0.1}},
            f".tolerance: {{'warnin': 0.1}} is not a share of the rows (0 to 1), {EACH}",
        ),
        (
            {"check": "not_null", "column": "a", "severity": "error", "tolerance": 3},
            f".tolerance: 3 is not a share of the rows (0 to 1), {EACH}",
        ),
        (
            {"check": "range", "column": "a", "severity": "error", "minimum": "2013-02-30"},
            ".minimum: '2013-02-30' is not a number, a date or moment such as 2013-01-31, a date parameter such as "
            f"$score_date, now, {EACH}",
        ),
        (
            {"check": "range", "column": "a", "severity": "error", "minimum": float("nan")},
            ".minimum: nan is not a number, a date or moment such as 2013-01-31, a date parameter such as "
            f"$score_date, now, {EACH}",
        ),
        (
            {"check": "range", "column": "a", "severity": "error", "minimum": 5, "maximum": 2},
            ": minimum 5 is above maximum 2: exchange them",
        ),
        (
            {"check": "references", "columns": ["a", "b"], "table": "t", "to": ["a"], "severity": "error"},
            ": to: has 1 columns, expected 2 as in columns",
        ),
        (
            {"check": "row_count", "minimum": -1, "severity": "error"},
            f".minimum: -1 is not a whole number from 0, {EACH}",
        ),
        ({"check": "mean", "column": "a", "severity": "info"}, ": needs a minimum or a maximum"),
    ],
)
def test_a_mistake_in_a_test_is_one_sentence(check: dict[str, Any], message: str) -> None:
    assert mistakes(check) == [f"tests.flights[0]{message}"]


def test_thresholds_by_severity_become_a_test_for_each() -> None:
    declared = CHECK.validate_python(
        {"check": "range", "column": "a", "minimum": 0, "maximum": {"warning": 5, "error": 7}}
    )
    assert [declared.at(level) for level in declared.severities] == [
        Range(check="range", column="a", severity="error", minimum=0, maximum=7),
        Range(check="range", column="a", severity="warning", minimum=0, maximum=5),
    ]


@pytest.mark.parametrize(
    ("settings", "allowed"),
    [({}, 0.0), ({"tolerance": 0.1}, 0.1), ({"quarantine": True}, 1.0), ({"quarantine": True, "tolerance": 0}, 0.0)],
)
def test_a_test_that_quarantines_fails_only_beyond_a_tolerance_that_it_states(
    settings: dict[str, Any], allowed: float
) -> None:
    assert NotNull(check="not_null", column="a", severity="error", **settings).allowed == allowed


def test_a_test_survives_its_way_through_a_bundle() -> None:
    declared = CHECK.validate_python({"check": "not_null", "column": "a", "severity": "error", "quarantine": True})
    assert CHECK.validate_json(CHECK.dump_json(declared)).at("error") == declared


def test_predictions_cannot_be_kept_aside() -> None:
    check = {"check": "not_null", "column": "score", "severity": "error", "quarantine": True}
    with pytest.raises(ValidationError) as error:
        Line.model_validate({**LINE, "tests": {"predictions": [check]}})
    assert told(error.value, Line) == [
        "tests.predictions[0].quarantine: predictions are delivered whole, expected false: remove it"
    ]
