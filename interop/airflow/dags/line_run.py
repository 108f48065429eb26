"""A day of a line: run it, wait, and go on by how it ended.

``airflow dags test line_run 2026-04-01 --conf '{"line": "flights", "environment": "dev"}'`` runs it once.
"""

from __future__ import annotations

import datetime as dt

from airflow.sdk import DAG, Param, task
from assembly_line_airflow.branch import BranchOnLineRun
from assembly_line_airflow.start import StartLineRun
from assembly_line_airflow.wait import WaitForLineRun

with DAG(
    "line_run",
    schedule="@daily",
    start_date=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": dt.timedelta(minutes=1)},
    params={"line": Param("flights", type="string"), "environment": Param("dev", type="string")},
):
    start = StartLineRun(
        task_id="start",
        line="{{ params.line }}",
        environment="{{ params.environment }}",
        parameters={"score_date": "{{ ds }}"},
    )
    wait = WaitForLineRun(task_id="wait", run=start.output, fail_on_halt=False, poke_interval=10)
    decide = BranchOnLineRun(
        task_id="decide",
        run=wait.output,
        on={"succeeded": "publish", "flagged": ["publish", "review"], "halted": "explain", "promoted": "announce"},
    )

    @task
    def publish(run: dict) -> str:
        """Stands for whatever takes the predictions: it gets references to them, never the rows."""
        return run["receipts"]

    @task
    def review(run: dict) -> list[str]:
        """Stands for a person's look at the tests that warned."""
        return [station for station, status in run["stations"].items() if status == "flagged"]

    @task
    def explain(run: dict) -> str:
        """Stands for a ticket."""
        return run["message"]

    @task
    def announce(run: dict) -> str:
        """Stands for a message to those who use the model."""
        return f"line {run['line']}: version {run['version']} is in production"

    decide >> [follow(wait.output) for follow in (publish, review, explain, announce)]
