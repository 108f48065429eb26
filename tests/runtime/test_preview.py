"""The preview of a dataset: its counts are those of the built one, its rows the first of them, whatever the sample."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from config.errors import LineError
from runtime import engine
from runtime.builder import ALL, Builder, Request
from runtime.datasets import Choice
from runtime.preview import ROWS, SAMPLE, Preview, preview
from runtime.shelf import Shelf
from runtime.windows import Window
from tests.moto_server import Aws
from tests.runtime.shelved import KNOWN, ORDERS, attach, build
from tests.runtime.shop import PARAMETERS, bundle

MANY = 3 * SAMPLE
EVER = {ALL: Window(dt.datetime(1, 1, 1, tzinfo=dt.UTC), dt.datetime(9999, 1, 1, tzinfo=dt.UTC))}


def request(**changes: Any) -> Request:
    return replace(Request.of(bundle(), PARAMETERS), **changes)


@pytest.fixture
def connection() -> Iterator[engine.Connection]:
    with engine.connect(threads=1) as made:
        yield made


def seen(
    connection: engine.Connection, shelf: Shelf, folder: Path, wanted: Request, orders: str = "", **limits: float
) -> Preview:
    attach(connection, KNOWN, ORDERS)
    if orders:
        connection.execute(f"CREATE OR REPLACE TABLE orders AS {orders}")
    builder = Builder(
        shelf=shelf, snapshots={"orders": 1, "habits": 1}, attach=lambda _, __: None, folder=folder, settings={}
    )
    return preview(builder, connection, wanted, **limits)


@pytest.fixture
def shelf(aws: Aws) -> Shelf:
    return Shelf(aws.client("s3"), aws.bucket(), "shop")


@pytest.mark.parametrize("changes", [{}, {"windows": EVER}, {"windows": EVER, "task": "none"}])
def test_it_counts_and_shows_what_is_built(
    connection: engine.Connection, shelf: Shelf, tmp_path: Path, changes: dict[str, Any]
) -> None:
    found = seen(connection, shelf, tmp_path, request(**changes))
    built = build(shelf, request(**changes)).manifest
    assert (found.fingerprint, found.counts) == (built["fingerprint"], built["rows"])
    assert [column.name for column in found.columns] == [column["name"] for column in built["columns"]]
    part = next(iter(built["files"]))
    assert found.rows.equals(shelf.rows(built, part).slice(0, ROWS))
    assert found.sampled == found.examples == sum(built["rows"].values())


def test_of_many_examples_a_sample_is_joined_that_lies_over_all_of_them(
    connection: engine.Connection, shelf: Shelf, tmp_path: Path
) -> None:
    orders = (
        "SELECT n AS id, TIMESTAMP '2024-01-01' + INTERVAL (n) MINUTE AS placed, 'ann' AS customer, "
        f"CASE WHEN n < {MANY // 2} THEN 1.0 END AS price, n % 2 = 0 AS returned FROM range({MANY}) r(n)"
    )
    found = seen(connection, shelf, tmp_path, request(windows=EVER), orders)
    assert found.counts == {ALL: MANY}
    assert SAMPLE <= found.sampled <= SAMPLE + ROWS
    assert found.null_rates["price"] == pytest.approx(0.5, abs=0.01)
    assert found.rows["id"].to_pylist() == [str(n) for n in range(ROWS)]


def test_a_range_without_rows_is_the_mistake_of_the_builder(
    connection: engine.Connection, shelf: Shelf, tmp_path: Path
) -> None:
    never = {ALL: Window(dt.datetime(1990, 1, 1, tzinfo=dt.UTC), dt.datetime(1991, 1, 1, tzinfo=dt.UTC))}
    with pytest.raises(LineError) as error:
        seen(connection, shelf, tmp_path, request(windows=never))
    with pytest.raises(LineError) as other:
        build(shelf, request(windows=never))
    assert str(error.value) == str(other.value)
    assert "choose another time range" in str(error.value)


def test_what_takes_too_long_is_stopped_with_what_to_do(
    connection: engine.Connection, shelf: Shelf, tmp_path: Path
) -> None:
    slow = (
        "SELECT *, (SELECT count(*) FROM range(100000000) a, range(1000) b WHERE (a.range * b.range) % 7 = id) AS kind"
    )
    line = bundle(spine=f"{slow} FROM orders")
    with pytest.raises(LineError, match=r"the preview took longer than 0\.3 s and was stopped: choose a shorter time"):
        seen(connection, shelf, tmp_path, replace(Request.of(line, PARAMETERS), windows=EVER), seconds=0.3)


def test_a_column_that_a_view_lacks_is_named(connection: engine.Connection, shelf: Shelf, tmp_path: Path) -> None:
    with pytest.raises(LineError, match="feature view 'habits' has no column 'spend'"):
        seen(connection, shelf, tmp_path, request(choice=Choice(request=[], views={"habits": ["spend"]})))
