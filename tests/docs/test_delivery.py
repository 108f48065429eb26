"""The snippets of docs/delivery.md, each run as a consumer would run it, on what the channels really deliver."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
from typing import Any

import boto3
import duckdb
import pyarrow as pa
import pytest
import sqlglot

from config.loading import ROOT
from local.postgres_server import PostgresServer
from runtime.delivery import files, sql_table, topic
from runtime.predictions import PREDICTIONS
from tests.moto_server import Aws, aws
from tests.postgres import database, endpoint, execute, postgres, rows_of
from tests.runtime.delivery.deliveries import conforms, scored
from tests.runtime.delivery.test_sql_table import NIGHT, predictions

__all__ = ["aws", "postgres"]


def snippet(name: str) -> str:
    text = (ROOT / "docs" / "delivery.md").read_text(encoding="utf-8")
    (found,) = re.findall(rf"<!-- snippet: {name} -->\n```\w+\n(.*?)```", text, re.DOTALL)
    return str(found)


@pytest.fixture
def functions(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return what runs a Python snippet in the AWS of the tests and gives its names."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)

    def run(name: str) -> dict[str, Any]:
        names: dict[str, Any] = {}
        exec(snippet(name), names)
        return names

    return run


def test_the_reader_of_files_reads_whole_deliveries_alone(aws: Aws, functions: Any) -> None:
    s3, paths, bucket = aws.client("s3"), scored(aws, 4), aws.bucket()
    body = b"id,score\r\nUA-0,0.1\r\n"
    s3.put_object(Bucket=paths.lake, Key=paths.predictions_as("csv"), Body=body)
    files.deliver(s3=s3, paths=paths, bucket=bucket, channel="desk", form="csv")
    files.deliver(s3=s3, paths=paths, bucket=bucket)
    s3.put_object(Bucket=bucket, Key="flights/desk/2013-08-15/half/predictions.csv", Body=b"half")
    read = functions("files")["deliveries"]

    ((manifest, found),) = read(bucket, "flights/desk/2013-08-15/")
    assert (manifest["count"], manifest["run"]) == (4, paths.run)
    assert next(csv.DictReader(io.StringIO(found["predictions.csv"].decode(), newline=""))) == {
        "id": "UA-0",
        "score": "0.1",
    }

    ((_, lines),) = read(bucket, "flights/2013-08-15/")
    for line in lines["predictions.jsonl"].splitlines():
        conforms(json.loads(line))

    s3.put_object(Bucket=bucket, Key=f"flights/desk/2013-08-15/{paths.run}/predictions.csv", Body=body.upper())
    with pytest.raises(ValueError, match="is not what its manifest says"):
        list(read(bucket, "flights/desk/2013-08-15/"))


def test_the_consumer_of_a_queue_decides_once_though_every_message_comes_twice(aws: Aws, functions: Any) -> None:
    paths, (arn, queue), decisions = scored(aws, 12), aws.topic(), aws.table("event_id")
    for _ in range(2):
        topic.deliver(s3=aws.client("s3"), sns=aws.client("sns"), paths=paths, topic=arn)
    assert functions("queue")["consume"](queue, decisions) == 12
    items = aws.client("dynamodb").scan(TableName=decisions)["Items"]
    assert (len(items), sum(item["late"]["BOOL"] for item in items)) == (12, 6)
    assert aws.messages(queue) == []


def test_a_message_of_another_schema_is_left_for_the_dead_letters(aws: Aws, functions: Any) -> None:
    _, queue = aws.topic()
    aws.client("sqs").send_message(QueueUrl=queue, MessageBody=json.dumps({"schema": 2}))
    with pytest.raises(ValueError, match="schema 2 is not known"):
        functions("queue")["consume"](queue, aws.table("event_id"))
    name = "ApproximateNumberOfMessagesNotVisible"
    found = aws.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=[name])["Attributes"]
    assert found[name] == "1"


def test_the_view_shows_the_newest_answer_for_each_id(postgres: PostgresServer) -> None:
    login = database(postgres, "CREATE SCHEMA ops")
    for run, ids, hours in (("run-1", range(4), 0), ("run-2", range(2, 6), 1)):
        made = predictions(run, ids, at=NIGHT + dt.timedelta(hours=hours))
        sql_table.deliver(endpoint(login), "ops.predictions", made)
    execute(login, snippet("view"))
    found = rows_of(login, "SELECT id, run FROM ops.latest_predictions ORDER BY id")
    assert found == [("UA-0", "run-1"), ("UA-1", "run-1"), *((f"UA-{i}", "run-2") for i in range(2, 6))]
    assert not isinstance(sqlglot.parse_one(snippet("view"), dialect="redshift"), sqlglot.exp.Command)


def test_the_query_of_athena_runs_over_the_columns_of_the_iceberg_table() -> None:
    query = sqlglot.transpile(snippet("athena"), read="athena", write="duckdb")[0]
    values: dict[str, Any] = {field.name: [None, None] for field in PREDICTIONS}
    values |= {"score": [0.2, 0.4], "score_date": [dt.date(2013, 8, 15)] * 2, "model_version": [3, 3]}
    flights_predictions = pa.table(values, schema=PREDICTIONS)
    with duckdb.connect() as connection:
        connection.register("flights_predictions", flights_predictions)
        ((day, count, mean, version),) = connection.execute(query).fetchall()
    assert (day, count, round(mean, 3), version) == (dt.date(2013, 8, 15), 2, 0.3, 3)
