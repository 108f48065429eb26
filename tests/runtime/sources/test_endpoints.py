from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from config.errors import LineError
from runtime.sources.endpoints import Endpoint, SnowflakeEndpoint, jdbc_url, resolve, snowflake_properties
from tests.moto_server import Aws


class Vault:
    """A Glue connection and its secret."""

    def __init__(self, aws: Aws) -> None:
        self.glue, self.secrets = aws.client("glue"), aws.client("secretsmanager")
        self.name = f"c-{uuid.uuid4().hex[:8]}"

    def put(self, secret: str, **given: Any) -> None:
        self.secrets.create_secret(Name=self.name, SecretString=secret)
        found = {"Name": self.name, "ConnectionType": "JDBC", "ConnectionProperties": {}, **given}
        found["ConnectionProperties"] = {"SECRET_ID": self.name, **found["ConnectionProperties"]}
        self.glue.create_connection(ConnectionInput=found)

    def resolve(self) -> Endpoint | SnowflakeEndpoint:
        return resolve(self.glue, self.secrets, connection="db", name=self.name)


@pytest.fixture
def vault(aws: Aws) -> Vault:
    return Vault(aws)


LOGIN = json.dumps({"username": "ann", "password": "p@ss/w:rd", "engine": "postgres"})


@pytest.mark.parametrize("engine", ["postgresql", "redshift", "mysql", "sqlserver", "oracle"])
def test_a_connection_and_its_secret_lead_to_a_database(vault: Vault, engine: str) -> None:
    url = jdbc_url(engine, "db.example", 1234, "shop")
    vault.put(LOGIN, ConnectionProperties={"JDBC_CONNECTION_URL": url, "JDBC_ENFORCE_SSL": "true"})
    assert vault.resolve() == Endpoint(
        connection="db",
        engine=engine,
        host="db.example",
        port=1234,
        database="shop",
        user="ann",
        password="p@ss/w:rd",
    )


def test_a_password_with_any_characters_stays_what_it_is_in_a_uri(vault: Vault) -> None:
    url = jdbc_url("postgresql", "h", 1, "d")
    vault.put(LOGIN, ConnectionProperties={"JDBC_CONNECTION_URL": url})
    found = vault.resolve()
    assert isinstance(found, Endpoint)
    assert found.uri.startswith("postgresql://ann:p%40ss%2Fw%3Ard@h:1/d?sslmode=disable")
    assert "p@ss" not in f"{found!r}{found}"


class Glue:
    """Answers as Glue does for a connection with a secret; moto keeps the authentication to itself."""

    def get_connection(self, **asked: Any) -> dict[str, Any]:
        assert asked == {"Name": "snow", "HidePassword": True}
        properties = snowflake_properties("myorg-acc", "SHOP", "PUBLIC", "READING", None)
        authentication = {"AuthenticationType": "BASIC", "SecretArn": "arn:snow"}
        return {"Connection": {"ConnectionProperties": properties, "AuthenticationConfiguration": authentication}}


class Secrets:
    def get_secret_value(self, **asked: Any) -> dict[str, Any]:
        assert asked == {"SecretId": "arn:snow"}
        return {"SecretString": json.dumps({"USERNAME": "ann", "PASSWORD": "secret"})}


def test_a_snowflake_connection_leads_to_its_account() -> None:
    assert resolve(Glue(), Secrets(), connection="db", name="snow") == SnowflakeEndpoint(
        connection="db",
        url="myorg-acc.snowflakecomputing.com",
        database="SHOP",
        schema="PUBLIC",
        warehouse="READING",
        role="",
        user="ann",
        password="secret",
    )


@pytest.mark.parametrize("secret", ["no json", "[]", '{"username": "ann"}', "3"])
def test_a_secret_that_is_not_one_of_a_database_is_told_without_its_text(vault: Vault, secret: str) -> None:
    vault.put(secret, ConnectionProperties={"JDBC_CONNECTION_URL": jdbc_url("mysql", "h", 1, "d")})
    with pytest.raises(LineError) as caught:
        vault.resolve()
    assert str(caught.value) == (
        f"connection 'db': the secret '{vault.name}' is not what was expected, a JSON object with username and "
        "password: correct it in Secrets Manager"
    )


def test_a_connection_that_is_no_database_is_told(vault: Vault) -> None:
    vault.put(LOGIN, ConnectionProperties={"JDBC_CONNECTION_URL": "jdbc:odd"})
    with pytest.raises(LineError) as caught:
        vault.resolve()
    assert str(caught.value) == (
        f"connection 'db': Glue's connection '{vault.name}' has the URL 'jdbc:odd', expected a JDBC URL such as "
        "jdbc:postgresql://host:5432/database: deploy the line's stack again"
    )
