"""The online store: the newest known features of each entity, in DynamoDB.

An item's key is ``<view>#<value>|<value>`` with the entity's values in their declared order. A write wins only with a
newer event time than the stored one's; of one event time, the features win that were published later (a recomputation),
and of one publication those whose text is greater. So writes may come late, twice or in any order. The key ``as_of``
names the moment up to which the store was brought.
"""

from __future__ import annotations

import datetime as dt
import random
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

T = TypeVar("T")

BATCH = 100
"""Items that one transaction may write, and that one call may read."""
ATTEMPTS = 8
_BLOCK = 10_000
"""Items that are looked at together."""
_ATTRIBUTES = ("key", "event_time", "features", "version")
AS_OF = "as_of"


@dataclass(frozen=True)
class Item:
    """One entity's features: ``event_time`` as ISO text in UTC with microseconds, ``features`` as a JSON object.

    ``version`` is the moment at which they were published, as text like the event time.
    """

    key: str
    event_time: str
    features: str
    version: str = ""


def key(view: str, entity: Mapping[str, object]) -> str:
    """Return the key of an entity, its values in the order in which the view declares them.

    >>> key("route", {"origin": "JFK", "dest": "LAX"})
    'route#JFK|LAX'
    """
    return f"{view}#{'|'.join(_text(value) for value in entity.values())}"


def moment(value: dt.datetime) -> str:
    """Return a moment as the store writes it: texts compare as the moments do; a naive one counts as UTC.

    >>> moment(dt.datetime(2013, 1, 1, 6))
    '2013-01-01T06:00:00.000000Z'
    """
    aware = value if value.tzinfo else value.replace(tzinfo=dt.UTC)
    return aware.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def write_newest(client: Any, table: str, items: Iterable[Item]) -> int:
    """Write each item unless the store has a newer one; return how many were given, an entity's repetitions once.

    What the store already has is read first, which costs less than a write that changes nothing. The others go in
    transactions of up to 100, each item on the condition that the store still has what was read; a transaction that
    another writer cancels is tried again from a new reading.
    """
    waiting, given = iter(items), 0
    while block := list(islice(waiting, _BLOCK)):
        given += _write_block(client, table, block)
    return given


def bring_up_to(client: Any, table: str, as_of: dt.datetime) -> None:
    """Note the moment up to which the store holds every view's rows, once it does; it never goes back."""
    write_newest(client, table, [Item(key=AS_OF, event_time=moment(as_of), features="{}")])


def is_up_to(client: Any, table: str) -> str | None:
    """Return the moment up to which the store was brought, or None for one that nothing was ever written to."""
    found = read(client, table, [AS_OF]).get(AS_OF)
    return found.event_time if found is not None else None


def scan(client: Any, table: str, view: str) -> Iterator[Item]:
    """Yield every item of a view, in no order."""
    pages = client.get_paginator("scan").paginate(
        TableName=table,
        ConsistentRead=True,
        FilterExpression="begins_with(#key, :view)",
        ExpressionAttributeNames={"#key": "key"},
        ExpressionAttributeValues={":view": {"S": f"{view}#"}},
    )
    for page in pages:
        yield from map(_item, page["Items"])


def _write_block(client: Any, table: str, items: list[Item]) -> int:
    left = list(_newest_of_each(items).values())
    given = len(left)
    for attempt in range(ATTEMPTS):
        left = [item for batch in _batches(left) for item in _write(client, table, batch)]
        if not left:
            return given
        time.sleep(random.uniform(0, 0.05 * 2**attempt))  # noqa: S311 (jitter, no secret)
    raise RuntimeError(
        f"{len(left)} items of table {table} were changed by others {ATTEMPTS} times, e.g. {left[0].key}"
    )


def read(client: Any, table: str, keys: Sequence[str]) -> dict[str, Item]:
    """Return the items that the store has, by key; a key that it lacks is absent from the answer."""
    found: dict[str, Item] = {}
    for batch in _batches(list(dict.fromkeys(keys))):
        asked = [{"key": {"S": key}} for key in batch]
        for attempt in range(ATTEMPTS):
            answer = client.batch_get_item(RequestItems={table: {"Keys": asked, "ConsistentRead": True}})
            for item in answer["Responses"].get(table, []):
                one = _item(item)
                found[one.key] = one
            asked = answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", [])
            if not asked:
                break
            time.sleep(random.uniform(0, 0.05 * 2**attempt))  # noqa: S311 (jitter, no secret)
        else:
            raise RuntimeError(f"table {table} left {len(asked)} keys unread {ATTEMPTS} times: it is throttled")
    return found


def _write(client: Any, table: str, items: list[Item]) -> list[Item]:
    """Write up to 100 items in one transaction; return those to try again."""
    stored = read(client, table, [item.key for item in items])
    stale = [item for item in items if _wins(item, stored.get(item.key))]
    if not stale:
        return []
    try:
        client.transact_write_items(TransactItems=[{"Put": _put(table, item, stored.get(item.key))} for item in stale])
    except client.exceptions.TransactionCanceledException:
        return stale
    return []


def _item(stored: Mapping[str, Any]) -> Item:
    return Item(**{name: value["S"] for name, value in stored.items() if name in _ATTRIBUTES})


def _wins(item: Item, stored: Item | None) -> bool:
    if stored is None:
        return True
    if (item.event_time, item.features) == (stored.event_time, stored.features):
        return False
    ours, theirs = ((one.event_time, one.version, one.features) for one in (item, stored))
    return ours > theirs


def _put(table: str, item: Item, stored: Item | None) -> dict[str, Any]:
    put: dict[str, Any] = {
        "TableName": table,
        "Item": {name: {"S": getattr(item, name)} for name in _ATTRIBUTES},
    }
    if stored is None:
        return {
            **put,
            "ConditionExpression": "attribute_not_exists(#key)",
            "ExpressionAttributeNames": {"#key": "key"},
        }
    return {
        **put,
        "ConditionExpression": "#at = :at AND #features = :features",
        "ExpressionAttributeNames": {"#at": "event_time", "#features": "features"},
        "ExpressionAttributeValues": {":at": {"S": stored.event_time}, ":features": {"S": stored.features}},
    }


def _newest_of_each(items: Iterable[Item]) -> dict[str, Item]:
    newest: dict[str, Item] = {}
    for item in items:
        if _wins(item, newest.get(item.key)):
            newest[item.key] = item
    return newest


def _batches(values: Sequence[T]) -> Iterator[list[T]]:
    return (list(values[i : i + BATCH]) for i in range(0, len(values), BATCH))


def _text(value: object) -> str:
    """A value of an entity as keys write it: the same for what SQL gives and what a request's JSON gives."""
    match value:
        case bool():
            return str(value).lower()
        case float() if value.is_integer():
            return str(int(value))
        case dt.datetime():
            return moment(value)
        case _:
            return str(value).replace("\\", "\\\\").replace("|", "\\|")
