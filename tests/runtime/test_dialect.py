from __future__ import annotations

import datetime as dt

import pytest

from config.errors import LineError
from config.loading import line_names, load_bundle
from runtime import dialect
from tests.runtime.shop import PARAMETERS, bundle

TABLES = {
    "raw__orders": {"id": "INTEGER", "at": "TIMESTAMPTZ", "day": "DATE", "price": "DOUBLE", "note": "VARCHAR"},
    "prices": {"id": "INTEGER", "at": "TIMESTAMPTZ", "cost": "DECIMAL(10,2)"},
}


def translated(sql: str, columns: dict[str, str], **parameters: object) -> str:
    return dialect.to_spark(sql, file="a.sql", tables=TABLES, columns=columns, parameters=parameters)


def test_a_source_is_a_view_and_every_column_has_its_type() -> None:
    assert translated("SELECT id, price / 2 AS half FROM raw.orders", {"id": "INTEGER", "half": "DOUBLE"}) == (
        "SELECT\n"
        "  CAST(result.`id` AS INT) AS `id`,\n"
        "  CAST(result.`half` AS DOUBLE) AS `half`\n"
        "FROM (\n"
        "  SELECT\n"
        "    orders.id AS id,\n"
        "    orders.price / CAST(2 AS DOUBLE) AS half\n"
        "  FROM raw__orders AS orders\n"
        ") AS result"
    )


def test_a_parameter_is_bound_by_name_never_pasted() -> None:
    text = translated("SELECT id FROM raw.orders WHERE note = $word", {"id": "INTEGER"}, word="it's; DROP")
    assert "orders.note = :word" in text
    assert "DROP" not in text


def test_only_the_parameters_that_a_select_names_are_bound() -> None:
    assert dialect.used("SELECT $a + $b", {"a": 1, "b": 2, "c": 3}) == {"a": 1, "b": 2}


def test_an_order_says_where_nulls_go() -> None:
    text = translated("SELECT id FROM raw.orders ORDER BY price, at DESC LIMIT 3", {"id": "INTEGER"})
    assert "orders.price NULLS LAST" in text


def test_an_asof_join_becomes_a_window_over_both_sides() -> None:
    text = translated(
        "SELECT o.id, p.cost FROM raw.orders AS o ASOF LEFT JOIN prices AS p ON o.id = p.id AND o.at >= p.at",
        {"id": "INTEGER", "cost": "DECIMAL(10,2)"},
    )
    assert "ASOF JOIN" not in text
    assert "LAST_VALUE(`p`) IGNORE NULLS OVER" in text


@pytest.mark.parametrize(
    ("sql", "problem"),
    [
        (
            "SELECT id FROM raw.orders QUALIFY ROW_NUMBER() OVER (ORDER BY at) = 1",
            "QUALIFY is not portable to the engine spark: number the rows in a subselect and filter them with WHERE",
        ),
        (
            "SELECT DISTINCT ON (id) id, at FROM raw.orders",
            "DISTINCT ON is not portable to the engine spark: "
            "number the rows in a subselect with ROW_NUMBER and keep the first",
        ),
        (
            "SELECT * FROM raw.orders JOIN prices ON orders.id = prices.id",
            "a SELECT that gives the columns id, at, day, price, note, id, at, cost "
            "is not portable to the engine spark: "
            "give at, id a name of its own with AS, instead of *",
        ),
        (
            "SELECT price + 1 FROM raw.orders",
            "a SELECT that gives the columns _col_0 is not portable to the engine spark: "
            "give each a name of its own with AS, instead of *",
        ),
        (
            "SELECT id, random() AS r FROM raw.orders",
            "RANDOM is not portable to the engine spark: "
            "it differs from run to run: derive the value from a column, for example with MD5",
        ),
        (
            "SELECT now() AS at FROM raw.orders",
            "the function NOW is not portable to the engine spark: "
            "it differs from run to run: use a parameter of the line",
        ),
        (
            "SELECT ANY_VALUE(note) AS note FROM raw.orders",
            "ANY_VALUE is not portable to the engine spark: which value it gives is not defined: use MIN or MAX",
        ),
        (
            "SELECT list(id) AS ids FROM raw.orders",
            "ARRAY_AGG(id) is not portable to the engine spark: "
            "use a construct of the list in docs/engines.md, or let the line's engine be duckdb",
        ),
        (
            "SELECT CAST(price AS VARCHAR) AS price FROM raw.orders",
            "orders.price, a double, as text is not portable to the engine spark: "
            "CAST it to a DECIMAL or an integer first",
        ),
        (
            "SELECT STRING_AGG(note, ',') AS notes FROM raw.orders",
            "STRING_AGG without an order is not portable to the engine spark: "
            "give one: STRING_AGG(x, ',' ORDER BY x)",
        ),
        (
            "SELECT id IN (SELECT id FROM prices) AS priced FROM raw.orders",
            "IN with a subselect as a value (null or not) is not portable to the engine spark: "
            "use it in WHERE, joined by AND only, or use EXISTS",
        ),
        (
            "SELECT o.id FROM raw.orders AS o ASOF JOIN prices AS p ON o.id = p.id",
            "ASOF JOIN with 0 inequalities is not portable to the engine spark: give it one, between the moments",
        ),
        (
            "SELECT o.id FROM raw.orders AS o ASOF JOIN prices AS p USING (id, at)",
            "ASOF JOIN with USING is not portable to the engine spark: "
            "write ON keys AND moments, as in a.key = b.key AND a.at >= b.at",
        ),
        (
            "SELECT at + price * INTERVAL '1' HOUR AS later FROM raw.orders",
            "orders.price * INTERVAL '1' HOUR by other than an integer is not portable to the engine spark: "
            "multiply a whole number of a smaller unit",
        ),
        (
            "SELECT id FROM raw.orders NATURAL JOIN prices",
            "NATURAL JOIN is not portable to the engine spark: name the columns in ON",
        ),
    ],
)  # fmt: skip
def test_what_spark_cannot_do_alike_is_refused_with_a_mend(sql: str, problem: str) -> None:
    with pytest.raises(LineError) as error:
        translated(sql, {"id": "INTEGER"})
    assert str(error.value).replace("a.sql:1: ", "a.sql: ") == f"a.sql: {problem}"


def test_a_column_that_no_table_holds_is_refused() -> None:
    with pytest.raises(LineError) as error:
        translated("SELECT id AS ids FROM raw.orders", {"ids": "INTEGER[]"})
    assert str(error.value) == (
        "a.sql: column 'ids' has the type INT[], which no table holds: cast it, for example to VARCHAR or DOUBLE"
    )


def test_the_statements_of_a_line_come_in_the_order_of_their_reading_with_their_types() -> None:
    shop = bundle()
    sources = {name: source.all_columns for name, source in shop.definition.sources.items()}
    found = dialect.statements(shop, PARAMETERS, sources)
    assert [(one.kind, one.name, one.file) for one in found] == [
        ("curation", "orders", "lines/shop/curation/orders.sql"),
        ("features", "habits", "lines/shop/features/habits.sql"),
    ]
    assert found[1].columns == {"customer": "VARCHAR", "known_at": "TIMESTAMP", "spent": "DOUBLE", "dear": "BOOLEAN"}


def test_every_select_that_is_not_portable_is_told() -> None:
    shop = bundle(
        curation={"orders": "SELECT *, random() AS r FROM raw.orders"},
        features={"habits": "SELECT customer, placed AS known_at, uuid() AS u FROM orders"},
    )
    sources = {name: source.all_columns for name, source in shop.definition.sources.items()}
    assert [mistake.partition(" is not")[0] for mistake in dialect.mistakes(shop, PARAMETERS, sources)] == [
        "lines/shop/curation/orders.sql:1: RANDOM",
        "lines/shop/features/habits.sql:1: UUID",
    ]


@pytest.mark.parametrize("line", line_names())
def test_the_lines_of_the_repository_are_portable(line: str) -> None:
    found = load_bundle(line)
    parameters = {name: parameter.default for name, parameter in found.definition.parameters.items()}
    sources = {name: source.all_columns for name, source in found.definition.sources.items()}
    assert dialect.mistakes(found, parameters, sources) == []


def test_values_have_the_types_that_duckdb_gives_them() -> None:
    moment = dt.datetime(2013, 1, 1, tzinfo=dt.UTC)
    assert [dialect.type_of(value) for value in (True, 1, 1.5, "a", dt.date(2013, 1, 1), moment)] == [
        "BOOLEAN",
        "BIGINT",
        "DOUBLE",
        "VARCHAR",
        "DATE",
        "TIMESTAMPTZ",
    ]
