"""Canaries in what the stations of a run leave and tell, and in the errors that end it."""

from __future__ import annotations

import json
from typing import Any

from tests.lambdas.canaries import NUMBER, TEXT, Canary, Prepare
from tests.lambdas.inside import Inside
from tests.lambdas.loaded import Given
from tests.lambdas.tables import ledger, release, run

FOUND = {"check": "range", "severity": "warning", "passed": False, "sample": [{"id": TEXT}], "observed": str(NUMBER)}
"""What a test found."""


def among(handler: str, prepare: Prepare, about: str = "") -> Canary:
    """The world of a case, in which every receipt holds what tests and jobs saw, and the event something more."""

    def planted(aws: Inside) -> Given:
        given, s3 = prepare(aws), aws.client("s3")
        lake = given.environment.get("LAKE_BUCKET")
        listed = s3.list_objects_v2(Bucket=lake).get("Contents", []) if lake else []
        for key in (one["Key"] for one in listed):
            receipt = json.loads(s3.get_object(Bucket=lake, Key=key)["Body"].read())
            if "station" in receipt:
                receipt["inspections"] = [*receipt["inspections"], FOUND]
                receipt["outputs"] = {**receipt["outputs"], "profile": {TEXT: NUMBER}, "sample": TEXT}
                s3.put_object(Bucket=lake, Key=key, Body=json.dumps(receipt).encode())
        return Given(given.environment, {**given.event, "more": {TEXT: NUMBER}}, given.context)

    return Canary(handler, planted, about=about, carried=True)


def failed(given: Given) -> list[Any]:
    """However a state fails: of an error that nobody foresaw, and of what AWS quotes, nothing is repeated."""
    function = {"errorType": "KeyError", "errorMessage": TEXT, "requestId": "1"}
    trace = ['  File "/var/task/runtime/verdict.py", line 31, in verdict\n']
    causes: list[tuple[str, Any]] = [
        ("KeyError", {**function, "stackTrace": trace}),
        ("KeyError", function),
        ("KeyError", {**function, "errorType": ""}),
        ("KeyError", TEXT),
        ("Odd", [TEXT]),
        ("States.TaskFailed", {"Id": "jr", "JobRunState": "FAILED", "ErrorMessage": f"ValueError: no {TEXT}"}),
        ("States.TaskFailed", {"Id": "jr", "JobRunState": "FAILED", "ErrorMessage": f"Line 7; a.OddError: {NUMBER}"}),
        ("Lambda.Unknown", f"The cause could not be determined. Returned payload: {TEXT}"),
        ("States.Runtime", f"'$.x' could not be found in the input '{TEXT}'"),
    ]
    said = [(name, cause if isinstance(cause, str) else json.dumps(cause)) for name, cause in causes]
    return [{**given.event, "error": {"Error": name, "Cause": cause}} for name, cause in said]


def recorded(given: Given) -> list[Any]:
    detail = {**given.event["detail"], "status": "failed", "message": TEXT, "inspections": {TEXT: NUMBER}}
    return [{**given.event, "detail-type": "Station Finished", "detail": detail}]


def fresh(aws: Inside) -> Given:
    """A file that has a person's name, and a parameter that nobody declared."""
    given = run.stale(aws)
    raw = given.environment["RAW_BUCKET"]
    aws.client("s3").put_object(Bucket=raw, Key=f"flights/flights/{TEXT}.csv", Body=TEXT.encode())
    return Given(given.environment, {**given.event, "parameters": {"name": TEXT}})


CASES = [
    Canary("lambdas.ledger.record", ledger.recorded, recorded, kept=True),
    Canary("lambdas.run.failure", run.timed_out, failed),
    among("lambdas.run.finish", run.finished),
    among("lambdas.run.freshness", run.fresh, "fresh"),
    among("lambdas.run.freshness", fresh, "stale"),
    among("lambdas.run.verdict", run.curated, "a station"),
    among("lambdas.run.verdict", run.delivered, "delivery"),
    among("lambdas.release.gate", release.gate, "promotes"),
    among("lambdas.release.gate", release.halted, "halts"),
    among("lambdas.release.register", release.held),
    among("lambdas.release.approve", release.too_late),
    among("lambdas.release.approved", release.heard),
    among("lambdas.release.deploy", release.update),
    among("lambdas.release.verify", release.verify, "a run"),
    among("lambdas.release.verify", release.settle, "a rollback"),
    among("lambdas.release.rollback", release.back),
    among("lambdas.release.scale", release.scale),
    among("lambdas.release.lifecycle", release.deleted),
]
