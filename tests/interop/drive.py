"""Run in Airflow's own environment: runs DAGs one after another with ``dag.test()`` and writes down how each ended.

``drive.py CASES.json RESULT.json``: cases are ``[{"dag": ..., "date": ...}, ...]``; the same twice clears the first.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from pathlib import Path
from typing import Any

from airflow import settings
from airflow.dag_processing.dagbag import DagBag
from airflow.models.xcom import XComModel


def ran(dag: Any, date: dt.datetime) -> dict[str, Any]:
    """Return the states of a DAG run and of its tasks, how often each was tried, and what each returned."""
    run = dag.test(logical_date=date)
    session = settings.Session()
    told = session.query(XComModel).filter_by(dag_id=dag.dag_id, run_id=run.run_id, key="return_value")
    tasks = run.get_task_instances(session=session)
    return {
        "state": run.state,
        "run_id": run.run_id,
        "tasks": {task.task_id: task.state for task in tasks},
        "tries": {task.task_id: task.try_number for task in tasks},
        "returned": {row.task_id: XComModel.deserialize_value(row) for row in told},
    }


def main() -> None:
    """Run every case."""
    cases, result = (Path(name) for name in sys.argv[1:])
    bag = DagBag(settings.DAGS_FOLDER)
    assert not bag.import_errors, bag.import_errors
    found = [
        ran(bag.dags[case["dag"]], dt.datetime.fromisoformat(case["date"])) for case in json.loads(cases.read_text())
    ]
    result.write_text(json.dumps(found, default=str))


if __name__ == "__main__":
    main()
