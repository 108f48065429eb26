"""The names by which Airflow finds a line and a run: as the stacks, the state machine and the receipts write them.

Nothing of the project is imported, since it is not installed beside Airflow; a test holds these names to the project's.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json

STATIONS = ("curation", "features", "training", "release", "scoring", "delivery", "monitoring")
GATE = "release-gate"
"""The receipt of the release's first job, which says whether the challenger was let through."""
MACHINE, LAKE = "StateMachineArn", "LakeBucket"
"""The outputs of a line's stack and of the foundation's that are needed here."""


def foundation(environment: str) -> str:
    """Return the name of the stack that an environment's lines share.

    >>> foundation("dev")
    'AssemblyLine-dev-Foundation'
    """
    return f"AssemblyLine-{environment}-Foundation"


def stack(environment: str, line: str) -> str:
    """Return the name of a line's stack.

    >>> stack("dev", "call_centre")
    'AssemblyLine-dev-CallCentre'
    """
    return f"AssemblyLine-{environment}-{''.join(part.capitalize() for part in line.split('_'))}"


def receipt(line: str, run: str, name: str) -> str:
    """Return the key in the lake bucket of what a station says of itself.

    >>> receipt("flights", "run-1", "curation")
    'runs/flights/run-1/curation.json'
    """
    return f"runs/{line}/{run}/{name}.json"


def execution(machine: str, run: str) -> str:
    """Return the ARN of a run's execution.

    >>> execution("arn:aws:states:eu-west-1:123456789012:stateMachine:flights", "run-1")
    'arn:aws:states:eu-west-1:123456789012:execution:flights:run-1'
    """
    return f"{machine.replace(':stateMachine:', ':execution:', 1)}:{run}"


def run_id(*, dag: str, dag_run: str, task: str, map_index: int, first_try: int, moment: dt.datetime) -> str:
    """Return the run's id: the same for each retry of a task, another for each time that it is cleared.

    ``first_try`` is the number of the first try since the task was cleared, ``moment`` what the id sorts by.

    >>> noon = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)
    >>> run_id(dag="d", dag_run="manual__1", task="start", map_index=-1, first_try=1, moment=noon)
    'airflow-20260131T120000-9d4d7dbc8a9c45f1'
    """
    digest = hashlib.sha256(json.dumps([dag, dag_run, task, map_index, first_try]).encode()).hexdigest()[:16]
    return f"airflow-{moment.astimezone(dt.UTC):%Y%m%dT%H%M%S}-{digest}"
