"""What is to befall the handlers of a run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from runtime import freshness, receipts, skipping
from runtime.components import World
from runtime.paths import RunPaths
from runtime.plan import Plan, Statement
from runtime.receipts import Receipt
from tests.lambdas.faults import Case
from tests.lambdas.inside import Inside
from tests.lambdas.loaded import Given

ENVELOPE = frozenset({"seconds", "id"})
"""What EventBridge's envelope and the clock make different each time."""
PLAN = Plan(
    line="flights",
    code="c0de",
    parameters={"score_date": {"type": "date", "value": "2013-08-15"}},
    sources={"flights": {"kind": "s3"}},
    curation={"flights": Statement(file="curation/flights.sql", digest="1", sources=("flights",))},
    features={},
    spine=Statement(file="spine.sql", digest="2", tables=("flights",)),
    views=(),
    scored="score_date",
    split=(),
    settings={"curation": {}, "scoring": {}},
)


def fresh(aws: Inside) -> Given:
    """Nothing changed since run 1: its receipts, and those of its jobs, are taken over."""
    given, paths, world = line(aws)
    before = replace(paths, run="run-0")
    skipping.look(world=world, plan=PLAN, paths=before, station="curation", given={}, forced=False)
    outputs = {"tables": {"flights": {"snapshot": 1}}}
    for name in ("curation", "curation-flights"):
        receipts.write(world.s3, before, name, Receipt("curation", "succeeded", outputs=outputs))
    skipping.settle(
        s3=world.s3, dynamodb=world.dynamodb, ledger_table=world.ledger_table, paths=before, station="curation"
    )
    return given


def stale(aws: Inside) -> Given:
    """Something changed since the last good run, whose record is taken away."""
    given, paths, world = line(aws)
    known = freshness.Known(run="run-0", components={"curation/flights.sql": "0"})
    freshness.remember(world.dynamodb, world.ledger_table, paths.line, "curation", known)
    return given


def line(aws: Inside) -> tuple[Given, RunPaths, World]:
    s3, staged = aws.client("s3"), aws.bucket()
    world = World(
        s3=s3,
        dynamodb=aws.client("dynamodb"),
        raw_bucket=aws.bucket(),
        lake_bucket=aws.bucket(),
        ledger_table=aws.table("pk", "sk"),
    )
    s3.put_object(Bucket=staged, Key="plan.json", Body=PLAN.encoded().encode())
    s3.put_object(Bucket=world.raw_bucket, Key="flights/flights/flights.csv", Body=b"id\n1\n")
    paths = RunPaths(lake=world.lake_bucket, line="flights", run="run-1")
    variables = aws.environment(
        RAW_BUCKET=world.raw_bucket,
        LAKE_BUCKET=world.lake_bucket,
        LEDGER_TABLE=world.ledger_table,
        PLAN=f"s3://{staged}/plan.json",
        PINS="pins/flights/sources.json",
    )
    return Given(variables, {**run(), "station": "curation", "parameters": {}, "force": []}), paths, world


def run() -> dict[str, Any]:
    return {"line": "flights", "run": "run-1"}


def failed(aws: Inside) -> Given:
    """A job of the station left a receipt that says why."""
    given, paths = failing(aws)
    receipt = Receipt("scoring", "failed", message="scoring: s3://lake/model is gone: run again")
    receipts.write(aws.client("s3"), paths, "scoring-0", receipt)
    return given


def timed_out(aws: Inside) -> Given:
    return failing(aws)[0]


def failing(aws: Inside) -> tuple[Given, RunPaths]:
    paths = RunPaths(lake=aws.bucket(), line="flights", run="run-1")
    variables = aws.environment(LAKE_BUCKET=paths.lake, EVENT_BUS=aws.bus()[0], ALARM_TOPIC=aws.topic()[0])
    error = {"Error": "States.Timeout", "Cause": ""}
    return Given(variables, {**run(), "station": "scoring", "status": "failed", "error": error}), paths


def finished(aws: Inside) -> Given:
    return Given(aws.environment(EVENT_BUS=aws.bus()[0]), run())


def curated(aws: Inside) -> Given:
    given, paths = ended(aws, "curation")
    s3 = aws.client("s3")
    receipts.write(s3, paths, "curation", Receipt("curation", "succeeded"))
    s3.put_object(Bucket=paths.lake, Key=paths.components("curation"), Body=b'{"curation/flights.sql": "1"}')
    return given


def delivered(aws: Inside) -> Given:
    """What each channel says becomes one receipt."""
    given, paths = ended(aws, "delivery")
    s3 = aws.client("s3")
    receipts.write(s3, paths, "scoring", Receipt("scoring", "succeeded", outputs={"rows": 3}))
    told: dict[str, dict[str, Any]] = {"files": {"s3": "s3://delivered/x/"}, "topic": {}, "rest": {"superseded": 0}}
    for channel, outputs in told.items():
        done = Receipt("delivery", "succeeded", outputs={"count": 3, **outputs})
        receipts.write(s3, paths, f"delivery-{channel}", done)
    return given


def ended(aws: Inside, station: str) -> tuple[Given, RunPaths]:
    paths = RunPaths(lake=aws.bucket(), line="flights", run="run-1")
    variables = aws.environment(LAKE_BUCKET=paths.lake, EVENT_BUS=aws.bus()[0], LEDGER_TABLE=aws.table("pk", "sk"))
    return Given(variables, {**run(), "station": station}), paths


CASES = [
    Case("lambdas.run.freshness", fresh, "fresh"),
    Case("lambdas.run.freshness", stale, "stale", volatile=frozenset({"why"})),
    Case("lambdas.run.failure", failed, "a job said why", volatile=ENVELOPE),
    Case("lambdas.run.failure", timed_out, "nobody said why", volatile=ENVELOPE),
    Case("lambdas.run.finish", finished, volatile=ENVELOPE),
    Case("lambdas.run.verdict", curated, "a station", volatile=ENVELOPE),
    Case("lambdas.run.verdict", delivered, "delivery", volatile=ENVELOPE),
]
