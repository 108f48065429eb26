from pathlib import Path

import pytest

from config.training import Variant
from jobs import evaluate
from runtime import manifest, promotion, receipts
from runtime.promotion import Champion
from tests.jobs.runs import job
from tests.moto_server import Aws
from tests.runtime.modelled import REGRESSION, World, world


@pytest.fixture
def line(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A line whose sweep has ended: ``large`` is better than ``small``."""
    monkeypatch.syspath_prepend(tmp_path)
    made = world(aws, tmp_path)
    made.saved(Variant(name="small", parameters={"max_iter": 1, "max_leaf_nodes": 2}))
    made.saved(Variant(name="large", parameters={"max_iter": 10}))
    made.saved(Variant(name="distance_only", columns=["distance"], parameters={"max_iter": 5}))
    return made


@pytest.fixture
def ledger(aws: Aws) -> str:
    return aws.table("pk", "sk")


def outputs(line: World) -> dict[str, object]:
    receipt = receipts.read(line.s3, line.paths, "training")
    assert receipt is not None
    assert receipt.status == "succeeded"
    return receipt.outputs


def test_the_best_on_validation_is_chosen_and_measured_on_test_beside_the_baselines(
    line: World, ledger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert job(monkeypatch, line, evaluate.main, ledger_table=ledger) == 0

    told = outputs(line)
    found = manifest.read(line.s3, line.location("large"))
    assert found is not None
    assert (told["variant"], told["artefact"], told["rows"]) == ("large", line.location("large").uri, 300)
    assert told["manifest_sha256"] == found[1]
    assert told["champion"] is None
    assert told["metrics"]["roc_auc"] > told["baselines"]["distance_only"]["roc_auc"]  # type: ignore[index]
    assert set(told["validation"]) == {"small", "large", "distance_only"}  # type: ignore[call-overload]


def test_the_champion_is_measured_on_the_same_rows(line: World, ledger: str, monkeypatch: pytest.MonkeyPatch) -> None:
    promote(line, ledger)

    job(monkeypatch, line, evaluate.main, ledger_table=ledger)

    told = outputs(line)
    assert told["champion"] == {"version": 4, "metrics": told["metrics"]}


def test_a_champion_that_was_tampered_with_is_refused(
    line: World, ledger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote(line, ledger, sha256="0" * 64)

    assert job(monkeypatch, line, evaluate.main, ledger_table=ledger) == 65

    receipt = receipts.read(line.s3, line.paths, "training")
    assert receipt is not None
    assert receipt.message == (
        "training: the champion, version 4 of run 'run-0', cannot be compared with: "
        f"model artefact {line.location('large').uri}: manifest.json is not the file that was saved, "
        "expected SHA-256 000000000000…: put its artefact back from the bucket's versions, "
        "or put a version that can be loaded in its place"
    )


def test_a_variant_that_ended_without_an_artefact_is_named(
    line: World, ledger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    line.s3.delete_object(Bucket=line.models, Key=line.location("small").key("manifest.json"))

    assert job(monkeypatch, line, evaluate.main, ledger_table=ledger) == 65

    receipt = receipts.read(line.s3, line.paths, "training")
    assert receipt is not None
    assert receipt.message == (
        f"training: variant 'small' ended without an artefact ({line.location('small').uri}manifest.json is missing): "
        f"let train in lines/{line.paths.line}/train.py return a model, and see the log of its job"
    )


def promote(line: World, ledger: str, sha256: str | None = None) -> None:
    """Make ``large`` the champion."""
    found = manifest.read(line.s3, line.location("large"))
    assert found is not None
    champion = Champion(
        version=4,
        model_package_arn="arn",
        artefact=line.location("large").uri,
        manifest_sha256=sha256 or found[1],
        run="run-0",
        variant="large",
        endpoint="local-flights",
        endpoint_config="local-flights-1",
        metrics={"roc_auc": 0.9},
    )
    promotion.promote(line.aws.client("dynamodb"), ledger, line.paths.line, champion, expected=None)


def test_a_champion_of_another_task_is_not_compared(
    line: World, ledger: str, aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote(line, ledger)
    champion = promotion.champion(aws.client("dynamodb"), ledger, line.paths.line)
    assert champion is not None
    estimating = world(aws, tmp_path, train=REGRESSION, task="regression")
    for variant in ("small", "large", "distance_only"):
        estimating.saved(Variant(name=variant))
    promotion.promote(aws.client("dynamodb"), ledger, estimating.paths.line, champion, expected=None)

    assert job(monkeypatch, estimating, evaluate.main, ledger_table=ledger) == 0

    told = outputs(estimating)
    assert told["champion"] == {"version": 4, "metrics": None}
    assert set(told["metrics"]) == {"mae", "rmse", "median_ae", "r2"}  # type: ignore[call-overload]


def test_a_regression_releases_the_variant_that_errs_least(
    aws: Aws, tmp_path: Path, ledger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    line = world(aws, tmp_path, train=REGRESSION, task="regression")
    line.saved(Variant(name="small", parameters={"max_iter": 1, "max_leaf_nodes": 2}))
    line.saved(Variant(name="large", parameters={"max_iter": 50}))
    line.saved(Variant(name="distance_only", columns=["distance"]))

    assert job(monkeypatch, line, evaluate.main, ledger_table=ledger) == 0

    told = outputs(line)
    assert told["variant"] == "large"
    assert told["metrics"]["mae"] < told["baselines"]["distance_only"]["mae"]  # type: ignore[index]
