"""All that an account's stores hold, in a form in which two ways to the same end are equal.

What is near the present moment is ``<now>``, and names that hold a moment are ``<run>``; a queue that is not FIFO is
the set of its messages, because it delivers one twice anyway: who reads knows a repetition by the event id in it.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Collection, Mapping
from typing import Any

from tests.lambdas.inside import Inside

MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?")
RUN = re.compile(r"\d{8}T\d{6}-[0-9a-f]{8}")
NEAR = dt.timedelta(hours=2)


def stores(aws: Inside, volatile: Collection[str] = ()) -> dict[str, Any]:
    """Return what is in every store, by service; fields with ``volatile`` names are left out."""
    found = {
        "s3": _objects(aws),
        "dynamodb": _items(aws),
        "sqs": _messages(aws),
        "sagemaker": _models(aws),
        "stepfunctions": _executions(aws),
        "application-autoscaling": _scaling(aws),
    }
    settled: dict[str, Any] = settle(found, frozenset(volatile))
    for name, messages in settled["sqs"].items():
        if not name.endswith(".fifo"):
            settled["sqs"][name] = sorted({json.dumps(message, sort_keys=True) for message in messages})
    return settled


def settle(value: Any, volatile: Collection[str] = ()) -> Any:
    """Return a value without what differs between two ways to the same end; JSON in a text is read."""
    match value:
        case Mapping():
            return {settle(k): settle(v, volatile) for k, v in value.items() if k not in volatile}
        case list() | tuple():
            return [settle(one, volatile) for one in value]
        case bytes():
            return _text(value.decode(errors="replace"), volatile)
        case str():
            return _text(value, volatile)
        case _:
            return value


def _text(value: str, volatile: Collection[str]) -> Any:
    if value[:1] in ("{", "["):
        try:
            return settle(json.loads(value), volatile)
        except ValueError:
            pass
    return RUN.sub("<run>", MOMENT.sub(_now, value))


def _now(found: re.Match[str]) -> str:
    try:
        moment = dt.datetime.fromisoformat(found[0])
    except ValueError:
        return found[0]
    aware = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    return "<now>" if abs(aware - dt.datetime.now(dt.UTC)) < NEAR else found[0]


def _objects(aws: Inside) -> dict[str, dict[str, bytes]]:
    buckets = aws.backend("s3").buckets.items()
    return {
        name: {key: getattr(found, "value", b"<deleted>") for key, found in sorted(bucket.keys.items())}
        for name, bucket in buckets
    }


def _items(aws: Inside) -> dict[str, list[Any]]:
    tables = aws.backend("dynamodb").tables.items()
    found = {name: [item.to_json()["Attributes"] for item in table.all_items()] for name, table in tables}
    return {name: sorted(items, key=repr_of_key) for name, items in found.items()}


def repr_of_key(item: Mapping[str, Any]) -> str:
    """Return all of an item, but for moments of now: two of them may lie in either order."""
    return MOMENT.sub(_now, json.dumps(item, sort_keys=True, default=str))


def _messages(aws: Inside) -> dict[str, list[str]]:
    return {name: [one.body for one in queue._messages] for name, queue in aws.backend("sqs").queues.items()}


def _models(aws: Inside) -> dict[str, Any]:
    backend = aws.backend("sagemaker")
    return {
        "models": {name: one.primary_container for name, one in sorted(backend._models.items())},
        "configs": {name: one.production_variants for name, one in sorted(backend.endpoint_configs.items())},
        "endpoints": {
            name: (one.endpoint_status, one.endpoint_config_name) for name, one in sorted(backend.endpoints.items())
        },
        "packages": {
            arn: (one.model_approval_status, one.approval_description, one.customer_metadata_properties)
            for arn, one in sorted(backend.model_packages.items())
        },
    }


def _executions(aws: Inside) -> dict[str, list[Any]]:
    machines = aws.backend("stepfunctions").state_machines
    return {one.name: [(each.name, each.execution_input) for each in one.executions] for one in machines}


def _scaling(aws: Inside) -> dict[str, Any]:
    backend = aws.backend("application-autoscaling")
    return {
        "targets": {
            name: (one.min_capacity, one.max_capacity)
            for targets in backend.targets.values()
            for name, one in targets.items()
        },
        "policies": sorted((one.resource_id, one.policy_name) for one in backend.policies.values()),
    }
