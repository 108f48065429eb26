"""Tasks wait for their jobs, and end them when they are given up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.images import Image
from local.server import EmbeddedAws
from tests.local.embedded import role, wait_for

ENTRY = """
import os, sys, time
what = sys.argv[1]
if what == "sleep":
    time.sleep(60)
if what == "fail":
    sys.exit("no good")
print(os.environ.get("MANAGED_BY_AWS"), os.environ.get("EXTRA"))
"""
GLUE = "arn:aws:states:::glue:startJobRun.sync"
BATCH = "arn:aws:states:::batch:submitJob.sync"


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    directory = tmp_path_factory.mktemp("image")
    (directory / "entry.py").write_text(ENTRY)
    with EmbeddedAws() as aws:
        aws.images.publish("jobs:1", Image(directory, ["python", "entry.py"]))
        _deploy(aws, directory)
        yield aws


def _deploy(aws: EmbeddedAws, directory: Path) -> None:
    every = role(aws, "machine")
    # What CDK grants for these two integrations: looking at a Batch job is left to a managed rule
    role(aws, "narrow", "batch:SubmitJob", "glue:StartJobRun", "glue:GetJobRun", "glue:BatchStopJobRun")
    batch, s3 = aws.client("batch"), aws.client("s3")
    environment = batch.create_compute_environment(
        computeEnvironmentName="workers", type="UNMANAGED", serviceRole=role(aws, "service")
    )["computeEnvironmentArn"]
    order = [{"order": 1, "computeEnvironment": environment}]
    batch.create_job_queue(jobQueueName="queue", state="ENABLED", priority=1, computeEnvironmentOrder=order)
    batch.register_job_definition(
        jobDefinitionName="job",
        type="container",
        containerProperties={
            "image": "jobs:1",
            "vcpus": 1,
            "memory": 512,
            "command": ["Ref::what"],
            "jobRoleArn": every,
        },
    )
    s3.create_bucket(Bucket="assets")
    s3.upload_file(str(directory / "entry.py"), "assets", "entry.py")
    command = {"Name": "glueetl", "ScriptLocation": "s3://assets/glue.py"}
    s3.put_object(Bucket="assets", Key="glue.py", Body=ENTRY.replace("sys.argv[1]", "sys.argv[-1]"))
    aws.client("glue").create_job(Name="job", Role=every, Command=command)


def batch_task(what: str, **more: Any) -> dict[str, Any]:
    parameters = {
        "JobName": what,
        "JobQueue": "queue",
        "JobDefinition": "job",
        "Parameters": {"what": what},
        "ContainerOverrides": {"Environment": [{"Name": "EXTRA", "Value": "more"}]},
    }
    return {"Type": "Task", "Resource": BATCH, "Parameters": parameters, "End": True} | more


def glue_task(what: str, **more: Any) -> dict[str, Any]:
    parameters = {"JobName": "job", "Arguments": {"--what": what}}
    return {"Type": "Task", "Resource": GLUE, "Parameters": parameters, "End": True} | more


def start(aws: EmbeddedAws, name: str, task: dict[str, Any], acting: str = "machine", given: Any = None) -> str:
    states = aws.client("stepfunctions")
    machine = states.create_state_machine(
        name=name,
        definition=json.dumps({"StartAt": "Job", "States": {"Job": task}}),
        roleArn=f"arn:aws:iam::{aws.account}:role/{acting}",
    )["stateMachineArn"]
    arn: str = states.start_execution(stateMachineArn=machine, input=json.dumps(given or {}))["executionArn"]
    return arn


def ended(aws: EmbeddedAws, arn: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        described: dict[str, Any] = aws.client("stepfunctions").describe_execution(executionArn=arn)
        return None if described["status"] == "RUNNING" else described

    return wait_for(look)


def test_a_batch_job_is_waited_for_and_described(aws: EmbeddedAws) -> None:
    told = json.loads(ended(aws, start(aws, "batch", batch_task("work"), "narrow"))["output"])
    assert (told["Status"], told["Container"]["ExitCode"]) == ("SUCCEEDED", 0)
    stream = told["Container"]["LogStreamName"]
    events = aws.client("logs").get_log_events(logGroupName="/aws/batch/job", logStreamName=stream)["events"]
    assert [event["message"] for event in events] == ["STARTED_BY_STEP_FUNCTIONS more"]


def test_a_glue_run_is_waited_for_and_described(aws: EmbeddedAws) -> None:
    told = json.loads(ended(aws, start(aws, "glue", glue_task("work"), "narrow"))["output"])
    assert (told["JobName"], told["JobRunState"]) == ("job", "SUCCEEDED")


def test_a_failed_batch_job_fails_its_task_with_the_job_as_cause(aws: EmbeddedAws) -> None:
    described = ended(aws, start(aws, "batch-fails", batch_task("fail")))
    cause = json.loads(described["cause"])
    assert described["error"] == "States.TaskFailed"
    assert (cause["Status"], cause["Container"]["ExitCode"]) == ("FAILED", 1)
    assert cause["StatusReason"] == "Essential container in task exited"


def test_a_failed_glue_run_fails_its_task_with_the_run_as_cause(aws: EmbeddedAws) -> None:
    described = ended(aws, start(aws, "glue-fails", glue_task("fail")))
    cause = json.loads(described["cause"])
    assert described["error"] == "States.TaskFailed"
    assert (cause["JobRunState"], cause["ErrorMessage"]) == ("FAILED", "no good")


@pytest.mark.parametrize("task", [batch_task, glue_task])
def test_a_task_that_times_out_ends_its_job(aws: EmbeddedAws, task: Any) -> None:
    arn = start(aws, f"{task.__name__}-slow", task("sleep", TimeoutSeconds=1), "narrow")
    described = ended(aws, arn)
    assert (described["status"], described["error"]) == ("FAILED", "States.Timeout")
    wait_for(lambda: not aws.processes.running)
    history = aws.client("stepfunctions").get_execution_history(executionArn=arn)["events"]
    assert "TaskSucceeded" not in [event["type"] for event in history]


@pytest.mark.parametrize("task", [batch_task, glue_task])
def test_a_stopped_execution_ends_its_job(aws: EmbeddedAws, task: Any) -> None:
    arn = start(aws, f"{task.__name__}-stopped", task("sleep"))
    wait_for(lambda: aws.processes.running)
    aws.client("stepfunctions").stop_execution(executionArn=arn)
    assert ended(aws, arn)["status"] == "ABORTED"
    wait_for(lambda: not aws.processes.running)


def test_a_failing_branch_ends_the_jobs_of_the_others(aws: EmbeddedAws) -> None:
    branches = [{"StartAt": what, "States": {what: batch_task(what)}} for what in ("sleep", "fail")]
    described = ended(aws, start(aws, "branches", {"Type": "Parallel", "Branches": branches, "End": True}))
    assert described["status"] == "FAILED"
    wait_for(lambda: not aws.processes.running)


def test_a_failing_item_of_a_map_fails_it_and_ends_the_others(aws: EmbeddedAws) -> None:
    each = batch_task("", Parameters=batch_task("")["Parameters"] | {"JobName": "item", "Parameters": {"what.$": "$"}})
    sweep = {"Type": "Map", "ItemProcessor": {"StartAt": "Each", "States": {"Each": each}}, "End": True}
    arn = start(aws, "sweep", sweep, given=["sleep", "fail"])
    described = ended(aws, arn)
    assert (described["status"], described["error"]) == ("FAILED", "States.TaskFailed")
    assert json.loads(described["cause"])["Container"]["ExitCode"] == 1
    wait_for(lambda: not aws.processes.running)


def test_an_execution_is_waited_for(aws: EmbeddedAws) -> None:
    states = aws.client("stepfunctions")
    inner = states.create_state_machine(
        name="inner",
        definition=json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": {"n": 1}, "End": True}}}),
        roleArn=f"arn:aws:iam::{aws.account}:role/machine",
    )["stateMachineArn"]
    outer = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Parameters": {"StateMachineArn": inner, "Input": {}},
        "End": True,
    }
    assert json.loads(ended(aws, start(aws, "outer", outer))["output"])["Output"] == {"n": 1}
