import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from jobs import score
from runtime import promotion, receipts, signing, tables
from runtime.datasets import Column, Examples
from runtime.promotion import Champion
from runtime.receipts import Receipt
from tests.jobs.runs import job
from tests.moto_server import Aws
from tests.runtime.modelled import COLUMNS, World, rows, world

TESTS = {"predictions": [{"check": "row_count", "minimum": 40, "severity": "error"}]}
Run = Callable[..., Receipt]


@pytest.fixture
def line(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.syspath_prepend(tmp_path)
    made = world(aws, tmp_path, tests=TESTS)
    aws.client("glue").create_database(DatabaseInput={"Name": made.paths.line})
    return made


@pytest.fixture
def ledger(aws: Aws) -> str:
    return aws.table("pk", "sk")


@pytest.fixture
def run(line: World, ledger: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Score rows with the champion, which is made first."""
    location, sha256 = line.saved()
    kms = line.aws.client("kms")
    key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    signature = signing.sign(kms, key, sha256, line=line.paths.line, run="run-1", variant="small")
    champion = Champion(
        *(3, "arn", location.uri, sha256, "run-1", "small", "endpoint", "config"), {"roc_auc": 0.8}, signature=signature
    )
    promotion.promote(line.aws.client("dynamodb"), ledger, line.paths.line, champion, expected=None)

    def scored(examples: pa.Table, **parameters: str) -> Receipt:
        columns = [Column(**column) for column in COLUMNS]  # type: ignore[arg-type]
        found = Examples(rows=examples.drop_columns(["label"]), columns=columns)
        monkeypatch.setattr(score, "scoring_rows", lambda _: found)
        job(monkeypatch, line, score.main, ledger_table=ledger, signing_key=key, parameters=json.dumps(parameters))
        receipt = receipts.read(line.s3, line.paths, "scoring")
        assert receipt is not None
        return receipt

    return scored


def table(line: World) -> list[dict[str, Any]]:
    catalog = tables.catalog(
        warehouse=f"s3://{line.paths.lake}/warehouse", region="us-east-1", endpoint=line.aws.endpoint
    )
    found: list[dict[str, Any]] = tables.read(catalog, f"{line.paths.line}.{line.paths.line}_predictions").to_pylist()
    return found


def records(line: World) -> list[dict[str, Any]]:
    body = line.s3.get_object(Bucket=line.paths.lake, Key=line.paths.predictions)["Body"].read()
    return [json.loads(record) for record in body.splitlines()]


def test_every_row_is_predicted_published_and_recorded(line: World, run: Run) -> None:
    receipt = run(rows(50))

    name = line.paths.line
    assert (receipt.status, receipt.outputs["rows"], receipt.outputs["model_version"]) == ("succeeded", 50, 3)
    assert receipt.outputs["records"] == f"s3://{line.paths.lake}/{line.paths.predictions}"
    stored, recorded = table(line), records(line)
    assert len(stored) == len(recorded) == 50
    assert recorded[0] == {
        "schema": 1,
        "prediction_id": f"{name}:f0-0:2013-08-15",
        "line": name,
        "run": "run-1",
        "model_version": 3,
        "id": "f0-0",
        "event_time": "2013-08-15T00:00:00+00:00",
        "score": recorded[0]["score"],
        "at": recorded[0]["at"],
    }
    assert {row["prediction_id"]: row["score"] for row in stored} == {
        record["prediction_id"]: record["score"] for record in recorded
    }
    profile = receipt.outputs["profile"]
    assert {name: sum(histogram["counts"]) for name, histogram in profile.items()} == {
        "carrier": 50,
        "distance": 50,
        "weather__wind": 50,
        "score": 50,
    }


def test_a_second_run_of_a_day_replaces_it_and_another_day_is_added(line: World, run: Run) -> None:
    run(rows(50))
    run(rows(60))
    run(rows(40), score_date="2013-08-16")

    days = [row["score_date"] for row in table(line)]
    assert (days.count(dt.date(2013, 8, 15)), days.count(dt.date(2013, 8, 16))) == (60, 40)


def test_a_day_that_does_not_pass_its_inspection_reaches_nobody(line: World, run: Run) -> None:
    run(rows(50))
    first = records(line)

    receipt = run(rows(10), score_date="2013-08-16")  # with the history there would be rows enough

    assert receipt.status == "halted"
    assert receipt.message == "scoring: predictions row_count: expected at least 40 rows, found 10 rows"
    assert len(table(line)) == 50
    assert records(line) == first


def test_a_day_without_rows_is_refused(line: World, run: Run) -> None:
    assert run(rows(0)).message == (
        "scoring: no row of the spine lies in the scoring window of 2013-08-15: choose another date under scoring.date "
        f"in lines/{line.paths.line}/line.yaml or add its raw files"
    )


def test_a_line_without_a_champion_is_refused(line: World, ledger: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert job(monkeypatch, line, score.main, ledger_table=ledger, signing_key="key") == 65

    receipt = receipts.read(line.s3, line.paths, "scoring")
    assert receipt is not None
    assert receipt.message == (
        f"scoring: line {line.paths.line!r} has no champion, expected a released model: "
        f"let a run pass the gates under release.gates in lines/{line.paths.line}/line.yaml"
    )


def test_a_champion_that_was_not_signed_at_registration_is_refused(
    line: World, run: Run, ledger: str, aws: Aws
) -> None:
    key = {"pk": {"S": f"LINE#{line.paths.line}"}, "sk": {"S": promotion.CHAMPION}}
    aws.client("dynamodb").update_item(
        TableName=ledger,
        Key=key,
        UpdateExpression="SET signature = :none",
        ExpressionAttributeValues={":none": {"S": ""}},
    )

    assert run(rows(50)).message.startswith(
        f"model of line {line.paths.line!r}, run 'run-1', variant 'small': it has no signature, expected"
    )
