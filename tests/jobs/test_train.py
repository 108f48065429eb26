import sys
from pathlib import Path

import pytest

from jobs import train
from runtime import attempts, manifest, receipts
from runtime.attempts import Attempt
from tests.jobs.runs import job
from tests.moto_server import Aws
from tests.runtime.modelled import TRAIN, World, world


@pytest.fixture(autouse=True)
def _on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(train, "ROOT", tmp_path)


@pytest.fixture
def line(aws: Aws, tmp_path: Path) -> World:
    return world(aws, tmp_path)


@pytest.fixture
def ledger(aws: Aws) -> str:
    return aws.table("pk", "sk")


def attempted(line: World, ledger: str) -> Attempt:
    """Return the only attempt of the line."""
    (attempt,) = attempts.attempts(line.aws.client("dynamodb"), ledger, line.paths.line)
    return attempt


def test_a_variant_becomes_an_artefact_with_its_parameters(
    line: World, ledger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = job(monkeypatch, line, train.main, ledger_table=ledger, variant="small")

    found = manifest.read(line.s3, line.location("small"))
    receipt = receipts.read(line.s3, line.paths, "training-small")
    assert code == 0
    assert found is not None
    assert found[0].parameters["max_iter"] == 5
    assert receipt is not None
    assert (receipt.station, receipt.status) == ("training", "succeeded")
    assert receipt.outputs == {
        "variant": "small",
        "artefact": line.location("small").uri,
        "validation": dict(found[0].metrics),
        "columns": 3,
        "attempt": 1,
        "resumed": False,
    }


def test_a_variant_that_is_not_in_the_line_is_refused(
    line: World, ledger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = job(monkeypatch, line, train.main, ledger_table=ledger, variant="huge")

    receipt = receipts.read(line.s3, line.paths, "training-huge")
    assert code == 65
    assert receipt is not None
    assert receipt.message == (
        f"training: variant 'huge' is not in lines/{line.paths.line}/line.yaml, "
        "expected one of small, large, distance_only: correct the argument --variant"
    )


def test_code_that_raises_leaves_no_artefact_and_a_receipt_that_says_why(
    aws: Aws, ledger: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "def train(dataset, parameters):\n    raise KeyError('late')\n"
    line = world(aws, tmp_path, train=code)

    assert job(monkeypatch, line, train.main, ledger_table=ledger, variant="small") == 65

    receipt = receipts.read(line.s3, line.paths, "training-small")
    assert receipt is not None
    assert receipt.status == "failed"
    assert receipt.message == f"lines/{line.paths.line}/train.py:2: KeyError: 'late': correct the training code"
    assert manifest.read(line.s3, line.location("small")) is None


LOGGING = TRAIN.replace(
    "    model =", "    for i in range(3):\n        dataset.log(step=i, loss=1 / (i + 1))\n    model ="
)


def test_an_attempt_is_tracked_with_what_it_was_made_of(
    aws: Aws, ledger: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = world(aws, tmp_path, train=LOGGING)
    job(monkeypatch, line, train.main, ledger_table=ledger, variant="small", commit="abc123", image="repo:1")

    found = manifest.read(line.s3, line.location("small"))
    attempt = attempted(line, ledger)
    assert found is not None
    assert (attempt.run, attempt.variant, attempt.kind, attempt.status) == ("run-1", "small", "variant", "succeeded")
    assert (attempt.attempt, attempt.image, attempt.artefact) == (1, "repo:1", line.location("small").uri)
    assert attempt.code == dict(found[0].code)
    assert attempt.code["commit"] == "abc123"
    assert attempt.dataset == dict(found[0].dataset)
    assert attempt.parameters == dict(found[0].parameters)
    assert attempt.metrics == dict(found[0].metrics)
    assert attempt.curves == {"loss": {"steps": [0, 1, 2], "values": [1, 0.5, 0.333333]}}
    assert found[0].curves == {"loss": [1, 0.5, 0.333333]}
    assert attempt.seconds > attempt.fit_seconds > 0
    assert attempt.finished > attempt.started


def test_a_failed_attempt_is_tracked_with_its_reason_and_its_curves(
    aws: Aws, ledger: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "def train(dataset, parameters):\n    dataset.log(step=1, loss=2)\n    raise KeyError('late')\n"
    line = world(aws, tmp_path, train=code)

    assert job(monkeypatch, line, train.main, ledger_table=ledger, variant="distance_only") == 65

    attempt = attempted(line, ledger)
    assert (attempt.status, attempt.kind) == ("failed", "baseline")
    assert attempt.message == f"lines/{line.paths.line}/train.py:3: KeyError: 'late': correct the training code"
    assert attempt.curves == {"loss": {"steps": [1], "values": [2]}}


@pytest.mark.parametrize("swallowed", [False, True])
def test_a_figure_that_is_not_finite_fails_the_attempt(
    aws: Aws, ledger: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, swallowed: bool
) -> None:
    diverged = "dataset.log(step=7, loss=float('nan'))"
    if swallowed:
        diverged = f"try:\n        {diverged}\n    except Exception:\n        pass"
    line = world(aws, tmp_path, train=TRAIN.replace("    model =", f"    {diverged}\n    model ="))

    assert job(monkeypatch, line, train.main, ledger_table=ledger, variant="small") == 65

    attempt = attempted(line, ledger)
    place = "train.py" if swallowed else "train.py:6"
    assert attempt.status == "failed"
    assert attempt.message == (
        f"lines/{line.paths.line}/{place}: loss is nan at step 7, expected a finite number: "
        "lower the learning rate or look at the training data"
    )
    assert manifest.read(line.s3, line.location("small")) is None


def test_a_model_whose_metrics_are_not_numbers_fails_its_attempt(
    aws: Aws, ledger: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = """
import numpy as np
from sklearn.dummy import DummyRegressor


def train(dataset, parameters):
    model = DummyRegressor().fit(dataset.train, dataset.train_labels)
    model.constant_ = np.full((1, 1), 1e200)
    return model
"""
    line = world(aws, tmp_path, train=code, task="regression")

    assert job(monkeypatch, line, train.main, ledger_table=ledger, variant="small") == 65

    attempt = attempted(line, ledger)
    assert attempt.status == "failed"
    assert attempt.message.startswith("training: the validation rows: rmse is inf, expected a finite number")


def test_a_constant_predictor_is_trained_and_tracked_and_left_to_the_gates(
    aws: Aws, ledger: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = """
from sklearn.dummy import DummyClassifier


def train(dataset, parameters):
    return DummyClassifier(strategy="prior").fit(dataset.train, dataset.train_labels)
"""
    line = world(aws, tmp_path, train=code)

    assert job(monkeypatch, line, train.main, ledger_table=ledger, variant="small") == 0

    attempt = attempted(line, ledger)
    assert (attempt.status, attempt.metrics["roc_auc"]) == ("succeeded", 0.5)


def test_a_training_that_is_tried_again_takes_its_attempt_over(
    line: World, ledger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        assert job(monkeypatch, line, train.main, ledger_table=ledger, variant="small") == 0

    assert attempted(line, ledger).attempt == 2


def test_a_tracking_server_that_fails_never_fails_a_training(
    line: World, ledger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    given = {"ledger_table": ledger, "variant": "small", "tracking": "sqlite:///nowhere.db"}

    assert job(monkeypatch, line, train.main, **given) == 0

    receipt = receipts.read(line.s3, line.paths, "training-small")
    assert receipt is not None
    assert receipt.status == "succeeded"
    assert receipt.message.startswith("tracking: mlflow is not installed")
    assert attempted(line, ledger).status == "succeeded"
