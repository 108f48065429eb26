"""Changes of join items, and what they count, in one transaction: all of it happens, or nothing does.

Each item is written on the condition that it is still the one that was read. Who loses the race reads again; whoever
tries again after a crash or a lost answer finds the change made, and counts nothing.
"""

from __future__ import annotations

import datetime as dt
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from runtime.monitoring import items, joins, opening, partials
from runtime.monitoring.items import Raw
from runtime.monitoring.joins import Counters, Item
from runtime.monitoring.partials import Partial
from runtime.monitoring.store import Store

ATTEMPTS = 8
LIMIT = 100
"""Writes of one transaction, and keys of one reading: DynamoDB's."""

Pair = tuple[Item, Item]
_UNSAID = {"version": 0, "expires": 0}


def _nothing(*_: Any) -> list[Any]:
    return []


@dataclass(frozen=True)
class Edit:
    """What is to become of a join item. ``aside`` is the key of another item that is read with it, and handed on.

    ``beside`` gives at most one more write of the same transaction, for an item that changed; with ``always`` also for
    one that did not.
    """

    change: Callable[[Item, Raw | None], Item]
    aside: str = ""
    beside: Callable[[Item, Raw | None], list[dict[str, Any]]] = field(default=_nothing)
    always: bool = False


def change(
    store: Store,
    edits: Mapping[str, Edit],
    *,
    sketched: Callable[[Sequence[Pair]], list[Partial]] = _nothing,
    sleep: Callable[[float], None] = time.sleep,
    now: dt.datetime | None = None,
) -> list[str]:
    """Carry out edits by their items' keys; return the keys of those that stayed too contended to be changed.

    ``sketched`` gives the partials of what changed items of one window have newly captured.
    """
    moment = now or dt.datetime.now(dt.UTC)
    left, touched = list(edits), set[str]()
    for attempt in range(ATTEMPTS):
        if attempt:
            sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311
        lost: list[str] = []
        for first in range(0, len(left), LIMIT // 2):
            chunk = {key: edits[key] for key in left[first : first + LIMIT // 2]}
            lost += _chunk(store, chunk, sketched, touched, moment)
        left = lost
        if not left:
            break
    if store.windows:
        partials.touch(store, touched, moment)
    return left


def _chunk(
    store: Store,
    edits: Mapping[str, Edit],
    sketched: Callable[[Sequence[Pair]], list[Partial]],
    touched: set[str],
    now: dt.datetime,
) -> list[str]:
    """Read some items and write what changes; return the keys of those that somebody else changed meanwhile."""
    if store.count and store.windows:
        store = opening.opened(store, now)
    asides = {edit.aside for edit in edits.values()} - {""}
    raws = read(store, [*edits, *sorted(asides)])
    pairs: list[Pair] = []
    for key, edit in edits.items():
        before = items.read(key, raws.get(key))
        after = joins.settled(edit.change(before, raws.get(edit.aside)), store, now)
        if place := _window(after, store):
            touched.add(place)
        if not _same(before, after) or (edit.always and edit.beside(after, raws.get(edit.aside))):
            pairs.append((before, joins.changed(after, version=before.version + 1)))
    lost: list[str] = []
    for group in _grouped(pairs, store):
        beside = [
            write for _, after in group for write in edits[after.key].beside(after, raws.get(edits[after.key].aside))
        ]
        writes = [*_writes(store, group, sketched, now), *beside]
        try:
            store.dynamodb.transact_write_items(TransactItems=writes)
        except store.dynamodb.exceptions.TransactionCanceledException:
            lost += [after.key for _, after in group]
    return lost


def _same(before: Item, after: Item) -> bool:
    """Whether two items say the same: one is not written for the time alone at which it would expire."""
    return before is after or {**vars(before), **_UNSAID} == {**vars(after), **_UNSAID}


def _window(item: Item, store: Store) -> str:
    if item.counted is not None:
        return item.counted.window
    return store.window(item.key, item.prediction["event_time"]) if item.prediction is not None else ""


def _grouped(pairs: Sequence[Pair], store: Store) -> Iterator[list[Pair]]:
    """Yield pairs that fit in one transaction: an item, a write beside it, two partials for each window, a count."""
    group: list[Pair] = []
    windows: set[str] = set()
    for pair in sorted(pairs, key=lambda pair: _window(pair[1], store)):
        window = _window(pair[1], store)
        if 2 * (len(group) + 1) + 2 * len(windows | {window}) >= LIMIT:
            yield group
            group, windows = [], set()
        group.append(pair)
        windows.add(window)
    if group:
        yield group


def _writes(
    store: Store, group: Sequence[Pair], sketched: Callable[[Sequence[Pair]], list[Partial]], now: dt.datetime
) -> Iterator[dict[str, Any]]:
    for before, after in group:
        condition = "version = :version" if before.version else "attribute_not_exists(prediction_key)"
        values = {":version": {"N": str(before.version)}}
        yield {
            "Put": {
                "TableName": store.predictions,
                "Item": items.of(after, store.line),
                "ConditionExpression": condition,
                **({"ExpressionAttributeValues": values} if before.version else {}),
            }
        }
    by_window: dict[str, list[Pair]] = {}
    for pair in group:
        by_window.setdefault(_window(pair[1], store), []).append(pair)
    for window, pairs in by_window.items():
        yield from ({"Put": partials.put(store, window, partial, now)} for partial in _outcome(pairs, store))
        for partial in sketched(pairs) if window else []:
            yield {"Put": partials.put(store, store.open or window, partial, now)}
    if store.open:
        predictions = sum(len(after.captured - before.captured) for before, after in group)
        labels = sum(before.counted is None and after.counted is not None for before, after in group)
        if predictions or labels:
            yield {"Update": opening.grown(store, predictions=predictions, labels=labels)}


def _outcome(pairs: Sequence[Pair], store: Store) -> list[Partial]:
    grown: list[Counters] = []
    counted: list[str] = []
    for before, after in pairs:
        if more := joins.difference(before.counted, after.counted, store.task):
            grown.append(more)
            counted.append(f"{after.key} {after.version}")
    counters = partials.added(grown)
    if not counters:
        return []
    name = partials.named(partials.OUTCOME, counted)
    return [Partial(part=name, n=counters[joins.WHOLE]["n"] if joins.WHOLE in counters else 0, counters=counters)]


def read(store: Store, keys: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return items of the table of predictions by their keys, as they are now; those that it lacks are left out."""
    found: dict[str, dict[str, Any]] = {}
    for first in range(0, len(keys), LIMIT):
        names = [{"prediction_key": {"S": key}} for key in dict.fromkeys(keys[first : first + LIMIT])]
        request: dict[str, Any] = {store.predictions: {"Keys": names, "ConsistentRead": True}}
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311
            answer = store.dynamodb.batch_get_item(RequestItems=request)
            for item in answer["Responses"].get(store.predictions, []):
                found[item["prediction_key"]["S"]] = item
            request = answer.get("UnprocessedKeys", {})
            if not request:
                break
        else:
            raise RuntimeError("the table of predictions answered only a part of what it was asked, again and again")
    return found
