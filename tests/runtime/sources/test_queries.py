from __future__ import annotations

import datetime as dt

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import LineError
from config.parameters import Value
from config.sources import DatabaseSource
from runtime.sources import queries

TABLE = DatabaseSource(
    kind="database", connection="db", table="public.orders", columns={"id": "INTEGER", "Odd name": "VARCHAR"}
)
QUERY = DatabaseSource(
    kind="database",
    connection="db",
    query="SELECT id, price::DOUBLE AS price FROM orders WHERE day >= $since AND note = $note LIMIT 5",
    columns={"id": "INTEGER", "price": "DOUBLE"},
)
PARAMETERS: dict[str, Value] = {"since": dt.date(2026, 1, 2), "note": "it's"}


@pytest.mark.parametrize(
    ("engine", "sql"),
    [
        ("postgresql", 'SELECT "id" AS "id", "Odd name" AS "Odd name" FROM "public"."orders"'),
        ("redshift", 'SELECT "id" AS "id", "Odd name" AS "Odd name" FROM "public"."orders"'),
        ("mysql", "SELECT `id` AS `id`, `Odd name` AS `Odd name` FROM `public`.`orders`"),
        ("sqlserver", "SELECT [id] AS [id], [Odd name] AS [Odd name] FROM [public].[orders]"),
        ("oracle", 'SELECT "ID" AS "id", "Odd name" AS "Odd name" FROM "PUBLIC"."ORDERS"'),
        ("snowflake", 'SELECT "ID" AS "id", "Odd name" AS "Odd name" FROM "PUBLIC"."ORDERS"'),
    ],
)
def test_a_table_is_named_as_the_engine_folds_plain_names(engine: str, sql: str) -> None:
    assert queries.select("orders", TABLE, engine, {}, "sources.orders") == sql


@pytest.mark.parametrize(
    ("engine", "sql"),
    [
        (
            "postgresql",
            'SELECT "id" AS "id", "price" AS "price" FROM (SELECT id, CAST(price AS DOUBLE PRECISION) AS price FROM '
            "orders WHERE day >= CAST('2026-01-02' AS DATE) AND note = ('it' || CHR(39) || 's') LIMIT 5) AS source",
        ),
        (
            "snowflake",
            'SELECT "ID" AS "id", "PRICE" AS "price" FROM (SELECT id, CAST(price AS DOUBLE) AS price FROM orders WHERE '
            "day >= CAST('2026-01-02' AS DATE) AND note = ('it' || CHR(39) || 's') LIMIT 5) AS source",
        ),
        (
            "mysql",
            "SELECT `id` AS `id`, `price` AS `price` FROM (SELECT id, CAST(price AS DOUBLE) AS price FROM orders WHERE "
            "day >= CAST('2026-01-02' AS DATE) AND note = (CONCAT('it', CHAR(39), 's')) LIMIT 5) AS source",
        ),
        (
            "sqlserver",
            "SELECT [id] AS [id], [price] AS [price] FROM (SELECT TOP 5 id, CAST(price AS FLOAT) AS price FROM "
            "orders WHERE day >= CAST('2026-01-02' AS DATE) AND note = ('it' + CHAR(39) + 's')) AS source",
        ),
    ],
)
def test_a_query_is_written_once_and_emitted_for_each_engine(engine: str, sql: str) -> None:
    assert queries.select("orders", QUERY, engine, PARAMETERS, "sources.orders") == sql


@given(st.text(alphabet=st.characters(exclude_characters="\x00", exclude_categories=["Cs"])))
def test_any_text_is_a_literal_that_means_itself_whatever_escapes(value: str) -> None:
    for dialect in set(queries.DIALECTS.values()):
        sql = queries.literal(value).sql(dialect=dialect)
        quoted = sql.split("'")[1::2]
        assert not any("\\" in piece for piece in quoted), sql
        assert sql.count("'") % 2 == 0
    found = duckdb.execute(f"SELECT {queries.literal(value).sql(dialect='postgres')}").fetchall()
    assert found == [(value,)]


@given(
    st.one_of(st.booleans(), st.integers(-(2**62), 2**62), st.floats(allow_nan=False, allow_infinity=False), st.dates())
)
def test_any_other_value_is_a_literal_of_its_type(value: Value) -> None:
    sql = queries.literal(value).sql(dialect="postgres")
    assert duckdb.execute(f"SELECT {sql} = $value", {"value": value}).fetchall() == [(True,)]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "s.query: holds nothing, expected one SELECT that writes nothing: remove the rest"),
        (
            "SELECT 1; SELECT 2",
            "s.query: holds SELECT, SELECT, expected one SELECT that writes nothing: remove the rest",
        ),
        (
            "WITH gone AS (DELETE FROM orders RETURNING id) SELECT id FROM gone",
            "s.query: holds SELECT, expected one SELECT that writes nothing: remove the rest",
        ),
        (
            "SELECT id INTO other FROM t",
            "s.query: holds SELECT, expected one SELECT that writes nothing: remove the rest",
        ),
        ("COPY t TO 'x'", "s.query: holds COPY, expected one SELECT that writes nothing: remove the rest"),
    ],
)
def test_what_is_not_one_select_is_refused(query: str, message: str) -> None:
    source = DatabaseSource(kind="database", connection="db", query=query, columns={"id": "INTEGER"})
    with pytest.raises(LineError) as caught:
        queries.select("orders", source, "postgresql", {}, "s")
    assert str(caught.value) == message


def test_broken_sql_is_told_with_its_place() -> None:
    source = DatabaseSource(kind="database", connection="db", query="SELECT id FORM (", columns={"id": "INTEGER"})
    with pytest.raises(LineError, match=r"^s\.query: .*Line 1, Col: \d+: correct the SELECT$"):
        queries.select("orders", source, "postgresql", {}, "s")
