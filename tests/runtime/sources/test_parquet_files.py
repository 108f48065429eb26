from __future__ import annotations

import datetime as dt
import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from config.sources import S3Source
from runtime import engine
from tests.runtime.sources.raw import Raw, raw

__all__ = ["raw"]

COLUMNS = {"id": "INTEGER", "name": "VARCHAR", "at": "TIMESTAMPTZ"}
SOURCE = S3Source(format="parquet", columns=COLUMNS)
ONE = "s3://raw/shop/goods/a.parquet: "
AT = dt.datetime(2013, 1, 1, 6, tzinfo=dt.UTC)


def parquet(**columns: Any) -> bytes:
    """Return a file of two rows; a column that is None is not there."""
    moments = pa.array([AT, AT], pa.timestamp("us", "UTC"))
    given = {"id": pa.array([1, 2], pa.int32()), "name": ["pen", None], "at": moments, **columns}
    target = io.BytesIO()
    pq.write_table(pa.table({name: column for name, column in given.items() if column is not None}), target)
    return target.getvalue()


def is_view(raw: Raw) -> bool:
    return bool(engine.rows(raw.connection, "SELECT count(*) FROM duckdb_views() WHERE view_name = 'goods'")[0][0])


def test_files_of_the_declared_types_are_read_in_place_also_by_a_sealed_connection(raw: Raw) -> None:
    assert raw.load(SOURCE, a_parquet=parquet(more=[1, 2]), b_parquet=parquet()).rows == 4
    assert is_view(raw)
    engine.seal(raw.connection)
    assert raw.texts("name") == ["pen", None, "pen", None]


def test_columns_may_stand_in_another_order(raw: Raw) -> None:
    table = pq.read_table(io.BytesIO(parquet())).select(["at", "name", "id"])
    target = io.BytesIO()
    pq.write_table(table, target)
    raw.load(SOURCE, a_parquet=parquet(), b_parquet=target.getvalue())
    assert raw.texts("id") == ["1", "2", "1", "2"]


def test_a_wider_integer_is_read_as_declared_where_its_values_fit(raw: Raw) -> None:
    assert raw.load(SOURCE, a_parquet=parquet(id=pa.array([1, 2], pa.int64()))).rows == 2
    assert not is_view(raw)
    assert raw.texts("typeof(id)") == ["INTEGER", "INTEGER"]


def test_a_value_that_does_not_fit_fails_or_is_kept_aside(raw: Raw) -> None:
    large = parquet(id=pa.array([1, 3_000_000_000], pa.int64()))
    assert raw.refusal(SOURCE, a_parquet=large) == (
        f"{ONE}line 2, column 'id': '3000000000' is not INTEGER: "
        "correct the value, or give the column another type or null_values in line.yaml"
    )
    loaded = raw.load(SOURCE.model_copy(update={"bad_rows": "quarantine"}), a_parquet=large)
    assert (loaded.rows, loaded.rejected) == (1, 1)
    assert raw.rejected() == [
        (
            "a.parquet",
            2,
            "column 'id': '3000000000' is not INTEGER",
            '{"id":3000000000,"name":null,"at":"2013-01-01 06:00:00+00"}',
        )
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            parquet(name=None),
            "column 'name' is missing; the file has id, at: restore the column in the file or declare its new name "
            "under sources.goods.columns in line.yaml",
        ),
        (
            parquet(name=None, names=["pen", None]),
            "column 'name' is missing; the file has id, at, names (closest: 'names'): restore the column in the file "
            "or declare its new name under sources.goods.columns in line.yaml",
        ),
        (
            parquet(id=["1", "2"]),
            "column 'id' is VARCHAR, not INTEGER: declare VARCHAR under sources.goods.columns in line.yaml, "
            "or correct the file",
        ),
        (
            parquet(id=[1.5, 2.0]),
            "column 'id' is DOUBLE, not INTEGER: declare DOUBLE under sources.goods.columns in line.yaml, "
            "or correct the file",
        ),
        (
            parquet()[:-40],
            "is no complete Parquet file: Invalid Input Error: No magic bytes found at end of file 'it': "
            "upload the complete file",
        ),
        (
            b"id,name,at\n1,pen,\n",
            "is no complete Parquet file: Invalid Input Error: No magic bytes found at end of file 'it': "
            "upload the complete file",
        ),
        (b"", "is empty (0 bytes), expected a Parquet file: upload the complete file"),
    ],
)
def test_a_file_that_is_not_as_declared_is_named(raw: Raw, content: bytes, message: str) -> None:
    assert raw.refusal(SOURCE, a_parquet=content) == ONE + message


def test_the_file_at_fault_is_named_among_good_ones(raw: Raw) -> None:
    told = raw.refusal(SOURCE, a_parquet=parquet(), b_parquet=parquet(id=["1", "2"]))
    assert told.startswith("s3://raw/shop/goods/b.parquet: column 'id' is VARCHAR, not INTEGER")


def test_nanoseconds_and_naive_times_are_moments_in_utc(raw: Raw) -> None:
    skipped = dt.datetime(2013, 3, 10, 2, 30, tzinfo=dt.UTC).replace(tzinfo=None)  # no clock of New York showed it
    naive = pa.array([skipped, None], pa.timestamp("ns"))
    raw.load(SOURCE, a_parquet=parquet(at=naive))
    assert raw.texts('"at"') == ["2013-03-10 02:30:00+00", None]


def test_a_connection_that_is_sealed_already_reads_its_own_folder_in_place(raw: Raw) -> None:
    engine.seal(raw.connection, raw.folder)
    assert raw.load(SOURCE, a_parquet=parquet()).rows == 2
    assert is_view(raw)
    assert raw.texts("id") == ["1", "2"]
