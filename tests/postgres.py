"""A real PostgreSQL for tests, one for the session, with a new database wherever one is asked for."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Any

import pytest

from local.postgres_server import Login, PostgresServer, connected
from local.processes import Processes
from runtime.paths import embedded_secret
from runtime.sources.endpoints import Endpoint
from tests.moto_server import Aws


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    log = tmp_path_factory.mktemp("postgres") / "log"
    with closing(Processes()) as processes:
        server = PostgresServer.start(processes, environment={"PATH": os.environ["PATH"]}, log=log)
        yield server
        server.close()


def database(server: PostgresServer, *statements: str) -> Login:
    """Make a database that no other test knows, and execute statements in it."""
    login = server.database(f"test_{uuid.uuid4().hex[:10]}")
    execute(login, *statements)
    return login


def execute(login: Login, *statements: str) -> None:
    with connected(login) as cursor:
        for statement in statements:
            cursor.execute(statement)


def rows_of(login: Login, query: str) -> list[tuple[Any, ...]]:
    with connected(login) as cursor:
        cursor.execute(query)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def endpoint(login: Login, **changes: Any) -> Endpoint:
    """Return a database as a job knows it, under the connection name ``shop_db``."""
    given: dict[str, Any] = {
        "connection": "shop_db",
        "engine": "postgresql",
        "host": login.host,
        "port": login.port,
        "database": login.dbname,
        "user": login.username,
        "password": login.password,
        "ssl": False,
    }
    return Endpoint(**{**given, **changes})


@dataclass(frozen=True)
class Secret:
    """A database whose login lies in Secrets Manager, as that of an embedded connection does."""

    login: Login
    _secrets: Any
    _name: str

    def close(self) -> None:
        with suppress(Exception):
            self._secrets.delete_secret(SecretId=self._name, ForceDeleteWithoutRecovery=True)


def secret_of(aws: Aws, server: PostgresServer, connection: str) -> Secret:
    login, secrets, name = database(server), aws.client("secretsmanager"), embedded_secret(connection)
    held = {key: getattr(login, key) for key in ("username", "password", "host", "port", "dbname")}
    secrets.create_secret(Name=name, SecretString=json.dumps(held))
    return Secret(login, secrets, name)
