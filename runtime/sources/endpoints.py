"""Where a database answers and as whom: a Glue connection and its secret, read with the job's own role."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from config.errors import LineError

_URLS = {
    "postgresql": re.compile(
        r"jdbc:(?P<engine>postgresql|redshift|mysql)://(?P<host>[^:/]+):(?P<port>\d+)/(?P<database>.+)"
    ),
    "sqlserver": re.compile(
        r"jdbc:(?P<engine>sqlserver)://(?P<host>[^:/;]+):(?P<port>\d+);databaseName=(?P<database>.+)"
    ),
    "oracle": re.compile(r"jdbc:(?P<engine>oracle):thin://@(?P<host>[^:/]+):(?P<port>\d+)/(?P<database>.+)"),
}


@dataclass(frozen=True)
class Endpoint:
    """A database and the user who reads it; the password is in no text that it becomes."""

    connection: str
    engine: str
    host: str
    port: int
    database: str
    user: str
    password: str = field(repr=False)
    ssl: bool = True

    def __str__(self) -> str:
        return f"{self.user}@{self.host}:{self.port}/{self.database}"

    @property
    def uri(self) -> str:
        """What libpq connects to."""
        user, password, database = (quote(part, safe="") for part in (self.user, self.password, self.database))
        options = f"sslmode={'require' if self.ssl else 'disable'}&connect_timeout=15&application_name=assembly-line"
        return f"postgresql://{user}:{password}@{self.host}:{self.port}/{database}?{options}"


@dataclass(frozen=True)
class SnowflakeEndpoint:
    """A Snowflake database and the user who reads it."""

    connection: str
    url: str
    database: str
    schema: str
    warehouse: str
    role: str
    user: str
    password: str = field(repr=False)
    engine: str = "snowflake"

    def __str__(self) -> str:
        return f"{self.user}@{self.url}/{self.database}"


def snowflake_properties(account: str, database: str, schema: str, warehouse: str, role: str | None) -> dict[str, str]:
    """Return what a Glue connection of the type SNOWFLAKE holds."""
    found = {"HOST": f"https://{account}.snowflakecomputing.com", "PORT": "443", "DATABASE": database}
    return found | {"SCHEMA": schema, "WAREHOUSE": warehouse} | ({"ROLE": role} if role else {})


def jdbc_url(engine: str, host: str, port: int, database: str) -> str:
    """Return a database's JDBC URL as Glue expects it.

    >>> jdbc_url("postgresql", "db.example", 5432, "shop")
    'jdbc:postgresql://db.example:5432/shop'
    """
    match engine:
        case "sqlserver":
            return f"jdbc:sqlserver://{host}:{port};databaseName={database}"
        case "oracle":
            return f"jdbc:oracle:thin://@{host}:{port}/{database}"
    return f"jdbc:{engine}://{host}:{port}/{database}"


def resolve(glue: Any, secrets: Any, *, connection: str, name: str) -> Endpoint | SnowflakeEndpoint:
    """Return where the Glue connection ``name``, that a line calls ``connection``, leads; raises LineError."""
    held = glue.get_connection(Name=name, HidePassword=True)["Connection"]
    found = held["ConnectionProperties"]
    if found.get("HOST", "").endswith(".snowflakecomputing.com"):
        secret = held["AuthenticationConfiguration"]["SecretArn"]
        user, password = credentials(secrets, connection=connection, secret=secret)
        return SnowflakeEndpoint(
            connection=connection,
            url=found["HOST"].removeprefix("https://"),
            database=found["DATABASE"],
            schema=found["SCHEMA"],
            warehouse=found["WAREHOUSE"],
            role=found.get("ROLE", ""),
            user=user,
            password=password,
        )
    url = found.get("JDBC_CONNECTION_URL", "")
    matched = next((match for pattern in _URLS.values() if (match := pattern.fullmatch(url))), None)
    if matched is None:
        raise LineError(
            f"connection {connection!r}: Glue's connection {name!r} has the URL {url!r}, expected a JDBC URL such as "
            f"{jdbc_url('postgresql', 'host', 5432, 'database')}: deploy the line's stack again"
        )
    user, password = credentials(secrets, connection=connection, secret=found["SECRET_ID"])
    return Endpoint(
        connection=connection,
        engine=matched["engine"],
        host=matched["host"],
        port=int(matched["port"]),
        database=matched["database"],
        user=user,
        password=password,
        ssl=found.get("JDBC_ENFORCE_SSL") == "true",
    )


def credentials(secrets: Any, *, connection: str, secret: str) -> tuple[str, str]:
    """Return user and password from a secret; raises LineError when it holds anything else."""
    text = secrets.get_secret_value(SecretId=secret)["SecretString"]
    try:
        given = {str(key).lower(): value for key, value in json.loads(text).items()}
        return str(given["username"]), str(given["password"])
    except (ValueError, AttributeError, KeyError):  # never with the text: it is secret
        raise LineError(
            f"connection {connection!r}: the secret {secret!r} is not what was expected, a JSON object with username "
            "and password: correct it in Secrets Manager"
        ) from None
