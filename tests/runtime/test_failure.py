import json
from typing import Any

import pytest

from runtime import failure, receipts
from runtime.paths import RunPaths
from runtime.receipts import Receipt
from tests.moto_server import Aws, Scenario, converge

TIMEOUT = {"Error": "States.Timeout", "Cause": ""}
TOLD = (
    "training: a step ran longer than its time limit and was stopped: "
    "make it faster or raise training.timeout_minutes in lines/flights/line.yaml"
)


class World:
    """A run that ends early, and whoever listens."""

    def __init__(self, aws: Aws) -> None:
        self.aws = aws
        self.paths = RunPaths(lake=aws.bucket(), line="flights", run="run-1")
        self.bus, self.events = aws.bus()
        self.topic, self.alarms = aws.topic()

    def receipt(self, name: str) -> Receipt | None:
        return receipts.read(self.aws.client("s3"), self.paths, name)

    def write(self, name: str, receipt: Receipt) -> None:
        receipts.write(self.aws.client("s3"), self.paths, name, receipt)

    def end(self, *clients: Any, status: str = "failed", error: Any = TIMEOUT) -> dict[str, str]:
        s3, events, sns = clients or [self.aws.client(service) for service in ("s3", "events", "sns")]
        return failure.end(
            s3=s3,
            bus_client=events,
            sns=sns,
            bus=self.bus,
            topic=self.topic,
            paths=self.paths,
            station="training",
            status=status,
            error=error,
        )

    def said(self) -> list[tuple[str, str, str, str]]:
        events = [json.loads(body) for body in self.aws.messages(self.events)]
        return [
            (event["detail-type"], event["detail"]["station"], event["detail"]["status"], event["detail"]["message"])
            for event in events
        ]


@pytest.fixture
def world(aws: Aws) -> World:
    return World(aws)


def test_without_any_receipt_the_cause_is_told_and_kept(world: World) -> None:
    result = world.end()

    assert result == {"station": "training", "status": "failed", "message": TOLD}
    assert world.receipt("training") == Receipt(station="training", status="failed", message=TOLD)


def test_the_job_that_failed_first_knows_best(world: World) -> None:
    world.write("training-dataset", Receipt("training", "succeeded"))
    world.write("training-deep", Receipt("training", "failed", seconds=4.0, message="train.py: deep: no such column"))
    world.write("training-wide", Receipt("training", "failed", message="a consequence"))

    result = world.end()

    assert result["message"] == "train.py: deep: no such column"
    assert world.receipt("training") == Receipt(
        station="training", status="failed", seconds=4.0, message="train.py: deep: no such column"
    )


def test_the_stations_own_receipt_comes_before_its_jobs(world: World) -> None:
    world.write("training-deep", Receipt("training", "failed", message="the job's"))
    world.write("training", Receipt("training", "failed", message="the station's"))

    assert world.end()["message"] == "the station's"


def test_a_receipt_that_says_succeeded_is_corrected(world: World) -> None:
    world.write("training", Receipt("training", "succeeded", seconds=9.0, outputs={"rows": 3}))

    world.end()

    assert world.receipt("training") == Receipt(
        station="training", status="failed", seconds=9.0, message=TOLD, outputs={"rows": 3}
    )


def test_a_halted_run_tells_what_the_inspection_found(world: World) -> None:
    halted = Receipt("training", "halted", message="roc_auc 0.61 is below 0.7")
    world.write("training", halted)

    result = world.end(status="halted", error=None)

    assert result == {"station": "training", "status": "halted", "message": "roc_auc 0.61 is below 0.7"}
    assert world.receipt("training") == halted


def test_the_end_of_the_station_and_of_the_run_are_announced(world: World) -> None:
    world.end()

    assert world.said() == [
        ("Station Finished", "training", "failed", TOLD),
        ("Run Finished", "run", "failed", TOLD),
    ]


def test_the_alarm_topic_is_told_in_plain_words(world: World) -> None:
    world.end()

    assert world.aws.messages(world.alarms) == [
        f"{TOLD}\n\nline: flights\nrun: run-1\nstation: training\nstatus: failed\n"
    ]


def test_a_long_message_is_cut_for_events_but_kept_whole_in_the_receipt(world: World) -> None:
    world.write("training", Receipt("training", "failed", message="x" * 5000))

    message = world.end()["message"]

    assert message == "x" * 999 + "…"
    assert world.receipt("training") == Receipt("training", "failed", message="x" * 5000)


def test_a_fault_at_any_call_is_mended_by_a_retry_that_says_the_same(aws: Aws) -> None:
    def scenario() -> Scenario:
        world = World(aws)
        world.write("training-deep", Receipt("training", "failed", message="no such column"))

        def check() -> None:
            assert world.receipt("training") == Receipt("training", "failed", message="no such column")
            assert set(world.said()) == {
                ("Station Finished", "training", "failed", "no such column"),
                ("Run Finished", "run", "failed", "no such column"),
            }
            assert aws.messages(world.alarms)

        return Scenario(("s3", "events", "sns"), world.end, check)

    assert converge(aws, scenario) == [
        "GetObject",
        "ListObjectsV2",
        "GetObject",
        "PutObject",
        "PutEvents",
        "Publish",
    ]
