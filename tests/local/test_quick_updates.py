"""Plain updates of items do what moto does with them, only quicker."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from local import quick_updates
from local.server import EmbeddedAws

ATTRIBUTES = ("a", "b", "indexed")
PLAIN = st.lists(st.sampled_from(ATTRIBUTES), min_size=1, unique=True)
VALUES = st.sampled_from(
    [
        {"S": ""},
        {"S": "x"},
        {"N": "2"},
        {"N": "-0.5"},
        {"BOOL": True},
        {"NULL": True},
        {"L": [{"N": "1"}]},
        {"SS": ["x"]},
    ]
)


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as embedded:
        for name in ("quick", "stock"):
            embedded.client("dynamodb").create_table(
                TableName=name,
                KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": each, "AttributeType": "S"} for each in ("key", "indexed")],
                GlobalSecondaryIndexes=[
                    {
                        "IndexName": "index",
                        "KeySchema": [{"AttributeName": "indexed", "KeyType": "HASH"}],
                        "Projection": {"ProjectionType": "ALL"},
                    }
                ],
                BillingMode="PAY_PER_REQUEST",
            )
        yield embedded


@st.composite
def updates(draw: st.DrawFn) -> dict[str, Any]:
    """Draw an update of an item: some steps, and perhaps a condition."""
    names: dict[str, str] = {}
    values: dict[str, Any] = {}
    clauses: dict[str, list[str]] = {}
    touched = draw(st.one_of(PLAIN, PLAIN, PLAIN, st.lists(st.sampled_from([*ATTRIBUTES, "key"]), min_size=1)))
    for i, name in enumerate(touched):
        action = draw(st.sampled_from(["SET", "REMOVE", "ADD"]))
        names[f"#n{i}"] = name
        if action != "REMOVE":
            values[f":v{i}"] = draw(st.one_of(st.just({"N": "3"}), VALUES) if action == "ADD" else VALUES)
        text = {"SET": f"#n{i} = :v{i}", "ADD": f"#n{i} :v{i}", "REMOVE": f"#n{i}"}[action]
        clauses.setdefault(action, []).append(text)
    asked: dict[str, Any] = {"UpdateExpression": " ".join(f"{k} {', '.join(v)}" for k, v in clauses.items())}
    condition = draw(st.sampled_from(["", "attribute_not_exists(#n0)", "attribute_exists(#n0)", "#n0 = :v0"]))
    if condition and (":v0" in values or ":" not in condition):
        asked["ConditionExpression"] = condition
    asked["ExpressionAttributeNames"] = names
    return asked | ({"ExpressionAttributeValues": values} if values else {})


def told(client: Any, table: str, asked: dict[str, Any], *, transaction: bool) -> Any:
    """Ask for an update; return what came of it, and the item as it is then."""
    key = {"key": {"S": "k"}}
    try:
        if transaction:
            client.transact_write_items(TransactItems=[{"Update": {"TableName": table, "Key": key, **asked}}])
            outcome: Any = "done"
        else:
            outcome = client.update_item(TableName=table, Key=key, ReturnValues="ALL_NEW", **asked)["Attributes"]
    except ClientError as error:
        outcome = error.response["Error"]
    return outcome, client.get_item(TableName=table, Key=key).get("Item")


@settings(max_examples=60)
@given(each=st.lists(st.tuples(updates(), st.booleans()), min_size=3, max_size=6))
def test_whatever_is_asked_comes_to_what_it_comes_to_in_moto(
    aws: EmbeddedAws, each: list[tuple[dict[str, Any], bool]]
) -> None:
    client = aws.client("dynamodb")
    for table in ("quick", "stock"):
        client.delete_item(TableName=table, Key={"key": {"S": "k"}})
    for asked, transaction in each:
        quick = told(client, "quick", asked, transaction=transaction)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(quick_updates, "steps_of", lambda _: None)
            stock = told(client, "stock", asked, transaction=transaction)
        assert quick == stock


def test_an_item_that_would_grow_too_large_stays_as_it_is(aws: EmbeddedAws) -> None:
    client, key = aws.client("dynamodb"), {"key": {"S": "large"}}
    asked = {"UpdateExpression": "SET #a = :a", "ExpressionAttributeNames": {"#a": "a"}}
    client.update_item(TableName="quick", Key=key, **asked, ExpressionAttributeValues={":a": {"S": "small"}})
    with pytest.raises(ClientError, match="Item size to update has exceeded the maximum allowed size"):
        client.update_item(TableName="quick", Key=key, **asked, ExpressionAttributeValues={":a": {"S": "x" * 406_000}})

    assert client.get_item(TableName="quick", Key=key)["Item"]["a"] == {"S": "small"}
