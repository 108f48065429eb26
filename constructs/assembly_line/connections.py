"""The databases that a line reads or delivers into: a Glue connection each, and what the job may do with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_glue as glue
from aws_cdk import aws_iam as iam
from constructs import Construct

from assembly_line.inside import allow_glue_interfaces
from assembly_line.naming import pascal
from assembly_line.permissions import allow
from assembly_line.shared import Shared
from config.connections import EMBEDDED_HOST, PORTS, Connection, JdbcConnection, Place
from runtime.paths import connection_name, embedded_secret
from runtime.sources.endpoints import jdbc_url, snowflake_properties


class Connections(Construct):
    """A Glue connection for each database that a job uses; a password is never in a template.

    ``channel`` tells the connections of a delivery from those of curation, to the same database.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        shared: Shared,
        line: str,
        used: Mapping[str, Connection],
        channel: str = "",
    ) -> None:
        super().__init__(scope, id_)
        self.used, environment = used, shared.environment.name
        self.names = {name: connection_name(environment, line, name, channel) for name in used}
        self.made = [
            glue.CfnConnection(
                self,
                pascal(name),
                catalog_id=Stack.of(self).account,
                connection_input=_input(self.names[name], name, connection),
            )
            for name, connection in self.used.items()
        ]

    @property
    def places(self) -> list[Place]:
        """The networks from which the databases are reached, into which Glue puts the job."""
        return [connection.network for connection in self.used.values() if connection.network is not None]

    def of_job(self) -> list[glue.IConnection]:
        """Return the connections as a Glue job lists them."""
        return [
            glue.Connection.from_connection_name(self, f"{pascal(name)}OfJob", glue_name)
            for name, glue_name in self.names.items()
        ]

    def grant(self, role: iam.Role) -> None:
        """Let a job look its connections up, read their secrets and, where they have a network, enter it."""
        if not self.used:
            return
        stack = Stack.of(self)
        place = f"arn:{stack.partition}:glue:{stack.region}:{stack.account}"
        names = [f"{place}:connection/{name}" for name in self.names.values()]
        allow(role, "glue:GetConnection", on=[f"{place}:catalog", *names])
        for name, connection in self.used.items():
            secret = _secret(name, connection)
            allow(role, "secretsmanager:GetSecretValue", on=[_arn(stack, secret)])
            if connection.secret_key is not None:
                via = f"secretsmanager.{stack.region}.amazonaws.com"
                when = {"StringEquals": {"kms:ViaService": via}}
                allow(role, "kms:Decrypt", on=[connection.secret_key], when=when)
        if self.places:
            groups = [group for place in self.places for group in place.security_groups]
            allow_glue_interfaces(role, subnets=[place.subnet for place in self.places], groups=groups)


def _input(glue_name: str, name: str, connection: Connection) -> Any:
    """Return a Glue connection: Spark reads Snowflake through one of its own type only, never through JDBC."""
    requirements = _requirements(connection.network)
    if not isinstance(connection, JdbcConnection):
        return glue.CfnConnection.ConnectionInputProperty(
            name=glue_name,
            connection_type="SNOWFLAKE",
            connection_properties=snowflake_properties(
                connection.account, connection.database, connection.schema_, connection.warehouse, connection.role
            ),
            authentication_configuration=glue.CfnConnection.AuthenticationConfigurationProperty(
                authentication_type="BASIC", secret_arn=connection.secret
            ),
            physical_connection_requirements=requirements,
        )
    host, database = (connection.host, connection.database) if not connection.embedded else (EMBEDDED_HOST, name)
    port = connection.port or PORTS[connection.engine]
    return glue.CfnConnection.ConnectionInputProperty(
        name=glue_name,
        connection_type="JDBC",
        connection_properties={
            "JDBC_CONNECTION_URL": jdbc_url(connection.engine, str(host), port, str(database)),
            "JDBC_ENFORCE_SSL": str(connection.ssl and not connection.embedded).lower(),
            "SECRET_ID": _secret(name, connection),
        },
        physical_connection_requirements=requirements,
    )


def _requirements(place: Place | None) -> glue.CfnConnection.PhysicalConnectionRequirementsProperty | None:
    if place is None:
        return None
    return glue.CfnConnection.PhysicalConnectionRequirementsProperty(
        availability_zone=place.availability_zone,
        subnet_id=place.subnet,
        security_group_id_list=list(place.security_groups),
    )


def _secret(name: str, connection: Connection) -> str:
    return embedded_secret(name) if connection.embedded else str(connection.secret)


def _arn(stack: Stack, secret: str) -> str:
    """Return a secret's ARN; one that is known by name ends in six characters that Secrets Manager chose."""
    if secret.startswith("arn:"):
        return secret
    return f"arn:{stack.partition}:secretsmanager:{stack.region}:{stack.account}:secret:{secret}-??????"
