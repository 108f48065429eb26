"""Items of the ledger's table as DynamoDB writes them, streamed page by page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def beginning(dynamodb: Any, table: str, partition: str, prefix: str) -> Iterator[dict[str, Any]]:
    """Yield a partition's items whose sort key begins with a prefix, in its order."""
    asked = {":prefix": {"S": prefix}}
    return _found(dynamodb, table, partition, "begins_with(sk, :prefix)", asked)


def between(dynamodb: Any, table: str, partition: str, first: str, last: str) -> Iterator[dict[str, Any]]:
    """Yield a partition's items from one sort key to another, both included, in its order."""
    asked = {":first": {"S": first}, ":last": {"S": last}}
    return _found(dynamodb, table, partition, "sk BETWEEN :first AND :last", asked)


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
