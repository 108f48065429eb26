import json

import pytest

from config.errors import LineError
from runtime import receipts
from runtime.monitoring import windows
from tests.moto_server import Aws
from tests.runtime.monitored import BINS, MOVED, SAME, World


@pytest.fixture
def world(aws: Aws) -> World:
    return World(aws)


def test_a_run_like_the_reference_passes(world: World) -> None:
    receipt = world.inspect({"hour": SAME, "score": SAME})

    assert (receipt.status, receipt.message) == ("succeeded", "")
    assert receipt.outputs == {"drift": {"hour": 0.000642, "score": 0.000642}}


def test_drift_above_the_threshold_flags_the_run(world: World) -> None:
    receipt = world.inspect({"hour": MOVED, "score": SAME})

    assert receipt.status == "flagged"
    assert receipt.message == "drift above its bar in 1 of 2 columns: hour 1.32 (bar 0.20)"
    assert [(result["column"], result["severity"], result["passed"]) for result in receipt.inspections] == [
        ("hour", "warning", False),
        ("score", "warning", True),
    ]


def test_only_watched_columns_are_judged(aws: Aws) -> None:
    world = World(aws, {"drift": {"columns": ["score"], "method": "psi", "threshold": 0.2}})

    receipt = world.inspect({"hour": MOVED, "score": SAME})

    assert (receipt.status, receipt.outputs) == ("succeeded", {"drift": {"score": 0.000642}})


def test_a_personal_column_is_shown_nowhere(aws: Aws) -> None:
    receipt = World(aws, personal=("hour",)).inspect({"hour": MOVED, "score": SAME})

    assert receipt.outputs == {"drift": {"score": 0.000642}}


def test_no_data_is_not_drift(world: World) -> None:
    few = {**BINS, "counts": [150, 0, 0]}
    receipt = world.inspect({"hour": few, "score": few}, rows=150)

    assert (receipt.status, receipt.outputs) == ("skipped", {"drift": {}})
    assert receipt.message == "no drift measured: 150 predictions, expected at least 200 values of a column"


def test_the_receipt_is_kept_and_the_profile_counts_once_in_the_window_of_the_scored_day(world: World) -> None:
    world.inspect({"hour": MOVED, "score": SAME})
    receipt = world.inspect({"hour": MOVED, "score": SAME})

    assert receipts.read(world.s3, world.paths, "monitoring") == receipt
    assert windows.read(world.judge().store, "2013-08-15T00:00Z").rows == 1000


def test_a_large_profile_is_read_from_where_it_lies(world: World) -> None:
    body = json.dumps({"hour": MOVED, "score": SAME}).encode()
    world.s3.put_object(Bucket=world.paths.lake, Key="runs/flights/run-2/profile.json", Body=body)

    receipt = world.inspect(f"s3://{world.paths.lake}/runs/flights/run-2/profile.json")

    assert list(receipt.outputs["drift"]) == ["hour", "score"]


def test_a_line_without_a_champion_says_so(world: World) -> None:
    world.dynamodb.delete_item(TableName=world.ledger, Key={"pk": {"S": "LINE#flights"}, "sk": {"S": "CHAMPION"}})

    with pytest.raises(LineError) as error:
        world.inspect({"hour": SAME})

    assert str(error.value) == (
        "monitoring: line 'flights' has no champion, expected one in the ledger: release a model first"
    )
