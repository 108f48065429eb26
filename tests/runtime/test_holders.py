import datetime as dt
import json
import uuid
from dataclasses import dataclass, replace
from typing import Any

import pytest

from config.errors import LineError
from runtime import holders, promotion
from runtime.holders import Line
from runtime.manifest import NAME, Manifest
from runtime.promotion import Champion
from tests.moto_server import Aws

NOW = dt.datetime.now(dt.UTC)
MANIFEST = Manifest(
    line="shop",
    run="run-1",
    variant="small",
    files={},
    dataset={"snapshots": {"orders": 7}, "fingerprint": "f00"},
    code={},
    parameters={"rounds": 100},
    metrics={},
    columns=(),
)


@dataclass(frozen=True)
class Places:
    line: Line
    models: str

    def put(self, key: str, document: Any) -> None:
        self.line.s3.put_object(Bucket=self.line.lake, Key=key, Body=json.dumps(document).encode())

    def artefact(self, run: str, snapshot: int) -> str:
        """Leave a model's manifest that names a snapshot; return the model's folder."""
        manifest = replace(MANIFEST, run=run, dataset={"snapshots": {"orders": snapshot}})
        self.line.s3.put_object(Bucket=self.models, Key=f"shop/{run}/small/{NAME}", Body=manifest.encoded())
        return f"s3://{self.models}/shop/{run}/small/"

    def register(self, artefact: str, status: str = "Approved", **more: Any) -> str:
        arn: str = self.line.sagemaker.create_model_package(
            ModelPackageGroupName=self.line.group,
            ModelApprovalStatus=status,
            CustomerMetadataProperties={"artefact": artefact},
            **more,
        )["ModelPackageArn"]
        return arn

    def found(self, *, days_later: float = 0) -> dict[int, list[str]]:
        return holders.holders(self.line, now=NOW + dt.timedelta(days=days_later), dataset_days=30)


@pytest.fixture
def places(aws: Aws) -> Places:
    group = f"group-{uuid.uuid4().hex[:8]}"
    aws.client("sagemaker").create_model_package_group(ModelPackageGroupName=group)
    line = Line(
        name="shop",
        lake=aws.bucket(),
        ledger=aws.table("pk", "sk"),
        group=group,
        s3=aws.client("s3"),
        dynamodb=aws.client("dynamodb"),
        sagemaker=aws.client("sagemaker"),
    )
    return Places(line, aws.bucket())


def test_a_line_that_never_ran_holds_nothing(places: Places) -> None:
    assert places.found() == {}


def test_what_a_station_published_is_held_for_ever(places: Places) -> None:
    places.put("published/shop/curation.json", {"run": "run-1", "tables": {"orders": 2**62 + 1}})
    assert places.found(days_later=1000) == {2**62 + 1: ["published by curation"]}


def test_an_environment_that_is_pinned_to_a_snapshot_holds_it_until_the_day_that_it_says(places: Places) -> None:
    until = (NOW + dt.timedelta(days=90)).strftime("%Y-%m-%dT%H:%M:%SZ")
    places.put("held/shop/feature-a-suoufxac3r.json", {"until": until, "snapshots": [7]})
    assert places.found(days_later=89) == {7: ["environment feature-a-suoufxac3r"]}
    assert places.found(days_later=91) == {}


def test_a_dataset_holds_its_snapshots_for_as_long_as_the_environment_says(places: Places) -> None:
    places.put("datasets/shop/run-1/manifest.json", {"snapshots": {"orders": 7}})
    places.put("datasets/shop/run-1/train.parquet", 8)
    assert places.found(days_later=29) == {7: ["dataset run-1"]}
    assert places.found(days_later=31) == {}


def test_a_run_under_way_holds_what_its_receipts_name(places: Places) -> None:
    places.put("runs/shop/run-1/curation.json", {"outputs": {"tables": {"orders": {"snapshot": 7, "rows": 20}}}})
    assert places.found(days_later=0.9) == {7: ["run run-1"], 20: ["run run-1"]}
    assert places.found(days_later=1.1) == {}


def test_what_maintenance_says_of_itself_holds_nothing(places: Places) -> None:
    places.put("runs/shop/maintenance/maintenance.json", {"outputs": {"snapshot": 7}})
    assert places.found() == {}


def test_another_line_holds_nothing_here(places: Places) -> None:
    places.put("published/shops/curation.json", {"tables": {"orders": 7}})
    assert places.found() == {}


def test_a_registered_model_holds_what_it_was_trained_on(places: Places) -> None:
    arn = places.register(places.artefact("run-1", 7))
    places.register(places.artefact("run-2", 8), "PendingManualApproval")
    version = int(arn.rsplit("/", 1)[1])
    assert places.found(days_later=1000) == {7: [f"model {version}"], 8: [f"model {version + 1}"]}


def test_a_rejected_model_and_one_that_was_never_registered_hold_nothing(places: Places) -> None:
    places.register(places.artefact("run-1", 7), "Rejected")
    places.artefact("run-2", 8)
    assert places.found() == {}


def test_the_champion_holds_what_it_was_trained_on_registered_or_not(places: Places) -> None:
    champion = Champion(3, "arn", places.artefact("run-1", 7), "sha", "run-1", "small", "endpoint", "config", {})
    promotion.promote(places.line.dynamodb, places.line.ledger, "shop", champion, expected=None)
    assert places.found(days_later=1000) == {7: ["champion"]}


def test_a_model_without_its_manifest_stops_everything(places: Places) -> None:
    arn = places.register(f"s3://{places.models}/shop/run-9/small/")
    with pytest.raises(LineError) as error:
        places.found()
    version, folder = arn.rsplit("/", 1)[1], f"s3://{places.models}/shop/run-9/small/"
    assert str(error.value) == (
        f"model {version} of line 'shop': its manifest {folder}manifest.json "
        "is missing, so the data that it needs is unknown: restore it, or reject the version in the registry"
    )
