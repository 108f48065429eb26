"""Records are what the events say, whatever befell who made them."""

from __future__ import annotations

import datetime as dt
import random
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime import ledger, projection, records
from tests.lambdas.inside import Inside, inside
from tests.moto_server import CrashError
from tests.runtime.recorded import LINE, START, distinct, started, whole


@pytest.fixture(scope="module")
def aws() -> Iterator[Inside]:
    with inside() as found:
        yield found


class Recorders:
    """Two recorders of one ledger that take turns at each call, and die before or after some."""

    def __init__(self, client: Any, table: str, chance: random.Random) -> None:
        self._client, self._table, self._chance = client, table, chance
        self._gates: dict[int, threading.Semaphore] = {}
        self._over, self._now = threading.Semaphore(0), 0

    def record(self, deliveries: Sequence[Sequence[dict[str, Any]]]) -> None:
        """Have each recorder keep its events; one that died gets the event again, as the bus does it."""
        hooks = self._client.meta.events
        hooks.register_first("before-call.*", self._turn)
        hooks.register_last("after-call.*", self._turn)
        self._gates = {number: threading.Semaphore(0) for number, _ in enumerate(deliveries)}
        each = [threading.Thread(target=self._one, args=(i, said), daemon=True) for i, said in enumerate(deliveries)]
        for thread in each:
            thread.start()
        self._pass_on()
        self._over.acquire()
        hooks.unregister("before-call.*", self._turn)
        hooks.unregister("after-call.*", self._turn)

    def _one(self, number: int, said: Sequence[dict[str, Any]]) -> None:
        self._gates[number].acquire()
        for event in said:
            done = False
            while not done:
                with suppress(CrashError):
                    ledger.record(self._client, self._table, event)
                    done = True
        del self._gates[number]
        self._pass_on()

    def _pass_on(self) -> None:
        if not self._gates:
            self._over.release()
            return
        self._now = self._chance.choice(list(self._gates))
        self._gates[self._now].release()

    def _turn(self, **_: Any) -> None:
        mine = self._now
        self._pass_on()
        self._gates[mine].acquire()
        if self._chance.random() < 0.15:
            raise CrashError


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=distinct(), seed=st.integers(0, 10_000))
def test_two_recorders_that_die_and_overlap_leave_the_record_of_all_events(
    aws: Inside, said: list[dict[str, Any]], seed: int
) -> None:
    table, chance = aws.ledger(), random.Random(seed)
    given = [*said, *chance.choices(said, k=2)]
    chance.shuffle(given)
    split = chance.randint(0, len(given))
    recorders = Recorders(aws.client("dynamodb"), table, chance)

    recorders.record([given[:split], given[split:]])

    expected = records.of_events(ledger.item(event) for event in said)
    dynamodb = aws.client("dynamodb")
    assert ledger.record_of(dynamodb, table, LINE, "run-1") == expected
    assert ledger.newest(dynamodb, table, LINE, 10) == [expected]


def test_a_record_of_as_many_events_stays_unless_it_is_to_be_made_anew(aws: Inside) -> None:
    dynamodb, table = aws.client("dynamodb"), aws.ledger()
    for event in whole("run-1", 0):
        ledger.record(dynamodb, table, event)

    whole_record = ledger.record_of(dynamodb, table, LINE, "run-1")
    key = {"pk": {"S": f"LINE#{LINE}"}, "sk": {"S": "RECORD#run-1"}}
    change = {"UpdateExpression": "SET #record = :old", "ExpressionAttributeNames": {"#record": "record"}}
    old = records.to_json(records.of_events([ledger.item(started("run", 0))]))
    dynamodb.update_item(TableName=table, Key=key, ExpressionAttributeValues={":old": {"S": old}}, **change)

    projection.project(dynamodb, table, LINE, "run-1")
    kept = ledger.record_of(dynamodb, table, LINE, "run-1")
    projection.project(dynamodb, table, LINE, "run-1", anew=True)

    assert kept == records.from_json(old)
    assert ledger.record_of(dynamodb, table, LINE, "run-1") == whole_record


def test_records_are_listed_by_their_start_whatever_the_order_of_their_names(aws: Inside) -> None:
    dynamodb, table = aws.client("dynamodb"), aws.ledger()
    for number in range(5):
        ledger.record(dynamodb, table, started("curation", number, run=f"run-{9 - number}"))
    ledger.record(dynamodb, table, started("curation", 2, run="run-x", line="another"))
    until = START + dt.timedelta(seconds=3)

    newest = ledger.newest(dynamodb, table, LINE, 2)
    before = ledger.newest(dynamodb, table, LINE, 9, before=newest[-1].started)
    ranged = ledger.records(dynamodb, table, LINE, START + dt.timedelta(seconds=1), until)

    assert [record.run for record in newest] == ["run-5", "run-6"]
    assert [record.run for record in before] == ["run-7", "run-8", "run-9"]
    assert [record.run for record in ranged] == ["run-8", "run-7"]
    assert [record.run for record in ledger.records(dynamodb, table, "another")] == ["run-x"]


def test_an_empty_ledger_has_no_records(aws: Inside) -> None:
    dynamodb, table = aws.client("dynamodb"), aws.ledger()

    assert ledger.newest(dynamodb, table, LINE, 3) == []
    assert list(ledger.records(dynamodb, table, LINE, START, START)) == []
    assert ledger.record_of(dynamodb, table, LINE, "run-1") is None


def test_an_event_whose_moment_cannot_be_read_is_refused_before_it_is_kept(aws: Inside) -> None:
    dynamodb, table = aws.client("dynamodb"), aws.ledger()
    event = started("curation", 0)
    event["detail"]["at"] = "yesterday"

    with pytest.raises(ValueError, match="yesterday"):
        ledger.record(dynamodb, table, event)

    assert list(ledger.items(dynamodb, table, LINE, "RUN#")) == []
