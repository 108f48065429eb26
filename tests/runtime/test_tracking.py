"""Attempts told to MLflow: for real where the group mlflow is installed."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

from runtime import tracking
from runtime.attempts import Attempt

needs_mlflow = pytest.mark.skipif(
    importlib.util.find_spec("mlflow") is None, reason="mlflow is not installed: uv sync --inexact --group mlflow"
)
ATTEMPT = Attempt(
    run="run-1",
    variant="deep",
    status="succeeded",
    finished="2026-01-01T10:00:00+00:00",
    parameters={"depth": 3},
    metrics={"roc_auc": 0.7},
    curves={"loss": {"steps": [0, 5], "values": [1.0, 0.5]}},
    dataset={"fingerprint": "f", "snapshots": {"orders": 7}},
    code={"commit": "abc"},
)


def runs(uri: str) -> list[Any]:
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("flights")
    return list(client.search_runs([experiment.experiment_id])) if experiment else []


@needs_mlflow
@pytest.mark.filterwarnings("ignore")  # mlflow's own, of what it imports
def test_an_attempt_is_a_run_of_mlflow_however_often_it_is_told(tmp_path: Path) -> None:
    from mlflow.tracking import MlflowClient

    uri = f"sqlite:///{tmp_path}/mlflow.db"
    assert [tracking.tell(uri, "flights", ATTEMPT) for _ in range(2)] == ["", ""]
    failed = Attempt(run="run-1", variant="wide", status="failed", finished=ATTEMPT.finished, message="no good")
    assert tracking.tell(uri, "flights", failed) == ""

    found = {run.data.tags["variant"]: run for run in runs(uri)}
    assert {name: run.info.status for name, run in found.items()} == {"deep": "FINISHED", "wide": "FAILED"}
    deep = found["deep"]
    assert deep.data.params == {"depth": "3"}
    assert deep.data.metrics == {"validation_roc_auc": 0.7, "loss": 0.5}
    assert (deep.data.tags["run"], deep.data.tags["snapshot.orders"], deep.data.tags["code.commit"]) == (
        *("run-1", "7"),
        "abc",
    )
    history = MlflowClient(tracking_uri=uri).get_metric_history(deep.info.run_id, "loss")
    assert sorted((point.step, point.value) for point in history) == [(0, 1.0), (5, 0.5)]
    assert found["wide"].data.tags["message"] == "no good"


@needs_mlflow
@pytest.mark.filterwarnings("ignore")
def test_a_server_that_does_not_answer_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    told = tracking.tell("http://127.0.0.1:9", "flights", ATTEMPT)
    assert told.startswith("tracking: http://127.0.0.1:9 was not told of run-1/deep: ")
    assert told.endswith(": the ledger has it; see that the server can be reached")


def test_without_mlflow_the_warning_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow.tracking", None)
    monkeypatch.setitem(sys.modules, "mlflow", None)
    told = tracking.tell("sqlite:///mlflow.db", "flights", ATTEMPT)
    assert told.startswith("tracking: mlflow is not installed (")
    assert told.endswith(f"so attempts are in the ledger only: {tracking.INSTALL}")


def test_an_environment_without_tracking_tells_nobody() -> None:
    assert tracking.tell("", "flights", ATTEMPT) == ""
