"""Items and conditions are what moto has, only sooner."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.dynamodb.comparisons import ConditionExpressionParser
from moto.dynamodb.exceptions import ItemSizeTooLarge
from moto.dynamodb.models.dynamo_type import DynamoType, Item

from local import quick_items
from local.patches import Patches
from local.server import EmbeddedAws

CONDITIONS = [
    "attribute_not_exists(pk) OR version = :read",
    "a.b <> :x AND (NOT #n BETWEEN :x AND :read)",
    "contains(#n, :x) and size(a) >= :read",
    "a IN (:x, :read)",
]
ATTRIBUTES = {"key": {"S": "k"}, "list": {"L": [{"N": "1"}, {"M": {"a": {"S": "é"}}}]}, "none": {"NULL": True}}

EVERY_KIND: dict[str, Any] = {
    "key": {"S": "k"},
    "empty": {"S": ""},
    "n": {"N": "1.50"},
    "b": {"B": b"\x00\xff"},
    "yes": {"BOOL": True},
    "no": {"BOOL": False},
    "none": {"NULL": True},
    "strings": {"SS": ["a", "é"]},
    "numbers": {"NS": ["1", "2"]},
    "bytes": {"BS": [b"\x01", b"\x02"]},
    "list": {"L": [{"N": "1"}, {"B": b"x"}, {"M": {"S": {"S": "named as a type"}}}, {"L": []}]},
    "map": {"M": {"deep": {"M": {"B": {"B": b"y"}}}, "empty": {"M": {}}}},
}


@pytest.fixture
def patches() -> Iterator[Patches]:
    made = Patches()
    yield made
    made.undo()


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_condition_is_read_as_moto_reads_it(patches: Patches, condition: str) -> None:
    names, values = {"#n": "name"}, {":x": {"N": "1"}, ":read": {"N": "2"}}
    stock = [repr(ConditionExpressionParser(condition, names, values).parse()) for _ in range(2)]
    quick_items.read_conditions_once(patches)
    assert [repr(ConditionExpressionParser(condition, names, values).parse()) for _ in range(2)] == stock
    other = ConditionExpressionParser(condition, names, {":x": {"N": "7"}, ":read": {"N": "8"}})
    assert repr(other.parse()) != stock[0]  # its values are its own


def test_a_condition_that_cannot_be_read_is_refused_each_time(patches: Patches) -> None:
    quick_items.read_conditions_once(patches)
    for _ in range(2):
        with pytest.raises(ValueError, match="Cannot parse condition"):
            ConditionExpressionParser("a ? b", {}, {}).parse()


def test_an_item_has_the_attributes_that_moto_gives_it(patches: Patches) -> None:
    stock = Item(DynamoType({"S": "k"}), None, ATTRIBUTES)
    quick_items.measure_once(patches)
    quick = Item(DynamoType({"S": "k"}), None, ATTRIBUTES)
    assert (quick.to_json(), type(quick.attrs)) == (stock.to_json(), type(stock.attrs))


@pytest.mark.parametrize(("length", "is_taken"), [(404_990, True), (405_010, False)])
def test_an_item_is_as_large_as_with_moto(patches: Patches, length: int, is_taken: bool) -> None:
    attributes: dict[str, Any] = {"key": {"S": "k"}, "b": {"S": "x" * length}}

    def taken() -> bool:
        try:
            Item(DynamoType({"S": "k"}), None, attributes)
        except ItemSizeTooLarge:
            return False
        return True

    assert taken() is is_taken
    quick_items.measure_once(patches)
    assert taken() is is_taken


def test_the_embedded_aws_refuses_an_item_that_is_too_large() -> None:
    with EmbeddedAws() as aws:
        dynamodb = aws.client("dynamodb")
        dynamodb.create_table(
            TableName="items",
            KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        with pytest.raises(ClientError, match="Item size has exceeded"):
            dynamodb.put_item(TableName="items", Item={"key": {"S": "k"}, "b": {"S": "x" * 410_000}})


def test_values_are_answered_as_moto_answers_them(patches: Patches) -> None:
    with mock_aws():
        dynamodb = boto3.client("dynamodb", region_name="us-east-1")
        dynamodb.create_table(
            TableName="items",
            KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        dynamodb.put_item(TableName="items", Item=EVERY_KIND)
        stock = dynamodb.get_item(TableName="items", Key={"key": {"S": "k"}})["Item"]
        quick_items.answer_values_as_they_are(patches)
        assert dynamodb.get_item(TableName="items", Key={"key": {"S": "k"}})["Item"] == stock == EVERY_KIND
        (scanned,) = dynamodb.scan(TableName="items")["Items"]
        assert scanned == EVERY_KIND
