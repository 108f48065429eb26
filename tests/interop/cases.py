"""DAGs of the tests, which Airflow reads: each asks the state machine of the tests for one kind of end."""

from __future__ import annotations

import datetime as dt
import json
import os
from pathlib import Path
from typing import Any

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Context
from assembly_line_airflow.branch import BranchOnLineRun
from assembly_line_airflow.outcome import Started
from assembly_line_airflow.start import StartLineRun
from assembly_line_airflow.wait import WaitForLineRun


class LosesTheAnswer(StartLineRun):
    """Starts the run, and at the first try ends before anybody hears of it."""

    def execute(self, context: Context) -> Started:
        """Start the run; raise at the first try since the task was cleared."""
        started = super().execute(context)
        ti = context["ti"]
        if ti.try_number == ti.max_tries - (self.retries or 0) + 1:
            raise ConnectionError("the worker was lost")
        return started


def tell(context: Context) -> None:
    """Keep why a task failed."""
    ti = context["ti"]
    told = {"task": f"{ti.dag_id}.{ti.task_id}", "why": str(context["exception"])}
    with Path(os.environ["FAILURES"]).open("a", encoding="utf-8") as file:
        file.write(json.dumps(told) + "\n")


def case(name: str, mood: str, *, start: type[StartLineRun] = StartLineRun, line: str = "mood", **wait: Any) -> None:
    """Make a DAG that starts a run, waits for it and branches on it."""
    with DAG(
        name,
        schedule=None,
        start_date=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        default_args={"on_failure_callback": tell, "retries": 1, "retry_delay": dt.timedelta(seconds=0)},
    ):
        started = start(task_id="start", line=line, environment="local", parameters={"mood": mood, "day": "{{ ds }}"})
        ended = WaitForLineRun(task_id="wait", run=started.output, **({"poke_interval": 0.5} | wait))
        on = {"succeeded": "publish", "flagged": ["publish", "review"], "halted": "explain", "promoted": "announce"}
        decide = BranchOnLineRun(task_id="decide", run=ended.output, on=on)
        decide >> [EmptyOperator(task_id=task) for task in ("publish", "review", "explain", "announce")]


case("good", "good")
case("flagged", "flagged")
case("deferred", "slow", deferrable=True)
case("halted", "halted")
case("halted_deferred", "halted", deferrable=True)
case("halted_on", "halted", fail_on_halt=False)
case("failed", "failed", deferrable=True)
case("kept", "kept")
case("waiting", "waiting")
case("endless", "endless", timeout=1)
case("endless_deferred", "endless", timeout=2, deferrable=True)
case("retried", "good", start=LosesTheAnswer)
case("unknown", "good", line="nowhere")
