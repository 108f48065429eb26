"""Canaries in requests, look-ups, labels and records that are delivered."""

from __future__ import annotations

import json
from typing import Any

from tests.lambdas.canaries import NUMBER, TEXT, Canary, Prepare, about, bodies
from tests.lambdas.inside import Inside
from tests.lambdas.loaded import Given
from tests.lambdas.tables import delivery
from tests.runtime.delivery.deliveries import record

REQUEST = {**delivery.REQUEST, "id": TEXT, "tailnum": TEXT, "carrier": TEXT}
LABELS: Any = {"labels": [{"id": TEXT, "label": NUMBER, "time": TEXT, "known_at": TEXT, "outcome": NUMBER}]}
SURE = {"label": 1, "known_at": "2013-09-01T00:00:00Z", "outcome": NUMBER}
LABEL: Any = {"prediction_id": f"flights:{TEXT}:2013-08-15", **SURE}
PERSONAL = {**record(1), "id": TEXT, "prediction_id": f"flights:{TEXT}:2013-08-15", "score": NUMBER}


def requests(given: Given, document: Any) -> list[Any]:
    return [{**given.event, "body": body} for body in bodies(document)]


def predict(resource: str, document: Any) -> Canary:
    def prepare(aws: Inside) -> Given:
        return delivery.requested(aws, resource, document)

    return Canary("lambdas.delivery.predict", prepare, lambda given: requests(given, document), resource)


def refused(aws: Inside) -> Given:
    """Entities that nobody knows, whose features are to be looked up."""
    given = delivery.requested(aws, "/predictions", {name: REQUEST[name] for name in REQUEST if name != "carrier"})
    return Given({**given.environment, "KNOWN": '{"carrier": "plane.carrier"}'}, given.event)


def look_up(id_: str) -> Prepare:
    return about(delivery.look_up, {"pathParameters": {"id": id_}})


def labels(given: Given) -> list[Any]:
    return [*requests(given, LABELS), *requests(given, {"labels": [LABEL]})]


def delivered(channel: str) -> Canary:
    """Each record is delivered in a run of its own, whatever is wrong with it."""

    def prepare(aws: Inside) -> Given:
        given, s3 = getattr(delivery, channel)(aws), aws.client("s3")
        for i, body in enumerate(bodies(PERSONAL)):
            key = f"runs/flights/run-{i}/predictions.jsonl"
            s3.put_object(Bucket=given.environment["LAKE_BUCKET"], Key=key, Body=body.encode(errors="replace"))
        return Given(given.environment, {**given.event, "run": "run-0"})

    def events(given: Given) -> list[Any]:
        return [{**given.event, "run": f"run-{i}"} for i in range(len(bodies(PERSONAL)))]

    return Canary(f"lambdas.delivery.{channel}", prepare, events)


CASES = [
    predict("/predictions", REQUEST),
    predict("/batches", {"instances": [REQUEST]}),
    Canary("lambdas.delivery.predict", refused, about="what a model refuses"),
    *(
        Canary("lambdas.delivery.look_up", look_up(id_), about=name)
        for name, id_ in {"text": TEXT, "number": str(NUMBER), "too long": TEXT * 200, "none": ""}.items()
    ),
    Canary(
        "lambdas.delivery.labels",
        about(delivery.labels, {"resource": "/labels", "body": json.dumps({"labels": [LABEL]})}),
        labels,
    ),
    *map(delivered, ("files", "topic", "rest")),
]
