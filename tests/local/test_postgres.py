"""The embedded PostgreSQL: made by a deployed connection, read with a role's grants, gone with the server."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from config.errors import LineError
from local import postgres_server
from local.postgres_server import PostgresServer
from local.processes import Processes
from local.server import EmbeddedAws
from runtime.sources.endpoints import Endpoint, resolve
from tests.local.assemblies import write_assembly
from tests.local.embedded import role, wait_for
from tests.local.test_processes import alive
from tests.postgres import execute, rows_of

NAME = "assembly-line-local-shop-shop_db"
SECRET = "assembly-line/embedded/shop_db"


def connection(url: str = "jdbc:postgresql://embedded:5432/shop_db") -> dict[str, Any]:
    properties = {"JDBC_CONNECTION_URL": url, "JDBC_ENFORCE_SSL": "false", "SECRET_ID": SECRET}
    given = {"Name": NAME, "ConnectionType": "JDBC", "ConnectionProperties": properties}
    return {"Type": "AWS::Glue::Connection", "Properties": {"CatalogId": "123456789012", "ConnectionInput": given}}


def stack(**given: str) -> dict[str, Any]:
    return {"Shop": {"Resources": {"Database": connection(**given)}}}


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as aws:
        aws.deploy(write_assembly(tmp_path_factory.mktemp("assembly"), stack()))
        yield aws


def test_a_role_with_the_grants_finds_the_database_and_may_use_it(aws: EmbeddedAws) -> None:
    reader = role(aws, "reader", "glue:GetConnection", "secretsmanager:GetSecretValue")
    glue, secrets = aws.client("glue", reader), aws.client("secretsmanager", reader)
    found = resolve(glue, secrets, connection="shop_db", name=NAME)
    assert isinstance(found, Endpoint)
    assert (found.engine, found.host, found.database, found.user, found.ssl) == (
        "postgresql",
        "127.0.0.1",
        "shop_db",
        "shop_db",
        False,
    )
    login = aws.postgres.login("shop_db")
    execute(login, "CREATE TABLE t (id INTEGER)")
    assert rows_of(login, "SELECT count(*) FROM t") == [(0,)]


@pytest.mark.parametrize(
    ("grant", "call"),
    [
        ("secretsmanager:GetSecretValue", lambda aws, arn: aws.client("glue", arn).get_connection(Name=NAME)),
        ("glue:GetConnection", lambda aws, arn: aws.client("secretsmanager", arn).get_secret_value(SecretId=SECRET)),
    ],
)
def test_a_role_without_a_grant_is_refused(aws: EmbeddedAws, grant: str, call: Any) -> None:
    other = role(aws, grant.replace(":", "-"), grant)
    with pytest.raises(ClientError, match="AccessDenied"):
        call(aws, other)


def test_a_grant_on_the_secret_by_name_and_six_characters_is_enough(aws: EmbeddedAws) -> None:
    arn = role(aws, "named", "glue:GetConnection")
    allow = {
        "Effect": "Allow",
        "Action": "secretsmanager:GetSecretValue",
        "Resource": f"arn:aws:secretsmanager:us-east-1:123456789012:secret:{SECRET}-??????",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    aws.client("iam").put_role_policy(RoleName="named", PolicyName="secret", PolicyDocument=document)
    held = json.loads(aws.client("secretsmanager", arn).get_secret_value(SecretId=SECRET)["SecretString"])
    assert sorted(held) == ["dbname", "engine", "host", "password", "port", "username"]


@pytest.mark.thorough
def test_destroying_the_stack_takes_the_connection(tmp_path: Path) -> None:
    # one embedded AWS runs at a time in a process, so this one runs in another
    source = f"""
import sys, pathlib
from local.server import EmbeddedAws
from tests.local.assemblies import write_assembly
from tests.local.test_postgres import stack
with EmbeddedAws() as aws:
    deployment = aws.deploy(write_assembly(pathlib.Path({str(tmp_path)!r}), stack()))
    before = len(aws.client("glue").get_connections()["ConnectionList"])
    deployment.destroy()
    print(before, len(aws.client("glue").get_connections()["ConnectionList"]))
"""
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "0"]


UNTIL_ENDED = """
import sys, time, pathlib
from local.server import EmbeddedAws
with EmbeddedAws() as aws:
    server = aws.postgres.begin().result()
    aws.postgres.login("shop_db")
    print(server.child.pid, server.folder, flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGINT])
def test_an_interrupted_server_leaves_no_postgres_and_no_files(number: signal.Signals) -> None:
    server = subprocess.Popen(
        [sys.executable, "-c", UNTIL_ENDED], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    pid, folder = server.stdout.readline().split()
    server.send_signal(number)
    server.communicate(timeout=30)
    wait_for(lambda: not alive(int(pid)), seconds=5)
    assert not Path(folder).exists()


def test_nothing_is_started_where_no_connection_is_embedded(aws: EmbeddedAws, tmp_path: Path) -> None:
    source = f"""
import pathlib
from local.server import EmbeddedAws
from tests.local.assemblies import write_assembly
from tests.local.test_postgres import stack
with EmbeddedAws() as aws:
    template = stack(url="jdbc:postgresql://db.example:5432/shop")
    aws.deploy(write_assembly(pathlib.Path({str(tmp_path)!r}), template))
    print(len(aws.processes.running))
"""
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's server runs as somebody else")
def test_it_runs_where_its_user_may_reach_neither_temporary_folder_nor_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir(mode=0o700)
    monkeypatch.setattr(tempfile, "tempdir", str(hidden))
    reachable = postgres_server._open_to_all
    monkeypatch.setattr(postgres_server, "_open_to_all", lambda path: "pginstall" not in str(path) and reachable(path))
    with closing(Processes()) as processes:
        server = PostgresServer.start(processes, environment={}, log=tmp_path / "log")
        with closing(server):
            assert list(hidden.iterdir()) == []
            assert rows_of(server.admin, "SELECT 1") == [(1,)]
    assert not server.folder.exists()


def test_a_server_that_cannot_start_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setattr(postgres_server, "_free_port", lambda: taken.getsockname()[1])
        with closing(Processes()) as processes, pytest.raises(LineError) as caught:
            PostgresServer.start(processes, environment={}, log=tmp_path / "log")
    assert re.fullmatch(
        r"embedded PostgreSQL: it did not start: .*could not create any TCP/IP sockets.*: see .*/log|"
        r"embedded PostgreSQL: it did not start: .*database system is shut down: see .*/log",
        str(caught.value),
    )
