from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

import duckdb
import pytest

from cli.templates.regression import sample

FOLDER = Path(__file__).parent.parent
SCORE_DATE = {"score_date": dt.date(2026, 4, 1)}


def test_the_raw_files_do_not_tell_how_long_the_estimated_deliveries_take(tmp_path: Path) -> None:
    sample.raw(tmp_path, SCORE_DATE)
    with (tmp_path / "deliveries" / "deliveries.csv").open(encoding="utf-8") as file:
        estimated = [row for row in csv.DictReader(file) if row["left_at"] >= "2026-04-01"]
    assert {row["minutes"] for row in estimated} == {"NA"}
    assert {row["delivery_id"] for row in estimated} == {truth["id"] for truth in sample.ground_truth(SCORE_DATE)}


def test_more_data_hold_what_there_was_and_every_key_once(tmp_path: Path) -> None:
    sample.raw(tmp_path / "one", SCORE_DATE)
    sample.raw(tmp_path / "two", SCORE_DATE, scale=2)
    one, two = ((tmp_path / name / "deliveries" / "deliveries.csv").read_text().splitlines() for name in ("one", "two"))
    assert two[: len(one)] == one
    assert len({row.partition(",")[0] for row in two}) == len(two) == 2 * len(one) - 1


def test_a_couriers_pace_is_known_four_hours_after_a_delivery_left() -> None:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(
        "CREATE TABLE deliveries AS FROM (VALUES"
        " ('ada', TIMESTAMPTZ '2026-01-01 10:00+00', 5.0, 10.0), ('ada', TIMESTAMPTZ '2026-01-01 12:00+00', 5.0, 30.0)"
        ") deliveries(courier, left_at, distance_km, minutes)"
    )
    query = (FOLDER / "features" / "courier_pace.sql").read_text(encoding="utf-8")
    pace = connection.execute(f"SELECT hour(event_time), deliveries, minutes_per_km FROM ({query}) ORDER BY 1")
    assert pace.fetchall() == [(14, 1, pytest.approx(2.0)), (16, 2, pytest.approx(4.0))]
    connection.close()
