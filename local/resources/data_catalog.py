"""Glue and Athena: databases, tables, jobs, security configurations, work groups."""

from __future__ import annotations

from typing import Any

from moto.backends import get_backend

from config.connections import EMBEDDED_HOST
from local.fidelity import Row
from local.resources.kinds import (
    Answer,
    Kind,
    Made,
    Properties,
    Site,
    accepting,
    anew,
    arn,
    constant,
    creating,
    deleting,
    given,
    ref,
)
from local.resources.naming import Name
from runtime.sources.endpoints import jdbc_url

FIDELITY = [
    Row("Glue", "connections: GetConnection on the job's role", "real"),
    Row("Glue", "connections whose host is `embedded`", "approximated", "their URL becomes the local one"),
    Row("Glue", "connections' networks (subnet, security groups)", "absent", "kept, and of no effect"),
    Row("Secrets Manager", "secrets: GetSecretValue on the caller's role", "real"),
    Row("Secrets Manager", "rotation", "absent"),
]

_EMBEDDED = f"://{EMBEDDED_HOST}:"


def _create_database(site: Site, properties: Properties) -> Answer:
    name = properties.get("DatabaseName") or properties["DatabaseInput"].get("Name")
    name = name or Name("DatabaseName", lower=True).make(site.stack, site.logical_id)
    properties["DatabaseInput"] = {**properties["DatabaseInput"], "Name": name}
    return site.call("glue", "create_database", DatabaseInput=properties["DatabaseInput"])


def _create_table(site: Site, properties: Properties) -> Answer:
    return site.call(
        "glue", "create_table", DatabaseName=properties["DatabaseName"], TableInput=properties["TableInput"]
    )


def _update_database(made: Made, properties: Properties) -> Answer:
    wanted = {**properties["DatabaseInput"], "Name": made.ref}
    return made.site.call("glue", "update_database", Name=made.ref, DatabaseInput=wanted)


def _update_table(made: Made, properties: Properties) -> Answer:
    database, wanted = properties["DatabaseName"], properties["TableInput"]
    return made.site.call("glue", "update_table", DatabaseName=database, TableInput=wanted)


def _create_security(site: Site, properties: Properties) -> Answer:
    names = {"S3Encryptions": "S3Encryption"}
    encryption = {names.get(name, name): value for name, value in properties["EncryptionConfiguration"].items()}
    name = properties["Name"]
    return site.call("glue", "create_security_configuration", Name=name, EncryptionConfiguration=encryption)


def is_embedded(resource: Any) -> bool:
    """Tell whether a resource is a connection to a database that the embedded AWS starts."""
    if resource["Type"] != "AWS::Glue::Connection":
        return False
    given = resource["Properties"]["ConnectionInput"].get("ConnectionProperties", {})
    return _EMBEDDED in str(given.get("JDBC_CONNECTION_URL", ""))


def _create_connection(site: Site, properties: Properties) -> Answer:
    wanted = properties["ConnectionInput"]
    given = wanted.get("ConnectionProperties", {})
    if is_embedded({"Type": "AWS::Glue::Connection", "Properties": properties}):
        login = site.aws.postgres.login(given["JDBC_CONNECTION_URL"].rpartition("/")[2])
        url = jdbc_url("postgresql", login.host, login.port, login.dbname)
        wanted = {**wanted, "ConnectionProperties": {**given, "JDBC_CONNECTION_URL": url}}
    return site.call("glue", "create_connection", ConnectionInput=wanted)


def _delete_connection(made: Made) -> None:
    backend = get_backend("glue")[made.site.account][made.site.region]  # moto has no DeleteConnection
    backend.connections.pop(made.ref, None)


def _create_work_group(site: Site, properties: Properties) -> Answer:
    return site.call(
        "athena",
        "create_work_group",
        Name=properties["Name"],
        Configuration=properties.get("WorkGroupConfiguration", {}),
        Description=properties.get("Description", ""),
        Tags=properties.get("Tags"),
    )


def _database(made: Made) -> str:
    return str(made.properties["DatabaseInput"]["Name"])


KINDS = [
    Kind(
        type="AWS::Glue::Database",
        create=_create_database,
        ref=_database,
        delete=deleting("glue", "delete_database", Name=ref),
        accepts=accepting("DatabaseName", "DatabaseInput"),
        ignored=accepting("CatalogId"),
        holds_data=True,
        update=_update_database,
    ),
    Kind(
        type="AWS::Glue::Table",
        create=_create_table,
        ref=lambda made: made.properties["TableInput"]["Name"],
        delete=deleting("glue", "delete_table", DatabaseName=given("DatabaseName"), Name=ref),
        accepts=accepting("DatabaseName", "TableInput"),
        ignored=accepting("CatalogId"),
        holds_data=True,
        update=_update_table,
    ),
    Kind(
        type="AWS::Glue::Job",
        name=Name("Name", pattern=r"[^\x00-\x1f]+"),
        create=creating("glue", "create_job"),
        ref=given("Name"),
        delete=deleting("glue", "delete_job", JobName=ref),
        update=anew(creating("glue", "create_job"), deleting("glue", "delete_job", JobName=ref)),
    ),
    Kind(
        type="AWS::Glue::SecurityConfiguration",
        name=Name("Name"),
        create=_create_security,
        ref=given("Name"),
        delete=deleting("glue", "delete_security_configuration", Name=ref),
        update=anew(_create_security, deleting("glue", "delete_security_configuration", Name=ref)),
    ),
    Kind(
        type="AWS::Glue::Connection",
        create=_create_connection,
        ref=lambda made: made.properties["ConnectionInput"]["Name"],
        delete=_delete_connection,
        accepts=accepting("ConnectionInput"),
        ignored=accepting("CatalogId", "Tags"),
        update=anew(_create_connection, _delete_connection),
    ),
    Kind(
        type="AWS::Athena::WorkGroup",
        name=Name("Name", longest=128, pattern=r"[a-zA-Z0-9._-]+"),
        create=_create_work_group,
        ref=given("Name"),
        attributes={"Arn": arn("athena", "workgroup/{ref}")},
        delete=deleting("athena", "delete_work_group", WorkGroup=ref, RecursiveDeleteOption=constant(True)),
        accepts=accepting("Name", "WorkGroupConfiguration", "Description", "Tags"),
        ignored=accepting("RecursiveDeleteOption", "State"),
    ),
]
