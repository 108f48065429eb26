"""The job that delivers into a SQL table: from the run's file of predictions to rows and a receipt."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from jobs import deliver
from local.postgres_server import PostgresServer
from runtime import receipts
from runtime.delivery import formats
from runtime.paths import RunPaths, connection_name
from runtime.receipts import Receipt
from runtime.sources.endpoints import jdbc_url
from tests.jobs.workshop import Workshop
from tests.moto_server import Aws
from tests.postgres import database, postgres, rows_of
from tests.runtime.delivery.test_sql_table import predictions

__all__ = ["postgres"]


@pytest.fixture
def workshop(aws: Aws) -> Workshop:
    return Workshop(aws)


def run(workshop: Workshop, run_id: str, connection: str, monkeypatch: pytest.MonkeyPatch) -> tuple[int, Receipt]:
    words = ["--channel", "warehouse", "--database-connection", connection, "--table", "ops.predictions"]
    monkeypatch.setattr("sys.argv", ["deliver", *workshop.words(run_id, {}), *words])
    monkeypatch.setenv("AWS_ENDPOINT_URL", workshop.aws.endpoint)
    code = deliver.main()
    receipt = receipts.read(workshop.aws.client("s3"), RunPaths(workshop.lake, "shop", run_id), "delivery-warehouse")
    assert receipt is not None
    return code, receipt


def scored(workshop: Workshop, folder: Path, run_id: str, count: int) -> None:
    """Leave predictions as scoring does."""
    rows = predictions(run_id, range(count), at=dt.datetime(2013, 8, 16, int(run_id[-1]), tzinfo=dt.UTC)).read_all()
    formats.write(rows, "parquet", folder / "p")
    key = RunPaths(workshop.lake, "shop", run_id).predictions_as("parquet")
    workshop.aws.client("s3").put_object(Bucket=workshop.lake, Key=key, Body=(folder / "p").read_bytes())


def connected(workshop: Workshop, postgres: PostgresServer, **properties: Any) -> tuple[str, Any]:
    """Make a database with the connection of the channel; return the connection's name and the login."""
    login, name = database(postgres, "CREATE SCHEMA ops"), f"db_{uuid.uuid4().hex[:6]}"
    held = {"username": login.username, "password": login.password}
    workshop.aws.client("secretsmanager").create_secret(Name=f"shop/{name}", SecretString=json.dumps(held))
    url = jdbc_url("postgresql", login.host, login.port, login.dbname)
    given = {"JDBC_CONNECTION_URL": url, "JDBC_ENFORCE_SSL": "false", "SECRET_ID": f"shop/{name}", **properties}
    glue_name = connection_name("local", "shop", name, "warehouse")
    made = {"Name": glue_name, "ConnectionType": "JDBC", "ConnectionProperties": given}
    workshop.aws.client("glue").create_connection(ConnectionInput=made)
    return name, login


def test_predictions_become_rows_and_a_receipt(
    workshop: Workshop, postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, login = connected(workshop, postgres)
    scored(workshop, tmp_path, "run-1", 20)
    scored(workshop, tmp_path, "run-2", 5)

    assert run(workshop, "run-2", name, monkeypatch)[0] == 0
    code, receipt = run(workshop, "run-1", name, monkeypatch)

    assert (code, receipt.station, receipt.status) == (0, "delivery", "succeeded")
    where = {"kind": "sql", "connection": name, "table": "ops.predictions"}
    assert receipt.outputs == {**where, "count": 20, "superseded": 5}
    found = rows_of(login, "SELECT run, count(*) FROM ops.predictions GROUP BY run ORDER BY run")
    assert found == [("run-1", 15), ("run-2", 5)]


def test_a_database_that_refuses_is_a_mistake_told_in_the_receipt(
    workshop: Workshop, postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, login = connected(workshop, postgres)
    rows_of(login, "DROP SCHEMA ops")
    scored(workshop, tmp_path, "run-1", 3)

    code, receipt = run(workshop, "run-1", name, monkeypatch)

    assert (code, receipt.status) == (65, "failed")
    assert receipt.message == (
        f"delivery: table 'ops.predictions': connection {name!r}: the database refused the step 'create' with SQLSTATE "
        "3F000: create the schema, or correct the table's name"
    )
