from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from runtime import receipts
from runtime.builder import Builder, Request
from runtime.datasets import Choice
from runtime.paths import RunPaths
from runtime.shelf import Shelf
from tests.jobs.workshop import Workshop
from tests.moto_server import Aws
from tests.runtime.shop import LINE, PARAMETERS, bundle


@pytest.fixture(scope="module")
def workshop(aws: Aws) -> Workshop:
    made = Workshop(aws)
    for job in ("curate", "features"):
        made.run(job)
    return made


def shelf(workshop: Workshop) -> Shelf:
    return Shelf(workshop.aws.client("s3"), workshop.lake, "shop")


def manifest(workshop: Workshop, run: str = "run-1") -> dict[str, Any]:
    found = shelf(workshop).find(workshop.receipt("dataset", run).outputs["fingerprint"])
    assert found is not None
    return found


def part(workshop: Workshop, name: str) -> pa.Table:
    return shelf(workshop).rows(manifest(workshop), name)


def test_the_parts_and_the_manifest_agree(workshop: Workshop) -> None:
    code, receipt = workshop.run("dataset")
    whole = manifest(workshop)
    assert (code, receipt.station, receipt.status) == (0, "training", "succeeded")
    assert receipt.outputs["dataset"] == f"s3://{workshop.lake}/datasets/shop/{whole['fingerprint']}/"
    assert whole["rows"] == {name: part(workshop, name).num_rows for name in ("train", "validation", "test")}
    assert whole["rows"] == receipt.outputs["rows"] == {"train": 5, "validation": 3, "test": 2}
    assert (whole["unlabelled"], whole["positives"]) == (6, {"train": 3, "validation": 1, "test": 1})
    assert [column["name"] for column in whole["columns"]] == ["price", "kind", "habits__spent", "habits__dear"]
    assert whole["null_rates"] == {"price": 0, "kind": 0, "habits__spent": 0, "habits__dear": 0}
    assert whole["snapshots"] == {
        "orders": workshop.receipt("curate").outputs["tables"]["orders"]["snapshot"],
        "habits": workshop.receipt("features").outputs["views"]["habits"]["snapshot"],
    }


def test_numbers_are_doubles_and_categories_texts(workshop: Workshop) -> None:
    workshop.run("dataset")
    assert [str(field.type) for field in part(workshop, "train").schema] == [
        "string",
        "timestamp[us, tz=UTC]",
        "int8",
        "double",
        "string",
        "double",
        "double",
    ]


def test_a_regression_tells_the_mean_of_what_is_to_be_estimated(workshop: Workshop) -> None:
    definition = {**LINE, "dataset": {**LINE["dataset"], "task": "regression", "label": "price"}}
    definition["dataset"]["request"] = ["kind"]
    workshop.stage(definition=definition)
    _, receipt = workshop.run("dataset")
    workshop.stage()
    whole = manifest(workshop)
    assert receipt.outputs["label_means"] == whole["label_means"]
    assert (whole["task"], whole["label_means"]["test"], "positives" in whole) == ("regression", 7.75, False)


def test_another_run_with_the_same_inputs_takes_the_dataset_that_is_there(workshop: Workshop) -> None:
    workshop.run("dataset")
    for station in ("curation", "features"):
        receipt = receipts.read(workshop.aws.client("s3"), RunPaths(workshop.lake, "shop", "run-1"), station)
        assert receipt is not None
        receipts.write(workshop.aws.client("s3"), RunPaths(workshop.lake, "shop", "run-2"), station, receipt)
    _, receipt = workshop.run("dataset", "run-2")
    assert receipt.outputs["reused"]
    assert manifest(workshop, "run-2") == manifest(workshop)


def test_a_parameter_that_moves_a_part_gives_another_dataset(workshop: Workshop) -> None:
    _, first = workshop.run("dataset")
    _, other = workshop.run("dataset", test_from="2024-01-08")
    assert other.outputs["fingerprint"] != first.outputs["fingerprint"]


def test_the_builder_outside_of_a_run_finds_the_dataset_of_the_run(workshop: Workshop, tmp_path: Path) -> None:
    workshop.run("dataset")
    library = workshop.library()
    builder = Builder(
        shelf=shelf(workshop),
        snapshots=library.snapshots,
        attach=lambda connection, names: library.attach(connection, names, tmp_path),
        folder=tmp_path,
    )
    assert builder.build(Request.of(bundle(), PARAMETERS)).is_reused
    made = builder.build(replace(Request.of(bundle(), PARAMETERS), choice=Choice(request=[], views={"habits": None})))
    assert not made.is_reused
    assert made.manifest["rows"] == manifest(workshop)["rows"]
