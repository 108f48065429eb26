"""No feature may know the future: what happens after a moment must not change what a view says up to that moment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import duckdb
import pytest

from config.bundle import Bundle
from runtime import engine

MOMENTS = ("2013-02-08 23:30:00+00", "2013-07-10 21:05:00+00")
"""In a snowstorm and in thunderstorms: at every origin flights wait, and many are cancelled in the end."""

VIEWS = (
    "carrier_history",
    "dest_delays",
    "origin_delays",
    "origin_weather",
    "plane",
    "plane_previous_leg",
    "route_history",
)


@pytest.fixture(scope="module", params=MOMENTS)
def known(
    request: pytest.FixtureRequest,
    database: duckdb.DuckDBPyConnection,
    bundle: Bundle,
    parameters: Mapping[str, Any],
) -> Iterator[tuple[str, duckdb.DuckDBPyConnection]]:
    """A moment, and a database whose views were made from nothing but what had happened by then (and the schedule)."""
    moment = request.param
    with engine.connect(threads=2) as past:
        for table in ("flights", "weather", "planes", "airports"):
            past.register(f"all_{table}", database.table(table).to_arrow_table())
        past.execute(f"CREATE TABLE weather AS SELECT * FROM all_weather WHERE known_at <= '{moment}'")
        past.execute("CREATE TABLE planes AS SELECT * FROM all_planes")
        past.execute(
            f"""
            CREATE TABLE flights AS SELECT * REPLACE (
                CASE WHEN departed_at <= '{moment}' THEN departed_at END AS departed_at,
                CASE WHEN departed_at <= '{moment}' THEN dep_delay END AS dep_delay,
                CASE WHEN arrived_at <= '{moment}' THEN arrived_at END AS arrived_at,
                CASE WHEN arrived_at <= '{moment}' THEN arr_delay END AS arr_delay,
                coalesce(departed_at > '{moment}', true) AS cancelled,
                false AS diverted
            ) FROM all_flights
            """
        )
        for view, sql in bundle.features.items():
            engine.create(past, name=view, sql=sql, parameters=parameters, file=view)
            past.register(f"real_{view}", database.table(view).to_arrow_table())
        yield moment, past


@pytest.mark.parametrize("view", VIEWS)
def test_a_row_says_only_what_was_known_at_its_event_time(
    known: tuple[str, duckdb.DuckDBPyConnection], view: str
) -> None:
    moment, past = known
    real = f"SELECT * FROM real_{view} WHERE event_time <= '{moment}'"
    assert past.execute(f"SELECT count(*) FROM ({real})").fetchall() != [(0,)]
    made_then = f"SELECT * FROM {view} WHERE event_time <= '{moment}'"
    different = f"({real} EXCEPT {made_then}) UNION ALL ({made_then} EXCEPT {real})"
    assert past.execute(f"SELECT count(*) FROM ({different})").fetchall() == [(0,)]


def test_every_view_of_the_line_is_tried(bundle: Bundle) -> None:
    assert sorted(bundle.features) == sorted(VIEWS)


def test_the_board_counts_flights_that_wait_and_never_leave(database: duckdb.DuckDBPyConnection) -> None:
    """In the snowstorm nearly all of LaGuardia's board was overdue, and nearly all of that was cancelled in the end."""
    rows = database.execute(
        "SELECT scheduled, overdue FROM origin_delays WHERE origin = 'LGA' AND event_time = '2013-02-08 23:30:00+00'"
    ).fetchall()
    assert rows == [(55, 51)]
