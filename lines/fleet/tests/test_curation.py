from __future__ import annotations

from typing import Any

import duckdb


def _rows(database: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    return database.execute(query).fetchall()


def test_every_flight_of_the_four_airlines_is_kept_under_an_id_of_its_own(database: duckdb.DuckDBPyConnection) -> None:
    kept = _rows(database, "SELECT count(*), count(DISTINCT id) FROM flights")
    given = _rows(database, "SELECT count(*) FROM raw.flights WHERE carrier IN ('9E', 'B6', 'EV', 'MQ')")
    assert kept == [given[0] * 2]


def test_every_minute_in_the_air_is_one_of_a_day_of_some_plane(database: duckdb.DuckDBPyConnection) -> None:
    assert _rows(database, "SELECT sum(minutes) FROM flights") == _rows(database, "SELECT sum(minutes) FROM plane_days")


def test_a_flight_is_known_an_hour_after_its_minutes_in_the_air(database: duckdb.DuckDBPyConnection) -> None:
    """It left at 10:44 UTC, a minute early, and flew for 183 minutes."""
    known = "SELECT minutes, strftime(known_at, '%H:%M') FROM flights WHERE id = 'B6725-2013-01-01-JFK-0545'"
    assert _rows(database, known) == [(183, "14:47")]


def test_the_minutes_of_a_week_are_those_of_its_seven_days(database: duckdb.DuckDBPyConnection) -> None:
    days = """
        SELECT sum(minutes) FROM plane_days WHERE tailnum = 'N193JB' AND day BETWEEN '2013-07-08' AND '2013-07-14'
    """
    week = "SELECT minutes_7d FROM plane_weeks WHERE tailnum = 'N193JB' AND planned_at = '2013-07-15 08:00:00+00'"
    assert _rows(database, days) == _rows(database, week) != [(0,)]


def test_a_plane_that_flew_on_sunday_has_not_stood_a_day(database: duckdb.DuckDBPyConnection) -> None:
    idle = "SELECT count(*), max(idle_days) FROM plane_weeks WHERE minutes_1d > 0"
    ((planes, days),) = _rows(database, idle)
    assert (planes > 1000, days) == (True, 0)


def test_a_plane_is_planned_while_it_flew_within_four_weeks(database: duckdb.DuckDBPyConnection) -> None:
    assert _rows(database, "SELECT max(idle_days), min(days_28d), max(days_28d) FROM plane_weeks") == [(27, 1, 28)]
