"""A station's freshness over several runs of the shop, with receipts as its jobs would leave them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from config.parameters import resolve
from runtime import promotion, receipts, skipping
from runtime.components import World
from runtime.freshness import Verdict
from runtime.paths import RunPaths
from runtime.pinning import Origin, take
from runtime.plan import Plan
from runtime.planning import plan
from runtime.promotion import Champion
from runtime.receipts import Receipt
from tests.moto_server import Aws
from tests.runtime.shop import bundle

CHAMPION = Champion(
    version=1,
    model_package_arn="arn",
    artefact="s3://models/shop/run-1/only/",
    manifest_sha256="f00",
    run="run-1",
    variant="only",
    endpoint="shop",
    endpoint_config="shop-1",
    metrics={"roc_auc": 0.8},
)


@dataclass
class Line:
    """The shop, some of whose runs went."""

    world: World
    plan: Plan
    run: int = 0

    @property
    def paths(self) -> RunPaths:
        return RunPaths(lake=self.world.lake_bucket, line="shop", run=f"run-{self.run}")

    def begin(self) -> None:
        self.run += 1

    def look(self, station: str, *, forced: bool = False, **given: Any) -> Verdict:
        return skipping.look(
            world=self.world, plan=self.plan, paths=self.paths, station=station, given=given, forced=forced
        )

    def end(self, station: str, **outputs: Any) -> None:
        """Let a station's work end well."""
        receipts.write(self.world.s3, self.paths, station, Receipt(station, "flagged", 3.0, "hm", [], outputs))
        self.settle(station)

    def settle(self, station: str) -> None:
        skipping.settle(
            s3=self.world.s3,
            dynamodb=self.world.dynamodb,
            ledger_table=self.world.ledger_table,
            paths=self.paths,
            station=station,
        )

    def receipt(self, name: str) -> Receipt:
        found = receipts.read(self.world.s3, self.paths, name)
        assert found is not None
        return found

    def deliver(self, text: str) -> None:
        self.deliver_to(self.world.raw_bucket, text)

    def deliver_to(self, bucket: str, text: str) -> None:
        self.world.s3.put_object(Bucket=bucket, Key="shop/orders/orders.csv", Body=text)


@pytest.fixture
def line(aws: Aws, tmp_path: Path) -> Line:
    (tmp_path / "lines" / "shop").mkdir(parents=True)
    (tmp_path / "lines" / "shop" / "train.py").write_text("")
    world = World(
        s3=aws.client("s3"),
        dynamodb=aws.client("dynamodb"),
        raw_bucket=aws.bucket(),
        lake_bucket=aws.bucket(),
        ledger_table=aws.table("pk", "sk"),
    )
    shop = bundle()
    values = resolve(shop.definition.parameters, {})
    made = Line(world=world, plan=plan(shop, values=values, code="c0de", root=tmp_path))
    made.deliver("first")
    made.begin()
    return made


def curated(line: Line, snapshot: int = 1) -> None:
    line.look("curation")
    line.end("curation", tables={"orders": {"snapshot": snapshot, "rows": 2}})


def test_the_first_run_of_a_station_is_not_fresh(line: Line) -> None:
    assert line.look("curation") == Verdict(fresh=False, why="it has no good run yet")


def test_an_unchanged_station_is_skipped_with_what_it_left_before(line: Line) -> None:
    curated(line)
    line.begin()
    assert line.look("curation") == Verdict(fresh=True, why="nothing changed since run-1", run="run-1")
    receipt = line.receipt("curation")
    assert (receipt.status, receipt.seconds, receipt.message) == ("skipped", 0.0, "fresh: nothing changed since run-1")
    assert receipt.outputs == {"tables": {"orders": {"snapshot": 1, "rows": 2}}}


def test_a_pinned_source_changes_with_its_pin_alone(line: Line) -> None:
    source = Origin("dev", line.world.raw_bucket, line.world.lake_bucket, "assembly_line_dev")
    s3 = line.world.s3
    s3.put_bucket_versioning(Bucket=source.raw_bucket, VersioningConfiguration={"Status": "Enabled"})
    line.deliver("first, with a version")

    def pin() -> None:
        taken = take(s3, source, "shop", bundle().definition.sources, dt.datetime.now(dt.UTC))
        line.world = replace(line.world, raw_bucket="of-the-branch", pins=taken.pins)

    pin()
    curated(line)
    line.deliver_to(source.raw_bucket, "second")
    line.begin()
    assert line.look("curation").fresh
    pin()
    assert line.look("curation").why == "source orders changed"


def test_a_new_raw_file_is_why_curation_runs_again(line: Line) -> None:
    curated(line)
    line.deliver("second")
    line.begin()
    assert line.look("curation").why == "source orders changed"


def test_a_parameter_counts_where_it_is_named_and_only_there(line: Line) -> None:
    curated(line)
    line.begin()
    assert line.look("curation", score_date="2024-02-01").fresh
    assert line.look("curation", least=3).why == "parameter least changed"


def test_a_station_that_did_not_end_well_is_not_fresh_afterwards(line: Line) -> None:
    curated(line)
    line.begin()
    line.look("curation", forced=True)  # and dies
    line.begin()
    assert line.look("curation").why == "it has no good run yet"


def test_a_new_snapshot_is_why_features_run_again_and_an_old_one_is_not(line: Line) -> None:
    curated(line)
    line.look("features")
    line.end("features", views={"habits": {"snapshot": 7}})
    line.begin()
    line.look("curation", forced=True)
    line.end("curation", tables={"orders": {"snapshot": 1, "rows": 2}})
    assert line.look("features").fresh
    line.begin()
    line.look("curation", forced=True)
    line.end("curation", tables={"orders": {"snapshot": 2, "rows": 2}})
    assert line.look("features").why == "table orders changed"


def trained(line: Line) -> None:
    line.look("training")
    receipts.write(line.world.s3, line.paths, "training-only", Receipt("training", "succeeded"))
    line.end("training", artefact=CHAMPION.artefact, manifest_sha256="f00", champion=None, metrics={})


def promote(line: Line, champion: Champion, expected: int | None) -> None:
    promotion.promote(line.world.dynamodb, line.world.ledger_table, "shop", champion, expected=expected)


def test_training_is_fresh_when_its_own_candidate_went_into_service(line: Line) -> None:
    trained(line)
    promote(line, CHAMPION, None)
    line.begin()
    assert line.look("training").fresh
    assert line.receipt("training-only").status == "succeeded"


def test_training_is_not_fresh_when_another_model_is_in_service(line: Line) -> None:
    trained(line)
    promote(line, replace(CHAMPION, artefact="s3://models/shop/other/"), None)
    line.begin()
    assert line.look("training").why == "another model is in service than after run-1"


def test_training_does_not_depend_on_the_scored_day(line: Line) -> None:
    trained(line)
    line.begin()
    assert not line.look("training", score_date="2024-01-08").fresh  # here it bounds the test rows
    line.plan = replace(line.plan, split=())
    line.begin()
    trained(line)
    line.begin()
    assert line.look("training", score_date="2024-01-08").fresh


def test_release_is_fresh_while_the_model_that_it_left_is_in_service(line: Line) -> None:
    trained(line)
    line.look("release")
    promote(line, CHAMPION, None)
    line.end("release", version=1)
    line.begin()
    line.look("training")
    assert line.look("release").fresh
    promote(line, replace(CHAMPION, version=2), 1)
    line.begin()
    line.look("training")
    assert line.look("release").why == "another model is in service than after run-1"


def test_a_skipped_scoring_brings_the_records_that_delivery_reads(line: Line) -> None:
    promote(line, CHAMPION, None)
    line.look("scoring")
    line.world.s3.put_object(Bucket=line.world.lake_bucket, Key=line.paths.predictions, Body=b"{}\n")
    line.end("scoring", snapshot=5, score_date="2024-01-09")
    line.begin()
    assert line.look("scoring").fresh
    body = line.world.s3.get_object(Bucket=line.world.lake_bucket, Key=line.paths.predictions)["Body"].read()
    assert body == b"{}\n"


def test_looking_twice_gives_the_same_answer(line: Line) -> None:
    curated(line)
    line.begin()
    assert line.look("curation") == line.look("curation")


def test_a_run_may_follow_a_skipped_one(line: Line) -> None:
    curated(line)
    for _ in range(2):
        line.begin()
        assert line.look("curation").fresh
        line.settle("curation")
    assert line.receipt("curation").outputs == {"tables": {"orders": {"snapshot": 1, "rows": 2}}}
