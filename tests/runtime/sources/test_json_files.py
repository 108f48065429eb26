from __future__ import annotations

import gzip
import json

import pytest

from config.sources import S3Source
from tests.runtime.sources.raw import Raw, raw

__all__ = ["raw"]

COLUMNS = {"id": "INTEGER", "name": "VARCHAR", "price": "DOUBLE", "at": "TIMESTAMPTZ"}
SOURCE = S3Source(format="json", columns=COLUMNS)
QUARANTINE = SOURCE.model_copy(update={"bad_rows": "quarantine"})
ONE = "s3://raw/shop/goods/a.json: "
MEND = "correct the value, or give the column another type or null_values in line.yaml"
GOOD = (
    '{"id": 1, "name": "pen", "price": 1.5, "at": "2013-01-01T06:00:00Z", "more": {"a": [1]}}\n'
    '{"price": 2, "id": 2, "name": "NA", "at": null}\n\n'
    '{"id": 3.0}\n'
)


def test_lines_are_read_by_their_keys(raw: Raw) -> None:
    assert raw.load(SOURCE, a_json=GOOD).rows == 3
    assert [tuple(map(str, row.values())) for row in raw.rows()] == [
        ("1", "pen", "1.5", "2013-01-01 06:00:00+00:00"),
        ("2", "NA", "2.0", "None"),
        ("3", "None", "None", "None"),
    ]


def test_nested_values_are_read_where_they_are_declared(raw: Raw) -> None:
    columns = {"id": "INTEGER", "tags": "VARCHAR[]", "who": "STRUCT(name VARCHAR, age INTEGER)", "rest": "JSON"}
    line = {"id": 1, "tags": ["a", "b"], "who": {"name": "ann", "age": 7}, "rest": {"x": [1]}}
    raw.load(S3Source(format="json", columns=columns), a_json=json.dumps(line))
    assert raw.rows() == [{"id": 1, "tags": ["a", "b"], "who": {"name": "ann", "age": 7}, "rest": '{"x":[1]}'}]


def test_odd_keys_are_keys(raw: Raw) -> None:
    columns = {"a/b": "INTEGER", "c.d": "INTEGER", "e~f": "INTEGER", 'g"h': "INTEGER", "$": "INTEGER"}
    raw.load(S3Source(format="json", columns=columns), a_json=json.dumps({key: i for i, key in enumerate(columns)}))
    assert list(raw.rows()[0].values()) == [0, 1, 2, 3, 4]


def test_a_compressed_file_and_a_byte_order_mark_are_read(raw: Raw) -> None:
    assert raw.load(SOURCE, a_json_gz=gzip.compress(GOOD.encode()), b_json=f"\ufeff{GOOD}").rows == 6


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('{"id": 1,', "line 2: is no JSON: correct the line"),
        ("[1, 2]", "line 2: is no JSON object but ARRAY: correct the line"),
        ("5", "line 2: is no JSON object but UBIGINT: correct the line"),
        ('{"id": 1, "id": 2}', "line 2: has a key twice: correct the line"),
        ('{"id": {"a": 1}}', f"line 2, column 'id': '{{\"a\":1}}' is OBJECT, not INTEGER: {MEND}"),
        ('{"name": ["a"]}', f"line 2, column 'name': '[\"a\"]' is ARRAY, not VARCHAR: {MEND}"),
        ('{"id": "1"}', f"line 2, column 'id': '1' is VARCHAR, not INTEGER: {MEND}"),
        ('{"name": 5}', f"line 2, column 'name': '5' is UBIGINT, not VARCHAR: {MEND}"),
        ('{"id": 1.5}', f"line 2, column 'id': '1.5' is not INTEGER: {MEND}"),
        ('{"id": true}', f"line 2, column 'id': 'true' is BOOLEAN, not INTEGER: {MEND}"),
        ('{"price": NaN}', f"line 2, column 'price': 'NaN' is not DOUBLE: {MEND}"),
        ('{"price": -Infinity}', f"line 2, column 'price': '-Infinity' is not DOUBLE: {MEND}"),
        ('{"at": "soon"}', f"line 2, column 'at': 'soon' is not TIMESTAMPTZ: {MEND}"),
        ('{"name": "caf\udce9"}', "line 2: byte 0xe9 is not utf-8 text: correct the line"),
    ],
)
def test_a_bad_line_fails_with_its_number_or_is_kept_aside(raw: Raw, line: str, problem: str) -> None:
    text = (GOOD.splitlines()[0] + "\n" + line + "\n" + GOOD).encode("utf-8", "surrogateescape")
    assert raw.refusal(SOURCE, a_json=text) == f"{ONE}{problem}".replace("a.json: line 2, ", "a.json: line 2, ")
    loaded = raw.load(QUARANTINE, a_json=text)
    assert (loaded.rows, loaded.rejected) == (4, 1)
    ((file, number, reason, kept),) = raw.rejected()
    assert (file, number) == ("a.json", 2)
    assert reason in problem
    assert kept == line.replace("\udce9", "\\xe9")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '{"id": 1, "title": "pen", "price": 1, "at": null}\n',
            "column 'name' is missing; its rows have at, id, price, title: restore the key in the file or declare its "
            "new name under sources.goods.columns in line.yaml",
        ),
        (
            '{"id": 1, "names": "pen", "price": 1, "at": null}\n',
            "column 'name' is missing; its rows have at, id, names, price (closest: 'names'): restore the key in the "
            "file or declare its new name under sources.goods.columns in line.yaml",
        ),
        ("\n\n", "has no row, expected at least one: upload the complete file"),
        ("", "is empty (0 bytes), expected a file of JSON lines: upload the complete file"),
    ],
)
def test_a_file_that_is_not_as_declared_is_named(raw: Raw, text: str, message: str) -> None:
    assert raw.refusal(SOURCE, a_json=text) == ONE + message


def test_a_utf_16_file_is_named(raw: Raw) -> None:
    assert raw.refusal(SOURCE, a_json=GOOD.encode("utf-16")) == (
        f"{ONE}is UTF-16 text, as its byte order mark tells, expected utf-8: "
        "convert the file or give the source its encoding in line.yaml"
    )
