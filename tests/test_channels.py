"""A run of a line with channels of every kind: what each delivered, as its consumers find it."""

from __future__ import annotations

import csv
import io
import json
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pyarrow.parquet as pq
import pytest

from cli.running import find
from local.postgres_server import Login
from runtime.paths import embedded_secret
from tests.clone import Clone, Ended
from tests.postgres import rows_of
from tests.runtime.delivery.deliveries import conforms
from tests.test_line_run import wait_for

pytestmark = pytest.mark.thorough

CHANNELS = """  files: [{name: files}, {name: desk, format: csv}, {name: lab, format: parquet}]
  topics:
    - {name: decisions, consumers: [warehouse, {name: sure, filter: {score: [{numeric: [">=", 0.5]}]}}]}
    - {name: ordered, fifo: true, consumers: [gate_desk]}
  tables: [{name: reports, connection: registry, table: public.predictions}]
"""


@dataclass(frozen=True)
class Up:
    clone: Clone
    run: Ended

    @property
    def delivered(self) -> dict[str, Any]:
        found: dict[str, Any] = self.run.document["delivered"]
        return found

    @property
    def outputs(self) -> dict[str, str]:
        running = find(self.clone.root)
        assert running is not None
        return running.outputs("shop")

    def client(self, service: str) -> Any:
        running = find(self.clone.root)
        assert running is not None
        make: Any = boto3.client
        return make(service, endpoint_url=running.endpoint)

    def read(self, uri: str, name: str) -> bytes:
        bucket, _, folder = uri.removeprefix("s3://").partition("/")
        body: bytes = self.client("s3").get_object(Bucket=bucket, Key=f"{folder}{name}")["Body"].read()
        return body

    def messages(self, consumer: str) -> list[dict[str, Any]]:
        """Look at what waits for a consumer."""
        sqs, url, found = self.client("sqs"), self.outputs[f"ConsumerQueueUrl{consumer}"], []
        while batch := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=120).get("Messages"):
            found += [json.loads(message["Body"]) for message in batch]
        return found


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    clone = Clone.make(tmp_path_factory.mktemp("channels"))
    clone.new(
        "shop",
        ("line.yaml", "  files: true\n  topics: [{name: decisions, consumers: [warehouse]}]\n", CHANNELS),
    )
    process = clone.start("up", "--port", "0")
    wait_for("endpoint_url", process)
    try:
        yield Up(clone, clone.line("run", "shop", "--json"))
    finally:
        process.send_signal(signal.SIGINT)
        clone.wait(process)
    assert clone.gone(), clone.processes()


def records(up: Up) -> list[dict[str, Any]]:
    body = up.read(up.delivered["channels"]["files"]["s3"], "predictions.jsonl")
    return [json.loads(line) for line in body.splitlines()]


def test_no_call_was_denied_and_every_channel_carried_everything(up: Up) -> None:
    assert up.run.status == 0, up.run.stderr
    assert up.run.document["grants"]["denied"] == 0
    counts = {name: sent["count"] for name, sent in up.delivered["channels"].items()}
    assert counts == dict.fromkeys(("decisions", "desk", "files", "lab", "ordered", "reports", "rest"), 280)


def test_files_of_each_format_say_the_same(up: Up) -> None:
    channels, found = up.delivered["channels"], records(up)
    for record in found:
        conforms(record)
    text = up.read(channels["desk"]["s3"], "predictions.csv").decode()
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [(row["prediction_id"], float(row["score"])) for row in rows] == [
        (record["prediction_id"], record["score"]) for record in found
    ]
    table = pq.read_table(io.BytesIO(up.read(channels["lab"]["s3"], "predictions.parquet")))
    assert table["prediction_id"].to_pylist() == [record["prediction_id"] for record in found]
    assert "/shop/lab/" in channels["lab"]["s3"]


def test_each_consumer_has_what_it_asked_for(up: Up) -> None:
    found = records(up)
    everything = sorted(f"{record['prediction_id']}:{record['run']}" for record in found)
    for consumer in ("Warehouse", "GateDesk"):
        got = up.messages(consumer)
        for message in got:
            conforms(message)
        assert sorted(message["event_id"] for message in got) == everything
    sure = sorted(record["prediction_id"] for record in found if record["score"] >= 0.5)
    assert sorted(message["prediction_id"] for message in up.messages("Sure")) == sure
    assert 0 < len(sure) < 280


def test_the_database_holds_a_row_for_each(up: Up) -> None:
    secret = up.client("secretsmanager").get_secret_value(SecretId=embedded_secret("registry"))
    held = json.loads(secret["SecretString"])
    login = Login(**{name: held[name] for name in ("username", "password", "host", "port", "dbname")})
    rows = rows_of(login, "SELECT prediction_id, score FROM public.predictions ORDER BY prediction_id")
    assert rows == sorted((record["prediction_id"], record["score"]) for record in records(up))


def test_redrive_finds_nothing_to_do(up: Up) -> None:
    ended = up.clone.line("redrive", "shop", "gate_desk", "--json", "--yes")
    assert (ended.status, ended.document["dead_letters"], ended.document["moved"]) == (0, 0, None)


def test_another_run_of_the_same_predictions_changes_no_row(up: Up, tmp_path: Path) -> None:
    again = up.clone.line("run", "shop", "--json", "--force", "delivery")
    assert again.status == 0, again.stderr
    assert again.document["delivered"]["channels"]["reports"]["count"] == 280
