"""A real Airflow runs DAGs against the embedded AWS: runs are started once, waited for, and branched on.

They run where `make airflow` has put Airflow into an environment of its own.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from config.loading import ROOT
from local.server import EmbeddedAws
from tests.interop import moods
from tests.interop.airflow_home import BIN, Airflow

pytestmark = pytest.mark.skipif(not (BIN / "airflow").exists(), reason="no Airflow here: `make airflow` installs it")
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
CASES = (
    *("good", "flagged", "deferred", "halted", "halted_deferred", "halted_on", "failed", "kept", "waiting"),
    *("endless", "endless_deferred", "retried", "unknown"),
)
AFTER = ("publish", "review", "explain", "announce")


@dataclass(frozen=True)
class Seen:
    """What became of each case's DAG run, why its tasks failed, and every execution there was."""

    ran: dict[str, dict[str, Any]]
    again: dict[str, Any]
    failures: dict[str, str]
    executions: list[str]

    def followed(self, case: str) -> list[str]:
        """Return the tasks that the branch went on with."""
        return [task for task in AFTER if self.ran[case]["tasks"].get(task) == "success"]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    folder = tmp_path_factory.mktemp("airflow")
    (folder / "dags").mkdir()
    shutil.copy(Path(__file__).with_name("cases.py"), folder / "dags" / "cases.py")
    shutil.copy(ROOT / "interop" / "airflow" / "dags" / "line_run.py", folder / "dags" / "line_run.py")
    with EmbeddedAws() as aws:
        machine = moods.deploy(aws)
        airflow = Airflow.make(folder / "home", endpoint=aws.endpoint, dags=folder / "dags", keys=KEYS)
        *first, again = airflow.run([(case, "2026-01-02") for case in (*CASES, "retried")])
        listed = aws.client("stepfunctions").list_executions(stateMachineArn=machine)["executions"]
        yield Seen(
            ran=dict(zip(CASES, first, strict=True)),
            again=again,
            failures=airflow.failures,
            executions=[each["name"] for each in listed],
        )


@pytest.mark.parametrize(
    ("case", "followed"),
    [
        ("good", ["publish", "announce"]),
        ("flagged", ["publish", "review", "announce"]),
        ("deferred", ["publish", "announce"]),
        ("halted_on", ["explain"]),
        ("kept", ["publish"]),
        ("waiting", []),
    ],
)
def test_a_branch_follows_how_the_run_ended(seen: Seen, case: str, followed: list[str]) -> None:
    assert (seen.ran[case]["state"], seen.followed(case)) == ("success", followed)


@pytest.mark.parametrize("case", ["halted", "halted_deferred"])
def test_a_run_that_halted_fails_its_task_with_the_reason_and_without_a_retry(seen: Seen, case: str) -> None:
    tried, run = seen.ran[case], seen.ran[case]["returned"]["start"]["run"]
    assert (tried["tasks"]["wait"], tried["tries"]["wait"]) == ("failed", 1)
    assert seen.failures[f"{case}.wait"] == f"run {run} of line mood halted: {moods.HALTED}"


def test_a_run_that_failed_fails_its_task_with_the_reason(seen: Seen) -> None:
    run = seen.ran["failed"]["returned"]["start"]["run"]
    assert seen.failures["failed.wait"] == f"run {run} of line mood failed: {moods.FAILED}"


@pytest.mark.parametrize("case", ["endless", "endless_deferred"])
def test_a_wait_ends_with_its_timeout(seen: Seen, case: str) -> None:
    assert seen.ran[case]["tasks"]["wait"] == "failed"


def test_a_retry_finds_the_run_of_the_try_before(seen: Seen) -> None:
    tried, run = seen.ran["retried"], seen.ran["retried"]["returned"]["start"]["run"]
    assert (tried["state"], tried["tries"]["start"]) == ("success", 2)
    assert seen.executions.count(run) == 1
    assert len(seen.executions) == len(CASES)  # `unknown` started none, `retried` was run again


def test_a_task_that_is_cleared_starts_another_run(seen: Seen) -> None:
    assert seen.again["returned"]["start"]["run"] != seen.ran["retried"]["returned"]["start"]["run"]


def test_a_line_that_is_not_deployed_is_told_with_its_mend(seen: Seen) -> None:
    assert seen.failures["unknown.start"] == (
        "stack AssemblyLine-local-Nowhere is not deployed in region us-east-1: deploy line 'nowhere' to environment "
        "'local', or correct line, environment, aws_conn_id or region_name"
    )


def test_what_goes_from_task_to_task_are_references(seen: Seen) -> None:
    told = seen.ran["flagged"]["returned"]["wait"]
    assert told["receipts"] == f"s3://{moods.LAKE}/runs/mood/{told['run']}/"
    assert len(str(told)) < 1024
