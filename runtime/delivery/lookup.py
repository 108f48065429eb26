"""The lookup store: a line's predictions in DynamoDB, behind the REST endpoint and under its ground truth.

The item ``<line>#<id>`` is the newest prediction of an id: the record's fields and ``recency``, by which a late or
repeated write of an older one loses. Beside it each prediction has an item of its own, by its prediction id, that its
label joins (``runtime.monitoring.joins``). Both are written together.

A label that names nothing but an id waits in the id's item (``waiting``) until that has its first prediction.
"""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from runtime.delivery import records
from runtime.delivery.proxy import Refused
from runtime.delivery.records import Record
from runtime.monitoring import joins, marks
from runtime.monitoring.items import Raw
from runtime.monitoring.joins import ConflictError, Item, Label
from runtime.monitoring.marks import Edit
from runtime.monitoring.store import Store
from runtime.paths import RunPaths

LONGEST_ID = 1024
"""Bytes: what fits a DynamoDB key with room to spare."""

Slices = Mapping[str, Mapping[str, str]]
"""Prediction id → column → value: the parts in which its performance is measured."""


def name(line: str, id_: str) -> str:
    return f"{line}#{id_}"


def key(line: str, id_: str) -> dict[str, dict[str, str]]:
    """Return the key of an id's item."""
    return {"prediction_key": {"S": name(line, id_)}}


def deliver(*, s3: Any, paths: RunPaths, store: Store) -> dict[str, Any]:
    """Put every record of the run; ``superseded`` tells how many found a newer one in their place."""
    _, found = records.read(s3, paths)
    slices = read_slices(s3, paths) if store.slices else {}
    superseded = put(store.dynamodb, store.predictions, found, store=store, slices=slices)
    return {"count": len(found), "superseded": superseded}


def read_slices(s3: Any, paths: RunPaths) -> Slices:
    """Return what scoring wrote of the slices of its predictions; a run that wrote none has none."""
    try:
        body = s3.get_object(Bucket=paths.lake, Key=paths.slices)["Body"].read()
    except s3.exceptions.NoSuchKey:
        return {}
    return {one["prediction_id"]: one["slices"] for one in map(json.loads, body.splitlines())}


def put(
    dynamodb: Any,
    table: str,
    found: Sequence[Record],
    *,
    store: Store | None = None,
    slices: Slices | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Put each record unless a newer one is there; return how many are not the newest of their id.

    With a ``store`` that has windows, predictions whose label is there already are counted. Raises RuntimeError when
    others keep changing the same predictions.
    """
    if not found:
        return 0
    store = store or Store(dynamodb=dynamodb, predictions=table, windows="", line=found[0]["line"])
    by_prediction: dict[str, Record] = {}
    by_id: dict[str, Record] = {}
    for record in sorted(found, key=records.recency):
        by_prediction[record["prediction_id"]] = by_id[record["id"]] = record
    late: set[str] = set()
    edits = {
        prediction: _edit(store, record, newest=by_id[record["id"]] is record, slices=slices or {}, late=late)
        for prediction, record in by_prediction.items()
    }
    if left := marks.change(store, edits, sleep=sleep):
        raise RuntimeError(f"{len(left)} of {len(edits)} predictions are changed by others all the time: try again")
    return len(found) - len(by_id) + len(late)


def _edit(store: Store, record: Record, *, newest: bool, slices: Slices, late: set[str]) -> Edit:
    now = dt.datetime.now(dt.UTC)

    def changed(item: Item, known: Raw | None) -> Item:
        if newest and _newer(known, record):
            late.add(record["id"])
        item = joins.predicted(item, record, slices.get(record["prediction_id"]))
        if newest and known is not None and "waiting" in known:
            with suppress(ConflictError):  # the label that names the prediction itself holds
                item, _ = joins.labelled(item, waiting(known), now)
        return item

    def beside(_: Item, known: Raw | None) -> list[dict[str, Any]]:
        if not newest or _newer(known, record) or _kept(known, record):
            return []
        return [{"Update": _update(store.predictions, record, known)}]

    # what was captured first has the prediction's own item already, but not its id's
    return Edit(change=changed, aside=name(record["line"], record["id"]), beside=beside, always=True)


def _newer(known: Raw | None, record: Record) -> bool:
    """Whether the id has a newer prediction than the record."""
    return known is not None and "recency" in known and known["recency"]["S"] > records.recency(record)


def _kept(known: Raw | None, record: Record) -> bool:
    """Whether the record is what its id's item says, and no label waits there for it."""
    return known is not None and known.get("recency", {}).get("S") == records.recency(record) and "waiting" not in known


def waiting(known: Raw) -> Label:
    """Return the label that waits in an id's item."""
    return Label(**json.loads(known["waiting"]["S"]))


def find(dynamodb: Any, table: str, line: str, id_: str) -> dict[str, Any]:
    """Return the newest prediction record of an id; raises Refused (404) when it has none."""
    item = {}
    if 0 < len(id_.encode()) <= LONGEST_ID:
        item = dynamodb.get_item(TableName=table, Key=key(line, id_), ConsistentRead=True).get("Item", {})
    if "score" not in item:
        raise Refused(
            404, f"line {line!r} has no prediction of this id: check the id or ask for one (POST /predictions)"
        )
    return {field: records.value(field, item[field]) for field in records.FIELDS}


def _update(table: str, record: Record, known: Raw | None) -> dict[str, Any]:
    values = {field: records.typed(record[field]) for field in records.FIELDS}
    values["recency"] = {"S": records.recency(record)}
    names = {f"#{field}": field for field in [*values, "waiting", "unmatched_since", "expires"]}
    label = {":waiting": known["waiting"]} if known is not None and "waiting" in known else {}
    unchanged = "#waiting = :waiting" if label else "attribute_not_exists(#waiting)"
    return {
        "TableName": table,
        "Key": key(record["line"], record["id"]),
        "UpdateExpression": "SET "
        + ", ".join(f"#{field} = :{field}" for field in values)
        + " REMOVE #waiting, #unmatched_since, #expires",
        "ConditionExpression": f"(attribute_not_exists(#recency) OR #recency <= :recency) AND {unchanged}",
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": {f":{field}": value for field, value in values.items()} | label,
    }
