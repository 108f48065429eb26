"""No feature may know the future: flights after a plan's hour must not change what the views say at it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import duckdb
import pytest

from config.bundle import Bundle
from runtime import engine

PLAN = "2013-07-15 08:00:00+00"
TABLES = ("plane_days", "plane_weeks")
VIEWS = ("model_hours", "plane", "plane_hours")


@pytest.fixture(scope="module")
def past(
    database: duckdb.DuckDBPyConnection, bundle: Bundle, parameters: Mapping[str, Any]
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database whose views were made from nothing but the flights that were known at the hour of a plan."""
    with engine.connect(threads=2) as connection:
        connection.register("all_flights", database.table("flights").to_arrow_table())
        connection.execute(f"CREATE TABLE flights AS SELECT * FROM all_flights WHERE known_at < '{PLAN}'")
        connection.register("planes", database.table("planes").to_arrow_table())
        statements = {**{name: bundle.curation[name] for name in TABLES}, **bundle.features}
        for name, sql in statements.items():
            engine.create(connection, name=name, sql=sql, parameters=parameters, file=name)
        for view in VIEWS:
            connection.register(f"real_{view}", database.table(view).to_arrow_table())
        yield connection


@pytest.mark.parametrize("view", VIEWS)
def test_a_row_says_only_what_was_known_at_its_event_time(past: duckdb.DuckDBPyConnection, view: str) -> None:
    real = f"SELECT * FROM real_{view} WHERE event_time <= '{PLAN}'"
    made_then = f"SELECT * FROM {view}"
    assert past.execute(f"SELECT count(*) > 0 FROM ({real})").fetchall() == [(True,)]
    different = f"({real} EXCEPT {made_then}) UNION ALL ({made_then} EXCEPT {real})"
    assert past.execute(f"SELECT count(*) FROM ({different})").fetchall() == [(0,)]


def test_every_view_of_the_line_is_tried(bundle: Bundle) -> None:
    assert sorted(bundle.features) == sorted(VIEWS)


def test_a_model_flies_what_its_planes_fly_on_average(database: duckdb.DuckDBPyConnection) -> None:
    mean = "SELECT sum(minutes_7d) / count(*) / 60, count(*) FROM plane_weeks WHERE model = $1 AND planned_at = $2"
    told = "SELECT mean_hours_7d, planes FROM model_hours WHERE model = $1 AND event_time = $2"
    found = [database.execute(query, ["ERJ 190-100 IGW", PLAN]).fetchall() for query in (told, mean)]
    assert found[0] == found[1] != []
