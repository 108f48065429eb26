"""Each kind of gate, judged by figures: what passes, and what is said of what does not."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from config.gates import Gate
from runtime import bars

GATE: TypeAdapter[Gate] = TypeAdapter(Gate)
NAN = float("nan")


def part(value: str = "EWR", **changes: Any) -> dict[str, Any]:
    figure = {"slice": "origin", "value": value, "metric": "roc_auc", "rows": 500, "challenger": 0.8}
    figure |= {"low": 0.77, "high": 0.83, "champion": 0.79, "gain_low": -0.01}
    return {**figure, **changes}


def judged(gate: dict[str, Any], **measured: Any) -> dict[str, Any]:
    found = {"metrics": {"roc_auc": 0.8}, "intervals": {"roc_auc": [0.77, 0.83]}, "slices": [part()], **measured}
    (result,) = bars.judged([GATE.validate_python(gate).model_dump(exclude_none=True)], found, "flights")
    return result


METRIC = {"metric": "roc_auc", "minimum": 0.78}
SLICE = {"kind": "slice", "slice": "origin", "metric": "roc_auc", "minimum": 0.78}
WORSE = {"kind": "slice", "slice": "origin", "metric": "roc_auc", "worse_by": 0.02}
LEAK = {"kind": "leak", "metric": "roc_auc", "suspicious": 0.999}
LATENCY, SIZE = {"kind": "latency", "maximum_ms": 50}, {"kind": "size", "maximum_mb": 2}
CONSTANT = {"kind": "constant"}
NAIVE = {"kind": "baseline", "baseline": "naive", "metric": "roc_auc", "better_by": 0.1}
LATER = {"kind": "baseline", "baseline": "naive", "metric": "mae"}


@pytest.mark.parametrize(
    ("gate", "measured", "passed"),
    [
        (METRIC, {}, True),
        (METRIC, {"metrics": {"roc_auc": 0.7}}, False),
        (METRIC, {"metrics": {"roc_auc": NAN}}, False),
        (METRIC, {"metrics": {}}, False),
        ({**METRIC, "bound": "interval"}, {}, False),
        ({**METRIC, "bound": "interval", "minimum": 0.76}, {}, True),
        ({**METRIC, "bound": "interval", "minimum": 0.76}, {"intervals": {"roc_auc": [None, None]}}, False),
        ({**METRIC, "bound": "interval", "minimum": 0.76}, {"intervals": {}}, False),
        ({"metric": "brier", "maximum": 0.2, "bound": "interval"}, {"intervals": {"brier": [0.1, 0.21]}}, False),
        (SLICE, {}, True),
        (SLICE, {"slices": [part(), part("JFK", challenger=0.7)]}, False),
        (SLICE, {"slices": [part(), part("JFK", challenger=0.7, rows=199)]}, True),
        (SLICE, {"slices": [part(), part("JFK", challenger=None)]}, True),
        (SLICE, {"slices": [part(rows=3)]}, False),
        (SLICE, {"slices": []}, False),
        ({**SLICE, "bound": "interval"}, {}, False),
        (WORSE, {}, True),
        (WORSE, {"slices": [part(champion=0.83)]}, False),
        (WORSE, {"slices": [part(champion=None)]}, True),
        ({**WORSE, "bound": "interval"}, {"slices": [part(gain_low=-0.03)]}, False),
        ({**WORSE, "bound": "interval"}, {"slices": [part(gain_low=None)]}, False),
        (NAIVE, {"baselines": {"naive": {"roc_auc": 0.69}}}, True),
        (NAIVE, {"baselines": {"naive": {"roc_auc": 0.71}}}, False),
        (NAIVE, {"baselines": {"naive": {"roc_auc": NAN}}}, False),
        (NAIVE, {"baselines": {"naive": {}}}, False),
        (NAIVE, {"baselines": {}}, False),
        (NAIVE, {}, False),
        (LATER, {"metrics": {"mae": 1.0}, "baselines": {"naive": {"mae": 1.1}}}, True),
        (LATER, {"metrics": {"mae": 1.0}, "baselines": {"naive": {"mae": 1.0}}}, False),
        (LATENCY, {"latency_ms": 49.9}, True),
        (LATENCY, {"latency_ms": 50.1}, False),
        (LATENCY, {}, False),
        (SIZE, {"size_bytes": 2_000_000}, True),
        (SIZE, {"size_bytes": 2_000_001}, False),
        (SIZE, {}, False),
        (LEAK, {}, True),
        (LEAK, {"metrics": {"roc_auc": 0.9995}}, False),
        (LEAK, {"metrics": {"roc_auc": NAN}}, False),
        ({"kind": "leak", "metric": "mae", "suspicious": 0.0}, {"metrics": {"mae": 0.0}}, False),
        ({"kind": "leak", "metric": "mae", "suspicious": 0.0}, {"metrics": {"mae": 0.1}}, True),
        (CONSTANT, {"answers": [0.1, 0.9]}, True),
        (CONSTANT, {"answers": [0.22, 0.22]}, False),
        (CONSTANT, {}, False),
    ],
)
def test_a_gate_passes_only_what_it_can_see_to_be_good(
    gate: dict[str, Any], measured: dict[str, Any], passed: bool
) -> None:
    assert judged(gate, **measured)["passed"] is passed


@pytest.mark.parametrize(
    ("gate", "measured", "why"),
    [
        (METRIC, {"metrics": {"roc_auc": 0.7}}, "roc_auc 0.7000 is below its gate 0.78"),
        (
            NAIVE,
            {"baselines": {"naive": {"roc_auc": 0.71}}},
            "roc_auc 0.8000 does not beat the baseline naive's 0.7100 by 0.1",
        ),
        (
            {**METRIC, "bound": "interval"},
            {},
            "roc_auc 0.8000 may be as low as 0.7700, which is below its gate 0.78",
        ),
        (
            SLICE,
            {"slices": [part(), part("JFK", challenger=0.7), part("LGA", challenger=0.6)]},
            "roc_auc 0.7000 of origin 'JFK' (500 rows) is below its gate 0.78 and 1 other part fails",
        ),
        (
            WORSE,
            {"slices": [part(champion=0.83)]},
            "roc_auc 0.8000 of origin 'EWR' (500 rows) is 0.0300 worse than the champion's 0.8300, "
            "at most 0.02 is allowed",
        ),
        (SLICE, {"slices": []}, "no part of origin has 200 rows that roc_auc can be told of"),
        (LATENCY, {"latency_ms": 312.04}, "a single row took 312.0 ms (99th percentile), above its gate 50 ms"),
        (SIZE, {"size_bytes": 12_400_000}, "the artefact has 12.40 MB, above its gate 2 MB"),
        (
            LEAK,
            {"metrics": {"roc_auc": 1.0}, "alone": [["arr_delay", 0.9991], ["hour", 0.66]]},
            "roc_auc 1.0000 is too good to be true (suspicious from 0.999), the label probably leaks: "
            "alone 'arr_delay' reaches 0.9991, 'hour' 0.6600",
        ),
        (CONSTANT, {"answers": [0.22, 0.22]}, "the model answers 0.2200 for every test row"),
    ],
)
def test_a_gate_that_did_not_pass_says_why(gate: dict[str, Any], measured: dict[str, Any], why: str) -> None:
    assert judged(gate, **measured)["why"] == why


def test_what_is_expected_says_that_the_interval_counts() -> None:
    assert judged({**METRIC, "bound": "interval"})["expected"] == "at least 0.78, the worse end of its interval"


def test_a_gate_that_passed_has_nothing_to_explain() -> None:
    result = judged(SLICE)
    assert (result["why"], result["observed"], result["column"]) == ("", 0.8, "roc_auc by origin")
    assert result["expected"] == "at least 0.78 in each part of origin with 200 rows"


def test_what_cannot_be_told_is_null_in_a_receipt() -> None:
    assert judged(METRIC, metrics={"roc_auc": NAN})["observed"] is None
