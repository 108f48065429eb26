from __future__ import annotations

from typing import Any

import duckdb


def test_every_flight_of_the_source_is_kept_under_an_id_of_its_own(database: duckdb.DuckDBPyConnection) -> None:
    assert _one(database, "SELECT count(*), count(DISTINCT id) FROM flights") == (336_776, 336_776)


def test_an_arrival_is_rebuilt_so_that_without_its_delay_it_shows_the_schedule(
    database: duckdb.DuckDBPyConnection,
) -> None:
    """The source's scheduled arrival is a local clock that the curation does not read, so it can judge the result."""
    agreeing = _one(
        database,
        """
        WITH clocks AS (
            SELECT
                id,
                (arrived_at - arr_delay * INTERVAL 1 MINUTE)
                    AT TIME ZONE coalesce(dest_zone, 'America/Puerto_Rico') AS clock
            FROM flights WHERE arr_delay IS NOT NULL
        ), schedule AS (
            SELECT carrier || flight || '-' || strftime(make_date(year, month, day), '%Y%m%d') || '-' || origin || '-'
                || lpad(sched_dep_time::VARCHAR, 4, '0') AS id, sched_arr_time % 2400 AS hhmm
            FROM raw.flights
        )
        SELECT count(*), count(*) FILTER (hour(clock) * 100 + minute(clock) = hhmm) FROM clocks JOIN schedule USING (id)
        """,
    )
    assert agreeing == (327_346, 327_346)


def test_a_cancelled_flight_has_neither_moments_nor_delays(database: duckdb.DuckDBPyConnection) -> None:
    known = "departed_at IS NOT NULL OR arrived_at IS NOT NULL OR dep_delay IS NOT NULL OR arr_delay IS NOT NULL"
    assert _one(database, f"SELECT count(*), count(*) FILTER ({known}) FROM flights WHERE cancelled") == (8_255, 0)


def test_a_reading_of_the_weather_counts_as_known_when_its_hour_is_over(database: duckdb.DuckDBPyConnection) -> None:
    hour = _one(database, "SELECT min(known_at - hour_start), max(known_at - hour_start) FROM weather")
    assert [part.total_seconds() for part in hour] == [3600, 3600]


def _one(database: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    rows: list[tuple[Any, ...]] = database.execute(query).fetchall()
    return rows[0]
