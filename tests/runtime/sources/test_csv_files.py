import gzip
from pathlib import Path
from typing import Any

import pytest

from config.errors import LineError
from config.sources import S3Source
from runtime import engine
from runtime.sources import csv_files, objects
from runtime.sources.loaded import Loaded
from tests.moto_server import Aws

SOURCE = S3Source(columns={"id": "INTEGER", "name": "VARCHAR", "at": "TIMESTAMPTZ"})
GOOD = "id,name,at\n1,pen,2013-01-01T06:00:00Z\nNA,NA,2013-01-01 07:00:00+01\n"


class Raw:
    """A bucket with files of one source, and a database."""

    def __init__(self, aws: Aws, folder: Path) -> None:
        self.s3, self.bucket, self.folder = aws.client("s3"), aws.bucket(), folder
        self.connection = engine.connect(threads=1)

    def load(self, source: S3Source = SOURCE, **files: str | bytes) -> Loaded:
        for name, text in files.items():
            self.s3.put_object(Bucket=self.bucket, Key=f"shop/goods/{name.replace('_', '.')}", Body=text)
        found = objects.download(self.s3, bucket=self.bucket, line="shop", source="goods", folder=self.folder)
        return csv_files.load(self.connection, "goods", source, found)

    def rows(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = engine.fetched(self.connection, "FROM raw.goods").to_pylist()
        return rows

    def refusal(self, source: S3Source = SOURCE, **files: str | bytes) -> str:
        with pytest.raises(LineError) as error:
            self.load(source, **files)
        return str(error.value).replace(self.bucket, "raw")


@pytest.fixture
def raw(aws: Aws, tmp_path: Path) -> Raw:
    return Raw(aws, tmp_path)


def test_a_file_is_read_with_its_declared_columns(raw: Raw) -> None:
    assert (raw.load(a_csv=GOOD).rows, [(row["id"], row["name"], str(row["at"])) for row in raw.rows()]) == (
        2,
        [(1, "pen", "2013-01-01 06:00:00+00:00"), (None, None, "2013-01-01 06:00:00+00:00")],
    )


def test_files_may_order_their_columns_differently_and_have_more(raw: Raw) -> None:
    raw.load(a_csv="id,name,at\n1,pen,\n", b_csv="extra,name,id,at,extra\nx,ink,2,,y\n")
    assert [(row["id"], row["name"]) for row in raw.rows()] == [(1, "pen"), (2, "ink")]


def test_a_byte_order_mark_a_quoted_comma_and_gzip_are_read(raw: Raw) -> None:
    raw.load(a_csv='\ufeffid,name,at\r\n1,"a, ""b""",\r\n'.encode(), b_csv_gz=gzip.compress(b"id,name,at\n2,c,\n"))
    assert [row["name"] for row in raw.rows()] == ['a, "b"', "c"]


def test_what_was_read_is_recorded_by_version(raw: Raw) -> None:
    first = raw.load(a_csv=GOOD)
    assert first.files[0].uri == f"s3://{raw.bucket}/shop/goods/a.csv"
    assert first.fingerprint == raw.load().fingerprint != raw.load(a_csv=GOOD + "3,c,\n").fingerprint


def test_a_file_with_no_row_is_fine_beside_one_that_has_some(raw: Raw) -> None:
    assert raw.load(a_csv="id,name,at\n", b_csv=GOOD).rows == 2


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "s3://raw/shop/goods/ holds no file, expected the CSV files of source 'goods': upload one"),
        (
            {"a_csv": ""},
            "s3://raw/shop/goods/a.csv: is empty (0 bytes), expected a CSV file with a header: "
            "upload the complete file",
        ),
        (
            {"a_csv": "id,name,at\n"},
            "s3://raw/shop/goods/a.csv: has a header but no row, expected at least one: upload the complete file",
        ),
        (
            {"a_csv": GOOD, "b_csv": "id,title,at\n"},
            "s3://raw/shop/goods/b.csv: column 'name' is missing; the file has id, title, at: restore the column in "
            "the file or declare its new name under sources.goods.columns in line.yaml",
        ),
        (
            {"a_csv": "id,names,at\n"},
            "s3://raw/shop/goods/a.csv: column 'name' is missing; the file has id, names, at (closest: 'names'): "
            "restore the column in the file or declare its new name under sources.goods.columns in line.yaml",
        ),
        (
            {"a_csv": "id,name,name,at\n"},
            "s3://raw/shop/goods/a.csv: column 'name' stands 2 times: keep one of them",
        ),
        (
            {"a_csv": GOOD, "b_csv": "id,name,at\n1,pen,\nsome,ink,\n"},
            "s3://raw/shop/goods/b.csv: line 3, column 'id': 'some' is not INTEGER: correct the value, "
            "or give the column another type or null_values in line.yaml",
        ),
        (
            {"a_csv": "id,name,at\n1,pen\n"},
            "s3://raw/shop/goods/a.csv: line 2: Expected Number of Columns: 3 Found: 2: correct the line",
        ),
        (
            {"a_csv": 'id,name,at\n1,"pen,\n2,ink,\n'},
            "s3://raw/shop/goods/a.csv: line 2: Value with unterminated quote found: correct the line",
        ),
        (
            {"a_csv": b"\xff\xfe"},
            "s3://raw/shop/goods/a.csv: cannot be read as UTF-8 CSV: 'utf-8' codec can't decode byte 0xff in position "
            "0: invalid start byte: upload it in that form",
        ),
    ],
)
def test_a_bad_file_is_named_with_its_mend(raw: Raw, files: dict[str, str | bytes], message: str) -> None:
    assert raw.refusal(SOURCE, **files) == message
