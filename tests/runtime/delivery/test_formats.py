from __future__ import annotations

import csv
import datetime as dt
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from runtime.delivery import formats
from runtime.predictions import PREDICTIONS
from tests.runtime.delivery.deliveries import conforms

MOMENT = dt.datetime(2013, 8, 15, 10, 30, 0, 123456, tzinfo=dt.UTC)
IDS = ["plain", 'a "quoted", one', "two\r\nlines", "=1+1", "grün"]


@pytest.fixture
def rows() -> pa.Table:
    n = len(IDS)
    columns = {
        "prediction_id": [f"shop:{id_}:2013-08-15" for id_ in IDS],
        "line": ["shop"] * n,
        "run": ["run-1"] * n,
        "model_version": [3] * n,
        "id": IDS,
        "event_time": [MOMENT] * n,
        "score": [0.1 + 0.2, 0.0, 1.0, 1e-7, 0.5],
        "score_date": [MOMENT.date()] * n,
        "at": [MOMENT] * n,
    }
    return pa.table(columns, schema=PREDICTIONS)


def test_json_lines_are_the_record(rows: pa.Table, tmp_path: Path) -> None:
    formats.write(rows, "jsonl", tmp_path / "p")
    records = [json.loads(line) for line in (tmp_path / "p").read_text().splitlines()]
    for record in records:
        conforms(record)
    assert records[0] == {
        "schema": 1,
        "prediction_id": "shop:plain:2013-08-15",
        "line": "shop",
        "run": "run-1",
        "model_version": 3,
        "id": "plain",
        "event_time": "2013-08-15T10:30:00.123456+00:00",
        "score": 0.1 + 0.2,
        "at": "2013-08-15T10:30:00.123+00:00",
    }


def test_csv_says_the_same_as_json_lines(rows: pa.Table, tmp_path: Path) -> None:
    formats.write(rows, "jsonl", tmp_path / "p")
    formats.write(rows, "csv", tmp_path / "c")
    records = [json.loads(line) for line in (tmp_path / "p").read_text().splitlines()]
    body = (tmp_path / "c").read_bytes()
    assert body.startswith(b"schema,prediction_id,line,run,model_version,id,event_time,score,at\r\n")
    assert b'"shop:a ""quoted"", one:2013-08-15"' in body
    with (tmp_path / "c").open(newline="", encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    assert [{**row, "score": float(row["score"])} for row in found] == [
        {**record, "schema": "1", "model_version": "3"} for record in records
    ]


def test_parquet_has_the_types_of_its_columns(rows: pa.Table, tmp_path: Path) -> None:
    formats.write(rows, "parquet", tmp_path / "p")
    found = pq.read_table(tmp_path / "p")
    assert found.schema.equals(formats.COLUMNS)
    assert found["id"].to_pylist() == IDS
    assert found["score"].to_pylist() == rows["score"].to_pylist()
    assert found["at"].to_pylist()[0] == MOMENT.replace(microsecond=123000)
    assert found["event_time"].to_pylist()[0] == MOMENT


def test_rows_of_many_batches_are_all_there(rows: pa.Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "BATCH", 2)
    many = pa.concat_tables([rows] * 3)
    for form in ("jsonl", "parquet"):
        formats.write(many, form, tmp_path / form)
    assert len((tmp_path / "jsonl").read_text().splitlines()) == 15
    assert pq.read_table(tmp_path / "parquet")["id"].to_pylist() == IDS * 3
