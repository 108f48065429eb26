from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

from cli.document import Account, document, findings
from cli.execution import Execution, Outcome
from cli.summary import show
from cli.world import Answer, World
from runtime.attempts import Attempt
from runtime.ledger import Entry
from runtime.performance import Performance
from runtime.promotion import Champion
from runtime.receipts import Receipt

RUN = "run-20260401-060000-ab12"
CLEAN = {"error": 0, "warning": 0, "info": 0}
FINDING = {
    "table": "flights",
    "check": "not_null",
    "column": "tailnum",
    "severity": "warning",
    "passed": False,
    "failed_rows": 2512,
    "total_rows": 336776,
    "expected": "no nulls",
    "observed": "2512 nulls",
}
PASSED = {**FINDING, "severity": "error", "passed": True, "failed_rows": 0}
CHANNELS = {
    "files": {"kind": "files", "s3": "s3://delivered/x", "count": 912},
    "decisions": {"kind": "topic", "topic": "arn:topic", "count": 912},
    "warehouse": {"kind": "sql", "table": "ops.predictions", "count": 912, "superseded": 0},
    "rest": {"kind": "rest", "count": 912, "superseded": 0},
}
METRICS = {"roc_auc": 0.781, "brier": 0.11}


def entry(station: str, status: str = "succeeded", message: str = "") -> Entry:
    return Entry(run=RUN, station=station, status=status, seconds=1.23456, message=message, inspections=CLEAN)


@pytest.fixture
def account() -> Account:
    """A run that succeeded and put its model into service."""
    return Account(
        execution=Execution(line="flights", run=RUN, arn="arn"),
        outcome=Outcome(
            status="succeeded", seconds=20.98765, stations=[entry("curation", "flagged"), entry("training")]
        ),
        environment="local",
        receipts={
            "curation": Receipt("curation", "flagged", inspections=[FINDING, PASSED]),
            "training": Receipt(
                "training",
                "succeeded",
                outputs={
                    "variant": "boosting",
                    "metrics": METRICS,
                    "baselines": {"hour_only": {"roc_auc": 0.72}},
                    "rows": 900,
                },
            ),
            "delivery": Receipt("delivery", "succeeded", outputs={"table": 912, "channels": CHANNELS}),
            "monitoring": Receipt("monitoring", "succeeded", outputs={"drift": {"hour": 0.01, "score": 0.3}}),
        },
        champion=Champion(
            version=1,
            model_package_arn="arn:package",
            artefact="s3://models/x",
            manifest_sha256="0" * 64,
            run=RUN,
            variant="boosting",
            endpoint="flights",
            endpoint_config="flights-1",
            metrics=METRICS,
        ),
        outputs={"RestUrl": "http://127.0.0.1:1/api/", "Database": "lake"},
        grants={"allowed": 100, "denied": 0, "unused": 3, "unexplained": 0},
        world=World(
            queues={"Crew": 912, "Gates": 910},
            answer=Answer(status=200, body={"score": 0.25}),
            told=890,
            performance=Performance(n=890, metrics={"roc_auc": 0.77, "brier": 0.12}),
            alarms={"drift": "ALARM", "performance": "OK"},
        ),
    )


def test_the_document_has_the_keys_that_its_readers_count_on(account: Account) -> None:
    found = document(account)
    assert {key: sorted(value) if isinstance(value, dict) else type(value) for key, value in found.items()} == {
        "line": str,
        "environment": str,
        "run": str,
        "status": str,
        "seconds": float,
        "stations": list,
        "trainings": list,
        "inspections": ["error", "info", "warning"],
        "model": ["metrics", "role", "version"],
        "delivered": ["channels", "queue", "rest", "s3", "table", "topic"],
        "monitoring": ["drift", "performance"],
        "grants": ["allowed", "denied", "unexplained", "unused"],
    }


def test_a_training_tells_how_long_its_own_code_took(account: Account) -> None:
    attempt = Attempt(run=RUN, variant="boosting", status="succeeded", seconds=9.5, fit_seconds=7.25)

    found = document(replace(account, attempts=[attempt]))

    assert found["trainings"] == [{"variant": "boosting", "seconds": 9.5, "fit_seconds": 7.25}]


def test_the_document_is_plain_json(account: Account) -> None:
    assert json.loads(json.dumps(document(account))) == document(account)


def test_a_station_tells_its_status_seconds_and_findings(account: Account) -> None:
    assert document(account)["stations"][0] == {
        "station": "curation",
        "status": "flagged",
        "seconds": 1.235,
        "inspections": {"error": 0, "warning": 1, "info": 0},
    }


def test_the_training_station_tells_the_baselines(account: Account) -> None:
    assert document(account)["stations"][1]["baselines"] == {"hour_only": {"roc_auc": 0.72}}


def test_only_tests_that_did_not_pass_are_counted(account: Account) -> None:
    assert document(account)["inspections"] == {"error": 0, "warning": 1, "info": 0}
    assert findings(account) == [{"station": "curation", **FINDING}]


def test_the_model_is_the_one_in_service(account: Account) -> None:
    assert document(account)["model"] == {"version": 1, "role": "champion", "metrics": METRICS}


def test_a_first_challenger_that_did_not_get_into_service_has_no_version(account: Account) -> None:
    assert document(replace(account, champion=None))["model"] == {
        "version": None,
        "role": "challenger",
        "metrics": METRICS,
    }


def test_the_queue_counts_what_every_consumer_got(account: Account) -> None:
    assert document(account)["delivered"] == {
        "table": 912,
        "s3": "s3://delivered/x",
        "topic": 912,
        "queue": 910,
        "rest": "http://127.0.0.1:1/api/",
        "channels": CHANNELS,
    }


def test_a_run_that_ended_early_has_delivered_nothing(account: Account) -> None:
    early = replace(
        account,
        outcome=Outcome("failed", 1.0, [entry("curation", "failed", "orders: a column is missing")], cause="x"),
        receipts={},
        champion=None,
        world=World(),
        outputs={},
    )
    found = document(early)
    assert found["delivered"] == {"table": 0, "s3": None, "topic": 0, "queue": 0, "rest": None, "channels": {}}
    assert found["model"] == {"version": None, "role": None, "metrics": {}}
    assert found["stations"][0]["message"] == "orders: a column is missing"


def shown(account: Account) -> str:
    out = io.StringIO()
    show(account, seconds=31.4, problems=["rule x: nobody there"], console=Console(file=out, width=200))
    return out.getvalue()


@pytest.mark.parametrize(
    "piece",
    [
        "flights  run-20260401-060000-ab12  succeeded in 21.0 s",
        "flights not_null tailnum",
        "2512",
        "this run: boosting",
        "in service: version 1 (this run's)",
        "baseline: hour_only",
        "s3://delivered/x",
        "topic decisions",
        "sql warehouse",
        "ops.predictions",
        "queue Crew",
        "one POST answered 200: 0.2500",
        "drift of score",
        "890 joined, 890 told",
        "of 2 in ALARM: drift",
        "100 calls allowed, 0 denied, 3 grants that nothing used",
        "not delivered: rule x: nobody there",
        "31.4 s from synth to summary",
    ],
)
def test_the_summary_shows_what_is_known(account: Account, piece: str) -> None:
    assert piece in shown(account)


def test_the_summary_of_a_failed_run_shows_no_delivery(account: Account) -> None:
    failed = replace(account, outcome=replace(account.outcome, status="failed", cause="boom"))
    assert "Delivered" not in shown(failed)
