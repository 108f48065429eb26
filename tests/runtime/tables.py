"""DynamoDB in memory, for tests that make hundreds of thousands of calls; ``test_tables.py`` holds it against moto.

It knows the calls that handlers make and what their expressions say, no index but the tables' own keys, and nothing of
time: an item does not expire.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

from tests.runtime.memory import error, kind
from tests.runtime.table_expressions import Item, condition, update

MOST = 100
"""Writes of one transaction, keys of one reading."""


class Tables:
    """Tables by name; each has a partition key and, if it was given one, a sort key, both of which are text."""

    exceptions = SimpleNamespace(
        ClientError=ClientError,
        ConditionalCheckFailedException=kind("ConditionalCheckFailedException"),
        TransactionCanceledException=kind("TransactionCanceledException"),
    )

    def __init__(self, **keys: tuple[str, ...]) -> None:
        self.keys = keys
        self.items: dict[str, dict[tuple[str, ...], Item]] = {name: {} for name in keys}

    def get_item(self, *, TableName: str, Key: Item, **_: Any) -> dict[str, Any]:  # noqa: N803
        found = self.items[TableName].get(self._key(TableName, Key))
        return {"Item": found} if found is not None else {}

    def batch_get_item(self, *, RequestItems: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N803
        found: dict[str, list[Item]] = {}
        for table, asked in RequestItems.items():
            keys = [self._key(table, key) for key in asked["Keys"]]
            if len(keys) > MOST or len(set(keys)) < len(keys):
                raise error(ClientError, "ValidationException", "too many keys, or one twice")
            found[table] = [self.items[table][key] for key in keys if key in self.items[table]]
        return {"Responses": found, "UnprocessedKeys": {}}

    def put_item(self, **given: Any) -> dict[str, Any]:
        return self._alone({"Put": given})

    def update_item(self, **given: Any) -> dict[str, Any]:
        return self._alone({"Update": given})

    def delete_item(self, **given: Any) -> dict[str, Any]:
        return self._alone({"Delete": given})

    def transact_write_items(self, *, TransactItems: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        writes = [next(iter(one.items())) for one in TransactItems]
        places = [(write["TableName"], self._where(write)) for _, write in writes]
        if len(places) > MOST or len(set(places)) < len(places):
            raise error(ClientError, "ValidationException", "too many items, or one twice")
        held = [self._holds(write) for _, write in writes]
        if not all(held):
            refused = error(self.exceptions.TransactionCanceledException, "TransactionCanceledException")
            codes: list[Any] = [{"Code": "None" if one else "ConditionalCheckFailed"} for one in held]
            refused.response["CancellationReasons"] = codes
            raise refused
        for kind_, write in writes:
            self._do(kind_, write)
        return {}

    def query(self, *, TableName: str, KeyConditionExpression: str, **given: Any) -> dict[str, Any]:  # noqa: N803
        holds = condition(KeyConditionExpression)
        names, values = _named(given)
        found = sorted(self.items[TableName].items())
        items = [item for _, item in found if holds(item, names, values)]
        return {"Items": items if given.get("ScanIndexForward", True) else items[::-1], "Count": len(items)}

    def scan(self, *, TableName: str) -> dict[str, Any]:  # noqa: N803
        return {"Items": list(self.items[TableName].values()), "Count": len(self.items[TableName])}

    def get_paginator(self, name: str) -> Any:
        return SimpleNamespace(paginate=lambda **given: self._pages(name, given))

    def _pages(self, name: str, given: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield getattr(self, name)(**given)

    def _alone(self, one: dict[str, Any]) -> dict[str, Any]:
        ((kind_, write),) = one.items()
        if not self._holds(write):
            raise error(self.exceptions.ConditionalCheckFailedException, "ConditionalCheckFailedException")
        self._do(kind_, write)
        return {}

    def _key(self, table: str, item: Item) -> tuple[str, ...]:
        return tuple(item[name]["S"] for name in self.keys[table])

    def _where(self, write: dict[str, Any]) -> tuple[str, ...]:
        return self._key(write["TableName"], write.get("Item") or write["Key"])

    def _holds(self, write: dict[str, Any]) -> bool:
        text = write.get("ConditionExpression")
        item = self.items[write["TableName"]].get(self._where(write), {})
        return text is None or condition(text)(item, *_named(write))

    def _do(self, kind_: str, write: dict[str, Any]) -> None:
        table, place = self.items[write["TableName"]], self._where(write)
        match kind_:
            case "Put":
                table[place] = write["Item"]
            case "Delete":
                table.pop(place, None)
            case "Update":
                before = table.get(place, write["Key"])
                after = {**before}
                for action in update(write["UpdateExpression"]):
                    action(before, after, *_named(write))
                table[place] = after
            case "ConditionCheck":
                pass
            case _:
                raise ValueError(kind_)


def _named(write: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    return write.get("ExpressionAttributeNames", {}), write.get("ExpressionAttributeValues", {})
