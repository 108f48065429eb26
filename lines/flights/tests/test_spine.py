from __future__ import annotations

import datetime as dt
from typing import Any

import duckdb

from config.bundle import Bundle


def test_a_flight_is_late_from_thirty_minutes_on(database: duckdb.DuckDBPyConnection) -> None:
    labels = database.execute(
        "SELECT arr_delay, min(label), max(label) FROM spine JOIN flights USING (id) "
        "WHERE arr_delay BETWEEN 28 AND 31 GROUP BY arr_delay ORDER BY arr_delay"
    ).fetchall()
    assert labels == [(28, 0, 0), (29, 0, 0), (30, 1, 1), (31, 1, 1)]


def test_a_flight_that_was_cancelled_or_diverted_has_no_label(database: duckdb.DuckDBPyConnection) -> None:
    rows = database.execute(
        "SELECT count(*), count(label) FROM spine JOIN flights USING (id) WHERE cancelled OR diverted"
    ).fetchall()
    assert rows == [(9_430, 0)]


def test_the_spine_has_every_column_that_the_line_names(database: duckdb.DuckDBPyConnection, bundle: Bundle) -> None:
    dataset = bundle.definition.dataset
    entities = {column for view in bundle.definition.features.values() for column in view.entity}
    named = {dataset.id, dataset.event_time, dataset.label, dataset.label_known_at, *dataset.request, *entities}
    assert set(database.table("spine").columns) == named


def test_the_model_sees_nothing_that_happens_after_the_scheduled_departure(bundle: Bundle) -> None:
    assert bundle.definition.dataset.request == ["carrier", "origin", "dest", "distance", "hour"]


def test_the_scored_day_has_enough_flights(database: duckdb.DuckDBPyConnection, parameters: dict[str, Any]) -> None:
    day = parameters["score_date"]
    rows = database.execute(
        "SELECT count(*) FROM spine WHERE event_time >= $1 AND event_time < $2",
        [_midnight(day), _midnight(day + dt.timedelta(days=1))],
    ).fetchall()
    assert rows == [(1000,)]


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.UTC)
