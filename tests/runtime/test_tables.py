"""DynamoDB in memory answers as moto does, whatever is asked in the ways in which handlers ask."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.moto_server import Aws
from tests.runtime.table_expressions import condition, update
from tests.runtime.tables import Tables

KEYS = ("window", "part")
NUMBERS, SETS = ("0", "1", "2.5", "-3"), (["a"], ["a", "b"], ["c"])
CONDITIONS = (
    "attribute_not_exists(n)",
    "attribute_exists(#s) AND n >= :n",
    "(attribute_not_exists(n) OR n <= :n) AND NOT #s = :s",
    "n BETWEEN :n AND :more",
    "#s <> :s OR begins_with(#s, :s)",
    "n < :n OR n > :more",
    "contains(marks, :mark)",
)
UPDATES = (
    "SET n = :n, #s = :s",
    "ADD n :n, marks :marks",
    "SET n = if_not_exists(n, :n) + :more REMOVE #s",
    "DELETE marks :marks",
    "REMOVE n, marks",
    "SET #s = if_not_exists(#s, :s), twin = n",  # refused where there is no n
)
GIVEN = {":n": "N", ":more": "N", ":s": "S", ":mark": "S", ":marks": "SS"}


def asked(chance: random.Random, table: str, *, write: str, updates: Sequence[str] = UPDATES) -> dict[str, Any]:
    """Return a write of one item of few, with the names and values that its expressions use."""
    key = {"window": {"S": chance.choice("ab")}, "part": {"S": chance.choice(["x1", "x2", "y"])}}
    given: dict[str, Any] = {"TableName": table}
    if write == "Put":
        given["Item"] = {**key, "n": {"N": chance.choice(NUMBERS)}, "s": {"S": chance.choice("stu")}}
    else:
        given["Key"] = key
    if write == "Update":
        given["UpdateExpression"] = chance.choice(updates)
    if write == "ConditionCheck" or chance.random() < 0.5:
        given["ConditionExpression"] = chance.choice(CONDITIONS)
    text = given.get("UpdateExpression", "") + " " + given.get("ConditionExpression", "") + " "
    values = {
        name: {kind: chance.choice({"N": NUMBERS, "S": "stu", "SS": SETS}[kind])}
        for name, kind in GIVEN.items()
        if any(f"{name}{end}" in text for end in " ,)")
    }
    if values:
        given["ExpressionAttributeValues"] = values
    if "#s" in text:
        given["ExpressionAttributeNames"] = {"#s": "s"}
    return given


def told(client: Any, name: str, given: dict[str, Any]) -> Any:
    """Return the reasons of a call's refusal, or nothing."""
    try:
        getattr(client, name)(**given)
    except ClientError as error:
        reasons = error.response.get("CancellationReasons", [])
        return error.response["Error"]["Code"], [one["Code"] for one in reasons]
    except ValueError:
        return "ValidationException", []
    return None


def plain(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Numbers and sets are written in more than one way."""
    found = [
        {name: float(of["N"]) if "N" in of else sorted(of["SS"]) if "SS" in of else of for name, of in item.items()}
        for item in items
    ]
    return sorted(found, key=str)


def test_writes_are_dynamodbs(aws: Aws) -> None:
    table, chance = aws.table(*KEYS), random.Random(1)
    real, ours = aws.client("dynamodb"), Tables(**{table: KEYS})
    refused = 0
    for _ in range(250):
        kind = chance.choice(["Put", "Update", "Update", "Delete"])
        given = asked(chance, table, write=kind)
        answers = [told(client, f"{kind.lower()}_item", given) for client in (real, ours)]
        assert answers[0] == answers[1], given
        refused += answers[0] is not None
    assert 30 < refused < 220
    assert plain(real.scan(TableName=table)["Items"]) == plain(ours.scan(TableName=table)["Items"])


def test_transactions_are_dynamodbs(aws: Aws) -> None:
    table, chance = aws.table(*KEYS), random.Random(2)
    real, ours = aws.client("dynamodb"), Tables(**{table: KEYS})
    done = 0
    for _ in range(80):
        distinct: dict[Any, Any] = {}
        for kind in chance.choices(["Put", "Update", "Delete", "ConditionCheck"], k=3):
            given = asked(chance, table, write=kind, updates=UPDATES[:-1])
            place = given.get("Key") or given["Item"]
            distinct[tuple(place[name]["S"] for name in KEYS)] = {kind: given}
        writes = list(distinct.values())
        answers = [told(client, "transact_write_items", {"TransactItems": writes}) for client in (real, ours)]
        assert answers[0] == answers[1], distinct
        done += answers[0] is None
        assert plain(real.scan(TableName=table)["Items"]) == plain(ours.scan(TableName=table)["Items"])
    assert done > 8


def test_readings_are_dynamodbs(aws: Aws) -> None:
    table = aws.table(*KEYS)
    real, ours = aws.client("dynamodb"), Tables(**{table: KEYS})
    for window in "ab":
        for part in ("x1", "x2", "y"):
            for client in (real, ours):
                client.put_item(TableName=table, Item={"window": {"S": window}, "part": {"S": part}})
    prefix = {":w": {"S": "a"}, ":p": {"S": "x"}}
    between = {":w": {"S": "b"}, ":p": {"S": "x2"}, ":q": {"S": "z"}}
    for text, values in (
        ("#w = :w AND begins_with(part, :p)", prefix),
        ("#w = :w AND part BETWEEN :p AND :q", between),
        ("#w = :w AND part > :p", prefix),
    ):
        for forward in (True, False):
            given: dict[str, Any] = {"KeyConditionExpression": text, "ExpressionAttributeNames": {"#w": "window"}}
            given |= {"ExpressionAttributeValues": values, "ScanIndexForward": forward, "ConsistentRead": True}
            assert real.query(TableName=table, **given)["Items"] == ours.query(TableName=table, **given)["Items"]
    key = {"window": {"S": "a"}, "part": {"S": "y"}}
    lacking = {**key, "part": {"S": "z"}}
    request = {table: {"Keys": [key, lacking], "ConsistentRead": True}}
    assert [c.batch_get_item(RequestItems=request)["Responses"] for c in (real, ours)] == [{table: [key]}] * 2
    for asked_for, found in ((key, {"Item": key}), (lacking, {})):
        answers = [client.get_item(TableName=table, Key=asked_for, ConsistentRead=True) for client in (real, ours)]
        assert [{name: one[name] for name in one if name == "Item"} for one in answers] == [found, found]


@pytest.mark.parametrize("text", ["size(a) > :one", "a.b = :one", "a ==", "a = :one b"])
def test_an_expression_that_is_not_known_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        condition(text)
    with pytest.raises(ValueError, match=r"."):
        update(f"SET {text}")
