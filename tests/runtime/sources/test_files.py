from __future__ import annotations

import gzip

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.errors import LineError
from config.sources import S3Source
from runtime.sources.loaded import File, Object
from runtime.sources.loading import listed, load, load_files
from tests.runtime.sources.raw import SOURCE, Raw, raw

__all__ = ["raw"]

GOOD = "id,name,at\n1,pen,2013-01-01T06:00:00Z\nNA,NA,2013-01-01 07:00:00+01\n"


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
            "s3://raw/shop/goods/a.csv: line 2: has 2 values, expected 3: correct the line",
        ),
        (
            {"a_csv": 'id,name,at\n1,"pen,\n2,ink,\n'},
            "s3://raw/shop/goods/a.csv: line 2: a quote is opened and never closed: correct the line",
        ),
        (
            {"a_csv": b"\xff\xfe"},
            "s3://raw/shop/goods/a.csv: is UTF-16 text, as its byte order mark tells, expected utf-8: "
            "convert the file or give the source its encoding in line.yaml",
        ),
    ],
)
def test_a_bad_file_is_named_with_its_mend(raw: Raw, files: dict[str, str | bytes], message: str) -> None:
    assert raw.refusal(SOURCE, **files) == message


ONE = "s3://raw/shop/goods/a.csv: "
MEND = "correct the value, or give the column another type or null_values in line.yaml"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("INTEGER", "1.5"),
        ("INTEGER", "15e-1"),
        ("INTEGER", "3000000000"),
        ("DECIMAL(8, 2)", "1.239"),
        ("DATE", "2013-01-01 10:00"),
        ("DATE", "2013-02-30"),
        ("TIMESTAMP", "2013-01-01T00:00:00+02:00"),
        ("TIMESTAMP", "2013-01-01 00:00:00 Europe/Berlin"),
        ("TIMESTAMPTZ", "2013-01-01 25:00:00"),
        ("BOOLEAN", "perhaps"),
        ("DOUBLE", "1;5"),
    ],
)
def test_a_value_that_its_type_would_change_or_cannot_hold_is_refused(raw: Raw, kind: str, value: str) -> None:
    source = S3Source(columns={"n": "VARCHAR", "v": kind})
    assert raw.refusal(source, a_csv=f"n,v\nx,{value}\n") == f"{ONE}line 2, column 'v': '{value}' is not {kind}: {MEND}"


@pytest.mark.parametrize(
    ("kind", "value", "read"),
    [
        ("INTEGER", "1.0", "1"),
        ("INTEGER", "1e3", "1000"),
        ("INTEGER", "-7", "-7"),
        ("DECIMAL(8, 2)", "1.2300", "1.23"),
        ("DATE", "2013-01-01T00:00:00Z", "2013-01-01"),
        ("TIMESTAMP", "2013-01-01T01:00:00Z", "2013-01-01 01:00:00"),
        ("TIMESTAMP", "2013-01-01 01:00:00.123456", "2013-01-01 01:00:00.123456"),
        ("DOUBLE", "nan", "nan"),
        ("DOUBLE", "-inf", "-inf"),
        # moments: an offset is followed, a zone too, and a time without either is UTC, also one that a clock skipped
        ("TIMESTAMPTZ", "2013-03-10T02:30:00-05:00", "2013-03-10 07:30:00+00"),
        ("TIMESTAMPTZ", "2013-03-10 02:30:00", "2013-03-10 02:30:00+00"),
        ("TIMESTAMPTZ", "2013-11-03T01:30:00-04:00", "2013-11-03 05:30:00+00"),
        ("TIMESTAMPTZ", "2013-11-03T01:30:00-05:00", "2013-11-03 06:30:00+00"),
        ("TIMESTAMPTZ", "2013-07-01 12:00:00 Europe/Berlin", "2013-07-01 10:00:00+00"),
    ],
)
def test_a_value_is_read_as_what_it_says(raw: Raw, kind: str, value: str, read: str) -> None:
    raw.load(S3Source(columns={"n": "VARCHAR", "v": kind}), a_csv=f"n,v\nx,{value}\n")
    assert raw.texts("v") == [read]


MIXED = b'id,name,at\n1,pen,\n2,caf\xe9,\n3,ink\nsome,cup,\n4,"open,\n5,mug,\n\n6,"two\nlines",\n'


def test_rows_that_cannot_be_read_are_kept_aside_with_line_reason_and_text(raw: Raw) -> None:
    source = SOURCE.model_copy(update={"bad_rows": "quarantine"})
    loaded = raw.load(source, a_csv=MIXED, b_csv=GOOD)
    assert (loaded.rows, loaded.rejected) == (5, 4)
    assert raw.rejected() == [
        ("a.csv", 3, "byte 0xe9 is not utf-8 text", "2,caf\\xe9,"),
        ("a.csv", 4, "has 2 values, expected 3", "3,ink"),
        ("a.csv", 5, "column 'id': 'some' is not INTEGER", "some,cup,"),
        ("a.csv", 6, "a quote is opened and never closed", '4,"open,'),
    ]
    assert sorted(raw.texts("name"), key=str) == [None, "mug", "pen", "pen", "two\nlines"]


def test_a_receipt_counts_what_was_rejected(raw: Raw) -> None:
    told = raw.load(SOURCE.model_copy(update={"bad_rows": "quarantine"}), a_csv=MIXED).told()
    assert (told["rows"], told["rejected"], told["files"]) == (3, 4, 1)


def test_when_nothing_is_wrong_nothing_is_kept_aside(raw: Raw) -> None:
    assert raw.load(SOURCE.model_copy(update={"bad_rows": "quarantine"}), a_csv=GOOD).rejected == 0
    assert raw.rejected() == []


def test_a_source_of_which_no_row_can_be_read_fails_also_in_quarantine(raw: Raw) -> None:
    source = SOURCE.model_copy(update={"bad_rows": "quarantine"})
    assert raw.refusal(source, a_csv="id,name,at\nx,pen,\n") == (
        f"{ONE}has no row that can be read (1 rejected), expected at least one: upload the complete file"
    )


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "cp1252", "utf-8-sig"])
def test_a_declared_encoding_is_read(raw: Raw, encoding: str) -> None:
    source = S3Source.model_validate({"columns": SOURCE.columns, "encoding": encoding})
    raw.load(source, a_csv="id,name,at\n1,café,\n".encode(encoding))
    assert raw.texts("name") == ["café"]


def test_a_latin_1_file_among_utf_8_is_named_with_its_line(raw: Raw) -> None:
    latin = "id,name,at\n1,pen,\n2,café,\n".encode("latin-1")
    assert raw.refusal(a_csv=GOOD, b_csv=latin) == (
        "s3://raw/shop/goods/b.csv: line 3: byte 0xe9 is not utf-8 text: correct the line"
    )


def test_a_file_that_is_not_encoded_as_declared_is_named(raw: Raw) -> None:
    source = S3Source.model_validate({"columns": SOURCE.columns, "encoding": "utf-16"})
    odd = "id,name,at\n1,pen,\n".encode("utf-16") + b"\x00"
    assert raw.refusal(source, a_csv=odd) == (
        f"{ONE}is not utf-16 text near byte 39: truncated data: "
        "convert the file or correct the source's encoding in line.yaml"
    )


def test_a_zstandard_file_is_read(raw: Raw) -> None:
    packed = pa.compress(b"id,name,at\n1,pen,\n", codec="zstd", asbytes=True)
    assert raw.load_keys({"a.csv.zst": packed}).rows == 1


def test_a_file_that_cannot_be_decompressed_is_named(raw: Raw) -> None:
    packed = gzip.compress(b"id,name,at\n" + b"1,pen,\n" * 5000)
    assert raw.refusal(a_csv_gz=packed[:-30]).startswith("s3://raw/shop/goods/a.csv.gz: cannot be decompressed: ")


def test_a_file_that_changes_while_it_is_read_is_refused(raw: Raw) -> None:
    raw.put({"a.csv": GOOD})
    found = listed("goods", SOURCE, origins=raw.origins)
    raw.put({"a.csv": GOOD + "3,cup,\n"})
    with pytest.raises(LineError) as caught:
        load(raw.connection, "goods", SOURCE, origins=raw.origins, parameters={}, folder=raw.folder, only=found)
    assert str(caught.value) == f"{found[0].uri}: changed while the source was read: start the run again"


VALUES = st.sampled_from(["1", "x", '"a,b"', '"', "", "é", '"two\nlines"', "1.5", 'a"b'])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.lists(VALUES, min_size=2, max_size=4),
        min_size=1,
        max_size=12,
    ),
    ends=st.sampled_from(["", "\n", "\r\n"]),
)
def test_every_record_is_loaded_or_rejected(raw: Raw, rows: list[list[str]], ends: str) -> None:
    text = "n,v\n0,0\n" + "\n".join(",".join(row) for row in rows) + ends
    path = raw.folder / "property.csv"
    path.write_bytes(text.encode())
    source = S3Source(columns={"n": "VARCHAR", "v": "INTEGER"}, bad_rows="quarantine")
    loaded = load_files(raw.connection, "goods", source, [File(Object("raw", "a.csv", ""), "", path)])
    lines = {number: line for number, line in enumerate(text.split("\n"), 1) if line.strip("\r")}
    assert {line for _, line, *_ in raw.rejected()} <= set(lines)
    assert (loaded.rows, loaded.rejected) == (len(raw.texts("n")), len(raw.rejected()))
    texts = [*map(str, raw.texts("n")), *(text for *_, text in raw.rejected())]
    assert 1 + sum(1 + text.count("\n") for text in texts) == len(lines)  # the header, and each line of each record
