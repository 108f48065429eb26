"""A cancelled transaction undoes what it did, and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local import transactions
from local.server import EmbeddedAws


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as embedded:
        transactions.install(embedded)
        yield embedded


@pytest.fixture
def table(aws: EmbeddedAws) -> Iterator[Any]:
    """A client whose table ``items`` holds a and b."""
    client = aws.client("dynamodb")
    client.create_table(
        TableName="items",
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    for key in "ab":
        client.put_item(TableName="items", Item={"key": {"S": key}, "n": {"N": "1"}})
    yield client
    client.delete_table(TableName="items")


def add(key: str, *, condition: str | None = None) -> dict[str, Any]:
    """One more on an item's counter."""
    update: dict[str, Any] = {
        "TableName": "items",
        "Key": {"key": {"S": key}},
        "UpdateExpression": "ADD n :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }
    if condition:
        update["ConditionExpression"] = condition
    return {"Update": update}


def counts(client: Any) -> dict[str, str]:
    return {item["key"]["S"]: item["n"]["N"] for item in client.scan(TableName="items")["Items"]}


def test_a_cancelled_transaction_leaves_every_item_as_it_was(table: Any) -> None:
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        table.transact_write_items(TransactItems=[add("a"), add("new"), add("b", condition="attribute_not_exists(n)")])
    assert counts(table) == {"a": "1", "b": "1"}


def test_a_transaction_that_holds_is_applied_whole(table: Any) -> None:
    table.transact_write_items(TransactItems=[add("a"), add("new")])
    assert counts(table) == {"a": "2", "b": "1", "new": "1"}


def test_cancelled_transactions_lose_no_write_of_others(table: Any) -> None:
    def cancelled() -> None:
        for _ in range(20):
            with pytest.raises(ClientError):
                table.transact_write_items(TransactItems=[add("a"), add("b", condition="attribute_not_exists(n)")])

    thread = threading.Thread(target=cancelled)
    thread.start()
    for _ in range(20):
        table.transact_write_items(TransactItems=[add("c")])
    thread.join()
    assert counts(table) == {"a": "1", "b": "1", "c": "20"}
