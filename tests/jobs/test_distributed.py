"""Stations whose line's engine is Spark: the same tables as DuckDB's, and mistakes told by file."""

from __future__ import annotations

import json

import pytest

from tests.jobs.workshop import Workshop
from tests.moto_server import Aws
from tests.runtime.engines import needs_spark
from tests.runtime.shop import LINE

pytestmark = [
    needs_spark,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # pyspark leaves a socket of each answer to the collector
]
ON_SPARK = {**LINE, "engine": "spark"}


@pytest.fixture
def workshop(aws: Aws) -> Workshop:
    return Workshop(aws)


def test_spark_publishes_what_duckdb_publishes(workshop: Workshop) -> None:
    for job in ("curate", "features"):
        assert workshop.run(job)[1].status == "succeeded"
    expected = {name: workshop.rows(name) for name in ("orders", "habits")}
    workshop.stage(definition=ON_SPARK)
    for job, station in (("curate", "curation"), ("features", "features")):
        code, receipt = workshop.run(job, "run-2", force=[station])
        assert (code, receipt.status, receipt.message) == (0, "succeeded", "")
    for name, rows in expected.items():
        assert sorted(workshop.rows(name), key=repr) == sorted(rows, key=repr)


def test_what_is_not_portable_fails_the_station_with_its_file(workshop: Workshop) -> None:
    workshop.stage(definition=ON_SPARK, curation={"orders": "SELECT *, random() AS luck FROM raw.orders"})
    code, receipt = workshop.run("curate")
    assert (code, receipt.status, receipt.message) == (
        65,
        "failed",
        "lines/shop/curation/orders.sql:1: RANDOM is not portable to the engine spark: it differs from run to run: "
        "derive the value from a column, for example with MD5",
    )


def test_a_value_that_does_not_fit_fails_the_station_with_its_file_and_column(workshop: Workshop) -> None:
    workshop.stage(definition=ON_SPARK)
    workshop.deliver("id,placed,customer,price,returned\n1,2024-01-01 06:00:00,ann,dear,NA\n")
    code, receipt = workshop.run("curate")
    assert (code, receipt.status) == (65, "failed")
    assert receipt.message.startswith("lines/shop/curation/orders.sql: Spark: ")
    assert ": column 'price': 'dear' is not DOUBLE" in receipt.message


def test_a_source_that_only_duckdb_reads_is_told(workshop: Workshop) -> None:
    orders = {**LINE["sources"]["orders"], "encoding": "latin-1"}
    workshop.stage(definition=json.loads(json.dumps({**ON_SPARK, "sources": {"orders": orders}})))
    code, receipt = workshop.run("curate")
    assert (code, receipt.status, receipt.message) == (
        65,
        "failed",
        "sources.orders: partitions, bad_rows: quarantine and other encodings than utf-8 are read by DuckDB only: "
        "remove them, or let the line's engine be duckdb",
    )
