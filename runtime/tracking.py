"""Attempts told to an MLflow tracking server: one run of its for each, however often it is told.

The ledger stays the record. A server that fails never fails a training: what went wrong is returned as a warning.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping
from typing import Any

from runtime.attempts import Attempt

KEY = "assembly_line.attempt"
"""The tag by which a run of MLflow is found again."""

INSTALL = "install the group mlflow (`uv sync --inexact --group mlflow`); an image gets it where the environment tracks"

_PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}
"""A server that does not answer costs a training seconds, not minutes."""

_BATCH = 900
"""Metrics of one request; MLflow takes 1,000."""


def tell(uri: str, line: str, attempt: Attempt) -> str:
    """Tell a server of an attempt that has ended; returns why it could not be told, or nothing."""
    if not uri:
        return ""
    for name, value in _PATIENCE.items():
        os.environ.setdefault(name, value)
    try:
        from mlflow.tracking import MlflowClient
    except ImportError as error:
        return f"tracking: mlflow is not installed ({error}), so attempts are in the ledger only: {INSTALL}"
    try:
        _tell(MlflowClient(tracking_uri=uri), line, attempt)
    except Exception as error:  # noqa: BLE001 (whatever a server does, the training is done)
        said = " ".join(str(error).split())[:300]
        return (
            f"tracking: {uri} was not told of {attempt.run}/{attempt.variant}: {type(error).__name__}: {said}: "
            "the ledger has it; see that the server can be reached"
        )
    return ""


def _tell(client: Any, line: str, attempt: Attempt) -> None:
    key = f"{line}/{attempt.run}/{attempt.variant}/{attempt.attempt}"
    experiment = _experiment(client, line)
    found = client.search_runs([experiment], filter_string=f"tags.\"{KEY}\" = '{key}'", max_results=1)
    if found and found[0].info.status != "RUNNING":
        return
    name = f"{attempt.run}/{attempt.variant}"
    tags = {KEY: key, **_tags(attempt)}
    run = (found[0] if found else client.create_run(experiment, run_name=name, tags=tags)).info.run_id
    from mlflow.entities import Metric, Param

    moment = _milliseconds(attempt.finished)
    metrics = [Metric(f"validation_{name}", value, moment, 0) for name, value in attempt.metrics.items()]
    for name, curve in attempt.curves.items():
        points = zip(curve["steps"], curve["values"], strict=True)
        metrics += [Metric(name, value, moment, int(step)) for step, value in points]
    params = [Param(name, str(value)[:6000]) for name, value in attempt.parameters.items()]
    client.log_batch(run, params=params)
    for first in range(0, len(metrics), _BATCH):
        client.log_batch(run, metrics=metrics[first : first + _BATCH])
    client.set_terminated(run, "FINISHED" if attempt.status == "succeeded" else "FAILED", end_time=moment)


def _experiment(client: Any, line: str) -> str:
    """Return the line's experiment; of two trainings that make it at the same time, one finds it made."""
    found = client.get_experiment_by_name(line)
    if found is None:
        try:
            made: str = client.create_experiment(line)
            return made
        except Exception:
            found = client.get_experiment_by_name(line)
            if found is None:
                raise
    known: str = found.experiment_id
    return known


def _tags(attempt: Attempt) -> dict[str, str]:
    snapshots: Mapping[str, Any] = attempt.dataset.get("snapshots") or {}
    told = {
        "run": attempt.run,
        "variant": attempt.variant,
        "kind": attempt.kind,
        "attempt": attempt.attempt,
        "message": attempt.message,
        "artefact": attempt.artefact,
        "image": attempt.image,
        "dataset": attempt.dataset.get("fingerprint"),
        **{f"snapshot.{table}": snapshot for table, snapshot in snapshots.items()},
        **{f"code.{name}": value for name, value in attempt.code.items()},
    }
    return {name: str(value)[:5000] for name, value in told.items() if value}


def _milliseconds(at: str) -> int:
    return int(dt.datetime.fromisoformat(at).timestamp() * 1000)
