"""Delivery as messages: one per prediction, each with an event id by which a consumer knows a repetition."""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

from runtime.delivery import reading
from runtime.delivery.records import Record
from runtime.paths import RunPaths

BATCH = 10
ATTEMPTS = 4


class PartialDeliveryError(Exception):
    """Some messages were not taken after several attempts; sending all again is safe, because they keep their ids."""


def deliver(
    *, s3: Any, sns: Any, paths: RunPaths, topic: str, sleep: Callable[[float], None] = time.sleep
) -> dict[str, Any]:
    """Publish every record of the run; raises PartialDeliveryError when some were not taken."""
    found, count, refused = reading.records(s3, paths), 0, Counter[str]()
    while batch := list(islice(found, BATCH)):
        count += len(batch)
        refused.update(_publish(sns, topic, batch, sleep))
    if refused:
        codes = ", ".join(sorted(refused))
        raise PartialDeliveryError(f"the topic took {count - refused.total()} of {count} predictions ({codes})")
    return {"topic": topic, "count": count}


def message(record: Record) -> dict[str, Any]:
    """Return a record as it travels: ``event_id`` is the same in every repetition."""
    return {"event_id": f"{record['prediction_id']}:{record['run']}", **record}


def _publish(sns: Any, topic: str, batch: Sequence[Record], sleep: Callable[[float], None]) -> list[str]:
    """Publish a batch, trying again only what was refused; return the error codes of what was not taken."""
    left = {str(i): _entry(str(i), record, fifo=topic.endswith(".fifo")) for i, record in enumerate(batch)}
    codes: dict[str, str] = {}
    for attempt in range(ATTEMPTS):
        if attempt:
            sleep(0.1 * 2**attempt)
        answer = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=list(left.values()))
        failed = {entry["Id"]: entry for entry in answer.get("Failed", [])}
        codes |= {id_: entry["Code"] for id_, entry in failed.items()}
        for id_ in [id_ for id_ in left if id_ not in failed]:
            codes.pop(id_, None)
            del left[id_]
        for id_ in [id_ for id_, entry in failed.items() if entry["SenderFault"]]:
            del left[id_]  # it would be refused again
        if not left:
            break
    return list(codes.values())


def _entry(id_: str, record: Record, *, fifo: bool) -> dict[str, Any]:
    told = message(record)
    entry = {
        "Id": id_,
        "Message": json.dumps(told),
        "MessageAttributes": {
            "line": {"DataType": "String", "StringValue": str(record["line"])},
            "schema": {"DataType": "Number", "StringValue": str(record["schema"])},
        },
    }
    if fifo:  # an id may hold what SNS takes for neither
        entry |= {"MessageGroupId": _hash(record["id"]), "MessageDeduplicationId": _hash(told["event_id"])}
    return entry


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
