"""Stations whose line's engine is Spark: the same tables, and the same errors told by file."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.cluster import Lake
from tests.jobs.workshop import Workshop
from tests.moto_server import Aws
from tests.runtime.engines import needs_spark
from tests.runtime.shop import FEATURES

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # pyspark leaves sockets to the collector


@pytest.fixture
def workshop(aws: Aws) -> Workshop:
    return Workshop(aws)


@needs_spark
def test_spark_publishes_what_duckdb_publishes(workshop: Workshop) -> None:
    for job in ("curate", "features"):
        assert workshop.run(job)[1].status == "succeeded"
    expected = {name: workshop.rows(name) for name in ("orders", "habits")}
    workshop.engine = "spark"
    for job, station in (("curate", "curation"), ("features", "features")):
        code, receipt = workshop.run(job, "run-2", force=[station])
        assert (code, receipt.status, receipt.message) == (0, "succeeded", "")
    assert workshop.receipt("features", "run-2").outputs["views"]["habits"]["rows"] == len(expected["habits"])
    for name, rows in expected.items():
        assert sorted(workshop.rows(name), key=repr) == sorted(rows, key=repr)


@needs_spark
def test_what_is_not_portable_fails_the_station_with_its_file(workshop: Workshop) -> None:
    workshop.stage(curation={"orders": "SELECT *, random() AS luck FROM raw.orders"}, features=FEATURES)
    workshop.engine = "spark"
    code, receipt = workshop.run("curate")
    assert (code, receipt.status, receipt.message) == (
        65,
        "failed",
        "lines/shop/curation/orders.sql:1: RANDOM is not portable to the engine spark: it differs from run to run: "
        "derive the value from a column, for example with MD5",
    )


def test_what_executors_share_lies_below_its_prefix_and_goes_again(aws: Aws, tmp_path: Path) -> None:
    bucket, s3 = aws.bucket(), aws.client("s3")
    s3.put_object(Bucket=bucket, Key="other/part.parquet", Body=b"stays")
    lake = Lake(s3, bucket, "warehouse/db/shop_-run-1/")
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "a.parquet").write_bytes(b"a")
    assert (
        lake.put(tmp_path / "given", "spark/001-shared") == f"s3://{bucket}/warehouse/db/shop_-run-1/spark/001-shared"
    )
    (tmp_path / "got").mkdir()
    lake.get("spark/001-shared", tmp_path / "got")
    assert [(file.name, file.read_bytes()) for file in (tmp_path / "got").iterdir()] == [("a.parquet", b"a")]
    lake.clear()
    assert [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["other/part.parquet"]
