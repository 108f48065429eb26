"""How Spark in a Glue job reads a database: the format, its options and the SQL that is pushed down.

Pure functions of the endpoint and the source, so that what an engine is asked for is known without the engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from config.errors import LineError
from config.parameters import Value
from config.sources import DatabaseSource
from runtime.sources import queries
from runtime.sources.endpoints import Endpoint, SnowflakeEndpoint, jdbc_url

DRIVERS = {
    "postgresql": "org.postgresql.Driver",
    "redshift": "com.amazon.redshift.jdbc42.Driver",
    "mysql": "com.mysql.cj.jdbc.Driver",
    "sqlserver": "com.microsoft.sqlserver.jdbc.SQLServerDriver",
    "oracle": "oracle.jdbc.OracleDriver",
}
"""The JDBC drivers that Glue brings."""

ROWS_AT_ONCE = 10_000
"""Rows that a driver fetches at once: without it some fetch all, others ten."""

_DEMANDS_TLS = {
    "postgresql": {"sslmode": "require"},
    "redshift": {"ssl": "true"},
    "mysql": {"sslMode": "REQUIRED"},
    "sqlserver": {"encrypt": "true"},
    "oracle": {"oracle.net.ssl_server_dn_match": "true"},
}


@dataclass(frozen=True)
class Read:
    """What ``spark.read.format(format).options(**options).load()`` is given; options hold the password."""

    format: str
    options: dict[str, str] = field(repr=False)


def read(
    name: str,
    source: DatabaseSource,
    endpoint: Endpoint | SnowflakeEndpoint,
    parameters: Mapping[str, Value],
    *,
    subject: str,
) -> Read:
    """Return how Spark reads the source; raises LineError for a query that is not one SELECT."""
    sql = queries.select(name, source, endpoint.engine, parameters, subject)
    if isinstance(endpoint, SnowflakeEndpoint):
        if source.parallel is not None:
            raise LineError(
                f"{subject}.parallel: Snowflake's connector reads in parallel by itself, expected none: remove it"
            )
        return Read("snowflake", _snowflake(endpoint, sql))
    options = {
        "url": jdbc_url(endpoint.engine, endpoint.host, endpoint.port, endpoint.database),
        "driver": DRIVERS[endpoint.engine],
        "user": endpoint.user,
        "password": endpoint.password,
        "fetchsize": str(ROWS_AT_ONCE),
        **(_DEMANDS_TLS[endpoint.engine] if endpoint.ssl else {}),
    }
    if source.parallel is None:
        return Read("jdbc", {**options, "query": sql})
    parts = source.parallel
    return Read(
        "jdbc",
        {
            **options,
            "dbtable": f"({sql}) parts",  # Spark takes no query together with a partition column
            "partitionColumn": parts.column,
            "lowerBound": str(parts.lower),
            "upperBound": str(parts.upper),
            "numPartitions": str(parts.parts),
        },
    )


def _snowflake(endpoint: SnowflakeEndpoint, sql: str) -> dict[str, str]:
    return {
        "sfURL": endpoint.url,
        "sfUser": endpoint.user,
        "sfPassword": endpoint.password,
        "sfDatabase": endpoint.database,
        "sfSchema": endpoint.schema,
        "sfWarehouse": endpoint.warehouse,
        **({"sfRole": endpoint.role} if endpoint.role else {}),
        "query": sql,
    }
