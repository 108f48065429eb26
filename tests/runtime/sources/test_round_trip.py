"""Random typed rows come back from every kind of source as they were."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.sources import DatabaseSource, S3Source
from local.postgres_server import PostgresServer
from runtime import engine
from runtime.sources import database
from runtime.sources.loaded import File, Object
from runtime.sources.loading import load_files
from tests.postgres import database as new_database
from tests.postgres import endpoint, postgres

__all__ = ["postgres"]

COLUMNS = {
    "n": "INTEGER",
    "big": "BIGINT",
    "x": "DOUBLE",
    "price": "DECIMAL(12, 3)",
    "ok": "BOOLEAN",
    "text": "VARCHAR",
    "day": "DATE",
    "at": "TIMESTAMPTZ",
}
ARROW = pa.schema(
    [
        ("n", pa.int32()),
        ("big", pa.int64()),
        ("x", pa.float64()),
        ("price", pa.decimal128(12, 3)),
        ("ok", pa.bool_()),
        ("text", pa.string()),
        ("day", pa.date32()),
        ("at", pa.timestamp("us", "UTC")),
    ]
)
LETTERS = st.characters(exclude_categories=["Cs", "Cc"])
Row = tuple[Any, ...]
ROW = st.tuples(
    st.none() | st.integers(-(2**31), 2**31 - 1),
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.floats(allow_nan=False, allow_infinity=False),
    st.none() | st.decimals(Decimal(-999999999), Decimal(999999999), places=3, allow_nan=False),
    st.none() | st.booleans(),
    st.text(LETTERS, min_size=1, max_size=12).filter(lambda text: text != "NA"),
    st.none() | st.dates(dt.date(1, 1, 1), dt.date(9999, 12, 31)),
    st.none() | st.datetimes(dt.datetime(1, 1, 2), dt.datetime(9999, 12, 30), timezones=st.just(dt.UTC)),  # noqa: DTZ001
)
ROWS = st.lists(ROW, min_size=1, max_size=8)
PATIENT = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def connection() -> engine.Connection:
    return engine.connect(threads=1)


def table(rows: list[Row]) -> pa.Table:
    columns = list(zip(*rows, strict=True))
    arrays = [pa.array(column, field.type) for column, field in zip(columns, ARROW, strict=True)]
    return pa.Table.from_arrays(arrays, schema=ARROW)


def loaded(connection: engine.Connection, folder: Path, kind: str, content: bytes) -> list[Row]:
    path = folder / f"rows.{kind}"
    path.write_bytes(content)
    source = S3Source.model_validate({"format": kind, "columns": COLUMNS})
    load_files(connection, "rows", source, [File(Object("raw", path.name, ""), "", path)])
    return read(connection)


def read(connection: engine.Connection) -> list[Row]:
    return [tuple(row.values()) for row in engine.fetched(connection, "FROM raw.rows").to_pylist()]


def as_text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else value


@PATIENT
@given(rows=ROWS)
def test_through_csv(connection: engine.Connection, tmp_path: Path, rows: list[Row]) -> None:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerows([list(COLUMNS), *([as_text(value) for value in row] for row in rows)])
    assert loaded(connection, tmp_path, "csv", text.getvalue().encode()) == rows


@PATIENT
@given(rows=ROWS)
def test_through_json(connection: engine.Connection, tmp_path: Path, rows: list[Row]) -> None:
    lines = [json.dumps(dict(zip(COLUMNS, map(as_text, row), strict=True)), default=str) for row in rows]
    assert loaded(connection, tmp_path, "json", "\n".join(lines).encode()) == rows


@PATIENT
@given(rows=ROWS)
def test_through_parquet(connection: engine.Connection, tmp_path: Path, rows: list[Row]) -> None:
    packed = io.BytesIO()
    pq.write_table(table(rows), packed)
    assert loaded(connection, tmp_path, "parquet", packed.getvalue()) == rows


@PATIENT
@given(rows=ROWS)
def test_through_postgresql(connection: engine.Connection, postgres: PostgresServer, rows: list[Row]) -> None:
    from contextlib import closing

    from adbc_driver_postgresql import dbapi

    made = (
        "CREATE TABLE rows (n INTEGER, big BIGINT, x DOUBLE PRECISION, price NUMERIC(12, 3), ok BOOLEAN, text TEXT, "
        "day DATE, at TIMESTAMPTZ)"
    )
    login = new_database(postgres, made)
    with closing(dbapi.connect(login.uri, autocommit=True)) as opened, closing(opened.cursor()) as cursor:
        cursor.adbc_ingest("rows", table(rows), mode="append")
    source = DatabaseSource(kind="database", connection="shop_db", columns=COLUMNS)
    database.load(connection, "rows", source, endpoint(login), {}, subject="sources.rows")
    assert read(connection) == rows
