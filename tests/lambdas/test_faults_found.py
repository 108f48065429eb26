"""The harness finds what does not converge: handlers that double, lose or hide are told as such."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import boto3
import pytest

from tests.lambdas.faults import Case, strike
from tests.lambdas.inside import Inside, inside
from tests.lambdas.loaded import Given

Handle = Callable[[Any, dict[str, Any]], Any]


@pytest.fixture(scope="module")
def aws() -> Iterator[Inside]:
    with inside() as found:
        yield found


def struck(aws: Inside, monkeypatch: pytest.MonkeyPatch, handle: Handle) -> list[str]:
    """Strike a handler that is given a DynamoDB client and the names of a table; return what was found."""

    class Finder:
        """Imports the handler anew, as often as it is asked to."""

        @staticmethod
        def find_spec(name: str, *_: Any) -> Any:
            if name != "handler_of_a_test":
                return None
            from importlib.machinery import ModuleSpec

            return ModuleSpec(name, Finder)  # type: ignore[arg-type]

        @staticmethod
        def create_module(_: Any) -> None:
            return None

        @staticmethod
        def exec_module(module: ModuleType) -> None:
            client = boto3.client("dynamodb")
            module.handler = lambda event, _: handle(client, event)  # type: ignore[attr-defined]

    monkeypatch.setattr(sys, "meta_path", [Finder, *sys.meta_path])
    return strike(aws, Case("handler_of_a_test", lambda aws: Given({}, {"table": aws.table("pk")}))).failures


def add(dynamodb: Any, table: str, key: str = "count") -> None:
    dynamodb.update_item(
        TableName=table,
        Key={"pk": {"S": key}},
        UpdateExpression="ADD n :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
    )


def put(dynamodb: Any, table: str, key: str) -> None:
    dynamodb.put_item(TableName=table, Item={"pk": {"S": key}})


def test_a_handler_that_records_after_its_effect_doubles_it(aws: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    def handle(dynamodb: Any, event: dict[str, Any]) -> None:
        done = dynamodb.get_item(TableName=event["table"], Key={"pk": {"S": "done"}}, ConsistentRead=True)
        if "Item" not in done:
            add(dynamodb, event["table"])
            put(dynamodb, event["table"], "done")

    found = struck(aws, monkeypatch, handle)

    assert [line.split(": ")[1] for line in found] == [
        "dynamodb.UpdateItem (call 2) after",
        "dynamodb.PutItem (call 3) before",
        "dynamodb.PutItem (call 3) throttled",
    ]


def test_a_handler_that_records_before_its_effect_loses_it(aws: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    def handle(dynamodb: Any, event: dict[str, Any]) -> None:
        done = dynamodb.get_item(TableName=event["table"], Key={"pk": {"S": "done"}}, ConsistentRead=True)
        if "Item" not in done:
            put(dynamodb, event["table"], "done")
            put(dynamodb, event["table"], "effect")

    found = struck(aws, monkeypatch, handle)

    assert [line.split(": ")[1] for line in found] == [
        "dynamodb.PutItem (call 2) after",
        "dynamodb.PutItem (call 3) before",
        "dynamodb.PutItem (call 3) throttled",
    ]


def test_a_handler_that_hides_a_failure_is_found_by_its_answer(aws: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def handle(dynamodb: Any, event: dict[str, Any]) -> str:
        put(dynamodb, event["table"], "effect")
        seen.append("once more")
        return seen[-1] if len(seen) == 1 else "another answer"

    found = struck(aws, monkeypatch, handle)

    assert [line.partition(": it answers ")[2] for line in found] == ["another answer, expected once more"] * 3


def test_a_handler_whose_effect_has_a_key_converges(aws: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    def handle(dynamodb: Any, event: dict[str, Any]) -> None:
        dynamodb.get_item(TableName=event["table"], Key={"pk": {"S": "effect"}})
        put(dynamodb, event["table"], "effect")

    assert struck(aws, monkeypatch, handle) == []
