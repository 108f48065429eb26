from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import duckdb

from config.bundle import Bundle
from lines.flights import sample


def test_flights_come_as_one_file_per_month_with_the_declared_columns(raw_files: Path, bundle: Bundle) -> None:
    files = sorted((raw_files / "flights").iterdir())
    assert [file.name for file in files] == [f"2013-{month:02}.csv" for month in range(1, 13)]
    header = ",".join(bundle.definition.sources["flights"].columns)
    assert {file.read_text().partition("\n")[0] for file in files} == {header}


def test_the_ground_truth_is_the_label_of_each_flight_of_the_day_that_arrived(
    database: duckdb.DuckDBPyConnection, parameters: dict[str, Any]
) -> None:
    told = {(truth["id"], truth["label"], truth["event_time"]) for truth in sample.ground_truth(parameters)}
    day = parameters["score_date"]
    known = database.execute(
        "SELECT id, label, strftime(event_time, '%Y-%m-%dT%H:%M:%S+00:00') FROM spine "
        "WHERE label IS NOT NULL AND event_time::DATE = $1",
        [day],
    ).fetchall()
    assert len(told) == 995
    assert told == set(known)


def test_the_request_is_a_row_of_the_spine_without_its_label(
    database: duckdb.DuckDBPyConnection, bundle: Bundle, parameters: dict[str, Any]
) -> None:
    request = sample.request(parameters)
    dataset = bundle.definition.dataset
    later = {dataset.label, dataset.label_known_at}
    columns = [column for column in database.table("spine").columns if column not in later]
    rows = database.execute(
        f"SELECT * EXCLUDE (label, label_known_at) "
        f"REPLACE (strftime(event_time, '%Y-%m-%dT%H:%M:%S+00:00') AS event_time) "
        f"FROM spine WHERE id = '{request['id']}'"
    ).fetchall()
    assert [request] == [dict(zip(columns, row, strict=True)) for row in rows]


def test_the_request_is_for_a_flight_after_the_scored_day(parameters: dict[str, Any]) -> None:
    moment = dt.datetime.fromisoformat(sample.request(parameters)["event_time"])
    assert moment == dt.datetime(2013, 8, 16, tzinfo=dt.UTC)
