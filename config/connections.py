"""The databases that an environment's lines may read: how each is reached, never with which password."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import Field, model_validator

from config.delivery import TableChannel
from config.errors import LineError
from config.sources import DatabaseSource, Source
from config.strict import Strict

PORTS = {"postgresql": 5432, "redshift": 5439, "mysql": 3306, "sqlserver": 1433, "oracle": 1521}
"""The port of each engine unless a connection gives another."""

DELIVERED = ("postgresql", "redshift")
"""The engines whose tables predictions can be delivered into."""

EMBEDDED_HOST = "embedded"
"""The host of a database that the embedded AWS starts itself."""


class Place(Strict):
    """Where in a VPC the job is put to reach the database."""

    subnet: str = Field(pattern=r"^subnet-[0-9a-f]+$")
    security_groups: list[Annotated[str, Field(pattern=r"^sg-[0-9a-f]+$")]] = Field(min_length=1)
    availability_zone: str


class JdbcConnection(Strict):
    """A database that is reached by host and port."""

    engine: Literal["postgresql", "redshift", "mysql", "sqlserver", "oracle"]
    host: str | None = None
    port: int | None = Field(default=None, ge=1, le=65535, description="the engine's own unless it is given")
    database: str | None = None
    secret: str | None = Field(
        default=None, description="name or ARN of the secret in Secrets Manager that holds `username` and `password`"
    )
    secret_key: str | None = Field(default=None, description="ARN of the key that the secret is encrypted with")
    ssl: bool = True
    network: Place | None = None
    embedded: bool = Field(default=False, description="a PostgreSQL that the embedded AWS starts on this machine")

    @model_validator(mode="after")
    def _reachable(self) -> JdbcConnection:
        if self.embedded:
            if self.engine != "postgresql":
                raise ValueError(f"engine: {self.engine!r} cannot be embedded, expected postgresql: correct it")
            given = [
                key for key in ("host", "port", "database", "secret", "secret_key", "network") if getattr(self, key)
            ]
            if given:
                raise ValueError(f"{given[0]}: an embedded database has its own: remove it")
        else:
            for key in ("host", "database", "secret"):
                if getattr(self, key) is None:
                    raise ValueError(f"{key}: missing: add it")
        return self


class SnowflakeConnection(Strict):
    """A Snowflake account, warehouse and database."""

    engine: Literal["snowflake"]
    account: str = Field(description="the account's identifier, e.g. `myorg-account123`", pattern=r"^[A-Za-z0-9_.-]+$")
    warehouse: str
    database: str
    schema_: str = Field(default="PUBLIC", alias="schema")
    role: str | None = None
    secret: str = Field(
        description="ARN of the secret that holds `USERNAME` and `PASSWORD`", pattern=r"^arn:[a-z-]+:secretsmanager:.+"
    )
    secret_key: str | None = Field(default=None, description="ARN of the key that the secret is encrypted with")
    network: Place | None = None
    embedded: Literal[False] = False


Connection = Annotated[JdbcConnection | SnowflakeConnection, Field(discriminator="engine")]


def lent(
    tables: Sequence[TableChannel], connections: Mapping[str, Connection], *, environment: str, line: str
) -> dict[str, JdbcConnection]:
    """Return the connection of each table that a line delivers into; raises LineError for one that cannot be used."""
    found = {}
    for i, channel in enumerate(tables):
        connection = connections.get(channel.connection)
        if not isinstance(connection, JdbcConnection) or connection.engine not in DELIVERED:
            allowed = [name for name, one in sorted(connections.items()) if one.engine in DELIVERED]
            raise LineError(
                f"lines/{line}/line.yaml: delivery.tables[{i}].connection: {channel.connection!r} is not a connection "
                f"of environment {environment!r} to {' or '.join(DELIVERED)}, expected one of "
                f"{', '.join(allowed) or 'none'}: correct the name or add it under connections in "
                f"config/environments/{environment}.yaml"
            )
        found[channel.name] = connection
    return found


def used(
    sources: Mapping[str, Source], connections: Mapping[str, Connection], *, environment: str, line: str
) -> dict[str, Connection]:
    """Return the connections that a line's sources read; raises LineError for one that the environment lacks."""
    found = {}
    for name, source in sources.items():
        if not isinstance(source, DatabaseSource):
            continue
        if source.connection not in connections:
            allowed = ", ".join(sorted(connections)) or "none"
            raise LineError(
                f"lines/{line}/line.yaml: sources.{name}.connection: {source.connection!r} is not a connection of "
                f"environment {environment!r}, expected one of {allowed}: correct the name or add it under connections "
                f"in config/environments/{environment}.yaml"
            )
        found[source.connection] = connections[source.connection]
    return found
