import json
from typing import Any

import pytest

from config.errors import LineError
from runtime import receipts
from runtime.paths import RunPaths
from runtime.receipts import Receipt
from runtime.verdict import finish, verdict
from tests.moto_server import Aws


@pytest.fixture
def paths(aws: Aws) -> RunPaths:
    return RunPaths(lake=aws.bucket(), line="flights", run="run-1")


def judge(aws: Aws, paths: RunPaths, station: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the verdict and the events that it sent."""
    bus, queue = aws.bus()
    result = verdict(
        s3=aws.client("s3"),
        bus_client=aws.client("events"),
        dynamodb=aws.client("dynamodb"),
        bus=bus,
        ledger_table=aws.table("pk", "sk"),
        paths=paths,
        station=station,
    )
    return result, [json.loads(body) for body in aws.messages(queue)]


def test_the_verdict_is_the_receipt_in_small(aws: Aws, paths: RunPaths) -> None:
    receipt = Receipt(
        station="curation",
        status="halted",
        seconds=3.5,
        message="flights: dep_time is null in 9 rows",
        inspections=[{"severity": "error", "passed": False}],
        outputs={"tables": {}},
    )
    receipts.write(aws.client("s3"), paths, "curation", receipt)

    result, _ = judge(aws, paths, "curation")

    assert result == {
        "station": "curation",
        "status": "halted",
        "message": "flights: dep_time is null in 9 rows",
        "inspections": {"error": 1, "warning": 0, "info": 0},
    }


def test_the_end_of_the_station_is_announced(aws: Aws, paths: RunPaths) -> None:
    receipts.write(aws.client("s3"), paths, "curation", Receipt("curation", "succeeded", seconds=3.5))

    _, (event,) = judge(aws, paths, "curation")

    assert (event["source"], event["detail-type"]) == ("assembly-line", "Station Finished")
    assert {**event["detail"], "at": None} == {
        "line": "flights",
        "run": "run-1",
        "station": "curation",
        "at": None,
        "status": "succeeded",
        "seconds": 3.5,
        "message": "",
        "inspections": {"error": 0, "warning": 0, "info": 0},
    }


def test_a_station_without_a_receipt_is_an_error(aws: Aws, paths: RunPaths) -> None:
    with pytest.raises(LineError) as error:
        judge(aws, paths, "curation")

    assert str(error.value) == (
        f"curation: the station ended without a receipt (s3://{paths.lake}/runs/flights/run-1/curation.json is "
        "missing): see the log of its last job and start the run again"
    )


def test_a_receipt_that_says_failed_ends_the_run_with_its_message(aws: Aws, paths: RunPaths) -> None:
    receipts.write(aws.client("s3"), paths, "curation", Receipt("curation", "failed", message="the file is empty"))

    with pytest.raises(LineError, match=r"^the file is empty$"):
        judge(aws, paths, "curation")


def test_delivery_is_what_its_channels_say_together(aws: Aws, paths: RunPaths) -> None:
    s3 = aws.client("s3")
    receipts.write(s3, paths, "scoring", Receipt("scoring", "succeeded", outputs={"rows": 950}))
    for channel, seconds, outputs in (("desk", 0.5, {"s3": "s3://b/k/"}), ("late", 2.0, {}), ("rest", 1.0, {})):
        receipt = Receipt("delivery", "succeeded", seconds=seconds, outputs={"count": 950, **outputs})
        receipts.write(s3, paths, f"delivery-{channel}", receipt)

    judge(aws, paths, "delivery")

    assert receipts.read(s3, paths, "delivery") == Receipt(
        station="delivery",
        status="succeeded",
        seconds=2.0,
        outputs={
            "table": 950,
            "channels": {
                "desk": {"count": 950, "s3": "s3://b/k/"},
                "late": {"count": 950},
                "rest": {"count": 950},
            },
        },
    )


def test_a_channel_that_the_line_does_not_have_is_left_out(aws: Aws, paths: RunPaths) -> None:
    s3 = aws.client("s3")
    receipts.write(s3, paths, "scoring", Receipt("scoring", "succeeded", outputs={"rows": 950}))

    judge(aws, paths, "delivery")

    delivered = receipts.read(s3, paths, "delivery")
    assert delivered is not None
    assert delivered.outputs == {"table": 950, "channels": {}}


def test_a_channel_that_lost_predictions_is_an_error(aws: Aws, paths: RunPaths) -> None:
    s3 = aws.client("s3")
    receipts.write(s3, paths, "scoring", Receipt("scoring", "succeeded", outputs={"rows": 950}))
    receipts.write(s3, paths, "delivery-late", Receipt("delivery", "succeeded", outputs={"count": 949}))

    with pytest.raises(LineError) as error:
        judge(aws, paths, "delivery")

    assert str(error.value) == (
        "delivery: channel 'late' delivered 949 predictions, expected 950 as in the table: start the run again"
    )


def test_a_run_that_reached_its_end_is_announced(aws: Aws) -> None:
    bus, queue = aws.bus()

    finish(bus_client=aws.client("events"), bus=bus, line="flights", run="run-1")

    (event,) = [json.loads(body) for body in aws.messages(queue)]
    assert (event["detail-type"], event["detail"]["status"]) == ("Run Finished", "succeeded")
