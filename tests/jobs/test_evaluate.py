import json
import sys
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pytest

from config.training import Variant
from jobs import evaluate
from runtime import artefact, manifest, promotion, receipts
from runtime.promotion import Champion
from tests.jobs.runs import job
from tests.moto_server import Aws
from tests.runtime.modelled import REGRESSION, World, rows, world

NEEDY = """
from sklearn.linear_model import LogisticRegression


def train(dataset, parameters):
    return LogisticRegression().fit(dataset.train, dataset.train_labels)
"""


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


def promote(line: World, ledger: str, sha256: str | None = None, artefact_uri: str | None = None) -> None:
    """Make ``large`` the champion, or what an artefact holds."""
    found = manifest.read(line.s3, line.location("large"))
    assert found is not None
    champion = Champion(
        version=4,
        model_package_arn="arn",
        artefact=artefact_uri or line.location("large").uri,
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


def told_failure(line: World) -> str:
    receipt = receipts.read(line.s3, line.paths, "training")
    assert receipt is not None
    assert receipt.status == "failed"
    return receipt.message


def test_the_receipt_tells_all_that_the_gate_needs_in_small(
    line: World, ledger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote(line, ledger)

    job(monkeypatch, line, evaluate.main, ledger_table=ledger)

    told: dict[str, Any] = outputs(line)
    body = json.dumps(told, allow_nan=False)
    assert len(body) < 32 * 1024
    assert told["comparison"] == {
        "metric": "roc_auc", "gain": 0.0, "low": 0.0, "high": 0.0, "confidence": 0.95, "resamples": 1000, "by": "row"
    }  # fmt: skip
    low, high = told["intervals"]["roc_auc"]
    assert low < told["metrics"]["roc_auc"] < high
    assert told["latency_ms"] > 0
    files = line.s3.list_objects_v2(Bucket=line.models, Prefix=line.location("large").prefix)["Contents"]
    assert told["size_bytes"] == sum(file["Size"] for file in files)
    assert [(gate["kind"], gate["passed"]) for gate in told["gates"]] == [("leak", True), ("constant", True)]


def test_the_model_card_lies_beside_the_artefact_which_stays_whole(
    line: World, ledger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    job(monkeypatch, line, evaluate.main, ledger_table=ledger)

    uri = str(outputs(line)["card"])
    key = uri.removeprefix(f"s3://{line.models}/")
    page = line.s3.get_object(Bucket=line.models, Key=key)["Body"].read().decode()
    assert key == f"{line.paths.line}/run-1/large.html"
    assert "Will this flight arrive late?" in page
    assert "weather__wind" in page
    assert artefact.load(line.s3, line.location("large")).manifest.variant == "large"


def test_a_label_among_the_features_is_found_and_named(
    aws: Aws, tmp_path: Path, ledger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    line = world(aws, tmp_path)
    for seed, part in enumerate(("train", "validation", "test")):
        given = rows(300, seed)
        line.put(part, given.set_column(4, "distance", given["label"].cast("float64")))
    for variant in ("small", "large", "distance_only"):
        line.saved(Variant(name=variant, parameters={"max_iter": 5}))

    assert job(monkeypatch, line, evaluate.main, ledger_table=ledger) == 0

    told: dict[str, Any] = outputs(line)
    (leak,) = [gate for gate in told["gates"] if gate["kind"] == "leak"]
    assert (leak["passed"], leak["severity"]) == (False, "error")
    assert leak["why"].startswith(
        "roc_auc 1.0000 is too good to be true (suspicious from 0.999), the label probably leaks: "
        "alone 'distance' reaches 1.0000, "
    )


def test_slices_are_measured_for_challenger_and_champion(
    aws: Aws, tmp_path: Path, ledger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    gate = {"kind": "slice", "slice": "carrier", "metric": "roc_auc", "worse_by": 0.1, "minimum_rows": 50}
    line = world(aws, tmp_path, release={"gates": [gate], "resamples": 200})
    line.saved(Variant(name="small", parameters={"max_iter": 1}))
    line.saved(Variant(name="large", parameters={"max_iter": 10}))
    line.saved(Variant(name="distance_only", columns=["distance"]))
    promote(line, ledger)

    job(monkeypatch, line, evaluate.main, ledger_table=ledger)

    told: dict[str, Any] = outputs(line)
    assert {part["value"] for part in told["slices"]} == {"AA", "DL", "UA"}
    assert sum(part["rows"] for part in told["slices"]) == 300
    assert all(part["champion"] == part["challenger"] for part in told["slices"])
    assert told["gates"][0]["passed"] is True


def test_days_that_are_too_few_to_be_drawn_are_refused(
    aws: Aws, tmp_path: Path, ledger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    line = world(aws, tmp_path, release={"by": "day"})
    for variant in ("small", "large", "distance_only"):
        line.saved(Variant(name=variant, parameters={"max_iter": 1}))

    assert job(monkeypatch, line, evaluate.main, ledger_table=ledger) == 65

    assert told_failure(line).startswith("release.by: the test rows hold 1 days, expected at least 5")


def test_test_rows_of_one_label_are_refused(line: World, ledger: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given = rows(100, 2)
    line.put("test", given.filter(pc.equal(given["label"], 0)))

    assert job(monkeypatch, line, evaluate.main, ledger_table=ledger) == 65

    assert told_failure(line) == (
        "training: the test rows hold only the label 0, expected both labels: "
        "correct the dates under dataset.split or the spine's label"
    )


def test_a_champion_that_is_gone_is_named(line: World, ledger: str, monkeypatch: pytest.MonkeyPatch) -> None:
    promote(line, ledger)
    line.s3.delete_object(Bucket=line.models, Key=line.location("large").key("encoding.json"))
    line.saved(Variant(name="small", parameters={"max_iter": 50}))
    monkeypatch.setattr("runtime.evaluation.best", lambda *_: "small")

    assert job(monkeypatch, line, evaluate.main, ledger_table=ledger) == 65

    assert told_failure(line).startswith(
        "training: the champion, version 4 of run 'run-0', cannot be compared with: "
        f"model artefact {line.location('large').uri}: encoding.json is missing"
    )


def test_a_champion_that_cannot_predict_any_more_is_named(
    line: World, ledger: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It needs a column that the dataset has lost, and copes with no gap."""
    (tmp_path / "lines" / line.paths.line / "train.py").write_text(NEEDY)
    sys.modules.pop(f"lines.{line.paths.line}.train")
    location, sha256 = line.saved(Variant(name="needy", columns=["distance"]))
    promote(line, ledger, sha256=sha256, artefact_uri=location.uri)
    line.put("test", rows(300, 2).drop_columns(["distance"]))

    assert job(monkeypatch, line, evaluate.main, ledger_table=ledger) == 65

    assert told_failure(line).startswith(
        "training: the champion, version 4 of run 'run-0', cannot be compared with: ValueError: Input"
    )
