"""A handler starts quickly because it imports little."""

import subprocess
import sys

from assembly_line.code import HANDLER_FILES
from tests.lambdas.processes import ROOT
from tests.moto_server import CREDENTIALS

HANDLERS = {
    "lambdas.run.freshness": {},
    "lambdas.run.verdict": {},
    "lambdas.run.failure": {},
    "lambdas.run.finish": {},
    "lambdas.ledger.record": {},
    "lambdas.delivery.files": {},
    "lambdas.delivery.topic": {},
    "lambdas.delivery.rest": {},
    "lambdas.delivery.look_up": {},
    "lambdas.delivery.predict": {
        **{"VIEWS": "{}", "REQUEST": "[]", "KNOWN": "{}"},
        **{"PERSONAL": "[]", "CAPTURE_PERSONAL": "drop", "CAPTURE_QUEUE": "x"},
    },
    "lambdas.delivery.labels": {"GROUND_TRUTH_QUEUE": "x", "TASK": "binary"},
    "lambdas.monitoring.capture": {"DEAD_LETTERS": "x", "INPUTS": "0.1", "SLICES": "[]"},
    "lambdas.release.gate": {"GATES": "[]", "MARGIN": "0"},
    "lambdas.monitoring.drift": {"MONITORING": "{}", "HIDDEN": "[]", "SLICES": "[]"},
    "lambdas.monitoring.judge": {"TASK": "binary", "WINDOW_HOURS": "24", "WINDOW_COUNT": "0", "KEEP_DAYS": "90"},
    "lambdas.monitoring.ground_truth": {},
    "lambdas.monitoring.ground_truth_file": {},
}
NAMES = [
    *("LAKE_BUCKET", "MODELS_BUCKET", "DELIVERED_BUCKET", "EVENT_BUS", "ALARM_TOPIC", "TOPIC_ARN", "LEDGER_TABLE"),
    "ENVIRONMENT_NAME",
    *("PREDICTIONS_TABLE", "WINDOWS_TABLE", "ONLINE_TABLE", "ENDPOINT_NAME", "METRIC", "LINE", "ID", "EVENT_TIME"),
    *("RAW_BUCKET", "PLAN", "PINS", "ALARMS_TOPIC", "LINK", "RUNBOOKS", "DEAD_LETTERS", "QUEUE"),
]
HEAVY = {"pydantic", "yaml", "numpy", "pandas", "pyarrow", "sklearn", "scipy", "duckdb", "pyiceberg", "aws_cdk", "moto"}


def test_a_handler_imports_nothing_heavy_and_nothing_that_is_not_shipped() -> None:
    environment = {**CREDENTIALS, **dict.fromkeys(NAMES, "x"), "WINDOW_HOURS": "24", "KEEP_DAYS": "90"}
    environment |= {"MONITORING": "{}", "HIDDEN": "[]", "SLICES": "[]"}
    for variables in HANDLERS.values():
        environment |= variables

    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", f"import sys, {', '.join(HANDLERS)}; print(*sys.modules)"],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    imported = done.stdout.split()
    assert HEAVY & set(imported) == set()
    shipped = {name.removesuffix(".py").replace("/", ".") for name in HANDLER_FILES}
    assert {name for name in imported if name.startswith("config.")} <= shipped
