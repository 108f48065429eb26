"""The lines of which a ledger knows, those among them that are no more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_PREFIX = "LINE#"
_BEHIND = "\U0010ffff"
"""Sorts behind every sort key of a partition."""


def lines(dynamodb: Any, table: str) -> list[str]:
    """Return the names of all lines that a ledger has items of: one read per partition, whatever there is in it."""
    return sorted(name.removeprefix(_PREFIX) for name in _partitions(dynamodb, table) if name.startswith(_PREFIX))


def _partitions(dynamodb: Any, table: str) -> Iterator[str]:
    """Yield each partition once: a scan reads one item and goes on behind the partition's last."""
    asked: dict[str, Any] = {"TableName": table, "Limit": 1, "ProjectionExpression": "pk"}
    while True:
        answer = dynamodb.scan(**asked)
        for item in answer["Items"]:
            partition = item["pk"]["S"]
            yield partition
            asked["ExclusiveStartKey"] = {"pk": {"S": partition}, "sk": {"S": _BEHIND}}
        if not answer["Items"] or "LastEvaluatedKey" not in answer:
            return
