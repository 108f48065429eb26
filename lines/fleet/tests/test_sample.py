from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import duckdb
import pytest

from config.bundle import Bundle
from lines.fleet import sample


def test_flights_come_as_a_folder_per_month(raw_files: Path) -> None:
    folders = sorted(path.name for path in (raw_files / "flights").iterdir())
    assert folders == [f"month=2013-{month:02}" for month in range(1, 9)]


def test_the_raw_flights_end_where_the_plan_begins(database: duckdb.DuckDBPyConnection) -> None:
    rows = database.execute(
        "SELECT max(known_at) <= '2013-08-19 08:00+00', max(known_at) > '2013-08-19 07:00+00' FROM flights"
    ).fetchall()
    assert rows == [(True, True)]


def test_the_ground_truth_is_what_the_planes_of_the_plan_flew_in_its_week(
    database: duckdb.DuckDBPyConnection, parameters: dict[str, Any], tmp_path: Path
) -> None:
    told = {truth["id"]: truth["label"] for truth in sample.ground_truth(parameters)}
    planned = database.execute("SELECT id FROM spine WHERE event_time::DATE = $1", [parameters["score_date"]])
    assert {id_ for (id_,) in planned.fetchall()} == set(told)
    earlier = {**parameters, "score_date": parameters["score_date"] - dt.timedelta(days=7)}
    known = database.execute("SELECT id, label FROM spine WHERE event_time::DATE = $1", [earlier["score_date"]])
    labels = {truth["id"]: truth["label"] for truth in sample.ground_truth(earlier)}
    assert labels == pytest.approx(dict(known.fetchall()))


def test_the_request_is_what_the_spine_says_of_a_plane_but_for_its_moment(
    database: duckdb.DuckDBPyConnection, bundle: Bundle, parameters: dict[str, Any]
) -> None:
    request = sample.request(parameters)
    rows = database.execute(
        "SELECT model, carrier FROM spine WHERE tailnum = $1 AND event_time::DATE = $2",
        [request["tailnum"], parameters["score_date"]],
    ).fetchall()
    assert rows == [(request["model"], request["carrier"])]
    columns = [column for column in database.table("spine").columns if column != bundle.definition.dataset.label]
    assert list(request) == columns
