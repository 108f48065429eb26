"""Labels without a prediction: how many there are, which, and a second look at those whose prediction has come."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from runtime.monitoring import marks
from runtime.monitoring.marks import Edit
from runtime.monitoring.store import Store

INDEX = "unmatched"
"""The sparse index on ``line`` and ``unmatched_since``, that holds what waits and nothing else."""
MOST = 10_000
"""Items of the index that one look goes through."""


def each(store: Store) -> Iterator[dict[str, Any]]:
    """Yield the items that wait, as DynamoDB writes them, the oldest first."""
    pages = store.dynamodb.get_paginator("query").paginate(
        TableName=store.predictions,
        IndexName=INDEX,
        KeyConditionExpression="#line = :line",
        ExpressionAttributeNames={"#line": "line"},
        ExpressionAttributeValues={":line": {"S": store.line}},
    )
    for page in pages:
        yield from page["Items"]


def look(store: Store) -> int:
    """Count what has become complete, and return how many labels still wait: MOST stands for as many or more.

    A prediction on request is kept by who may not count; its label, if that came first, is counted when the event of
    the prediction is captured, or else here.
    """
    found = list(islice(each(store), MOST))
    whole = [item["prediction_key"]["S"] for item in found if "score" in item and "version" in item]
    left = marks.change(store, {key: Edit(change=lambda item, _: item) for key in whole})
    return len(found) - len(whole) + len(left)
