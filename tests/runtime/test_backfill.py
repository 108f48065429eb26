"""A ledger that lost its items gets them back from what Step Functions remembers; histories are of real executions."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from local.server import EmbeddedAws
from runtime import backfill, ledger, receipts
from runtime.backfill import Filled
from runtime.paths import RunPaths
from runtime.receipts import Receipt
from runtime.records import RunRecord
from tests.local.embedded import role, wait_for
from tests.moto_server import create_ledger
from tests.runtime.recorded import finished, started

LINE = "flights"
NEAR = dt.timedelta(seconds=1)


def passing(result: Mapping[str, Any] | None = None, at: str | None = None) -> dict[str, Any]:
    """A state that only goes on, with a result where the handler in its place would have one."""
    return {"Type": "Pass", **({"Result": result, "ResultPath": at} if result is not None else {})}


def chain(**states: dict[str, Any]) -> dict[str, Any]:
    names = list(states)
    for name, following in itertools.pairwise(names):
        states[name]["Next"] = following
    if states[names[-1]]["Type"] != "Fail":
        states[names[-1]]["End"] = True
    return {"StartAt": names[0], "States": states}


def curation(status: str, message: str = "") -> dict[str, Any]:
    return {
        "RunStarted": passing(),
        "CurationStarted": passing(),
        "CurationVerdict": passing({"status": status, "message": message}, "$.verdict"),
    }


WELL = {**curation("flagged", "a warning"), "DeliveryStarted": passing()}
WELL |= {"DeliveryVerdict": passing({"status": "succeeded", "message": ""}, "$.verdict"), "Finish": passing()}
OUT = {"station": "curation", "status": "failed", "error": {"Error": "States.Timeout", "Cause": ""}}
FAILED = {
    **{"RunStarted": passing(), "CurationStarted": passing(), "CurationFailed": passing(OUT, "$")},
    **{"Failure": passing({"message": "curation: too slow"}, "$.failure"), "Failed": {"Type": "Fail", "Error": "E"}},
}
ENDLESS = {"RunStarted": passing(), "CurationStarted": passing(), "Wait": {"Type": "Wait", "Seconds": 300}}


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as aws:
        yield aws


@dataclass
class World:
    """A line's machine, ledger and lake."""

    aws: EmbeddedAws
    states: dict[str, Any]

    def __post_init__(self) -> None:
        name = f"line-{uuid.uuid4().hex[:8]}"
        self.table, self.lake = name, name
        self.dynamodb, self.s3 = self.aws.client("dynamodb"), self.aws.client("s3")
        self.client = self.aws.client("stepfunctions")
        create_ledger(self.dynamodb, name)
        self.s3.create_bucket(Bucket=name)
        definition = json.dumps(chain(**json.loads(json.dumps(self.states))))
        machine = self.client.create_state_machine(name=name, definition=definition, roleArn=role(self.aws, name))
        self.machine = machine["stateMachineArn"]

    def run(self, name: str, *, until: str = "") -> dict[str, Any]:
        """Execute the machine until it has a status; returns the execution."""
        arn = self.client.start_execution(stateMachineArn=self.machine, name=name, input="{}")["executionArn"]

        def over() -> dict[str, Any] | None:
            told: dict[str, Any] = self.client.describe_execution(executionArn=arn)
            history = self.client.get_execution_history(executionArn=arn)["events"]
            reached = any(e.get("stateEnteredEventDetails", {}).get("name") == until for e in history)
            return told if told["status"] != "RUNNING" or (until and reached) else None

        return wait_for(over)

    def fill(self) -> Filled:
        return backfill.fill(
            dynamodb=self.dynamodb,
            s3=self.s3,
            states=self.client,
            table=self.table,
            machine=self.machine,
            lake=self.lake,
            line=LINE,
        )

    def record(self, run: str) -> RunRecord:
        found = ledger.record_of(self.dynamodb, self.table, LINE, run)
        assert found is not None
        return found

    def receipt(self, run: str, receipt: Receipt) -> None:
        receipts.write(self.s3, RunPaths(self.lake, LINE, run), receipt.station, receipt)


def test_a_lost_run_comes_back_with_what_its_receipts_say(aws: EmbeddedAws) -> None:
    world = World(aws, WELL)
    execution = world.run("run-1")
    found = [{"severity": "warning", "passed": False, "test": "flights range delay"}]
    outputs = {"landed": "2026-01-01T00:00:00+00:00"}
    world.receipt("run-1", Receipt("curation", "flagged", 3.0, message="a warning", inspections=found, outputs=outputs))

    assert world.fill() == Filled(executions=1, events=6, records=1)

    record = world.record("run-1")
    assert (record.status, [(one.station, one.status, one.message) for one in record.stations]) == (
        "succeeded",
        [("curation", "flagged", "a warning"), ("delivery", "succeeded", "")],
    )
    assert record.stations[0].inspections == {"error": 0, "warning": 1, "info": 0}
    assert record.landed == dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    assert record.delivered == record.stations[1].finished
    assert abs(record.started - execution["startDate"]) < NEAR
    assert record.finished is not None
    assert abs(record.finished - execution["stopDate"]) < NEAR
    assert world.fill() == Filled(executions=1, events=0, records=1)
    assert world.record("run-1") == record


def test_what_is_known_stays_and_what_is_missing_is_added(aws: EmbeddedAws) -> None:
    world = World(aws, WELL)
    world.run("run-1")
    known = [started("run", 0), started("curation", 1), finished("curation", 9, status="skipped")]
    for event in known:
        ledger.record(world.dynamodb, world.table, event)

    assert world.fill().events == 3

    record = world.record("run-1")
    assert [(one.station, one.status) for one in record.stations] == [
        ("curation", "skipped"),
        ("delivery", "succeeded"),
    ]
    assert record.stations[0].seconds == 8.0


def test_a_failure_comes_back_with_its_cause(aws: EmbeddedAws) -> None:
    world = World(aws, FAILED)
    world.run("run-1")

    world.fill()

    record = world.record("run-1")
    (station,) = record.stations
    assert (record.status, record.message) == ("failed", "curation: too slow")
    assert (station.status, station.message, station.causes) == ("failed", "curation: too slow", ("States.Timeout",))


def test_an_execution_that_never_ended_is_running_and_one_that_was_stopped_is_aborted(aws: EmbeddedAws) -> None:
    world = World(aws, ENDLESS)
    for name in ("goes-on", "stopped"):
        world.run(name, until="Wait")
    arn = world.machine.replace(":stateMachine:", ":execution:") + ":stopped"
    world.client.stop_execution(executionArn=arn)
    wait_for(lambda: world.client.describe_execution(executionArn=arn)["status"] == "ABORTED")

    world.fill()

    on, stopped = world.record("goes-on"), world.record("stopped")
    assert (on.status, on.finished, [one.status for one in on.stations]) == ("running", None, ["running"])
    assert (stopped.status, [one.status for one in stopped.stations]) == ("aborted", ["aborted"])
    assert stopped.message == "the execution was stopped by hand"
    assert stopped.finished is not None
    arn = arn.replace("stopped", "goes-on")
    world.client.stop_execution(executionArn=arn)


def test_events_of_before_there_were_records_get_one(aws: EmbeddedAws) -> None:
    world = World(aws, WELL)
    for event in (started("run", 0, "old"), finished("run", 5, "old")):
        world.dynamodb.put_item(TableName=world.table, Item=ledger.item(event))

    assert world.fill() == Filled(executions=0, events=0, records=1)
    assert world.record("old").status == "succeeded"
