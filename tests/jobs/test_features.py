import json
from typing import Any

import pytest

from runtime import online
from tests.jobs.workshop import Workshop
from tests.moto_server import Aws
from tests.runtime.shop import LINE, orders


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
