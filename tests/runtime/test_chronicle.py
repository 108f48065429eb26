"""Alarms, deploys and what people did: each once, read by time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest

from runtime import ledger, recorder
from runtime.records import Commit, Deploy
from tests.lambdas.inside import Inside, inside
from tests.moto_server import FAULTS, CrashError, Faults
from tests.runtime.recorded import LINE, START, changed, deploy

DAY = dt.timedelta(days=1)


@pytest.fixture(scope="module")
def aws() -> Iterator[Inside]:
    with inside() as found:
        yield found


def test_changes_of_alarms_are_kept_once_under_their_stack(aws: Inside) -> None:
    dynamodb, table = aws.client("dynamodb"), aws.ledger()
    shared = changed("ALARM", 3, name="AssemblyLine-dev-Foundation-LedgerRecordErrors-X")
    events = [changed("OK", 2), changed("ALARM", 1), changed("ALARM", 1), shared]

    kept = [recorder.record(dynamodb, table, "dev", event) for event in events]

    assert kept == [True, True, False, True]
    found = list(ledger.alarms(dynamodb, table, LINE))
    assert [(alarm.state, alarm.previous, alarm.reason) for alarm in found] == [
        ("ALARM", "OK", "Threshold Crossed"),
        ("OK", "OK", "Threshold Crossed"),
    ]
    assert found[0].at == START + dt.timedelta(seconds=1)
    assert [alarm.state for alarm in ledger.alarms(dynamodb, table, "foundation")] == ["ALARM"]
    assert list(ledger.alarms(dynamodb, table, LINE, until=found[0].at)) == []


@pytest.mark.parametrize(
    "name",
    ["AssemblyLine-dev-a-abcdefghij-Flights-RunFailures-X", "AssemblyLine-development-Flights-X", "somebody-elses"],
)
def test_an_alarm_of_another_environment_is_not_kept(aws: Inside, name: str) -> None:
    assert recorder.record(aws.client("dynamodb"), aws.ledger(), "dev", changed("ALARM", 1, name=name)) is False


def test_a_deploy_is_kept_once_by_its_id_whenever_it_is_told(aws: Inside) -> None:
    dynamodb, table = aws.client("dynamodb"), aws.ledger()
    events = [deploy("b", START + DAY, "failed"), deploy("a", START), deploy("a", START + 3 * DAY)]

    kept = [recorder.record(dynamodb, table, "dev", event) for event in events]

    assert kept == [True, True, False]
    first, second = ledger.deploys(dynamodb, table, "dev")
    commits = (Commit("c1", START - DAY, START), Commit("c0", START - 2 * DAY, None))
    assert first == Deploy("dev", "a", START, "succeeded", "c1", commits)
    assert (second.id, second.status) == ("b", "failed")
    assert list(ledger.deploys(dynamodb, table, "dev", START + DAY)) == [second]
    assert list(ledger.deploys(dynamodb, table, "dev", START, START)) == []
    assert list(ledger.deploys(dynamodb, table, "prod")) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_deploy_is_kept_whole_or_not_at_all(aws: Inside, fault: Any) -> None:
    dynamodb, table, faults = aws.client("dynamodb"), aws.ledger(), Faults(at=0, fault=fault)
    faults.on(dynamodb)
    try:
        with pytest.raises((CrashError, Exception)):
            recorder.record(dynamodb, table, "dev", deploy("a", START))
    finally:
        faults.at = -1

    recorder.record(dynamodb, table, "dev", deploy("a", START + DAY))

    assert len(list(ledger.deploys(dynamodb, table, "dev"))) == 1


def test_an_action_is_kept_once_and_tells_who_did_what_and_how_it_ended(aws: Inside) -> None:
    dynamodb, table = aws.client("dynamodb"), aws.ledger()
    hostile = "<script>alert('x')</script>"

    told = {"who": hostile, "what": "approve version 4", "outcome": "done"}
    kept = [ledger.act(dynamodb, table, LINE, id=id_, at=START, **told) for id_ in ("key", "key", "another")]

    assert kept == [True, False, True]
    found = list(ledger.actions(dynamodb, table, LINE))
    assert [(one.id, one.who, one.what, one.outcome) for one in found] == [
        ("another", hostile, "approve version 4", "done"),
        ("key", hostile, "approve version 4", "done"),
    ]
