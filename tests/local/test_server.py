"""The server: starting, refusing, closing."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from config.errors import LineError
from local.server import EmbeddedAws


def test_it_answers_until_it_is_closed_and_leaves_nothing() -> None:
    with EmbeddedAws() as aws:
        identity = aws.client("sts").get_caller_identity()
        child = aws.processes.start(
            [sys.executable, "-c", "import time; time.sleep(60)"], environment={}, directory=aws.directory
        )
    aws.close()
    assert identity["Account"] == "123456789012"
    assert child.poll() is not None
    assert not aws.directory.exists()
    assert "MOTO_PORT" not in os.environ
    with pytest.raises(ConnectionError):
        socket.create_connection(("127.0.0.1", aws.port))


def test_a_second_server_starts_empty() -> None:
    with EmbeddedAws() as aws:
        aws.client("s3").create_bucket(Bucket="left-behind")
    with EmbeddedAws() as aws:
        assert aws.client("s3").list_buckets()["Buckets"] == []


def test_a_port_in_use_is_named_with_its_mend() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(LineError) as raised:
            EmbeddedAws(port=port)
    assert str(raised.value) == f"port {port}: it is in use: give another, or --port 0 for any that is free"


def test_a_port_that_is_none_is_refused() -> None:
    with pytest.raises(LineError, match=r"^port 70000: it is not a port, expected 0 \(any that is free\) to 65535$"):
        EmbeddedAws(port=70000)


def test_only_one_runs_at_a_time() -> None:
    with EmbeddedAws() as aws, pytest.raises(LineError) as raised:
        EmbeddedAws()
    assert str(raised.value) == (
        f"embedded AWS: this process already runs one at {aws.endpoint}: close it first or use it"
    )


def test_a_given_directory_is_kept(tmp_path: Path) -> None:
    with EmbeddedAws(directory=tmp_path / "scratch") as aws:
        assert aws.directory == tmp_path / "scratch"
    assert (tmp_path / "scratch").is_dir()


def test_a_child_acts_as_its_role_and_sees_nothing_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "private")
    source = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
    with EmbeddedAws() as aws:
        role = aws.client("iam").create_role(RoleName="job", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        environment = aws.environment(role)
        finished = aws.processes.run(
            [sys.executable, "-c", source], environment=environment, directory=aws.directory, timeout=60
        )
    assert finished.lines == ["arn:aws:sts::123456789012:assumed-role/job/job"]
    assert "AWS_PROFILE" not in environment


def test_another_account_and_region_are_believed() -> None:
    with EmbeddedAws(account="210987654321", region="eu-west-1") as aws:
        queue = aws.client("sqs").create_queue(QueueName="q")["QueueUrl"]
        arn = aws.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    assert arn["QueueArn"] == "arn:aws:sqs:eu-west-1:210987654321:q"


def test_events_of_aws_services_reach_the_default_bus() -> None:
    with EmbeddedAws() as aws:
        sqs, events = aws.client("sqs"), aws.client("events")
        queue = sqs.create_queue(QueueName="heard")["QueueUrl"]
        events.put_rule(Name="r", EventPattern='{"source":["aws.batch"]}')
        arn = "arn:aws:sqs:us-east-1:123456789012:heard"
        events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": arn}])
        aws.emit("aws.batch", "Batch Job State Change", {"status": "SUCCEEDED"})
        message = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5)["Messages"][0]
    assert '"status": "SUCCEEDED"' in message["Body"] or '"status":"SUCCEEDED"' in message["Body"]


def test_a_clients_errors_are_made_with_it_before_threads_share_it() -> None:
    with EmbeddedAws() as aws:
        assert aws.client("logs")._exceptions is not None
