"""Canaries in labels, captured events, windows and profiles, and in what asks for a run."""

from __future__ import annotations

import json
from typing import Any

from runtime import ground_truth, receipts
from runtime.delivery import lookup
from runtime.receipts import Receipt
from tests.lambdas.canaries import NUMBER, TEXT, Canary, about, bodies
from tests.lambdas.inside import Inside
from tests.lambdas.loaded import Given
from tests.lambdas.planted.delivery import LABEL, LABELS, PERSONAL
from tests.lambdas.tables import monitoring
from tests.runtime import monitored
from tests.runtime.delivery.deliveries import record
from tests.runtime.monitored import World

CATEGORY = {"kind": "category", "categories": [TEXT, f"{TEXT} 2"]}
COLUMNS = ("carrier", "name")
"""One that may be shown, though not its values, and one of which nothing may be."""
USUAL, MOVED = {**CATEGORY, "counts": [500, 500, 0, 0]}, {**CATEGORY, "counts": [950, 50, 0, 0]}
PROFILE = dict.fromkeys(COLUMNS, MOVED) | {"score": monitored.SAME}


def batch(texts: list[str]) -> dict[str, Any]:
    return {"Records": [monitoring.message(f"m{i}", text) for i, text in enumerate(texts)]}


def labels(_: Given) -> list[Any]:
    other = {**LABEL, "label": 0}
    return [batch(bodies(LABELS)), batch(bodies(LABEL)), batch([json.dumps(LABEL), json.dumps(other)])]


def dropped(ending: str) -> Canary:
    """What is no label is told by its place in the file."""

    def prepare(aws: Inside) -> Given:
        given, key = monitoring.dropped(aws), f"flights/ground_truth/labels.{ending}"
        table = ["id,label,known_at", f"{TEXT},1,{TEXT}", f"{TEXT},{NUMBER},", TEXT]
        lines = bodies(LABEL) if ending == "jsonl" else table
        body = "\n".join(lines).encode(errors="replace")
        aws.client("s3").put_object(Bucket=given.environment["RAW_BUCKET"], Key=key, Body=body)
        return Given(given.environment, {"detail": {"object": {"key": key}}})

    return Canary("lambdas.monitoring.ground_truth_file", prepare, about=ending)


EVENT = {**monitoring.event(1), "prediction": PERSONAL, "inputs": {"carrier": TEXT, "distance": NUMBER}}
CAPTURED = {"schema": 1, "line": "flights", "events": [EVENT]}


def world(aws: Inside) -> World:
    """A champion whose reference names persons, of whom one column may tell nothing at all."""
    found = World(aws, {"performance": {"minimum_sample": 2, "minimum": 0.9}}, personal=("name",))
    shares = {"shares": [0.5, 0.5, 0.0, 0.0], "others": [f"{TEXT} 3"]}
    reference = {name: {**CATEGORY, **shares} for name in COLUMNS} | {"score": monitored.REFERENCE["score"]}
    body = json.dumps(reference).encode()
    found.s3.put_object(Bucket=found.models, Key="flights/run-1/deep/reference.json", Body=body)
    monitoring.unmatched(found)
    return found


def judged(aws: Inside) -> Given:
    """Windows in which persons moved, labels of them, and one for whom no prediction is known."""
    found = world(aws)
    found.day(15, PROFILE)
    store = found.judge().store
    made = [{**record(n, score=n / 10), "prediction_id": f"flights:{TEXT}{n}:2013-08-15"} for n in range(4)]
    lookup.put(store.dynamodb, store.predictions, made, store=store)
    told = {str(n): {"prediction_id": f"flights:{TEXT}{n}:2013-08-15", "label": n % 2} for n in range(5)}
    ground_truth.join(store, messages={name: json.dumps(one) for name, one in told.items()})
    event = {"detail-type": "Judge Windows", "time": "2013-08-20T00:00:00Z", "detail": {TEXT: NUMBER}}
    return Given(aws.environment(**found.variables()), event)


def drift(aws: Inside) -> Given:
    found = world(aws)
    outputs = {"rows": 1000, "profile": PROFILE, "score_date": "2013-08-15", "sample": TEXT}
    inspections = [{"severity": "warning", "passed": False, "sample": [{"id": TEXT}], "observed": TEXT}]
    scored = Receipt("scoring", "flagged", message=TEXT, inspections=inspections, outputs=outputs)
    receipts.write(found.s3, found.paths, "scoring", scored)
    return Given(aws.environment(**found.variables()), {"line": "flights", "run": found.paths.run, "more": TEXT})


def retrained(given: Given) -> list[Any]:
    file = {"detail-type": "Object Created", "detail": {"object": {"key": f"flights/flights/{TEXT}.csv"}}}
    return [{**given.event, **file}, {**given.event, "resources": [TEXT]}]


CASES = [
    Canary(
        "lambdas.monitoring.ground_truth",
        about(monitoring.labels, batch([json.dumps(LABEL), json.dumps({"id": TEXT, "label": 1}), TEXT])),
        labels,
    ),
    *map(dropped, ("jsonl", "csv")),
    Canary(
        "lambdas.monitoring.capture",
        about(monitoring.captured, batch([json.dumps(CAPTURED), TEXT])),
        lambda _: [batch(bodies(CAPTURED))],
    ),
    Canary("lambdas.monitoring.judge", judged),
    Canary("lambdas.monitoring.drift", drift),
    Canary("lambdas.monitoring.retrain", monitoring.alarmed, retrained),
]
