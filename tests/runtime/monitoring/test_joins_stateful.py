"""Predictions, labels and captured events in any order, repeated, changed, struck by faults: counters as if told once.

The oracle knows nothing of transactions: it keeps the newest prediction and the label that holds for each prediction
id, and counts them anew after every step.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from runtime import ground_truth
from runtime.delivery import lookup
from runtime.monitoring import windows
from runtime.monitoring.store import Store
from tests.moto_server import FAULTS, Aws, Faults
from tests.runtime.monitoring.test_windows import REFERENCE

IDS, DAYS = st.integers(0, 2), st.integers(15, 16)
SCORES, LABELS = st.sampled_from([0.1, 0.5, 0.9]), st.sampled_from([0, 1])
MINUTES = st.integers(0, 3)
STRIKES = st.one_of(st.none(), st.tuples(st.integers(0, 5), st.sampled_from(FAULTS)))
Strike = tuple[int, Any] | None
Key = tuple[int, int]
"""An id and a day."""


@dataclass
class Oracle:
    """What was said, as a person would note it down."""

    predictions: dict[Key, dict[str, Any]] = field(default_factory=dict)
    labels: dict[Key, tuple[int, int]] = field(default_factory=dict)
    """Label and the minute at which it was known, -1 where nobody said."""
    scores: dict[Key, float] = field(default_factory=dict)
    """The score that was there when the label was there, too."""
    newest: dict[int, dict[str, Any]] = field(default_factory=dict)
    waiting: dict[int, tuple[int, int]] = field(default_factory=dict)
    events: set[str] = field(default_factory=set)
    refused: int = 0

    def predict(self, key: Key, made: dict[str, Any]) -> None:
        self.predictions[key] = _newer(self.predictions.get(key), made)
        self.newest[key[0]] = _newer(self.newest.get(key[0]), made)
        if key[0] in self.waiting:
            self._held(self.labels, key, self.waiting.pop(key[0]))
        self.settle(key)

    def label(self, key: Key, given: tuple[int, int]) -> None:
        self.refused += not self._held(self.labels, key, given)
        self.settle(key)

    def label_of_id(self, number: int, given: tuple[int, int]) -> None:
        if number in self.newest:
            self.label((number, int(self.newest[number]["prediction_id"][-2:])), given)
        else:
            self.refused += not self._held(self.waiting, number, given)

    def _held(self, book: dict[Any, tuple[int, int]], place: Any, given: tuple[int, int]) -> bool:
        known = book.setdefault(place, given)
        if known[0] == given[0] or given[1] > known[1]:
            book[place] = (given[0], max(known[1], given[1]))
        return known[0] == given[0] or given[1] != known[1]

    def settle(self, key: Key) -> None:
        if key in self.predictions and key in self.labels:
            self.scores.setdefault(key, self.predictions[key]["score"])

    def counters(self, day: int) -> dict[str, int]:
        counted = [(self.scores[key], self.labels[key][0]) for key in self.scores if key[1] == day]
        bins = Counter(f"p{label}_{int(score * 100)}" for score, label in counted)
        return {"n": len(counted), **bins} if counted else {}


def _newer(known: dict[str, Any] | None, made: dict[str, Any]) -> dict[str, Any]:
    return made if known is None or (known["at"], known["run"]) <= (made["at"], made["run"]) else known


class Feedback(RuleBasedStateMachine):
    """The world does what it wants, and AWS fails when it wants: whoever failed is called again, as a queue does."""

    aws: ClassVar[Aws]

    def __init__(self) -> None:
        super().__init__()
        self.store = Store(
            self.aws.client("dynamodb"), self.aws.table("prediction_key"), self.aws.table("window", "part"), "flights"
        )
        self.oracle = Oracle()
        self.messages = 0
        self.sent: list[dict[str, str]] = []
        self.seen: list[dict[str, Any]] = []
        self.refused = 0

    def struck(self, work: Callable[[Store], Any], strike: Strike) -> Any:
        """Do some work that is struck by a fault, and then do it again."""
        if strike is not None:
            client = self.aws.client("dynamodb")
            Faults(at=strike[0], fault=strike[1]).on(client)
            with suppress(Exception):
                work(replace(self.store, dynamodb=client))
        return work(self.store)

    @rule(number=IDS, day=DAYS, score=SCORES, minute=MINUTES, strike=STRIKES)
    def a_run_delivers(self, number: int, day: int, score: float, minute: int, strike: Strike) -> None:
        made = prediction(number, day, score, minute, run=f"run-{score}")
        self.struck(lambda store: lookup.put(store.dynamodb, store.predictions, [made], store=store), strike)
        self.oracle.predict((number, day), made)

    @rule(number=IDS, day=DAYS, score=SCORES, minute=MINUTES, strike=STRIKES)
    def a_request_is_answered_and_captured(
        self, number: int, day: int, score: float, minute: int, strike: Strike
    ) -> None:
        made = prediction(number, day, score, minute, run=f"on-request-{score}")
        lookup.put(self.store.dynamodb, self.store.predictions, [made])
        event = {
            "event_id": f"{number}-{day}-{score}",
            "prediction": made,
            "inputs": {"hour": minute, "carrier": "UA"},
            "milliseconds": 1.0,
        }
        self.seen.append(event)
        self.capture([event], strike)

    @rule(strike=STRIKES, data=st.data())
    def events_come_again(self, strike: Strike, data: st.DataObject) -> None:
        if self.seen:
            self.capture(data.draw(st.lists(st.sampled_from(self.seen), min_size=1, max_size=5)), strike)

    def capture(self, events: list[dict[str, Any]], strike: Strike) -> None:
        added = self.struck(lambda store: windows.add_events(store, REFERENCE, events), strike)
        assert added.again == frozenset()
        for event in sorted(events, key=lambda event: (event["prediction"]["at"], event["prediction"]["run"])):
            key = (int(event["prediction"]["id"]), int(event["prediction"]["prediction_id"][-2:]))
            self.oracle.predict(key, event["prediction"])
            self.oracle.events.add(event["event_id"])

    @rule(number=IDS, day=DAYS, label=LABELS, known=st.integers(-1, 3), strike=STRIKES)
    def a_label_comes(self, number: int, day: int, label: int, known: int, strike: Strike) -> None:
        body = {"prediction_id": f"flights:{number}:2013-08-{day}", "label": label, **known_at(known)}
        self.tell({self.message(): json.dumps(body)}, strike)
        self.oracle.label((number, day), (label, known))

    @rule(number=IDS, label=LABELS, known=st.integers(-1, 3), strike=STRIKES)
    def a_label_of_an_id_comes(self, number: int, label: int, known: int, strike: Strike) -> None:
        body = {"id": str(number), "label": label, **known_at(known)}
        self.tell({self.message(): json.dumps(body)}, strike)
        self.oracle.label_of_id(number, (label, known))

    @rule(strike=STRIKES)
    def poison_comes(self, strike: Strike) -> None:
        self.tell({self.message(): '{"id": 3'}, strike)
        self.oracle.refused += 1

    def message(self) -> str:
        self.messages += 1
        return f"m{self.messages}"

    def tell(self, messages: dict[str, str], strike: Strike) -> None:
        joined = self.struck(lambda store: ground_truth.join(store, messages=messages), strike)
        assert joined.again == {}
        self.refused += len(joined.refused)

    @invariant()
    def counters_are_as_if_everything_had_been_said_once(self) -> None:
        found = {day: windows.read(self.store, f"2013-08-{day}T00:00Z") for day in (15, 16)}
        assert {day: dict(one.counters.get("", {})) for day, one in found.items()} == {
            day: self.oracle.counters(day) for day in (15, 16)
        }
        assert sum(one.rows for one in found.values()) == len(self.oracle.events)
        assert self.refused == self.oracle.refused


def prediction(number: int, day: int, score: float, minute: int, *, run: str) -> dict[str, Any]:
    return {
        "schema": 1,
        "prediction_id": f"flights:{number}:2013-08-{day}",
        "line": "flights",
        "run": run,
        "model_version": 1,
        "id": str(number),
        "event_time": f"2013-08-{day}T10:00:00+00:00",
        "score": score,
        "at": f"2026-01-01T00:0{minute}:00+00:00",
    }


def known_at(minute: int) -> dict[str, str]:
    moment = dt.datetime(2013, 9, 1, 0, max(minute, 0), tzinfo=dt.UTC)
    return {"known_at": moment.isoformat()} if minute >= 0 else {}


def explore(aws: Aws, examples: int, steps: int) -> None:
    Feedback.aws = aws
    run_state_machine_as_test(
        Feedback,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_any_interleaving_is_counted_as_if_told_once(aws: Aws) -> None:
    explore(aws, examples=5, steps=12)


@pytest.mark.thorough
def test_many_interleavings_are_counted_as_if_told_once(aws: Aws) -> None:
    explore(aws, examples=60, steps=40)
