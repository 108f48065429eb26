"""Windows by count: one is open and takes what comes, until it is full and the next one is opened.

The item ``open`` beside the line's windows says which one that is and how many predictions and labels it holds: it
grows in the transaction that counts them, and only while it is still the open one. Where several count at once a window
may hold some more than its count. A window is known, and to be judged once it is full, from its opening on.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from runtime.monitoring import partials
from runtime.monitoring.partials import Partial
from runtime.monitoring.store import Store, moment_of

_OPEN = "open"
_RUN = "scored#"
_MINUTE = dt.timedelta(minutes=1)


def opened(store: Store, now: dt.datetime) -> Store:
    """Return the store with its open window, opening the next one if that is full."""
    while True:
        answer = store.dynamodb.get_item(TableName=store.windows, Key=_key(store), ConsistentRead=True)
        item = answer.get("Item")
        if item is not None and max(int(item["predictions"]["N"]), int(item["labels"]["N"])) < store.count:
            return replace(store, open=item["start"]["S"])
        before = item["start"]["S"] if item is not None else ""
        _open(store, before, now)


def _open(store: Store, before: str, now: dt.datetime) -> None:
    """Open a window in the place of another, unless somebody else has: each begins in a minute of its own."""
    minute = now.replace(second=0, microsecond=0)
    start = max(minute, moment_of(before) + _MINUTE) if before else minute
    condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(part)"}
    if before:
        names, values = {"#start": "start"}, {":before": {"S": before}}
        condition = {
            "ConditionExpression": "#start = :before",
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
        }
    zero, name = {"N": "0"}, f"{start:%Y-%m-%dT%H:%MZ}"
    item = {**_key(store), "start": {"S": name}, "predictions": zero, "labels": zero}
    partials.touch(store, [name], now)
    try:
        store.dynamodb.put_item(TableName=store.windows, Item=item, **condition)
    except store.dynamodb.exceptions.ConditionalCheckFailedException:
        return


def grown(store: Store, *, predictions: int, labels: int) -> dict[str, Any]:
    """Return the update that counts what a transaction adds to the open window."""
    return {
        "TableName": store.windows,
        "Key": _key(store),
        "UpdateExpression": "SET predictions = predictions + :predictions, labels = labels + :labels",
        "ConditionExpression": "#start = :start",
        "ExpressionAttributeNames": {"#start": "start"},
        "ExpressionAttributeValues": {
            ":predictions": {"N": str(predictions)},
            ":labels": {"N": str(labels)},
            ":start": {"S": store.open},
        },
    }


def add_run(store: Store, partial: Partial, run: str, now: dt.datetime) -> None:
    """Count what a run scored in the open window, once; raises RuntimeError when others are always quicker."""
    mark = {"window": {"S": store.line}, "part": {"S": f"{_RUN}{run}"}}
    for _ in range(10):
        if "Item" in store.dynamodb.get_item(TableName=store.windows, Key=mark, ConsistentRead=True):
            return
        store = opened(store, now)
        writes = [
            {"Put": partials.put(store, store.open, partial, now)},
            {"Update": grown(store, predictions=partial.n, labels=0)},
            {
                "Put": {
                    "TableName": store.windows,
                    "Item": {**mark, "start": {"S": store.open}},
                    "ConditionExpression": "attribute_not_exists(part)",
                }
            },
        ]
        try:
            store.dynamodb.transact_write_items(TransactItems=writes)
        except store.dynamodb.exceptions.TransactionCanceledException:
            continue
        return
    raise RuntimeError(f"the open window of line {store.line} is changed by others all the time: try again")


def _key(store: Store) -> dict[str, Any]:
    return {"window": {"S": store.line}, "part": {"S": _OPEN}}
