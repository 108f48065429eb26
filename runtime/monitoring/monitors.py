"""The monitors of a line in the ledger: their states, the transitions, and what of these is still to be told.

``MONITOR#<monitor>`` holds a state and is changed from the version that was read only; a transition,
``ALARM#<monitor>#<window>#<state>``, is written with the state that it led to. What is to be told stays in the item of
the monitor until it was.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from config.monitors import MONITORS, Monitor
from runtime.monitoring.figures import Stand
from runtime.monitoring.judge import State, Transition

MOST_NAMED = 5
"""Columns that a sentence names."""


@dataclass(frozen=True)
class Ledger:
    """The ledger's table, the topic that people hear of, and where more is to be seen."""

    dynamodb: Any
    table: str
    sns: Any
    topic: str
    link: str
    runbooks: str
    """Where the pages lie that say what to do: a URL or a folder of the repository, ending in a slash."""


@dataclass(frozen=True)
class Kept:
    """A monitor's item; ``untold`` are the sort keys of transitions that nobody was told of yet."""

    version: int = 0
    state: State = field(default_factory=State)
    untold: tuple[str, ...] = ()


@dataclass(frozen=True)
class News:
    """One transition: what the ledger keeps and people are told. ``at`` is the end of the window that decided it."""

    monitor: Monitor
    state: str
    window: str
    at: str
    since: str
    what: tuple[Mapping[str, Any], ...]
    slice: str
    link: str
    runbook: str
    says: str

    @property
    def key(self) -> str:
        return f"ALARM#{self.monitor}#{self.window}#{self.state}"


def read(ledger: Ledger, line: str) -> dict[Monitor, Kept]:
    return {monitor: _read(ledger, line, monitor) for monitor in MONITORS}


def _read(ledger: Ledger, line: str, monitor: Monitor) -> Kept:
    answer = ledger.dynamodb.get_item(TableName=ledger.table, Key=_key(line, f"MONITOR#{monitor}"), ConsistentRead=True)
    if "Item" not in answer:
        return Kept()
    item = answer["Item"]
    return Kept(
        version=int(item["version"]["N"]),
        state=State.of(json.loads(item["state"]["S"])),
        untold=tuple(json.loads(item["untold"]["S"])),
    )


def write(ledger: Ledger, line: str, changed: Mapping[Monitor, Kept], told: Sequence[News]) -> bool:
    """Keep states and their transitions together; False when somebody else changed one of them meanwhile."""
    if not changed:
        return True
    writes: list[dict[str, Any]] = []
    for monitor, kept in changed.items():
        untold = [*kept.untold, *(one.key for one in told if one.monitor == monitor)]
        writes.append({"Put": _put(ledger, line, monitor, replace(kept, untold=tuple(untold)))})
    writes += [{"Put": {"TableName": ledger.table, "Item": _item(line, one)}} for one in told]
    try:
        ledger.dynamodb.transact_write_items(TransactItems=writes)
    except ledger.dynamodb.exceptions.TransactionCanceledException:
        return False
    return True


def _put(ledger: Ledger, line: str, monitor: Monitor, kept: Kept) -> dict[str, Any]:
    """Return the write of a monitor's item in the place of the one that was read."""
    condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
    if kept.version:
        values = {":version": {"N": str(kept.version)}}
        condition = {"ConditionExpression": "version = :version", "ExpressionAttributeValues": values}
    return {
        "TableName": ledger.table,
        "Item": {
            **_key(line, f"MONITOR#{monitor}"),
            "version": {"N": str(kept.version + 1)},
            "state": {"S": json.dumps(kept.state.plain())},
            "untold": {"S": json.dumps(kept.untold)},
        },
        **condition,
    }


def _item(line: str, one: News) -> dict[str, Any]:
    texts = ("monitor", "state", "at", "since", "slice", "link", "runbook", "says")
    return {
        **_key(line, one.key),
        **{name: {"S": getattr(one, name)} for name in texts},
        "what": {"S": json.dumps(one.what)},
    }


def tell(ledger: Ledger, line: str) -> int:
    """Publish what is still to be told; return how much that was. What is told twice has the same event id."""
    count = 0
    for monitor, kept in read(ledger, line).items():
        for key in kept.untold:
            item = ledger.dynamodb.get_item(TableName=ledger.table, Key=_key(line, key), ConsistentRead=True)["Item"]
            texts = {name: value["S"] for name, value in item.items()}
            ledger.sns.publish(
                TopicArn=ledger.topic,
                Subject=f"{line}: {monitor} {texts['state']}"[:100],
                Message=(
                    f"{texts['says']}\n\nTo see: {texts['link']}\nTo do: {texts['runbook']}\nEvent: {line}#{key}\n"
                ),
                MessageAttributes={"event_id": {"DataType": "String", "StringValue": f"{line}#{key}"}},
            )
            count += 1
        if kept.untold:
            write(ledger, line, {monitor: replace(kept, untold=())}, [])  # who was quicker tells the rest
    return count


class Subject(NamedTuple):
    """Whom news are about: a line's monitor, and the end of the window that it looked at."""

    line: str
    monitor: Monitor
    end: dt.datetime


def news(ledger: Ledger, subject: Subject, transition: Transition, stand: Stand) -> News:
    """Return a transition as it is kept and told."""
    monitor = subject.monitor
    return News(
        monitor=monitor,
        state=transition.status,
        window=transition.window,
        at=subject.end.isoformat(),
        since=transition.since,
        what=stand.what if transition.status == "alarm" else (),
        slice=stand.slice,
        link=ledger.link,
        runbook=f"{ledger.runbooks}{monitor}.md",
        says=_says(subject.line, monitor, transition, stand),
    )


def _says(line: str, monitor: Monitor, transition: Transition, stand: Stand) -> str:
    """Return the sentence: what moved, since when, how much, in which slice."""
    if transition.status == "ok":
        return f"{monitor} of line {line} is well again; it was not since {transition.since}"
    moved = [
        f"{one['metric']} {one['value']:.3g} (bar {one['bar']:.3g})"
        if "metric" in one
        else f"{one['column']} {one['index']:.2f} (bar {one['bar']:.2f}, {_BESIDE[one['against']]})"
        for one in stand.what[:MOST_NAMED]
    ]
    more = f" and {len(stand.what) - MOST_NAMED} more" if len(stand.what) > MOST_NAMED else ""
    worst = f", worst in {stand.slice}" if stand.slice else ""
    return f"{monitor} of line {line} is over its bar since {transition.since}: {', '.join(moved)}{more}{worst}"


_BESIDE = {
    "training": "against training",
    "last_week": "against last week",
    "missing": "more missing",
    "unseen": "never seen",
    "outside": "out of range",
}


def _key(line: str, sort: str) -> dict[str, Any]:
    return {"pk": {"S": f"LINE#{line}"}, "sk": {"S": sort}}
