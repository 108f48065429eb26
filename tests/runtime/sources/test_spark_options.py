"""What Spark is asked for, by contract: whole dictionaries, since no engine is here to say no."""

from __future__ import annotations

import pytest

from config.errors import LineError
from config.sources import DatabaseSource, Parallel
from runtime.sources.endpoints import Endpoint, SnowflakeEndpoint
from runtime.sources.spark_options import Read, read

SOURCE = DatabaseSource(
    kind="database",
    connection="db",
    query="SELECT id, price FROM orders WHERE customer = $who",
    columns={"id": "INTEGER", "price": "DOUBLE"},
)
PARALLEL = DatabaseSource(
    kind="database",
    connection="db",
    table="orders",
    columns={"id": "INTEGER"},
    parallel=Parallel(column="id", lower=1, upper=9000, parts=4),
)
SNOWFLAKE = SnowflakeEndpoint(
    connection="db",
    url="myorg-acc.snowflakecomputing.com",
    database="SHOP",
    schema="PUBLIC",
    warehouse="READING",
    role="READER",
    user="ann",
    password="secret",
)


def jdbc(engine: str, port: int, *, ssl: bool = True) -> Endpoint:
    return Endpoint(
        connection="db", engine=engine, host="h", port=port, database="shop", user="ann", password="secret", ssl=ssl
    )


def asked(source: DatabaseSource, endpoint: Endpoint | SnowflakeEndpoint) -> Read:
    return read("orders", source, endpoint, {"who": "o'hara"}, subject="sources.orders")


COMMON = {"user": "ann", "password": "secret", "fetchsize": "10000"}


@pytest.mark.parametrize(
    ("endpoint", "options"),
    [
        (
            jdbc("postgresql", 5432),
            {
                "url": "jdbc:postgresql://h:5432/shop",
                "driver": "org.postgresql.Driver",
                "sslmode": "require",
                "query": 'SELECT "id" AS "id", "price" AS "price" FROM (SELECT id, price FROM orders WHERE '
                "customer = ('o' || CHR(39) || 'hara')) AS source",
            },
        ),
        (
            jdbc("redshift", 5439),
            {
                "url": "jdbc:redshift://h:5439/shop",
                "driver": "com.amazon.redshift.jdbc42.Driver",
                "ssl": "true",
                "query": 'SELECT "id" AS "id", "price" AS "price" FROM (SELECT id, price FROM orders WHERE '
                "customer = ('o' || CHR(39) || 'hara')) AS source",
            },
        ),
        (
            jdbc("mysql", 3306),
            {
                "url": "jdbc:mysql://h:3306/shop",
                "driver": "com.mysql.cj.jdbc.Driver",
                "sslMode": "REQUIRED",
                "query": "SELECT `id` AS `id`, `price` AS `price` FROM (SELECT id, price FROM orders WHERE "
                "customer = (CONCAT('o', CHAR(39), 'hara'))) AS source",
            },
        ),
        (
            jdbc("sqlserver", 1433),
            {
                "url": "jdbc:sqlserver://h:1433;databaseName=shop",
                "driver": "com.microsoft.sqlserver.jdbc.SQLServerDriver",
                "encrypt": "true",
                "query": "SELECT [id] AS [id], [price] AS [price] FROM (SELECT id, price FROM orders "
                "WHERE customer = ('o' + CHAR(39) + 'hara')) AS source",
            },
        ),
        (
            jdbc("oracle", 1521, ssl=False),
            {
                "url": "jdbc:oracle:thin://@h:1521/shop",
                "driver": "oracle.jdbc.OracleDriver",
                "query": 'SELECT "ID" AS "id", "PRICE" AS "price" FROM (SELECT id, price FROM orders WHERE '
                "customer = ('o' || CHR(39) || 'hara')) source",
            },
        ),
    ],
)
def test_a_database_is_read_over_jdbc_with_its_sql_pushed_down(endpoint: Endpoint, options: dict[str, str]) -> None:
    found = asked(SOURCE, endpoint)
    assert (found.format, found.options) == ("jdbc", {**COMMON, **options})


def test_a_declared_split_is_read_in_parallel() -> None:
    assert asked(PARALLEL, jdbc("postgresql", 5432, ssl=False)) == Read(
        "jdbc",
        {
            **COMMON,
            "url": "jdbc:postgresql://h:5432/shop",
            "driver": "org.postgresql.Driver",
            "dbtable": '(SELECT "id" AS "id" FROM "orders") parts',
            "partitionColumn": "id",
            "lowerBound": "1",
            "upperBound": "9000",
            "numPartitions": "4",
        },
    )


def test_snowflake_is_read_by_its_own_connector() -> None:
    assert asked(SOURCE, SNOWFLAKE) == Read(
        "snowflake",
        {
            "sfURL": "myorg-acc.snowflakecomputing.com",
            "sfUser": "ann",
            "sfPassword": "secret",
            "sfDatabase": "SHOP",
            "sfSchema": "PUBLIC",
            "sfWarehouse": "READING",
            "sfRole": "READER",
            "query": 'SELECT "ID" AS "id", "PRICE" AS "price" FROM (SELECT id, price FROM orders WHERE '
            "customer = ('o' || CHR(39) || 'hara')) AS source",
        },
    )


def test_snowflake_is_not_split() -> None:
    with pytest.raises(LineError) as caught:
        asked(PARALLEL, SNOWFLAKE)
    assert str(caught.value) == (
        "sources.orders.parallel: Snowflake's connector reads in parallel by itself, expected none: remove it"
    )


def test_a_password_is_in_no_text() -> None:
    assert "secret" not in f"{asked(SOURCE, SNOWFLAKE)!r} {SNOWFLAKE!r} {SNOWFLAKE} {jdbc('mysql', 1)!r}"
