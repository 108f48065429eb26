"""Windows of a line: captured events and scoring profiles go in, each counted once; what is in one comes out merged."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runtime.delivery import records
from runtime.drift import Histogram
from runtime.monitoring import joins, marks, opening, partials, sketch
from runtime.monitoring.items import Raw
from runtime.monitoring.joins import Counters, Item
from runtime.monitoring.marks import Edit, Pair
from runtime.monitoring.partials import Partial
from runtime.monitoring.sketch import Plan, Sketch
from runtime.monitoring.store import Store, moment_of, start_of

LONGEST_SLICE = 60


@dataclass(frozen=True)
class Reference:
    """What a champion was trained on: the URI of its artefact, and its bins by column."""

    artefact: str
    columns: Mapping[str, Histogram]


@dataclass(frozen=True)
class Added:
    """How many events were counted and how many were known already; ``again`` are the event ids that must come again,
    because others kept changing the same predictions."""

    counted: int
    repeated: int
    again: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Window:
    """All that came for a window: sketches by the artefact whose bins they have, and counters per slice."""

    line: str
    start: str
    sketches: Mapping[str, Sketch]
    counters: Counters
    partials: int = 0

    @property
    def rows(self) -> int:
        return sum(one["n"] for one in self.sketches.values())


def add_events(
    store: Store,
    reference: Reference,
    events: Sequence[Mapping[str, Any]],
    *,
    sleep: Callable[[float], None] = time.sleep,
    now: dt.datetime | None = None,
) -> Added:
    """Count captured events (as in a capture message) in the windows of their predictions, each event id once.

    The events may repeat each other and earlier ones, and come in any grouping and order. Each is
    ``{"event_id", "prediction": {record}, "inputs": {column: value}, "milliseconds"}``; raises KeyError or ValueError
    for one that is not. Whoever gets ``again`` back lets those events' messages come again.
    """
    by_event = {event["event_id"]: event for event in events}
    by_prediction: dict[str, list[Mapping[str, Any]]] = {}
    for event in by_event.values():
        by_prediction.setdefault(event["prediction"]["prediction_id"], []).append(event)
    plan = Plan(reference.columns)
    fresh: dict[str, int] = {}
    edits = {key: _captured(store, group, fresh) for key, group in by_prediction.items()}

    def sketched(pairs: Sequence[Pair]) -> list[Partial]:
        new = sorted({id_ for before, after in pairs for id_ in after.captured - before.captured})
        if not new:
            return []
        made = sketch.of_events(plan, [by_event[id_] for id_ in new])
        name = partials.named(partials.INPUT, new)
        return [Partial(part=name, n=len(new), sketch=made, artefact=reference.artefact)]

    left = marks.change(store, edits, sketched=sketched, sleep=sleep, now=now)
    again = frozenset(event["event_id"] for key in left for event in by_prediction[key])
    counted = sum(count for key, count in fresh.items() if key not in left)
    return Added(counted=counted, repeated=len(events) - len(again) - counted, again=again)


def _captured(store: Store, group: Sequence[Mapping[str, Any]], fresh: dict[str, int]) -> Edit:
    def changed(item: Item, _: Raw | None) -> Item:
        before = item.captured
        for event in sorted(group, key=lambda event: records.recency(event["prediction"])):
            item = joins.predicted(item, event["prediction"], slices_of(store.slices, event["inputs"]))
            item = joins.captured(item, event["event_id"])
        fresh[item.key] = len(item.captured - before)
        return item

    return Edit(change=changed)


def slices_of(columns: Sequence[str], values: Mapping[str, Any]) -> dict[str, str]:
    """Return the slices that an example lies in, by column.

    >>> slices_of(["origin", "gate"], {"origin": "JFK", "gate": None, "hour": 7})
    {'origin': 'JFK', 'gate': '(missing)'}
    """
    missing = "(missing)"
    return {
        name: missing if values.get(name) is None else str(values[name])[:LONGEST_SLICE] or missing for name in columns
    }


def add_run(
    store: Store, reference: Reference, profile: Mapping[str, Histogram], *, run: str, start: str, now: dt.datetime
) -> None:
    """Count what a run scored in a window; said again it changes nothing."""
    made = sketch.of_profile(profile)
    partial = Partial(part=f"{partials.RUN}{run}", n=made["n"], sketch=made, artefact=reference.artefact)
    if store.count:
        opening.add_run(store, partial, run, now)
        return
    store.dynamodb.put_item(**partials.put(store, start, partial, now, again=True))
    partials.touch(store, [start], now)


def read(store: Store, start: str) -> Window:
    """Return a window, merged from its partials. Of several runs that scored it, the newest counts."""
    inputs, counted = _inputs(store, start), list(outcomes(store, start))
    return Window(
        line=store.line,
        start=start,
        sketches=_merged(inputs),
        counters=partials.added(counted),
        partials=len(inputs) + len(counted),
    )


def sketched(store: Store, start: str) -> dict[str, Sketch]:
    """Return a window's sketches by the artefact whose bins they have."""
    return _merged(_inputs(store, start))


def _inputs(store: Store, start: str) -> list[Partial]:
    partition = partials.key(store.line, start)
    inputs = [partials.of(raw) for raw in partials.query(store.dynamodb, store.windows, partition, prefix="input#")]
    runs = [one for one in inputs if one.part.startswith(partials.RUN)]
    return [one for one in inputs if one not in runs] + sorted(runs, key=lambda one: one.at)[-1:]


def _merged(inputs: Sequence[Partial]) -> dict[str, Sketch]:
    by_artefact: dict[str, list[Sketch]] = {}
    for one in inputs:
        if one.sketch is not None:
            by_artefact.setdefault(one.artefact, []).append(one.sketch)
    return {artefact: sketch.merge(found) for artefact, found in by_artefact.items()}


def before(store: Store, start: str, number: int) -> list[str]:
    """Return the windows that lie before one, the nearest first: so many, or fewer where time or the store begins."""
    if store.count:
        return [one for one in reversed(starts(store)) if one < start][:number]
    found = []
    for _ in range(number):
        try:
            start = start_of(moment_of(start) - dt.timedelta(hours=store.hours), store.hours)
        except OverflowError:
            break
        found.append(start)
    return found


def outcomes(store: Store, start: str) -> Iterator[Counters]:
    """Yield the counters of a window's partials."""
    partition = partials.key(store.line, start)
    for raw in partials.query(store.dynamodb, store.windows, partition, prefix=partials.OUTCOME):
        yield partials.of(raw).counters or {}


def joined(store: Store, since: dt.datetime, hours: int) -> Counters:
    """Return what was counted of the labels of some hours, of whole windows; windows by count are taken all."""
    if store.count:
        return partials.added(counted for start in starts(store) for counted in outcomes(store, start))
    span, found = dt.timedelta(hours=store.hours), list[Counters]()
    start = moment_of(start_of(since, store.hours))
    while start < since + dt.timedelta(hours=hours):
        found += outcomes(store, start_of(start, store.hours))
        start += span
    return partials.added(found)


def starts(store: Store, *, dirty: bool = False) -> dict[str, str]:
    """Return the windows that there are, each with the token by which it is dirty or nothing, in order of time."""
    found = {
        raw["part"]["S"]: raw.get("dirty", {}).get("S", "")
        for raw in partials.query(store.dynamodb, store.windows, store.line, between=("0", "9~"))
    }
    return {start: token for start, token in found.items() if token or not dirty}


def clean(store: Store, start: str, token: str) -> None:
    """Say that a window was judged as it was when it got its token; one that got more meanwhile stays dirty."""
    try:
        store.dynamodb.update_item(
            TableName=store.windows,
            Key={"window": {"S": store.line}, "part": {"S": start}},
            UpdateExpression="REMOVE dirty",
            ConditionExpression="dirty = :token",
            ExpressionAttributeValues={":token": {"S": token}},
        )
    except store.dynamodb.exceptions.ConditionalCheckFailedException:
        return


def ends(store: Store) -> dict[str, dt.datetime]:
    """Return the windows that there are, in order, with their ends; of windows by count those that are full."""
    found = list(starts(store))
    if not store.count:
        return {start: end_of(start, store.hours) for start in found}
    later = [*found[1:], opening.opened(store, dt.datetime.now(dt.UTC)).open]
    return {start: moment_of(end) for start, end in zip(found, later, strict=True) if start < end}


def end_of(start: str, hours: int) -> dt.datetime:
    """Return when a window ends; one at the end of all time ends there."""
    try:
        return moment_of(start) + dt.timedelta(hours=hours)
    except OverflowError:
        return dt.datetime.max.replace(tzinfo=dt.UTC)
