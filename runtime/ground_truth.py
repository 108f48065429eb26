"""Joining delayed ground truth with predictions: each label counts once, however often and late it arrives.

One DynamoDB transaction sets the label on the prediction, on the condition that this prediction has none yet, and adds
to its window's counters: either both happen or neither, so a crash or a lost answer is mended by trying again.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from config.metrics import Task
from runtime import performance
from runtime.delivery import lookup, records

BATCH = 99
"""Labels per transaction: DynamoDB's limit of 100 writes, less the one for the window."""
ATTEMPTS = 6

_NAMES = ("label", "labelled", "prediction_id", "score")


@dataclass(frozen=True)
class Label:
    """One message: which prediction turned out how."""

    message: str
    id: str
    label: float
    prediction_id: str | None


@dataclass
class Joined:
    """What became of a batch: ``failures`` tells per message why it was not joined, without naming whom it is about."""

    joined: int = 0
    repeated: int = 0
    failures: dict[str, str] = field(default_factory=dict)
    windows: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Store:
    """The two tables that a label changes, and what the labels are."""

    dynamodb: Any
    predictions: str
    windows: str
    task: Task


def parse(message: str, body: str, line: str, task: Task) -> Label:
    """Return the label in a message's body; raises ValueError saying what is wrong with it."""
    try:
        given = json.loads(body)
    except ValueError:
        raise ValueError("the body is not JSON") from None
    if not isinstance(given, dict):
        raise ValueError("the body is not a JSON object")
    label, prediction_id, id_ = _label(given.get("label"), task), given.get("prediction_id"), given.get("id")
    if prediction_id is not None:
        if not isinstance(prediction_id, str):
            raise ValueError("prediction_id is not text")
        try:
            named, id_, _ = records.parts(prediction_id)
        except ValueError:
            raise ValueError("prediction_id is not <line>:<id>:<date>") from None
        if named != line:
            raise ValueError("prediction_id is of another line")
    if not isinstance(id_, str) or not id_:
        raise ValueError("neither prediction_id nor id is given as text")
    return Label(message=message, id=id_, label=label, prediction_id=prediction_id)


def _label(given: Any, task: Task) -> float:
    if task == "binary":
        if type(given) is not int or given not in (0, 1):
            raise ValueError("label is not 0 or 1")
        return given
    if isinstance(given, bool) or not isinstance(given, int | float) or not records.carried(given):
        raise ValueError("label is not a finite number")
    return float(given) + 0.0  # so that -0 is 0


def join(
    store: Store, *, line: str, messages: Mapping[str, str], sleep: Callable[[float], None] = time.sleep
) -> Joined:
    """Join a batch of messages (id → body); one that cannot be joined fails alone."""
    result = Joined()
    left: list[Label] = []
    for message, body in messages.items():
        try:
            left.append(parse(message, body, line, store.task))
        except ValueError as error:
            result.failures[message] = str(error)
    for attempt in range(ATTEMPTS):
        if attempt:
            sleep(random.uniform(0, 0.05 * 2**attempt))  # noqa: S311
        left = _attempt(store, line, left, result)
        if not left:
            return result
    result.failures |= {label.message: "the store was busy" for label in left}
    return result


def _attempt(store: Store, line: str, left: list[Label], result: Joined) -> list[Label]:
    """Join what can be; return those whose transaction was cancelled: the next reading tells why."""
    items = _read(store, line, left)
    ready: dict[str, list[tuple[Label, dict[str, Any]]]] = {}
    seen: dict[str, float] = {}
    for label in left:
        item = items.get(label.id)
        reason = _unjoinable(label, item)
        if item is None or reason:
            result.failures[label.message] = reason
            continue
        prediction = item["prediction_id"]["S"]
        window = performance.window(line, records.parts(prediction)[2])
        result.windows.add(window)
        known = float(item["label"]["N"]) if item.get("labelled", {}).get("S") == prediction else seen.get(label.id)
        if known is None:
            seen[label.id] = label.label
            ready.setdefault(window, []).append((label, item))
        elif known == label.label:
            result.repeated += 1
        else:
            result.failures[label.message] = "the prediction has another label already"
    cancelled: list[Label] = []
    for window, group in ready.items():
        for first in range(0, len(group), BATCH):
            chunk = group[first : first + BATCH]
            try:
                store.dynamodb.transact_write_items(TransactItems=_transaction(store, line, window, chunk))
            except store.dynamodb.exceptions.TransactionCanceledException:
                cancelled += [label for label, _ in chunk]
            else:
                result.joined += len(chunk)
    return cancelled


def _unjoinable(label: Label, item: Mapping[str, Any] | None) -> str:
    if item is None or "score" not in item:
        return "there is no such prediction"
    if label.prediction_id not in (None, item["prediction_id"]["S"]):
        return "the prediction was replaced by one for another date"
    return ""


def _read(store: Store, line: str, labels: Sequence[Label]) -> dict[str, dict[str, Any]]:
    """Return the predictions' items by id."""
    items: dict[str, dict[str, Any]] = {}
    ids = sorted({label.id for label in labels})
    for first in range(0, len(ids), 100):
        request = {
            store.predictions: {
                "Keys": [lookup.key(line, id_) for id_ in ids[first : first + 100]],
                "ConsistentRead": True,
            }
        }
        while request:
            answer = store.dynamodb.batch_get_item(RequestItems=request)
            for item in answer["Responses"].get(store.predictions, []):
                items[item["prediction_key"]["S"].removeprefix(f"{line}#")] = item
            request = answer.get("UnprocessedKeys", {})
    return items


def _transaction(
    store: Store, line: str, window: str, chunk: Sequence[tuple[Label, dict[str, Any]]]
) -> list[dict[str, Any]]:
    """Set each label, if its prediction is still the one that was read and has none, and count them all."""
    labels = [
        {
            "Update": {
                "TableName": store.predictions,
                "Key": lookup.key(line, label.id),
                "UpdateExpression": "SET #label = :label, #labelled = :prediction",
                "ConditionExpression": (
                    "#prediction_id = :prediction AND #score = :score "
                    "AND (attribute_not_exists(#labelled) OR #labelled <> :prediction)"
                ),
                "ExpressionAttributeNames": {f"#{name}": name for name in _NAMES},
                "ExpressionAttributeValues": {
                    ":label": {"N": repr(label.label)},
                    ":prediction": item["prediction_id"],
                    ":score": item["score"],
                },
            }
        }
        for label, item in chunk
    ]
    added = performance.counters(((float(item["score"]["N"]), label.label) for label, item in chunk), store.task)
    numbered = list(enumerate(added.items()))
    count = {
        "Update": {
            "TableName": store.windows,
            "Key": {"window": {"S": window}},
            "UpdateExpression": "ADD " + ", ".join(f"#c{i} :c{i}" for i, _ in numbered),
            "ExpressionAttributeNames": {f"#c{i}": name for i, (name, _) in numbered},
            "ExpressionAttributeValues": {f":c{i}": {"N": str(value)} for i, (_, value) in numbered},
        }
    }
    return [*labels, count]
