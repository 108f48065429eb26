from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from config.connections import Connection, JdbcConnection, lent, used
from config.delivery import TableChannel
from config.errors import LineError, messages_of
from config.loading import load_environment
from config.sources import DatabaseSource, S3Source, Source

LOCAL = "config/environments/local.yaml"
SHOP = JdbcConnection(engine="postgresql", embedded=True)
ORDERS = DatabaseSource(kind="database", connection="shop_db", columns={"id": "INTEGER"})


def told(root: Path, connections: str) -> list[str]:
    path = root / LOCAL
    path.write_text(f"{path.read_text()}connections:\n  {connections}\n")
    with pytest.raises(LineError) as caught:
        load_environment("local", root)
    return [message.removeprefix(f"{LOCAL}: ") for message in messages_of(caught.value)]


@pytest.mark.parametrize(
    ("connections", "messages"),
    [
        (
            "shop: {engine: postgres, host: db}",
            [
                "connections.shop.engine: 'postgres' is not an engine, "
                "expected one of postgresql, redshift, mysql, sqlserver, oracle, snowflake"
            ],
        ),
        ("shop: {host: db}", ["connections.shop.engine: missing: add it"]),
        ("shop: {engine: mysql, database: d, secret: s}", ["connections.shop: host: missing: add it"]),
        (
            "shop: {engine: mysql, embedded: true}",
            ["connections.shop: engine: 'mysql' cannot be embedded, expected postgresql: correct it"],
        ),
        (
            "shop: {engine: postgresql, embedded: true, host: db}",
            ["connections.shop: host: an embedded database has its own: remove it"],
        ),
        (
            "shop: {engine: postgresql, host: db, database: d, secret: s, password: x}",
            [
                "connections.shop.password: unknown key, expected one of engine, host, port, database, secret, "
                "secret_key, ssl, network, embedded: correct or remove it"
            ],
        ),
        (
            "shop: {engine: snowflake, account: a, warehouse: w, database: d, secret: by-name}",
            [
                "connections.shop.secret: 'by-name' is not allowed: "
                "string should match pattern '^arn:[a-z-]+:secretsmanager:.+'"
            ],
        ),
        (
            "shop: {engine: mysql, host: h, database: d, secret: s, network: {subnet: here, security_groups: [sg-1], "
            "availability_zone: a}}",
            [
                "connections.shop.network.subnet: 'here' is not allowed: "
                "string should match pattern '^subnet-[0-9a-f]+$'"
            ],
        ),
    ],
)
def test_a_mistake_in_a_connection_is_told(root: Path, connections: str, messages: list[str]) -> None:
    assert told(root, connections) == messages


def test_only_the_local_environment_embeds(root: Path, change: Callable[[str, str, str], None]) -> None:
    path = root / "config" / "environments" / "dev.yaml"
    path.write_text((root / LOCAL).read_text().replace("name: local", "name: dev"))
    path.write_text(path.read_text() + "connections: {shop: {engine: postgresql, embedded: true}}\n")
    with pytest.raises(LineError) as caught:
        load_environment("dev", root)
    assert str(caught.value) == (
        "config/environments/dev.yaml: connections.shop.embedded: only the environment local has an embedded database: "
        "give host, database and secret"
    )


def test_the_connections_of_a_line_are_those_that_its_sources_name() -> None:
    sources: dict[str, Source] = {"orders": ORDERS, "files": S3Source(columns={"id": "INTEGER"})}
    assert used(sources, {"shop_db": SHOP, "other": SHOP}, environment="local", line="shop") == {"shop_db": SHOP}


def test_a_connection_that_the_environment_lacks_is_told() -> None:
    with pytest.raises(LineError) as caught:
        used({"orders": ORDERS}, {"other": SHOP}, environment="dev", line="shop")
    assert str(caught.value) == (
        "lines/shop/line.yaml: sources.orders.connection: 'shop_db' is not a connection of environment 'dev', "
        "expected one of other: correct the name or add it under connections in config/environments/dev.yaml"
    )


MYSQL = JdbcConnection(engine="mysql", host="my.example", database="ops", secret="s")
OPS = JdbcConnection(engine="redshift", host="rs.example", database="ops", secret="s")
CHANNEL = TableChannel(name="warehouse", connection="ops_db", table="ops.predictions")


@pytest.mark.parametrize(("connections", "allowed"), [({}, "none"), ({"ops_db": MYSQL, "other": OPS}, "other")])
def test_a_table_needs_a_connection_that_can_take_it(connections: dict[str, Connection], allowed: str) -> None:
    with pytest.raises(LineError) as error:
        lent([CHANNEL], connections, environment="prod", line="flights")
    assert str(error.value) == (
        "lines/flights/line.yaml: delivery.tables[0].connection: 'ops_db' is not a connection of environment 'prod' to "
        f"postgresql or redshift, expected one of {allowed}: correct the name or add it under connections in "
        "config/environments/prod.yaml"
    )


def test_each_table_is_lent_its_connection() -> None:
    assert lent([CHANNEL], {"ops_db": OPS}, environment="prod", line="flights") == {"warehouse": OPS}
