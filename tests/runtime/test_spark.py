"""The Spark engine: what it reads, writes and says when something is wrong."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from config.errors import LineError
from runtime import spark, spark_sources
from runtime.dialect import Statement
from runtime.spark_sources import Raw
from tests.runtime.engines import needs_spark

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [
    needs_spark,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # pyspark leaves a socket of each answer to the collector
]
COLUMNS = {"id": "INTEGER", "price": "DOUBLE", "placed": "TIMESTAMPTZ", "note": "VARCHAR", "day": "DATE"}
HEADER = ("id", "price", "placed", "note", "day")


@pytest.fixture(scope="module")
def session() -> Iterator[SparkSession]:
    session = spark.session(memory="1g")
    session.conf.set("spark.sql.shuffle.partitions", "1")
    yield session
    session.stop()


@pytest.fixture
def csv_file(tmp_path: Path) -> Callable[..., Raw]:
    """Write a CSV file of orders; return it as a source."""

    def write(*lines: str, header: tuple[str, ...] = HEADER, name: str = "orders.csv") -> Raw:
        (tmp_path / name).write_text("\n".join([",".join(header), *lines]) + "\n", encoding="utf-8")
        return Raw(format="csv", files={header: [str(tmp_path / name)]})

    return write


def rows(session: SparkSession, raw: Raw, **options: Any) -> list[dict[str, Any]]:
    frame = spark_sources.read(session, raw=raw, columns=COLUMNS, null_values=options.get("null_values", ("", "NA")))
    found: list[dict[str, Any]] = frame.toArrow().to_pylist()
    return found


def test_a_file_is_read_by_its_header_with_the_declared_types(
    session: SparkSession, csv_file: Callable[..., Raw]
) -> None:
    raw = csv_file(
        '2013-01-05,"a, ""b""",1,2013-01-05T10:00:00Z,1.5,more',
        "NA,,NA,NA,NA,",
        header=("day", "note", "id", "placed", "price", "other"),
        name="odd [1] *.csv",
    )
    assert rows(session, raw) == [
        {
            "id": 1,
            "price": 1.5,
            "placed": dt.datetime(2013, 1, 5, 10, tzinfo=dt.UTC),
            "note": 'a, "b"',
            "day": dt.date(2013, 1, 5),
        },
        dict.fromkeys(COLUMNS),
    ]


def test_files_with_other_headers_are_one_source(session: SparkSession, csv_file: Callable[..., Raw]) -> None:
    first = csv_file("1,1.5,2013-01-05 10:00:00,a,2013-01-05", name="a.csv")
    other = ("day", "id", "price", "note", "placed")
    second = csv_file("2013-01-06,2,2.5,b,2013-01-06 10:00:00", header=other, name="b.csv")
    found = rows(session, Raw(format="csv", files={**first.files, **second.files}))
    assert [(row["id"], row["price"], row["note"]) for row in found] == [(1, 1.5, "a"), (2, 2.5, "b")]


def test_an_empty_text_is_no_null_when_it_does_not_mean_null(
    session: SparkSession, csv_file: Callable[..., Raw]
) -> None:
    raw = csv_file("1,1.5,2013-01-05 10:00:00,,2013-01-05", '2,NA,2013-01-05 10:00:00,"",2013-01-05')
    assert [(row["price"], row["note"]) for row in rows(session, raw, null_values=("NA",))] == [(1.5, ""), (None, "")]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("x,1.5,2013-01-05 10:00:00,a,2013-01-05", "column 'id': 'x' is not INTEGER"),
        ("1,1.5d,2013-01-05 10:00:00,a,2013-01-05", "column 'price': '1.5d' is not DOUBLE"),
        ("1,1.5,10:00,a,2013-01-05", "column 'placed': '10:00' is not TIMESTAMPTZ"),
        ("1,1.5,2013-01-05 10:00:00,a,2013", "column 'day': '2013' is not DATE"),
        ("1,1.5,2013-01-05 10:00:00,a", "Malformed records are detected in record parsing"),
    ],
)
def test_what_does_not_fit_stops_the_run_and_names_the_file(
    line: str, problem: str, session: SparkSession, csv_file: Callable[..., Raw]
) -> None:
    raw = csv_file("1,1.5,2013-01-05 10:00:00,a,2013-01-05", line)
    with pytest.raises(LineError) as error, spark.failing("lines/shop/curation/orders.sql"):
        rows(session, raw)
    assert problem in str(error.value)
    assert "\n" not in str(error.value)
    assert "orders.csv" in str(error.value)


def test_a_text_that_is_not_utf_8_stops_the_run(session: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_bytes(",".join(HEADER).encode() + b"\n1,1.5,2013-01-05 10:00:00,\xe4,2013-01-05\n")
    raw = Raw(format="csv", files={HEADER: [str(tmp_path / "orders.csv")]})
    with pytest.raises(LineError) as error, spark.failing("orders"):
        rows(session, raw)
    assert "column 'note': holds a text that is not UTF-8" in str(error.value)


def test_a_source_without_rows_is_told(session: SparkSession, csv_file: Callable[..., Raw]) -> None:
    with pytest.raises(LineError) as error:
        spark_sources.register(session, "orders", raw=csv_file(), columns=COLUMNS)
    assert str(error.value) == "source 'orders': has no row, expected at least one: upload the complete files"


def test_parquet_is_cast_to_the_declared_types(session: SparkSession, tmp_path: Path) -> None:
    pq.write_table(pa.table({"price": [1], "id": pa.array([2], pa.int64())}), tmp_path / "a.parquet")
    raw = Raw(format="parquet", files={(): [str(tmp_path / "a.parquet")]})
    columns = {"id": "INTEGER", "price": "DOUBLE"}
    frame = spark_sources.read(session, raw=raw, columns=columns, null_values=())
    assert frame.dtypes == [("id", "int"), ("price", "double")]
    assert frame.toArrow().to_pylist() == [{"id": 2, "price": 1.0}]


def computed(
    session: SparkSession, folder: Path, sql: str, columns: dict[str, str], tables: dict[str, Any], **parameters: Any
) -> list[Path]:
    statement = Statement("curation", "made", "lines/shop/curation/made.sql", sql, columns)
    files = spark.compute(session, statement, tables=tables, parameters=parameters, folder=str(folder))
    return [Path(file.removeprefix("file://")) for file in files]


def test_a_table_is_written_as_parquet_in_the_types_of_a_table(
    session: SparkSession, csv_file: Callable[..., Raw], tmp_path: Path
) -> None:
    raw = csv_file("1,1.5,2013-01-05 10:00:00,a,2013-01-05", "2,2.5,2013-01-05 10:00:00.000001,b,2013-01-05")
    spark_sources.register(session, "orders", raw=raw, columns=COLUMNS)
    sql = "SELECT *, SUM(id) OVER () AS ids FROM raw.orders WHERE id >= $least"
    columns = {**COLUMNS, "ids": "HUGEINT"}
    (file,) = computed(session, tmp_path / "out", sql, columns, {"raw__orders": COLUMNS}, least=1, other=2)
    assert pq.ParquetFile(file).metadata.row_group(0).column(0).compression == "ZSTD"
    assert {field.name: str(field.type) for field in pq.read_schema(file)} == {
        "id": "int32",
        "price": "double",
        "placed": "timestamp[us, tz=UTC]",
        "note": "string",
        "day": "date32[day]",
        "ids": "int64",
    }
    assert pq.read_table(file)["ids"].to_pylist() == [3, 3]


def test_what_was_computed_is_a_view_for_those_who_read_it(session: SparkSession, tmp_path: Path) -> None:
    computed(session, tmp_path / "out", "SELECT 7 AS n", {"n": "INTEGER"}, {})
    (file,) = computed(
        session, tmp_path / "more", "SELECT n + 1 AS m FROM made", {"m": "INTEGER"}, {"made": {"n": "INTEGER"}}
    )
    assert pq.read_table(file).to_pylist() == [{"m": 8}]


def test_an_error_in_the_data_names_the_select(session: SparkSession, tmp_path: Path) -> None:
    session.sql("SELECT 'x' AS word").createOrReplaceTempView("raw__words")
    sql = "SELECT CAST(word AS INTEGER) AS n FROM raw.words"
    with pytest.raises(LineError) as error:
        computed(session, tmp_path / "out", sql, {"n": "INTEGER"}, {"raw__words": {"word": "VARCHAR"}})
    assert str(error.value) == (
        'lines/shop/curation/made.sql: Spark: The value \'x\' of the type "STRING" cannot be cast to "INT" '
        "because it is malformed: correct the SELECT or the data"
    )


def test_the_sentences_of_an_error_are_told_without_their_codes() -> None:
    messages = ["[X.Y] Reading failed. Do this. SQLSTATE: 1\nmore", "[Z] A row is ragged SQLSTATE: 2"]
    assert spark.told(messages) == "Reading failed: A row is ragged"
