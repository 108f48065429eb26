from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

import duckdb
import pytest

from cli.templates.forecast import sample

FOLDER = Path(__file__).parent.parent
GIVEN = {"score_date": dt.date(2026, 4, 8), "horizon_days": 7}


def test_the_raw_files_end_with_the_day_before_the_forecasts(tmp_path: Path) -> None:
    sample.raw(tmp_path, GIVEN)
    days = {}
    for source in ("sales", "promotions"):
        with (tmp_path / source / f"{source}.csv").open(encoding="utf-8") as file:
            days[source] = max(row["day"] for row in csv.DictReader(file))
    assert (days["sales"], days["promotions"] > "2026-04-15") == ("2026-04-07", True)


def test_more_data_hold_what_there_was_and_every_key_once(tmp_path: Path) -> None:
    sample.raw(tmp_path / "one", GIVEN)
    sample.raw(tmp_path / "two", GIVEN, scale=2)
    one, two = ((tmp_path / name / "sales" / "sales.csv").read_text().splitlines() for name in ("one", "two"))
    assert two[: len(one)] == one
    assert len({row.rpartition(",")[0] for row in two}) == len(two) == 2 * len(one) - 1


@pytest.mark.parametrize(("horizon", "day"), [(1, 26), (6, 31), (7, 25), (13, 31), (14, 25)])
def test_the_seasonal_forecast_is_the_newest_known_day_of_the_weekday_that_is_forecast(horizon: int, day: int) -> None:
    """What is known when the 31st is over, of the day so many days after the 1st; a day sells its own number."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(
        "CREATE TABLE sales AS SELECT 'a' AS series, day::DATE AS day, day(day)::INTEGER AS units,"
        " (day + INTERVAL 1 DAY)::TIMESTAMPTZ AS known_at"
        " FROM range(TIMESTAMP '2026-01-01', TIMESTAMP '2026-02-01', INTERVAL 1 DAY) days(day)"
    )
    query = (FOLDER / "features" / "sales_lags.sql").read_text(encoding="utf-8")
    last = f"SELECT lag_1, lag_2, lag_7, lag_14, same_weekday FROM ({query}) ORDER BY event_time DESC LIMIT 1"
    found = connection.execute(last, {"horizon_days": horizon}).fetchone()
    connection.close()
    assert found == (31, 30, 25, 18, day)
