"""The record of each run, kept beside its events: one item that a page of runs is read from.

Its key is ``LINE#<line>`` and ``RECORD#<run>``; the table's index ``by-time`` lists records by line (``listed``) and by
their start (``at``). ``events`` counts the events that it is made of: events are never taken away, so a record of fewer
is an older one, and does not replace a newer.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from runtime import items
from runtime.records import RunRecord, from_json, of_events, sortable, to_json

INDEX = "by-time"
LISTED, AT = "listed", "at"
"""The index's keys."""

_PREFIX = "RECORD#"


def project(dynamodb: Any, table: str, line: str, run: str, *, anew: bool = False) -> RunRecord:
    """Make a run's record of the events that are there now, and keep it unless one of as many is there; returns it.

    ``anew`` replaces that one too, e.g. because it was made by an earlier version of this program.
    """
    events = list(items.beginning(dynamodb, table, f"LINE#{line}", f"RUN#{run}#"))
    record = of_events(events)
    fewer = "<=" if anew else "<"
    item = {
        "pk": {"S": f"LINE#{line}"},
        "sk": {"S": f"{_PREFIX}{run}"},
        LISTED: {"S": f"RUNS#{line}"},
        AT: {"S": sortable(record.started)},
        "events": {"N": str(len(events))},
        "status": {"S": record.status},
        "record": {"S": to_json(record)},
    }
    with suppress(dynamodb.exceptions.ConditionalCheckFailedException):
        dynamodb.put_item(
            TableName=table,
            Item=item,
            ConditionExpression=f"attribute_not_exists(pk) OR #events {fewer} :events",
            ExpressionAttributeNames={"#events": "events"},
            ExpressionAttributeValues={":events": item["events"]},
        )
    return record


def newest(dynamodb: Any, table: str, line: str, limit: int, before: dt.datetime | None = None) -> list[RunRecord]:
    """Return a line's newest records, the newest first, at most ``limit``; those of runs that began ``before``."""
    asked = _asked(table, line, items.BEGINNING, before or items.END)
    found: list[RunRecord] = []
    while len(found) < limit:
        page = dynamodb.query(**asked, ScanIndexForward=False, Limit=limit - len(found))
        found += [_record(item) for item in page["Items"]]
        if "LastEvaluatedKey" not in page:
            break
        asked["ExclusiveStartKey"] = page["LastEvaluatedKey"]
    return found


def record_of(dynamodb: Any, table: str, line: str, run: str) -> RunRecord | None:
    """Return the record of a run, or None when nothing is known of it."""
    key = {"pk": {"S": f"LINE#{line}"}, "sk": {"S": f"{_PREFIX}{run}"}}
    item = dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")
    return _record(item) if item else None


def records(
    dynamodb: Any, table: str, line: str, since: dt.datetime | None = None, until: dt.datetime | None = None
) -> Iterator[RunRecord]:
    """Yield the records of runs that began from ``since`` on and before ``until``, the oldest first, page by page."""
    return map(from_json, texts(dynamodb, table, line, since, until))


def texts(
    dynamodb: Any, table: str, line: str, since: dt.datetime | None = None, until: dt.datetime | None = None
) -> Iterator[str]:
    """Yield the same records as the JSON that they are kept as, for who reads a hundred thousand of them."""
    since, until = since or items.BEGINNING, until or items.END
    if since >= until:
        return
    asked = {**_asked(table, line, since, until), "ProjectionExpression": "#record"}
    asked["ExpressionAttributeNames"] = {**asked["ExpressionAttributeNames"], "#record": "record"}
    for page in dynamodb.get_paginator("query").paginate(**asked):
        yield from (item["record"]["S"] for item in page["Items"])


def _asked(table: str, line: str, since: dt.datetime, until: dt.datetime) -> dict[str, Any]:
    """Return the query for records from ``since`` on and before ``until``: an index has no consistent reads."""
    last = until - dt.timedelta(microseconds=1)
    return {
        "TableName": table,
        "IndexName": INDEX,
        "KeyConditionExpression": f"{LISTED} = :listed AND #at BETWEEN :since AND :last",
        "ExpressionAttributeNames": {"#at": AT},
        "ExpressionAttributeValues": {
            ":listed": {"S": f"RUNS#{line}"},
            ":since": {"S": sortable(since)},
            ":last": {"S": sortable(last)},
        },
    }


def _record(item: Mapping[str, Any]) -> RunRecord:
    return from_json(item["record"]["S"])
