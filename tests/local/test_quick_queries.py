"""A query is answered as moto answers it, and looks at its own partition only."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.dynamodb.models.table import Table

from local import quick_queries
from local.patches import Patches

KEYS = [("pk", "HASH"), ("sk", "RANGE")]
CONDITIONS = (
    "sk BETWEEN :a AND :b",
    "begins_with(sk, :prefix)",
    "sk = :a",
    "sk < :b",
    "sk >= :b",
    None,
)


@pytest.fixture
def patches() -> Iterator[Patches]:
    made = Patches()
    yield made
    made.undo()


@pytest.fixture
def dynamodb() -> Iterator[Any]:
    """A table with an index, in which some items are not listed."""
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        schema: Any = [{"AttributeName": name, "KeyType": kind} for name, kind in KEYS]
        listed: Any = [{"AttributeName": "listed", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}]
        client.create_table(
            TableName="items",
            KeySchema=schema,
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "listed", "at")
            ],
            GlobalSecondaryIndexes=[
                {"IndexName": "by-time", "KeySchema": listed, "Projection": {"ProjectionType": "ALL"}}
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        draw = random.Random(7)
        for i in range(60):
            item = {"pk": {"S": f"p{i % 3}"}, "sk": {"S": f"{draw.choice('abc')}{i:02}"}}
            if i % 2:
                item |= {"listed": {"S": f"l{i % 5}"}, "at": {"S": f"{draw.randrange(9)}"}}
            client.put_item(TableName="items", Item=item)
        yield client


def answers(client: Any) -> list[Any]:
    """Ask in every way: each condition, forwards and backwards, at once and page by page."""
    values = {":a": {"S": "a30"}, ":b": {"S": "b40"}, ":prefix": {"S": "b"}}
    found = []
    for condition, forward, limit in itertools.product(CONDITIONS, (True, False), (None, 4)):
        asked: dict[str, Any] = {
            "KeyConditionExpression": " AND ".join(filter(None, ["pk = :pk", condition])),
            "ExpressionAttributeValues": {":pk": {"S": "p1"}}
            | {name: value for name, value in values.items() if condition and name in condition},
        }
        found.append(every(client, forward, limit, asked))
        on = {":at": {"S": "4"}, ":l": {"S": "l1"}}
        asked = {"IndexName": "by-time", "KeyConditionExpression": "listed = :l AND #at > :at"}
        asked |= {"ExpressionAttributeNames": {"#at": "at"}, "ExpressionAttributeValues": on}
        found.append(every(client, forward, limit, asked))
    return found


def every(client: Any, forward: bool, limit: int | None, asked: dict[str, Any]) -> list[Any]:
    pages, more = [], {**asked, **({"Limit": limit} if limit else {})}
    while True:
        page = client.query(TableName="items", ScanIndexForward=forward, **more)
        pages.append((page["Count"], page["Items"]))
        if "LastEvaluatedKey" not in page:
            return pages
        more["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def test_a_query_is_answered_as_moto_answers_it(dynamodb: Any, patches: Patches) -> None:
    stock = answers(dynamodb)
    assert any(items for pages in stock for _, items in pages)
    quick_queries.replace(patches)
    assert answers(dynamodb) == stock


def test_a_query_does_not_put_the_whole_table_in_order(dynamodb: Any, patches: Patches) -> None:
    asked: list[str] = []
    stock = Table.all_items

    def all_items(self: Any) -> Any:
        asked.append(self.name)
        return stock(self)

    patches.replace(Table, "all_items", all_items)
    quick_queries.replace(patches)
    answers(dynamodb)
    assert asked == []
    assert dynamodb.scan(TableName="items")["Count"] == 60
