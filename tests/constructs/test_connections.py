"""What a line's connections become in the template, and what the curation job may do with them."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import aws_cdk as cdk
import pytest

import app
from config.bundle import Bundle
from config.connections import Connection, JdbcConnection, Place, SnowflakeConnection
from config.errors import LineError
from config.line import Line
from config.loading import load_bundle, load_environment
from config.network import Network
from config.sources import DatabaseSource
from stacks.checks import check
from stacks.foundation import FoundationStack
from stacks.line import LineStack
from tests.stacks.synthesis import Json

KEY = "arn:aws:kms:eu-central-1:222222222222:key/12345678-1234-1234-1234-123456789012"
SECRET = "arn:aws:secretsmanager:eu-central-1:222222222222:secret:snowflake-AbCdEf"
PLACE = Place(subnet="subnet-0a1", security_groups=["sg-0b2"], availability_zone="eu-central-1a")
REAL = JdbcConnection(
    engine="postgresql", host="db.example", database="shop", secret="shop/reader", secret_key=KEY, network=PLACE
)


def bundle(**connections: str) -> Bundle:
    """Return the flights line with a database source more for each connection."""
    base = load_bundle("flights")
    more = {
        source: DatabaseSource(kind="database", connection=connection, columns={"id": "INTEGER"})
        for source, connection in connections.items()
    }
    definition = base.definition.model_copy(update={"sources": {**base.definition.sources, **more}})
    return base.model_copy(update={"definition": Line.model_validate(definition.model_dump())})


def stack(
    connections: dict[str, Connection],
    *,
    environment: str = "prod",
    line: Bundle | None = None,
    vpc_only: bool = False,
    **sources: str,
) -> LineStack:
    changed = {"connections": connections, "network": Network(vpc_only=vpc_only)}
    chosen = load_environment(environment).model_copy(update=changed)
    made = app.new_app(context={"aws:cdk:bundling-stacks": []}, builtin_cloud_formation_validation=False)
    env = cdk.Environment(account=chosen.account, region=chosen.region)
    foundation = FoundationStack(made, "Foundation", environment=chosen, env=env)
    return LineStack(made, "Flights", foundation=foundation, bundle=line or bundle(**sources), env=env)


@lru_cache
def template(kind: str) -> Json:
    kinds: dict[str, Connection] = {
        "real": REAL,
        "embedded": JdbcConnection(engine="postgresql", embedded=True),
        "redshift": JdbcConnection(engine="redshift", host="rs.example", database="shop", secret="shop/reader"),
        "snowflake": SnowflakeConnection(
            engine="snowflake", account="myorg-acc", warehouse="READING", database="SHOP", role="READER", secret=SECRET
        ),
        "plain": JdbcConnection(engine="mysql", host="my.example", port=3307, database="shop", secret="s"),
    }
    connection = kinds[kind]
    environment = "local" if kind == "embedded" else "prod"
    made = stack({"shop_db": connection}, environment=environment, orders="shop_db")
    found: Json = json.loads(json.dumps(cdk.assertions.Template.from_stack(made).to_json()))
    return found


def of_type(body: Json, kind: str) -> list[Any]:
    return [resource["Properties"] for resource in body["Resources"].values() if resource["Type"] == kind]


def statements(body: Json) -> list[Json]:
    job = next(p for p in of_type(body, "AWS::IAM::Policy") if p["PolicyName"].startswith("CurationJobRole"))
    found: list[Json] = job["PolicyDocument"]["Statement"]
    return found


def granting(body: Json, action: str) -> list[Json]:
    return [one for one in statements(body) if f'"{action}"' in json.dumps(one["Action"])]


@pytest.mark.parametrize(
    ("kind", "properties"),
    [
        (
            "real",
            {
                "JDBC_CONNECTION_URL": "jdbc:postgresql://db.example:5432/shop",
                "JDBC_ENFORCE_SSL": "true",
                "SECRET_ID": "shop/reader",
            },
        ),
        (
            "embedded",
            {
                "JDBC_CONNECTION_URL": "jdbc:postgresql://embedded:5432/shop_db",
                "JDBC_ENFORCE_SSL": "false",
                "SECRET_ID": "assembly-line/embedded/shop_db",
            },
        ),
        (
            "redshift",
            {
                "JDBC_CONNECTION_URL": "jdbc:redshift://rs.example:5439/shop",
                "JDBC_ENFORCE_SSL": "true",
                "SECRET_ID": "shop/reader",
            },
        ),
        (
            "plain",
            {"JDBC_CONNECTION_URL": "jdbc:mysql://my.example:3307/shop", "JDBC_ENFORCE_SSL": "true", "SECRET_ID": "s"},
        ),
    ],
)
def test_a_database_becomes_a_glue_connection_without_a_password(kind: str, properties: Json) -> None:
    (made,) = of_type(template(kind), "AWS::Glue::Connection")
    environment = "local" if kind == "embedded" else "prod"
    assert made["ConnectionInput"]["Name"] == f"assembly-line-{environment}-flights-shop_db"
    assert made["ConnectionInput"]["ConnectionType"] == "JDBC"
    assert made["ConnectionInput"]["ConnectionProperties"] == properties


def test_snowflake_becomes_a_connection_of_its_own_type() -> None:
    body = template("snowflake")
    (made,) = of_type(body, "AWS::Glue::Connection")
    assert made["ConnectionInput"] == {
        "Name": "assembly-line-prod-flights-shop_db",
        "ConnectionType": "SNOWFLAKE",
        "ConnectionProperties": {
            "HOST": "https://myorg-acc.snowflakecomputing.com",
            "PORT": "443",
            "DATABASE": "SHOP",
            "SCHEMA": "PUBLIC",
            "WAREHOUSE": "READING",
            "ROLE": "READER",
        },
        "AuthenticationConfiguration": {"AuthenticationType": "BASIC", "SecretArn": SECRET},
    }
    (secret,) = granting(body, "secretsmanager:GetSecretValue")
    assert secret["Resource"] == SECRET


def test_a_line_may_read_what_another_publishes_and_write_none_of_it() -> None:
    base = bundle()
    more = {"legs": {"kind": "line", "line": "trains", "table": "legs", "columns": {"id": "INTEGER"}}}
    definition = {**base.definition.model_dump(), "sources": {**base.definition.model_dump()["sources"], **more}}
    made = stack({}, line=base.model_copy(update={"definition": Line.model_validate(definition)}))
    body: Json = dict(cdk.assertions.Template.from_stack(made).to_json())
    text = json.dumps([one for one in statements(body) if "trains" in json.dumps(one)])
    assert "table/assembly_line_prod/trains_*" in text
    assert "/warehouse/assembly_line_prod/trains_*" in text
    assert "/published/trains/*" in text
    assert not any(action in text for action in ("PutObject", "UpdateTable", "CreateTable", "DeleteObject"))


def test_a_connection_says_which_network_the_job_enters() -> None:
    (made,) = of_type(template("real"), "AWS::Glue::Connection")
    assert made["ConnectionInput"]["PhysicalConnectionRequirements"] == {
        "AvailabilityZone": "eu-central-1a",
        "SubnetId": "subnet-0a1",
        "SecurityGroupIdList": ["sg-0b2"],
    }


def test_the_curation_job_lists_its_connections_and_the_features_job_none() -> None:
    listed = [job["Connections"] for job in of_type(template("real"), "AWS::Glue::Job") if "Connections" in job]
    assert listed == [{"Connections": ["assembly-line-prod-flights-shop_db"]}]


def test_without_internet_a_job_is_put_where_its_database_is_reached_and_the_others_where_everything_runs() -> None:
    made = stack({"shop_db": REAL}, orders="shop_db", vpc_only=True)
    body: Json = json.loads(json.dumps(cdk.assertions.Template.from_stack(made).to_json()))
    jobs = {job["Command"]["ScriptLocation"]: job["Connections"] for job in of_type(body, "AWS::Glue::Job")}
    assert sorted(str(listed["Connections"]) for listed in jobs.values()) == [
        "['assembly-line-prod-flights-shop_db']",
        "['assembly-line-prod-network']",
    ]
    (create,) = granting(body, "ec2:CreateNetworkInterface")
    assert "subnet/subnet-0a1" in json.dumps(create["Resource"])


def test_the_job_may_read_this_connection_and_this_secret_only() -> None:
    body = template("real")
    (glue,) = granting(body, "glue:GetConnection")
    assert "assembly-line-prod-flights-shop_db" in json.dumps(glue["Resource"])
    (secret,) = granting(body, "secretsmanager:GetSecretValue")
    assert secret["Resource"] == "arn:aws:secretsmanager:eu-central-1:222222222222:secret:shop/reader-??????"
    (key,) = [one for one in granting(body, "kms:Decrypt") if one["Resource"] == KEY]
    assert key["Condition"] == {"StringEquals": {"kms:ViaService": "secretsmanager.eu-central-1.amazonaws.com"}}


def test_only_a_job_with_a_network_gets_network_rights() -> None:
    (create,) = granting(template("real"), "ec2:CreateNetworkInterface")
    assert "subnet/subnet-0a1" in json.dumps(create["Resource"])
    assert granting(template("redshift"), "ec2:CreateNetworkInterface") == []


def test_a_line_whose_environment_lacks_the_connection_is_not_synthesized() -> None:
    with pytest.raises(LineError) as caught:
        stack({}, orders="shop_db")
    assert str(caught.value) == (
        "lines/flights/line.yaml: sources.orders.connection: 'shop_db' is not a connection of environment 'prod', "
        "expected one of none: correct the name or add it under connections in config/environments/prod.yaml"
    )


def test_no_pack_finds_anything_that_was_not_accepted() -> None:
    made = stack({"shop_db": REAL}, orders="shop_db")
    assert [str(one) for one in check(made.node.root) if not one.reason and "Curation" in one.path] == []
