import datetime as dt
import json
from typing import Any

import pytest

from config.errors import LineError
from config.line import FeatureView
from runtime import engine, features

VIEW = FeatureView(entity=["customer"], event_time="seen", ttl_hours=24)
FILE = "lines/shop/features/habits.sql"


def day(number: int, hour: int = 0) -> dt.datetime:
    return dt.datetime(2024, 1, number, hour, tzinfo=dt.UTC)


def build(connection: engine.Connection, sql: str, view: FeatureView = VIEW) -> list[dict[str, Any]]:
    query, _ = features.build(connection, line="shop", name="habits", view=view, sql=sql, parameters={})
    connection.execute(f"CREATE OR REPLACE TABLE habits AS {query.text}", dict(query.parameters))
    rows: list[dict[str, Any]] = engine.arrow(connection, "habits").to_pylist()
    return rows


@pytest.fixture
def connection() -> engine.Connection:
    return engine.connect(threads=1)


def values(*rows: str) -> str:
    return f"SELECT * FROM (VALUES {', '.join(rows)}) AS t(seen, spent, customer)"


def test_history_is_sorted_by_entity_and_moment_and_lacks_what_cannot_be_found(connection: engine.Connection) -> None:
    sql = values(
        "(TIMESTAMP '2024-01-02', 1, 'bob')",
        "(TIMESTAMP '2024-01-03', 2, 'ann')",
        "(TIMESTAMP '2024-01-01', 3, 'ann')",
        "(NULL, 4, 'ann')",
        "(TIMESTAMP '2024-01-01', 5, NULL)",
    )
    assert build(connection, sql) == [
        {"customer": "ann", "seen": day(1), "spent": 3},
        {"customer": "ann", "seen": day(3), "spent": 2},
        {"customer": "bob", "seen": day(2), "spent": 1},
    ]


def test_of_rows_with_one_entity_and_moment_the_same_one_stays_in_any_order(connection: engine.Connection) -> None:
    rows = ["(DATE '2024-01-01', 7, 'ann')", "(DATE '2024-01-01', 5, 'ann')", "(DATE '2024-01-01', NULL, 'ann')"]
    kept = [build(connection, values(*order)) for order in (rows, rows[::-1])]
    assert kept == [[{"customer": "ann", "seen": day(1), "spent": 5}]] * 2


def test_numbers_that_are_not_finite_are_null(connection: engine.Connection) -> None:
    sql = values("(DATE '2024-01-01', 'NaN'::DOUBLE, 'ann')", "(DATE '2024-01-02', 'inf'::DOUBLE, 'ann')")
    assert [row["spent"] for row in build(connection, sql)] == [None, None]


def newest(connection: engine.Connection, as_of: dt.datetime, view: FeatureView = VIEW) -> dict[str, Any]:
    items = features.newest(connection, name="habits", view=view, as_of=as_of)
    return {item.key: (item.event_time, json.loads(item.features)) for item in items}


def test_the_newest_row_is_neither_from_the_future_nor_past_its_time_to_live(connection: engine.Connection) -> None:
    build(
        connection,
        values(
            "(DATE '2024-01-01', 1, 'ann')",
            "(DATE '2024-01-02', 2, 'ann')",
            "(DATE '2024-01-03', 3, 'ann')",
            "(DATE '2024-01-01', 4, 'bob')",
        ),
    )
    assert newest(connection, day(2, 6)) == {"habits#ann": ("2024-01-02T00:00:00.000000Z", {"spent": 2})}


def test_without_a_time_to_live_old_rows_are_served(connection: engine.Connection) -> None:
    view = FeatureView(entity=["customer"], event_time="seen")
    build(connection, values("(DATE '2023-01-01', 1, 'ann')"), view)
    assert newest(connection, day(2), view) == {"habits#ann": ("2023-01-01T00:00:00.000000Z", {"spent": 1})}


def test_features_are_numbers_texts_or_null(connection: engine.Connection) -> None:
    build(
        connection,
        "SELECT 'ann' AS customer, DATE '2024-01-01' AS seen, true AS b, 1.50::DECIMAL(5, 2) AS d, "
        "DATE '2024-01-02' AS day, NULL::DOUBLE AS n",
    )
    assert newest(connection, day(1))["habits#ann"][1] == {"b": 1, "d": 1.5, "day": "2024-01-02", "n": None}


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        (
            "SELECT 'ann' AS custommer, now() AS seen, 1 AS spent",
            f"{FILE}: gives no column 'customer', expected the columns of features.habits in line.yaml, "
            "found custommer, seen, spent (closest: 'custommer'): add it to the SELECT",
        ),
        (
            "SELECT 'ann' AS customer, '2024' AS seen, 1 AS spent",
            f"{FILE}: column 'seen' has the type VARCHAR, expected a timestamp: cast it",
        ),
        (
            "SELECT 'ann' AS customer, now() AS seen",
            f"{FILE}: gives no column besides entity and event time, expected a feature: add one",
        ),
    ],
)
def test_a_select_that_is_no_view_is_named(connection: engine.Connection, sql: str, message: str) -> None:
    with pytest.raises(LineError) as error:
        build(connection, sql)
    assert str(error.value) == message


def test_an_unknown_curated_table_is_named(connection: engine.Connection) -> None:
    with pytest.raises(LineError) as error:
        features.sources_of(connection, sql="SELECT * FROM order", file=FILE, curated={"orders"})
    assert str(error.value).startswith(f"{FILE}:1: Parser Error: ")
    with pytest.raises(LineError) as error:
        features.sources_of(connection, sql="SELECT * FROM orderz", file=FILE, curated={"orders"})
    assert str(error.value) == (
        f"{FILE}: there is no curated table 'orderz', expected one of orders (closest: 'orders'): "
        "correct the name or add its SELECT under curation"
    )


def test_a_view_may_not_have_a_curated_tables_name() -> None:
    with pytest.raises(LineError) as error:
        features.check_names(["orders"], ["orders"], "shop")
    assert str(error.value) == (
        "lines/shop/features/orders.sql: 'orders' is a curated table too: give the view a name of its own"
    )
