import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from runtime import engine, feature_check, online
from tests.jobs.workshop import Workshop
from tests.moto_server import Aws
from tests.runtime.shop import FEATURES, LINE, bundle, orders


@pytest.fixture
def workshop(aws: Aws) -> Workshop:
    made = Workshop(aws)
    made.run("curate")
    return made


def served(workshop: Workshop) -> dict[str, Any]:
    found = online.read(workshop.aws.client("dynamodb"), workshop.online, ["habits#ann", "habits#bob", "habits#eve"])
    return {key: (item.event_time, json.loads(item.features)) for key, item in found.items()}


def test_views_are_published_and_served_as_of_the_end_of_the_scoring_window(workshop: Workshop) -> None:
    code, receipt = workshop.run("features")
    assert (code, receipt.status, receipt.outputs["views"]["habits"]["rows"]) == (0, "succeeded", 20)
    assert receipt.outputs["views"]["habits"]["online"] == 2
    assert served(workshop) == {
        "habits#ann": ("2024-01-09T06:00:00.000000Z", {"spent": 45.0, "dear": 1}),
        "habits#bob": ("2024-01-08T18:00:00.000000Z", {"spent": 40.0, "dear": 1}),
    }


def test_a_run_reads_its_own_snapshots_whatever_was_published_since(workshop: Workshop) -> None:
    workshop.deliver(orders(12))
    workshop.run("curate", "run-2")
    _, receipt = workshop.run("features")
    assert receipt.outputs["views"]["habits"]["rows"] == 20


def test_a_halted_view_is_neither_published_nor_served(workshop: Workshop) -> None:
    tests = {"habits": [{"check": "range", "column": "spent", "maximum": 1, "severity": "error"}]}
    workshop.stage(definition={**LINE, "tests": tests})
    code, receipt = workshop.run("features")
    assert (code, receipt.status, served(workshop), workshop.rows("habits")) == (0, "halted", {}, [])


def test_without_its_curation_the_station_fails_with_the_mend(workshop: Workshop) -> None:
    code, receipt = workshop.run("features", "run-9")
    assert (code, receipt.message) == (
        65,
        f"curation: the receipt s3://{workshop.lake}/runs/shop/run-9/curation.json is missing, "
        "expected one of succeeded, flagged, skipped: let curation of run 'run-9' end well first",
    )


def test_history_and_online_store_agree_as_of_the_moment_that_the_station_noted(
    workshop: Workshop, tmp_path: Path
) -> None:
    _, receipt = workshop.run("features")
    client = workshop.aws.client("dynamodb")
    noted = online.is_up_to(client, workshop.online)
    assert noted is not None
    as_of = dt.datetime.fromisoformat(noted)
    assert receipt.outputs["as_of"] == as_of.isoformat()
    with engine.connect(threads=1) as connection:
        workshop.library().attach(connection, ["habits"], tmp_path)
        view = bundle().definition.features["habits"]
        found = feature_check.check(connection, client, workshop.online, name="habits", view=view, as_of=as_of)
    assert (found.agrees, found.offline) == (True, 2)


def test_rows_that_are_left_out_are_counted(workshop: Workshop) -> None:
    sql = FEATURES["habits"].replace("FROM orders", "FROM (FROM orders UNION ALL FROM orders)")
    workshop.stage(features={"habits": f"{sql} UNION ALL SELECT NULL, placed, 1, true FROM orders LIMIT 42"})
    _, receipt = workshop.run("features")
    assert (receipt.outputs["views"]["habits"]["rows"], receipt.outputs["views"]["habits"]["left_out"]) == (20, 22)
