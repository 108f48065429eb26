"""Spark beside DuckDB: relations go to it, computed rows come back, and what is wrong is one line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

from config.errors import LineError
from runtime import engine, spark
from runtime.cluster import Cluster
from tests.runtime.engines import needs_spark

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [
    needs_spark,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # pyspark leaves a socket of each answer to the collector
]


@pytest.fixture(scope="module")
def session() -> Iterator[SparkSession]:
    session = spark.session(memory="1g")
    session.conf.set("spark.sql.shuffle.partitions", "1")
    yield session
    session.stop()


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with engine.connect(threads=1) as connection:
        connection.execute("CREATE SCHEMA raw")
        connection.execute("CREATE TABLE raw.orders AS SELECT range AS id, 'o' || range AS name FROM range(4)")
        yield connection


@pytest.fixture
def cluster(session: SparkSession, connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> Cluster:
    return Cluster(connection, tmp_path)


def computed(cluster: Cluster, sql: str, reads: dict[str, str], **parameters: object) -> list[tuple[object, ...]]:
    query = engine.query(cluster.connection, sql, parameters=parameters, file="lines/shop/curation/a.sql")
    return engine.rows(cluster.connection, cluster.computed(query, reads).text)


def test_a_select_is_computed_over_the_relations_it_reads(cluster: Cluster) -> None:
    cluster.connection.execute("CREATE TABLE names AS SELECT 'o2' AS name, CAST(7 AS HUGEINT) AS much")
    sql = "SELECT o.id, n.much FROM raw.orders AS o JOIN names AS n ON n.name = o.name WHERE o.id > $least"
    assert computed(cluster, sql, {"raw.orders": "", "names": ""}, least=1) == [(2, 7)]


def test_a_relation_is_given_again_only_in_another_version(cluster: Cluster) -> None:
    count = "SELECT COUNT(*) AS n FROM raw.orders"
    assert computed(cluster, count, {"raw.orders": "1"}) == [(4,)]
    cluster.connection.execute("INSERT INTO raw.orders VALUES (9, 'late')")
    assert computed(cluster, count, {"raw.orders": "1"}) == [(4,)]
    assert computed(cluster, count, {"raw.orders": "2"}) == [(5,)]


def test_no_row_is_a_table_with_its_columns(cluster: Cluster) -> None:
    cluster.connection.execute("DELETE FROM raw.orders")
    query = engine.query(cluster.connection, "SELECT id, name FROM raw.orders", parameters={}, file="a.sql")
    found = engine.fetched(cluster.connection, cluster.computed(query, {"raw.orders": ""}).text)
    assert (found.num_rows, found.column_names) == (0, ["id", "name"])


def test_an_error_in_the_data_names_the_select(cluster: Cluster) -> None:
    with pytest.raises(LineError) as error:
        computed(cluster, "SELECT CAST(name AS INTEGER) AS n FROM raw.orders", {"raw.orders": ""})
    assert str(error.value) == (
        'lines/shop/curation/a.sql: Spark: The value \'o0\' of the type "STRING" cannot be cast to "INT" '
        "because it is malformed: correct the SELECT or the data"
    )


def test_a_column_that_no_table_holds_is_told(cluster: Cluster) -> None:
    cluster.connection.execute("CREATE TABLE lists AS SELECT [1] AS l")
    with pytest.raises(LineError) as error:
        computed(cluster, "SELECT 1 AS n FROM lists", {"lists": ""})
    assert str(error.value) == (
        "lists: column 'l' has the type INT[], which no table holds: cast it, for example to VARCHAR or DOUBLE"
    )


def test_the_sentences_of_an_error_are_told_without_their_codes() -> None:
    messages = ["[X.Y] Reading failed. Do this. SQLSTATE: 1\nmore", "[Z] A row is ragged SQLSTATE: 2"]
    assert spark.told(messages) == "Reading failed: A row is ragged"
