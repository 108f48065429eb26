from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from config.errors import LineError
from config.parameters import Value
from config.sources import DatabaseSource
from local.postgres_server import Login, PostgresServer
from runtime import engine
from runtime.sources.database import fingerprint, load
from runtime.sources.loaded import Loaded
from tests.postgres import database, endpoint, execute, postgres

__all__ = ["postgres"]

MADE = (
    "CREATE TABLE orders (id INTEGER, name TEXT, price NUMERIC(8, 2), weight DOUBLE PRECISION, at TIMESTAMPTZ, "
    "day DATE, paid BOOLEAN, total BIGINT, loose NUMERIC)",
    "INSERT INTO orders VALUES (1, 'pen', 1.50, 0.25, '2026-01-01 01:00:00+01', '2026-01-01', true, 9007199254740993, "
    "12.345), (2, NULL, NULL, 'NaN', NULL, NULL, NULL, NULL, NULL)",
)
COLUMNS = {
    "id": "INTEGER",
    "name": "VARCHAR",
    "price": "DECIMAL(8, 2)",
    "weight": "DOUBLE",
    "at": "TIMESTAMPTZ",
    "day": "DATE",
    "paid": "BOOLEAN",
    "total": "BIGINT",
    "loose": "DOUBLE",
}
SUBJECT = "sources.orders"


class Shop:
    """A database of orders, and a source that reads them."""

    def __init__(self, login: Login) -> None:
        self.login = login
        self.connection = engine.connect(threads=1)

    def load(
        self, columns: dict[str, str] = COLUMNS, parameters: dict[str, Value] | None = None, **given: Any
    ) -> Loaded:
        """Load the source; ``at`` are changes to where the database is."""
        at = given.pop("at", {})
        source = DatabaseSource(kind="database", connection="shop_db", columns=columns, **given)
        return load(self.connection, "orders", source, endpoint(self.login, **at), parameters or {}, subject=SUBJECT)

    def refusal(self, *args: Any, **given: Any) -> str:
        with pytest.raises(LineError) as caught:
            self.load(*args, **given)
        told = str(caught.value)
        assert self.login.password not in told
        assert "\n" not in told
        name = f"{self.login.username}@{self.login.host}:{self.login.port}/{self.login.dbname}"
        return (
            told.replace(name, "user@host/db").replace(self.login.username, "user").replace(str(self.login.port), "P")
        )

    def rows(self) -> list[tuple[Any, ...]]:
        found = engine.fetched(self.connection, "FROM raw.orders ORDER BY id").to_pylist()
        return [tuple(row.values()) for row in found]


@pytest.fixture
def shop(postgres: PostgresServer) -> Shop:
    return Shop(database(postgres, *MADE))


def test_a_table_is_read_with_its_declared_types(shop: Shop) -> None:
    assert shop.load().rows == 2
    first, second = shop.rows()
    assert first[:4] == (1, "pen", Decimal("1.50"), 0.25)
    assert str(first[4]) == "2026-01-01 00:00:00+00:00"
    assert first[5:] == (dt.date(2026, 1, 1), True, 9007199254740993, 12.345)
    assert second[:3] == (2, None, None)
    assert str(second[3]) == "nan"
    assert second[4:] == (None,) * 5


def test_only_declared_columns_are_read_in_the_declared_order(shop: Shop) -> None:
    shop.load({"name": "VARCHAR", "id": "INTEGER"})
    assert engine.rows(shop.connection, "FROM raw.orders ORDER BY id") == [("pen", 1), (None, 2)]


def test_a_query_is_sent_with_its_parameters_as_typed_values(shop: Shop) -> None:
    execute(shop.login, "INSERT INTO orders (id, name, day) VALUES (3, 'ink''s', '2026-02-01')")
    query = "SELECT id, upper(name) AS name FROM orders WHERE day >= $since AND name = $name AND id < $most"
    parameters: dict[str, Value] = {"since": dt.date(2026, 1, 15), "name": "ink's", "most": 10}
    assert shop.load({"id": "INTEGER", "name": "VARCHAR"}, parameters, query=query).rows == 1
    assert shop.rows() == [(3, "INK'S")]


@pytest.mark.parametrize(
    "attack", ["'; DROP TABLE orders; --", "\\'; DROP TABLE orders; --", "' OR '1'='1", "$$; DROP TABLE orders; --"]
)
def test_a_parameter_that_would_be_sql_is_but_a_text(shop: Shop, attack: str) -> None:
    query = "SELECT id FROM orders WHERE name = $name OR id = 1"
    assert shop.load({"id": "INTEGER"}, {"name": attack}, query=query).rows == 1
    assert shop.load({"id": "INTEGER"}).rows == 2


def test_the_version_query_is_the_fingerprint_and_changes_with_the_data(shop: Shop) -> None:
    version = "SELECT max(id) FROM orders"
    first = shop.load(version=version).fingerprint
    source = DatabaseSource(kind="database", connection="shop_db", columns=COLUMNS, version=version)
    assert first == fingerprint(source, endpoint(shop.login), {}, subject=SUBJECT)
    execute(shop.login, "INSERT INTO orders (id) VALUES (3)")
    assert fingerprint(source, endpoint(shop.login), {}, subject=SUBJECT) != first


def test_without_a_version_query_nothing_is_known_before_reading(shop: Shop) -> None:
    assert shop.load().fingerprint is None


def test_a_receipt_tells_what_was_read(shop: Shop) -> None:
    assert shop.load().told() == {"rows": 2, "fingerprint": None, "origin": "shop_db: table orders"}


def test_many_rows_stream_in(shop: Shop) -> None:
    execute(shop.login, "INSERT INTO orders (id, name) SELECT n, repeat('x', 100) FROM generate_series(3, 200000) n")
    assert shop.load({"id": "INTEGER", "name": "VARCHAR"}).rows == 200000


REFUSED = f"{SUBJECT}: connection 'shop_db': "


@pytest.mark.parametrize(
    ("columns", "given", "message"),
    [
        (
            {"id": "INTEGER"},
            {"table": "order"},
            'relation "order" does not exist: correct the source or the database',
        ),
        (
            {"pric": "DOUBLE"},
            {},
            'column "pric" does not exist (Perhaps you meant to reference the column "orders.price"): '
            "correct the source or the database",
        ),
        (
            {"name": "INTEGER"},
            {},
            "column 'name' is VARCHAR, not INTEGER: declare VARCHAR under sources.orders.columns in line.yaml, "
            "or correct the database",
        ),
        (
            {"weight": "INTEGER"},
            {},
            "column 'weight' is DOUBLE, not INTEGER: declare DOUBLE under sources.orders.columns in line.yaml, "
            "or correct the database",
        ),
        (
            {"price": "DECIMAL(8, 1)"},
            {},
            "column 'price' is DECIMAL(8,2), not DECIMAL(8, 1): declare DECIMAL(8,2) under sources.orders.columns in "
            "line.yaml, or correct the database",
        ),
        (
            {"loose": "INTEGER"},
            {},
            "column 'loose' is NUMERIC, not INTEGER: declare NUMERIC under sources.orders.columns in line.yaml, "
            "or correct the database",
        ),
        (
            {"total": "INTEGER"},
            {},
            "Conversion Error: Type INT64 with value 9007199254740993 can't be cast because the value is out of range "
            "for the destination type INT32 when casting from source column total: "
            "correct the value, or give the column another type under "
            "sources.orders.columns in line.yaml",
        ),
        (
            {"id": "INTEGER"},
            {"query": "SELECT id FROM orders WHERE id > 100"},
            "the query has no row, expected at least one: fill it or correct the source",
        ),
        (
            {"id": "INTEGER"},
            {"at": {"password": "wrong"}},
            'user@host/db does not let us in: password authentication failed for user "user": '
            "see that the database is up and that its secret is right",
        ),
        (
            {"id": "INTEGER"},
            {"at": {"port": 1}},
            "user@127.0.0.1:1/user does not let us in: Connection refused: "
            "see that the database is up and that its secret is right",
        ),
        (
            {"id": "INTEGER"},
            {"at": {"ssl": True}},
            "user@host/db does not let us in: server does not support SSL, but SSL was required: "
            "see that the database is up and that its secret is right",
        ),
    ],
)
def test_what_is_wrong_is_told_in_one_line(
    shop: Shop, columns: dict[str, str], given: dict[str, Any], message: str
) -> None:
    assert shop.refusal(columns, **given) == REFUSED + message


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"query": "SELECT id FROM orders WHERE id = $least"},
            "sources.orders.query: $least is not a declared parameter, expected one of most: "
            "correct the name or declare it under parameters in line.yaml",
        ),
        (
            {"query": "DELETE FROM orders RETURNING id"},
            "sources.orders.query: holds DELETE, expected one SELECT that writes nothing: remove the rest",
        ),
        (
            {"query": "SELECT 1; DROP TABLE orders"},
            "sources.orders.query: holds SELECT, DROP, expected one SELECT that writes nothing: remove the rest",
        ),
        (
            {"version": "SELECT id FROM orders"},
            "sources.orders.version: gives 2 rows, expected one row of one value: correct it",
        ),
    ],
)
def test_a_query_that_is_not_one_safe_select_is_refused(shop: Shop, given: dict[str, str], message: str) -> None:
    assert shop.refusal({"id": "INTEGER"}, {"most": 3}, **given) == message
