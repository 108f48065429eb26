"""The gate of the release station, on receipts as an evaluation writes them."""

from __future__ import annotations

from typing import Any

import pytest

from config.errors import LineError
from config.release import Release
from runtime import promotion, receipts, release
from runtime.paths import RunPaths
from runtime.promotion import Champion
from runtime.receipts import Receipt
from tests.moto_server import Aws

ARTEFACT = "s3://models/flights/run-1/deep/"
SURE = {
    "metric": "roc_auc",
    "gain": 0.02,
    "low": 0.01,
    "high": 0.03,
    "confidence": 0.95,
    "resamples": 1000,
    "by": "day",
}
TRAINED: dict[str, Any] = {
    "variant": "deep",
    "artefact": ARTEFACT,
    "manifest_sha256": "ab",
    "metrics": {"roc_auc": 0.82},
    "champion": {"version": 3, "metrics": {"roc_auc": 0.8}},
    "comparison": SURE,
    "intervals": {"roc_auc": [0.8, 0.84]},
    "slices": [],
    "latency_ms": 8.0,
    "size_bytes": 1_000_000,
    "answers": [0.1, 0.9],
    "alone": [["hour", 0.7]],
}
OTHER = "s3://models/flights/run-0/deep/"


def decided(aws: Aws, *gates: dict[str, Any], now: str = OTHER, **changes: Any) -> tuple[str, Receipt]:
    """Let the gate decide while the artefact ``now`` is the champion's; return its decision and what it kept."""
    paths, ledger = RunPaths(lake=aws.bucket(), line="flights", run="run-1"), aws.table("pk", "sk")
    s3, dynamodb = aws.client("s3"), aws.client("dynamodb")
    champion = Champion(3, "arn", now, "ab", "run-0", "deep", "endpoint", "config", {"roc_auc": 0.8})
    promotion.promote(dynamodb, ledger, "flights", champion, expected=None)
    receipts.write(s3, paths, "training", Receipt("training", "succeeded", outputs={**TRAINED, **changes}))
    bars = Release.model_validate({"gates": list(gates)}).bars("binary")
    told = release.gate(
        s3=s3, dynamodb=dynamodb, paths=paths, ledger_table=ledger, bars=bars, metric="roc_auc", margin=0.01
    )
    kept = receipts.read(s3, paths, "release-gate")
    assert kept is not None
    assert kept.message == told["message"]
    return told["decision"], kept


def test_a_sure_gain_is_promoted(aws: Aws) -> None:
    decision, kept = decided(aws)
    assert (decision, kept.status) == ("promote", "succeeded")
    assert [result["kind"] for result in kept.inspections] == ["leak", "constant"]


def test_a_gain_that_may_be_luck_is_not(aws: Aws) -> None:
    decision, kept = decided(aws, comparison={**SURE, "low": -0.002})
    assert decision == "keep"
    assert kept.message.startswith(
        "release: roc_auc 0.8200 is not surely better than the champion's 0.8000 (gain 0.0200, 95 %: -0.0020 to 0.0300)"
    )


def test_a_champion_that_is_this_very_artefact_stays_whatever_it_was_compared_with(aws: Aws) -> None:
    decision, kept = decided(aws, now=ARTEFACT)
    assert decision == "keep"
    assert kept.message == "release: roc_auc 0.8200 does not beat the champion's 0.8200 by 0.01: the champion stays"


def test_a_comparison_with_another_champion_decides_nothing(aws: Aws) -> None:
    with pytest.raises(LineError, match="the champion is version 3 of run 'run-0', expected version 2"):
        decided(aws, champion={"version": 2, "metrics": {"roc_auc": 0.5}})


def test_a_leak_halts_and_names_where_to_look(aws: Aws) -> None:
    decision, kept = decided(aws, metrics={"roc_auc": 1.0}, alone=[["plane__landed", 0.9998]])
    assert (decision, kept.message) == (
        "halt",
        "release: roc_auc 1.0000 is too good to be true (suspicious from 0.999), the label probably leaks: "
        "alone 'plane__landed' reaches 0.9998: leave out what was known only afterwards, "
        "or say from where on it is suspicious in a gate of kind leak; the champion stays",
    )


def test_a_constant_model_halts(aws: Aws) -> None:
    decision, kept = decided(aws, answers=[0.22, 0.22])
    assert (decision, kept.message) == (
        "halt",
        "release: the model answers 0.2200 for every test row: "
        "look at its columns and at what train does with them; the champion stays",
    )


def test_a_bar_that_moved_since_the_evaluation_counts(aws: Aws) -> None:
    slow = {"kind": "latency", "maximum_ms": 5, "severity": "warning"}
    decision, kept = decided(aws, slow)
    assert (decision, kept.status) == ("promote", "flagged")
    assert kept.inspections[0]["why"] == "a single row took 8.0 ms (99th percentile), above its gate 5 ms"
