from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

import duckdb

from cli.templates.classification import sample

FOLDER = Path(__file__).parent.parent
SCORE_DATE = {"score_date": dt.date(2026, 4, 1)}


def test_the_raw_files_do_not_tell_what_becomes_of_the_orders_that_are_scored(tmp_path: Path) -> None:
    sample.raw(tmp_path, SCORE_DATE)
    with (tmp_path / "orders" / "orders.csv").open(encoding="utf-8") as file:
        scored = [row for row in csv.DictReader(file) if row["ordered_at"] >= "2026-04-01"]
    assert {row["returned"] for row in scored} == {"NA"}


def test_more_data_hold_what_there_was_and_every_key_once(tmp_path: Path) -> None:
    sample.raw(tmp_path / "one", SCORE_DATE)
    sample.raw(tmp_path / "two", SCORE_DATE, scale=2)
    one, two = ((tmp_path / name / "orders" / "orders.csv").read_text().splitlines()[1:] for name in ("one", "two"))
    assert (len(two), two[: len(one)]) == (2 * len(one), one)
    assert len({row.partition(",")[0] for row in two}) == len(two)


def test_a_customers_history_counts_an_order_three_days_after_it() -> None:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(
        "CREATE TABLE orders AS FROM (VALUES"
        " ('anna', TIMESTAMPTZ '2026-01-01 10:00+00', 1), ('anna', TIMESTAMPTZ '2026-01-05 10:00+00', 0)"
        ") orders(customer, ordered_at, returned)"
    )
    query = (FOLDER / "features" / "customer_history.sql").read_text(encoding="utf-8")
    history = connection.execute(f"SELECT day(event_time), orders, share_returned FROM ({query}) ORDER BY 1").fetchall()
    connection.close()
    assert history == [(4, 1, 1.0), (8, 2, 0.5)]
