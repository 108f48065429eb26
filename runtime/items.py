"""Items of the ledger's table as DynamoDB writes them: put once, and streamed page by page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from runtime.records import sortable

BEGINNING = dt.datetime.min.replace(tzinfo=dt.UTC)
END = dt.datetime.max.replace(tzinfo=dt.UTC)


def beginning(dynamodb: Any, table: str, partition: str, prefix: str) -> Iterator[dict[str, Any]]:
    """Yield a partition's items whose sort key begins with a prefix, in its order."""
    asked = {":prefix": {"S": prefix}}
    return _found(dynamodb, table, partition, "begins_with(sk, :prefix)", asked)


def within(
    dynamodb: Any,
    table: str,
    partition: str,
    prefix: str,
    *,
    since: dt.datetime | None,
    until: dt.datetime | None,
) -> Iterator[dict[str, Any]]:
    """Yield a partition's items whose sort key is a prefix and a moment, from ``since`` on and before ``until``."""
    since, until = since or BEGINNING, until or END
    if since >= until:
        return iter(())
    asked = {":first": {"S": f"{prefix}{sortable(since)}"}, ":last": {"S": f"{prefix}{sortable(until)}"}}
    return _found(dynamodb, table, partition, "sk BETWEEN :first AND :last", asked)


def item(partition: str, sort: str, told: Mapping[str, str]) -> dict[str, Any]:
    """Return an item of texts."""
    return {"pk": {"S": partition}, "sk": {"S": sort}, **{name: {"S": text} for name, text in told.items()}}


def texts(item: Mapping[str, Any]) -> dict[str, str]:
    """Return an item's values as they are written, without their types."""
    return {name: str(next(iter(value.values()))) for name, value in item.items()}


def put(dynamodb: Any, table: str, item: Mapping[str, Any]) -> bool:
    """Put an item unless its key is there already; returns whether it was not."""
    try:
        dynamodb.put_item(TableName=table, Item=item, ConditionExpression=_NEW)
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return False
    return True


def put_together(dynamodb: Any, table: str, *items: Mapping[str, Any]) -> bool:
    """Put items all together unless one of their keys is there already; returns whether none was."""
    writes = [{"Put": {"TableName": table, "Item": each, "ConditionExpression": _NEW}} for each in items]
    try:
        dynamodb.transact_write_items(TransactItems=writes)
    except dynamodb.exceptions.TransactionCanceledException as error:
        reasons = {reason.get("Code") for reason in error.response.get("CancellationReasons", [])}
        if "ConditionalCheckFailed" in reasons:
            return False
        raise
    return True


_NEW = "attribute_not_exists(pk)"


def _found(
    dynamodb: Any, table: str, partition: str, condition: str, asked: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    pages = dynamodb.get_paginator("query").paginate(
        TableName=table,
        KeyConditionExpression=f"pk = :pk AND {condition}",
        ExpressionAttributeValues={":pk": {"S": partition}, **asked},
        ConsistentRead=True,
    )
    for page in pages:
        yield from page["Items"]
