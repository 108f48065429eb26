"""The join of a prediction with its label: one item per prediction id, whichever of the two comes first.

Nothing here talks to AWS. An item goes from one state to the next, and what its counts are is told apart from it: the
difference between two states is what a window's counters must grow by.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from config.metrics import Task
from runtime import performance
from runtime.delivery import records
from runtime.monitoring.store import Store, expiry

MOST_CAPTURED = 500
"""Events of one prediction that are told apart: asked more often than that in a day, it is a test of load."""
MICRO = 1_000_000
"""A business outcome is counted in millionths, so that its sum is the same in any order."""
WHOLE = ""
"""The slice that is everything."""

Counters = dict[str, Counter[str]]


class ConflictError(ValueError):
    """Two labels of the same moment say different things."""


@dataclass(frozen=True)
class Label:
    """How a prediction turned out. ``known_at`` is an ISO moment in UTC or, when nobody said, empty: before all."""

    label: float
    known_at: str = ""
    outcome: float | None = None


@dataclass(frozen=True)
class Counted:
    """What was counted of a prediction, to be taken back exactly when its label changes."""

    window: str
    score: float
    label: float
    outcome: float | None
    slices: Mapping[str, str]


@dataclass(frozen=True)
class Item:
    """``version`` is 0 while there is none in the table; ``prediction`` and ``label`` are None until they come."""

    key: str
    version: int = 0
    prediction: Mapping[str, Any] | None = None
    slices: Mapping[str, str] | None = None
    label: Label | None = None
    label_at: str = ""
    counted: Counted | None = None
    captured: frozenset[str] = frozenset()
    unmatched_since: str = ""
    expires: int = 0


def changed(item: Item, **fields: Any) -> Item:
    """Return an item with other fields; of the thousands of a batch, several times as fast as ``replace``."""
    return Item(**{**vars(item), **fields})


def predicted(item: Item, record: Mapping[str, Any], slices: Mapping[str, str] | None) -> Item:
    """Return the item with a prediction, unless a newer one is there; what its slices are may be told later."""
    known = item.prediction
    if known is not None and records.recency(record) < records.recency(known):
        return item
    fields = {name: record[name] for name in records.FIELDS}
    same = known is not None and fields == dict(known)
    return changed(item, prediction=fields, slices=slices if slices is not None else item.slices if same else None)


def labelled(item: Item, given: Label, now: dt.datetime) -> tuple[Item, str]:
    """Return the item with a label, and what became of it: new, repeated, changed or superseded.

    Of two labels the one that was known later holds. Raises ConflictError when both were known at the same moment.
    """
    known = item.label
    if known is None:
        return changed(item, label=given, label_at=now.isoformat(timespec="seconds")), "new"
    if given.label == known.label and (given.outcome is None or given.outcome == known.outcome):
        later = max(known.known_at, given.known_at)
        return (item if later == known.known_at else changed(item, label=replace(known, known_at=later))), "repeated"
    if given.label == known.label and known.outcome is None:  # the business outcome is told later than the label
        later = max(known.known_at, given.known_at)
        return changed(item, label=replace(given, known_at=later)), "changed"
    if given.known_at < known.known_at:
        return item, "superseded"
    if given.known_at == known.known_at:
        raise ConflictError("the prediction has another label already, and this one was not known later")
    return changed(item, label=given, label_at=now.isoformat(timespec="seconds")), "changed"


def captured(item: Item, event_id: str) -> Item:
    """Return the item with an event marked as counted; one too many is left as it is."""
    if len(item.captured) >= MOST_CAPTURED:
        return item
    return changed(item, captured=item.captured | {event_id})


def settled(item: Item, store: Store, now: dt.datetime) -> Item:
    """Return the item as it is to be kept: counted if both parts are there, waiting if only the label is.

    The prediction that was there first when both were counts, with its window: what a model says of an example whose
    label was known is no prediction.
    """
    expires = item.expires or expiry(now, store.keep_days)
    if item.prediction is None:
        since = item.unmatched_since or now.isoformat(timespec="seconds")
        return changed(item, unmatched_since=since if item.label is not None else "", expires=expires)
    if item.label is None or not store.windows:
        return changed(item, expires=expires)
    known = item.counted
    counted = Counted(
        window=known.window if known else store.window(item.key, item.prediction["event_time"]),
        score=known.score if known else item.prediction["score"],
        label=item.label.label,
        outcome=item.label.outcome,
        slices=item.slices or (known.slices if known else {}),
    )
    return changed(item, counted=counted, unmatched_since="", expires=expires)


def difference(before: Counted | None, after: Counted | None, task: Task) -> Counters:
    """Return what counters grow by, per slice, when what was counted changes; the slice ``""`` is the whole."""
    found: Counters = {}
    for counted, sign in ((before, -1), (after, 1)):
        if counted is None or before == after:
            continue
        for place in [WHOLE, *(f"{column}={value}" for column, value in counted.slices.items())]:
            counts = found.setdefault(place, Counter())
            label = int(counted.label) if task == "binary" else counted.label
            for name, count in performance.counters([(counted.score, label)], task).items():
                counts[name] += sign * count
            if counted.outcome is not None:
                counts["outcome_n"] += sign
                counts["outcome_micro"] += sign * round(counted.outcome * MICRO)
    return {place: kept for place, counts in found.items() if (kept := Counter({k: v for k, v in counts.items() if v}))}
