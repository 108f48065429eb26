"""Joining delayed ground truth with predictions: each label counts once, however often and late it arrives.

A label and its prediction meet in one item (``runtime.monitoring.joins``), in whichever order they come; one without a
prediction is kept there and told of. What can never be joined is put aside with the reason, and tried no more.
"""

from __future__ import annotations

import datetime as dt
import json
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from runtime.delivery import lookup
from runtime.monitoring import joins, labels, marks
from runtime.monitoring.items import Raw
from runtime.monitoring.joins import ConflictError, Item
from runtime.monitoring.labels import Refusal, Told
from runtime.monitoring.marks import Edit
from runtime.monitoring.store import Store, expiry

MOST_REMEMBERED = 5
"""Messages that named nothing but an id, of which it is remembered whom they were about: they may come again."""
_BUSY = "the store was busy"


@dataclass
class Joined:
    """What became of a batch.

    ``counts`` says how many labels joined, wait for their prediction (``unmatched``), were ``repeated``, ``changed``
    another or were ``superseded`` by one. ``refused`` has per message what can never be joined; ``again`` the messages
    that have to come again, with the reason. No reason says whom it is about.
    """

    counts: Counter[str] = field(default_factory=Counter)
    refused: dict[str, list[Refusal]] = field(default_factory=dict)
    again: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class _Sent:
    """One label of a message: its place tells the labels of one message apart."""

    message: str
    place: int
    told: Told


def join(
    store: Store,
    *,
    messages: Mapping[str, str],
    sleep: Callable[[float], None] = time.sleep,
    now: dt.datetime | None = None,
) -> Joined:
    """Join a batch of messages (id → body); what cannot be joined fails alone."""
    moment, result = now or dt.datetime.now(dt.UTC), Joined()
    sent: list[_Sent] = []
    for message, body in messages.items():
        for place, one in enumerate(labels.parse(body, store.line, store.task, moment)):
            if isinstance(one, Refusal):
                result.refused.setdefault(message, []).append(one)
            else:
                sent.append(_Sent(message, place, one))
    for _ in range(marks.ATTEMPTS):
        sent = _attempt(store, sent, result, sleep, moment)
        if not sent:
            break
    result.again |= {one.message: _BUSY for one in sent}
    return result


def _attempt(
    store: Store, sent: Sequence[_Sent], result: Joined, sleep: Callable[[float], None], now: dt.datetime
) -> list[_Sent]:
    """Join what can be; return what has to be looked at again, because others changed it meanwhile."""
    known = _known(store, [one.told.id for one in sent if one.told.prediction_id is None])
    groups: dict[str, list[_Sent]] = {}
    left: list[_Sent] = []
    for one in sent:
        prediction = _prediction(one, known.get(one.told.id))
        if prediction is not None:
            groups.setdefault(prediction, []).append(one)
        elif not _wait(store, one, known.get(one.told.id), result, now):
            left.append(one)
    outcomes: dict[str, dict[_Sent, str | ConflictError]] = {key: {} for key in groups}
    remembered: set[str] = set()
    edits: dict[str, Edit] = {}
    for key, group in groups.items():
        by_id = [one for one in group if one.told.prediction_id is None and one.told.id not in remembered]
        remembered.update(one.told.id for one in by_id)
        remember = _remember(store, key, by_id, known[by_id[0].told.id]) if by_id else None
        edits[key] = _edit(group, outcomes[key], remember, now)
    contended = marks.change(store, edits, sleep=sleep, now=now)
    left += [one for key in contended for one in groups[key]]
    for key in groups.keys() - set(contended):
        for one, outcome in outcomes[key].items():
            _tell(result, one, outcome)
    return left


def _known(store: Store, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the items of ids, for labels that name nothing else."""
    names = {lookup.name(store.line, id_): id_ for id_ in ids}
    return {names[key]: raw for key, raw in marks.read(store, sorted(names)).items()}


def _prediction(one: _Sent, known: Raw | None) -> str | None:
    """Return the prediction that a label is about: where it names an id only, that which was the newest at first."""
    if one.told.prediction_id is not None or known is None:
        return one.told.prediction_id
    remembered: str | None = _remembered(known).get(f"{one.message} {one.place}")
    return remembered or (known["prediction_id"]["S"] if "prediction_id" in known else None)


def _remembered(known: Raw) -> dict[str, str]:
    found: dict[str, str] = json.loads(known["told"]["S"]) if "told" in known else {}
    return found


def _edit(
    group: Sequence[_Sent],
    outcomes: dict[_Sent, str | ConflictError],
    remember: dict[str, Any] | None,
    now: dt.datetime,
) -> Edit:
    def changed(item: Item, _: Raw | None) -> Item:
        outcomes.clear()
        for one in group:
            try:
                item, became = joins.labelled(item, one.told.label, now)
            except ConflictError as error:
                outcomes[one] = error
            else:
                outcomes[one] = "unmatched" if became == "new" and item.prediction is None else became
        return item

    return Edit(change=changed, beside=lambda _item, _aside: [{"Update": remember}] if remember else [])


def _remember(store: Store, key: str, by_id: Sequence[_Sent], known: Raw) -> dict[str, Any]:
    """Keep whom messages were about: were they to come again after the id's next prediction, they would be about it."""
    told = _remembered(known) | {f"{one.message} {one.place}": key for one in by_id}
    kept = dict(list(told.items())[-MOST_REMEMBERED:])
    return {
        "TableName": store.predictions,
        "Key": lookup.key(store.line, by_id[0].told.id),
        "UpdateExpression": "SET told = :told",
        "ConditionExpression": "prediction_id = :prediction",
        "ExpressionAttributeValues": {":told": {"S": json.dumps(kept)}, ":prediction": known["prediction_id"]},
    }


def _wait(store: Store, one: _Sent, known: Raw | None, result: Joined, now: dt.datetime) -> bool:
    """Keep a label of an id that has no prediction in the id's item; False when that changed meanwhile."""
    before = known["waiting"] if known is not None and "waiting" in known else None
    item = Item(one.told.id, label=lookup.waiting(known) if known is not None and before else None)
    try:
        item, became = joins.labelled(item, one.told.label, now)
    except ConflictError as error:
        _tell(result, one, error)
        return True
    assert item.label is not None  # noqa: S101 (it has just been given one)
    unchanged = "waiting = :before" if before else "attribute_not_exists(waiting)"
    try:
        store.dynamodb.update_item(
            TableName=store.predictions,
            Key=lookup.key(store.line, one.told.id),
            UpdateExpression=(
                "SET waiting = :waiting, #line = :line, expires = :expires, "
                "unmatched_since = if_not_exists(unmatched_since, :now)"
            ),
            ConditionExpression=f"attribute_not_exists(prediction_id) AND {unchanged}",
            ExpressionAttributeNames={"#line": "line"},
            ExpressionAttributeValues={
                ":waiting": {"S": json.dumps(asdict(item.label))},
                ":line": {"S": store.line},
                ":expires": {"N": str(expiry(now, store.keep_days))},
                ":now": {"S": now.isoformat(timespec="seconds")},
                **({":before": before} if before else {}),
            },
        )
    except store.dynamodb.exceptions.ConditionalCheckFailedException:
        return False
    _tell(result, one, "unmatched" if became == "new" else became)
    return True


def _tell(result: Joined, one: _Sent, outcome: str | ConflictError) -> None:
    if isinstance(outcome, ConflictError):
        refusal = Refusal(str(outcome), given=one.told.given)
        result.refused.setdefault(one.message, []).append(refusal)
    else:
        result.counts["joined" if outcome == "new" else outcome] += 1


def put_aside(sqs: Any, queue: str, messages: Mapping[str, str], joined: Joined) -> None:
    """Send what can never be joined to the dead-letter queue, with the reason; a message that cannot go there comes
    again, and the source queue's own limit ends that.

    Of a message with several labels only those go that were refused. To send one again is safe once it is mended.
    """
    for message, refusals in joined.refused.items():
        for reason in dict.fromkeys(refusal.reason for refusal in refusals):
            given = [refusal.given for refusal in refusals if refusal.reason == reason]
            whole = len(refusals) == 1 and (given[0] is None or "labels" not in messages[message])
            try:
                sqs.send_message(
                    QueueUrl=queue,
                    MessageBody=messages[message] if whole else json.dumps({"labels": given}),
                    MessageAttributes={
                        "reason": {"DataType": "String", "StringValue": reason},
                        "message_id": {"DataType": "String", "StringValue": message},
                    },
                )
            except (BotoCoreError, ClientError) as error:
                joined.again[message] = f"it could not be put aside: {type(error).__name__}"
