"""Closing the server ends whatever the executors began."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest
from moto.stepfunctions.parser.utils import TMP_THREADS

from local import fidelity
from local.images import Image
from local.server import EmbeddedAws
from tests.local.embedded import role, wait_for
from tests.local.test_processes import alive

OURS = ("poller", "alarms", "metrics", "courier", "MOTO-BATCH")


def test_closing_ends_executions_jobs_and_threads(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "entry.py").write_text("import time\ntime.sleep(60)\n")
    with EmbeddedAws() as aws:
        aws.images.publish("jobs:1", Image(tmp_path, ["python", "entry.py"]))
        _start_a_long_job(aws)
        children = wait_for(lambda: aws.processes.running)
        began = time.monotonic()
    assert time.monotonic() - began < 5
    assert [thread.name for thread in TMP_THREADS if thread.is_alive()] == []
    assert capfd.readouterr().err == ""
    assert [child for child in children if alive(child.pid)] == []
    wait_for(lambda: not [thread for thread in threading.enumerate() if thread.name.startswith(OURS)])


def test_a_trace_of_a_state_machines_thread_goes_to_the_log(capfd: pytest.CaptureFixture[str]) -> None:
    with EmbeddedAws() as aws:
        thread = threading.Thread(target=lambda: 1 // 0, name="step")
        TMP_THREADS.append(thread)
        thread.start()
        thread.join()
        log = (aws.directory / "moto.log").read_text()
    assert "ZeroDivisionError" in log
    assert capfd.readouterr().err == ""


def test_every_executor_tells_how_near_it_comes() -> None:
    services = {row.service for row in fidelity.rows()}
    expected = {
        "Step Functions",
        "Glue",
        "Batch",
        "SageMaker",
        "EventBridge",
        "EventBridge Scheduler",
        "SQS",
        "CloudWatch",
    }
    assert expected <= services


def _start_a_long_job(aws: EmbeddedAws) -> None:
    acting = role(aws, "any")
    batch = aws.client("batch")
    environment = batch.create_compute_environment(
        computeEnvironmentName="workers", type="UNMANAGED", serviceRole=acting
    )["computeEnvironmentArn"]
    order = [{"order": 1, "computeEnvironment": environment}]
    batch.create_job_queue(jobQueueName="queue", state="ENABLED", priority=1, computeEnvironmentOrder=order)
    container = {"image": "jobs:1", "vcpus": 1, "memory": 512, "command": ["x"], "jobRoleArn": acting}
    batch.register_job_definition(jobDefinitionName="job", type="container", containerProperties=container)
    parameters = {"JobName": "job", "JobQueue": "queue", "JobDefinition": "job"}
    task = {"Type": "Task", "Resource": "arn:aws:states:::batch:submitJob.sync", "Parameters": parameters, "End": True}
    states = aws.client("stepfunctions")
    machine = states.create_state_machine(
        name="long", definition=json.dumps({"StartAt": "T", "States": {"T": task}}), roleArn=acting
    )["stateMachineArn"]
    states.start_execution(stateMachineArn=machine)
