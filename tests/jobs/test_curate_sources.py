"""The curation job on each kind of source."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest

from local.postgres_server import PostgresServer
from runtime.paths import connection_name
from runtime.sources.endpoints import jdbc_url
from tests.jobs.workshop import Workshop
from tests.moto_server import Aws
from tests.postgres import database, postgres
from tests.runtime.shop import LINE, orders

__all__ = ["postgres"]

COLUMNS = LINE["sources"]["orders"]["columns"]


@pytest.fixture
def workshop(aws: Aws) -> Workshop:
    return Workshop(aws)


def with_source(**source: Any) -> dict[str, Any]:
    return {**LINE, "sources": {"orders": {"columns": COLUMNS, **source}}}


def test_rows_of_a_database_become_a_published_table(workshop: Workshop, postgres: PostgresServer) -> None:
    login = database(
        postgres,
        "CREATE TABLE orders (id INTEGER, placed TIMESTAMP, customer TEXT, price DOUBLE PRECISION, returned BOOLEAN)",
        "INSERT INTO orders VALUES (1, '2024-01-01 06:00', 'ann', 5, true), (2, '2024-01-02 06:00', 'bob', 0.5, NULL)",
    )
    glue, secrets = workshop.aws.client("glue"), workshop.aws.client("secretsmanager")
    name, url = (
        connection_name("local", "shop", "shop_db"),
        jdbc_url("postgresql", login.host, login.port, login.dbname),
    )
    with suppress(Exception):
        secrets.delete_secret(SecretId="shop/reader", ForceDeleteWithoutRecovery=True)
    held = {"username": login.username, "password": login.password}
    secrets.create_secret(Name="shop/reader", SecretString=json.dumps(held))
    properties = {"JDBC_CONNECTION_URL": url, "JDBC_ENFORCE_SSL": "false", "SECRET_ID": "shop/reader"}
    glue.create_connection(ConnectionInput={"Name": name, "ConnectionType": "JDBC", "ConnectionProperties": properties})
    workshop.stage(definition=with_source(kind="database", connection="shop_db", version="SELECT max(id) FROM orders"))
    code, receipt = workshop.run("curate")
    assert (code, receipt.status, len(workshop.rows("orders"))) == (0, "succeeded", 1)
    assert receipt.outputs["sources"]["orders"] == {
        "rows": 2,
        "rejected": 0,
        "fingerprint": "2",
        "origin": "shop_db: table orders",
    }


def test_a_table_that_a_line_published_is_a_source(workshop: Workshop) -> None:
    _, first = workshop.run("curate")
    workshop.stage(definition=with_source(kind="line", line="shop", table="orders"))
    code, receipt = workshop.run("curate", "run-2")
    assert (code, receipt.status) == (0, "succeeded")
    assert receipt.outputs["sources"]["orders"]["fingerprint"] == str(first.outputs["tables"]["orders"]["snapshot"])


def test_rows_that_cannot_be_read_are_counted_in_the_receipt(workshop: Workshop) -> None:
    workshop.stage(definition=with_source(bad_rows="quarantine"))
    workshop.deliver(orders() + "x,2024-01-09,eve,3,true\n99\n")
    code, receipt = workshop.run("curate")
    assert (code, receipt.status) == (0, "succeeded")
    told = receipt.outputs["sources"]["orders"]
    assert (told["rows"], told["rejected"]) == (20, 2)
