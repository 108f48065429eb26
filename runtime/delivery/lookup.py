"""The lookup store: a line's newest prediction per id, in DynamoDB, behind the REST endpoint.

An item has the key ``<line>#<id>``, the record's fields and ``recency``, by which a late or repeated write of an older
prediction loses. Ground truth adds ``label`` and ``labelled``, the prediction id that it belongs to; a prediction that
is made again leaves them there, so that a label joins once.
"""

from __future__ import annotations

import datetime as dt
import random
import time
from collections.abc import Callable, Sequence
from typing import Any

from runtime.delivery import records
from runtime.delivery.proxy import Refused
from runtime.delivery.records import Record
from runtime.paths import RunPaths

BATCH = 100
"""Writes per transaction: DynamoDB's limit."""
ATTEMPTS = 6
LONGEST_ID = 1024
"""Bytes: what fits a DynamoDB key with room to spare."""

_FIELDS = ("schema", "prediction_id", "line", "run", "model_version", "id", "event_time", "score", "at")


def key(line: str, id_: str) -> dict[str, dict[str, str]]:
    """Return the key of an id's item."""
    return {"prediction_key": {"S": f"{line}#{id_}"}}


def deliver(*, s3: Any, dynamodb: Any, paths: RunPaths, table: str) -> dict[str, Any]:
    """Put every record of the run; ``superseded`` tells how many found a newer one in their place."""
    _, found = records.read(s3, paths)
    return {"count": len(found), "superseded": put(dynamodb, table, found)}


def put(dynamodb: Any, table: str, found: Sequence[Record], *, sleep: Callable[[float], None] = time.sleep) -> int:
    """Put each record unless a newer one is there; return how many were not the newest."""
    newest: dict[str, Record] = {}
    for record in sorted(found, key=recency):
        newest[key(record["line"], record["id"])["prediction_key"]["S"]] = record
    superseded = len(found) - len(newest)
    left = list(newest.values())
    for first in range(0, len(left), BATCH):
        superseded += _put_batch(dynamodb, table, left[first : first + BATCH], sleep)
    return superseded


def find(dynamodb: Any, table: str, line: str, id_: str) -> dict[str, Any]:
    """Return the newest prediction record of an id; raises Refused (404) when it has none."""
    item = {}
    if 0 < len(id_.encode()) <= LONGEST_ID:
        item = dynamodb.get_item(TableName=table, Key=key(line, id_), ConsistentRead=True).get("Item", {})
    if "score" not in item:
        raise Refused(
            404, f"line {line!r} has no prediction of this id: check the id or ask for one (POST /predictions)"
        )
    return {name: _value(name, item[name]) for name in _FIELDS}


def recency(record: Record) -> str:
    """Return what orders two predictions of one id: the moment they were made, then the run."""
    moment = dt.datetime.fromisoformat(record["at"])
    utc = moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)
    return f"{utc.isoformat(timespec='microseconds')}#{record['run']}"


def _put_batch(dynamodb: Any, table: str, batch: list[Record], sleep: Callable[[float], None]) -> int:
    """Put at most BATCH records in one transaction; one that is not the newest cancels it and is then left out."""
    superseded = 0
    for attempt in range(ATTEMPTS):
        try:
            dynamodb.transact_write_items(TransactItems=[{"Update": _update(table, record)} for record in batch])
        except dynamodb.exceptions.TransactionCanceledException as error:
            codes = [reason["Code"] for reason in error.response["CancellationReasons"]]
            if attempt == ATTEMPTS - 1:
                raise
            kept = [record for record, code in zip(batch, codes, strict=True) if code != "ConditionalCheckFailed"]
            if len(kept) == len(batch):  # a conflict or a throttle: nobody's fault, so wait
                sleep(random.uniform(0, 0.05 * 2**attempt))  # noqa: S311
            superseded += len(batch) - len(kept)
            batch = kept
        else:
            return superseded
        if not batch:
            return superseded
    raise AssertionError("the last attempt returns or raises")


def _update(table: str, record: Record) -> dict[str, Any]:
    values = {name: record[name] for name in _FIELDS} | {"recency": recency(record)}
    return {
        "TableName": table,
        "Key": key(record["line"], record["id"]),
        "UpdateExpression": "SET " + ", ".join(f"#{name} = :{name}" for name in values),
        "ConditionExpression": "attribute_not_exists(#recency) OR #recency <= :recency",
        "ExpressionAttributeNames": {f"#{name}": name for name in values},
        "ExpressionAttributeValues": {f":{name}": _typed(value) for name, value in values.items()},
    }


def _typed(value: Any) -> dict[str, Any]:
    return {"N": repr(value)} if isinstance(value, (int, float)) else {"S": str(value)}


def _value(name: str, typed: dict[str, Any]) -> Any:
    kind, value = next(iter(typed.items()))
    if kind != "N":
        return value
    return float(value) if name == "score" else int(value)
