"""The PostgreSQL of the embedded AWS: started when a connection is embedded, with a database for each."""

from __future__ import annotations

import json
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING

from local.fidelity import Row
from local.postgres_server import Login, PostgresServer
from runtime.paths import embedded_secret

if TYPE_CHECKING:
    from local.server import EmbeddedAws

FIDELITY = [
    Row("RDS", "PostgreSQL of an embedded connection", "real", "PostgreSQL 18 on loopback, a database each"),
    Row("RDS", "everything else", "absent", "no RDS resource type can be deployed"),
]


class Postgres:
    """One server for all embedded connections; nothing is started before the first ``begin``."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self._aws = aws
        self._lock = threading.Lock()
        self._server: Future[PostgresServer] | None = None
        self._logins: dict[str, Login] = {}

    def begin(self) -> Future[PostgresServer]:
        """Start the server without waiting for it; again is nothing."""
        with self._lock:
            if self._server is None:
                self._server = Future()
                threading.Thread(target=self._start, args=(self._server,), name="postgres", daemon=True).start()
            return self._server

    def login(self, connection: str) -> Login:
        """Return the login of a connection's database, made when first asked for; its secret is put, too."""
        server = self.begin().result()
        with self._lock:
            if connection not in self._logins:
                made = server.database(connection)
                self._put(embedded_secret(connection), made)
                self._logins[connection] = made
            return self._logins[connection]

    def close(self) -> None:
        """End the server, also one that is just being started."""
        if self._server is not None and self._server.exception() is None:
            self._server.result().close()

    def _start(self, server: Future[PostgresServer]) -> None:
        environment, log = self._aws.environment(None), self._aws.directory / "postgres.log"
        try:
            server.set_result(PostgresServer.start(self._aws.processes, environment=environment, log=log))
        except Exception as error:  # noqa: BLE001 -- it is told to whoever waits
            server.set_exception(error)

    def _put(self, name: str, login: Login) -> None:
        """Put a secret such as RDS keeps for a database."""
        held = {"engine": "postgres", "host": login.host, "port": login.port, "dbname": login.dbname}
        held |= {"username": login.username, "password": login.password}
        self._aws.client("secretsmanager").create_secret(Name=name, SecretString=json.dumps(held))


def install(aws: EmbeddedAws) -> None:
    """Give the embedded AWS a PostgreSQL that waits to be asked for."""
    aws.postgres = Postgres(aws)
    aws.on_close(aws.postgres.close)
