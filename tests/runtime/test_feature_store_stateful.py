"""The feature store and the dataset builder beside a naive oracle: events come late, twice and out of order."""

from __future__ import annotations

import datetime as dt
import json
import math
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from config.line import FeatureView
from runtime import engine, feature_check, features, online, spine
from runtime.datasets import Choice, Joined
from runtime.online import Item
from runtime.windows import Window
from tests.moto_server import Aws
from tests.runtime.shop import LINE, bundle

TTL_HOURS = 72
START = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
CUSTOMERS = ["ann", "bob", "ünï|code", ""]
VIEW = FeatureView(entity=["customer"], event_time="known_at", ttl_hours=TTL_HOURS)
BUNDLE = bundle(
    features={"habits": "SELECT customer, known_at, spent, note FROM events"},
    spine="SELECT * FROM orders",
    definition={**LINE, "dataset": {**LINE["dataset"], "request": ["price"], "categorical": ["habits__note"]}},
)

Values = tuple[float | None, str | None]
Event = tuple[str | None, dt.datetime | None, float | None, str | None]

HOURS = st.integers(0, 200)
EVENTS = st.tuples(
    st.sampled_from([*CUSTOMERS, None]),
    st.one_of(HOURS, st.none()),
    st.sampled_from([1.0, 2.5, -3.0, None, math.nan, math.inf]),
    st.sampled_from(["x", "y", "", None]),
)


def hour(number: int | None) -> dt.datetime | None:
    return None if number is None else START + dt.timedelta(hours=number)


def in_order(values: Values) -> tuple[Any, ...]:
    return tuple((value is None, value if value is not None else 0) for value in values)


@dataclass
class Oracle:
    """What the feature store must hold, computed the plainest way."""

    events: list[Event] = field(default_factory=list)
    items: dict[str, tuple[dt.datetime, int, Values]] = field(default_factory=dict)

    def history(self) -> dict[tuple[str, dt.datetime], Values]:
        """Of events with one customer and moment, the one whose values come first in order."""
        found: dict[tuple[str, dt.datetime], list[Values]] = {}
        for customer, at, spent, note in self.events:
            if customer is not None and at is not None:
                finite = spent if spent is not None and math.isfinite(spent) else None
                found.setdefault((customer, at), []).append((finite, note))
        return {key: min(values, key=in_order) for key, values in found.items()}

    def known(self, customer: str | None, moment: dt.datetime) -> tuple[dt.datetime, Values] | None:
        """What was known of a customer at a moment."""
        oldest = moment - dt.timedelta(hours=TTL_HOURS)
        seen = [
            (at, values)
            for (other, at), values in self.history().items()
            if other == customer and oldest <= at <= moment
        ]
        return max(seen, key=lambda row: row[0]) if seen else None

    def serve(self, as_of: dt.datetime, version: int) -> None:
        """Let the newest event time win, and of one event time what was published later."""
        for customer in CUSTOMERS:
            row = self.known(customer, as_of)
            if row is not None:
                now = (row[0], version, row[1])
                before = self.items.get(customer)
                if before is None or now[:2] >= before[:2]:
                    self.items[customer] = now


class FeatureStore(RuleBasedStateMachine):
    aws: Aws

    def __init__(self) -> None:
        super().__init__()
        self.oracle = Oracle()
        self.client, self.table = self.aws.client("dynamodb"), self.aws.table("key")
        self.connection = engine.connect(threads=1)
        self.connection.execute(
            "CREATE TABLE events (customer VARCHAR, known_at TIMESTAMP, spent DOUBLE, note VARCHAR)"
        )
        self.runs: list[list[Item]] = []
        self.latest = START
        self.is_current = False
        self.random = random.Random(0)

    def teardown(self) -> None:
        self.connection.close()

    @rule(batch=st.lists(EVENTS, min_size=1, max_size=6), repeats=st.booleans())
    def events_arrive(
        self, batch: list[tuple[str | None, int | None, float | None, str | None]], repeats: bool
    ) -> None:
        events: list[Event] = [(customer, hour(at), spent, note) for customer, at, spent, note in batch]
        if repeats:
            events += self.random.sample(self.oracle.events, min(3, len(self.oracle.events)))
        self.oracle.events += events
        rows = [(customer, at.replace(tzinfo=None) if at else None, *rest) for customer, at, *rest in events]
        self.random.shuffle(rows)
        self.connection.executemany("INSERT INTO events VALUES (?, ?, ?, ?)", rows)
        self.is_current = False

    @rule(hours=HOURS)
    def the_features_station_runs(self, hours: int) -> None:
        as_of = START + dt.timedelta(hours=hours)
        self._build()
        version = len(self.runs)
        items = list(features.newest(self.connection, name="habits", view=VIEW, as_of=as_of, version=f"{version:04}"))
        self.runs.append(items)
        online.write_newest(self.client, self.table, items)
        online.bring_up_to(self.client, self.table, as_of)
        self.oracle.serve(as_of, version)
        self.latest = max(self.latest, as_of)
        self.is_current = as_of == self.latest

    @precondition(lambda self: self.runs)
    @rule(data=st.data())
    def an_earlier_write_comes_again(self, data: st.DataObject) -> None:
        again = list(data.draw(st.sampled_from(self.runs)))
        self.random.shuffle(again)
        online.write_newest(self.client, self.table, again)

    @precondition(lambda self: self.runs)
    @rule(examples=st.lists(st.tuples(st.sampled_from([*CUSTOMERS, "eve", None]), HOURS), max_size=6))
    def a_dataset_is_as_it_was_known(self, examples: list[tuple[str | None, int]]) -> None:
        self._build()
        assert joined(self.connection, examples) == [
            self._expected(customer, START + dt.timedelta(hours=hours))
            for customer, hours in sorted(examples, key=lambda example: example[1])
        ]

    @precondition(lambda self: self.runs)
    @rule(customer=st.sampled_from(CUSTOMERS), hours=HOURS)
    def a_feature_from_the_future_reaches_no_example(self, customer: str, hours: int) -> None:
        before = joined(self.connection, [(customer, hours)])
        with planted(self.connection, customer, START + dt.timedelta(hours=hours, microseconds=1)):
            assert joined(self.connection, [(customer, hours)]) == before

    @invariant()
    def the_online_store_serves_the_newest(self) -> None:
        found = {item.key: item for item in online.scan(self.client, self.table, "habits")}
        assert {key: (item.event_time, json.loads(item.features)) for key, item in found.items()} == {
            online.key("habits", {"customer": customer}): (
                online.moment(at),
                {"spent": values[0], "note": values[1]},
            )
            for customer, (at, _, values) in self.oracle.items.items()
        }

    @precondition(lambda self: self.is_current)
    @invariant()
    def history_and_online_store_agree(self) -> None:
        checked = feature_check.check(
            self.connection, self.client, self.table, name="habits", view=VIEW, as_of=self.latest
        )
        assert (checked.counts, checked.examples) == (dict.fromkeys(feature_check.KINDS, 0), [])

    def _build(self) -> None:
        """Let the view's whole history be the relation ``habits``, as the features station leaves it."""
        query, _ = features.build(
            self.connection, line="shop", name="habits", view=VIEW, sql=BUNDLE.features["habits"], parameters={}
        )
        self.connection.execute(f"CREATE OR REPLACE TABLE habits AS {query.text}")

    def _expected(self, customer: str | None, moment: dt.datetime) -> tuple[float | None, str | None]:
        row = self.oracle.known(customer, moment)
        return (None, None) if row is None else row[1]


def joined(connection: engine.Connection, examples: list[tuple[str | None, int]]) -> list[Values]:
    """Return the view's values for each example, by moment."""
    connection.execute(
        "CREATE OR REPLACE TABLE orders "
        "(id INTEGER, placed TIMESTAMPTZ, customer VARCHAR, price DOUBLE, returned INTEGER)"
    )
    ordered = sorted(examples, key=lambda example: example[1])
    rows = pa.table(
        {
            "id": pa.array(range(100, 100 + len(ordered)), pa.int32()),
            "placed": pa.array([hour(hours) for _, hours in ordered], pa.timestamp("us", "UTC")),
            "customer": pa.array([customer for customer, _ in ordered], pa.string()),
            "price": pa.array([1.0] * len(ordered), pa.float64()),
            "returned": pa.array([1] * len(ordered), pa.int32()),
        }
    )
    connection.register("given", rows)
    connection.execute("INSERT INTO orders FROM given")
    connection.unregister("given")
    window = Window(START - dt.timedelta(days=1), START + dt.timedelta(days=30))
    spine.build(connection, bundle=BUNDLE, parameters={}, windows=[window], views=["habits"])
    found = Joined(connection, BUNDLE.definition, Choice.of(BUNDLE.definition), task="binary", subject="spine")
    table = pa.concat_tables(found.chunks(["id"]))
    values: list[Values] = list(zip(table["habits__spent"].to_pylist(), table["habits__note"].to_pylist(), strict=True))
    return values


@contextmanager
def planted(connection: engine.Connection, customer: str, at: dt.datetime) -> Iterator[None]:
    """Put a row of another's future into the history, sorted or not, while the block lasts."""
    connection.execute("CREATE OR REPLACE TABLE kept AS FROM habits")
    connection.execute("INSERT INTO habits VALUES (?, ?, 1e9, 'leak')", [customer, at])
    try:
        yield
    finally:
        connection.execute("CREATE OR REPLACE TABLE habits AS FROM kept")


@pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")
def test_feature_store_and_datasets_equal_a_naive_oracle(aws: Aws) -> None:
    machine = type("Machine", (FeatureStore,), {"aws": aws})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=12, stateful_step_count=10, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
