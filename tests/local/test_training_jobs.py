"""SageMaker training jobs execute their image with ``train``."""

from __future__ import annotations

import io
import json
import os
import signal
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.images import Image
from local.server import EmbeddedAws
from tests.local.embedded import role, wait_for

ENTRY = """
import json, os, pathlib, sys, time, boto3
base = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"])
told = json.loads((base / "input/config/hyperparameters.json").read_text())
what = told["what"]
lost = pathlib.Path(os.environ["LOST"])
if what == "sleep" or (what == "once" and not lost.exists()):
    lost.touch() if what == "once" else None
    time.sleep(60)
if what == "fail":
    (base / "output" / "failure").write_text("no good")
    sys.exit(65)
(base / "model" / "weights").write_text("1")
names = ["TRAINING_JOB_NAME", "STAGE"]
print(json.dumps({"argv": sys.argv[1:], "told": told, "set": [os.environ.get(name) for name in names],
    "who": boto3.client("sts").get_caller_identity()["Arn"]}))
"""


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    directory = tmp_path_factory.mktemp("image")
    (directory / "entry.py").write_text(ENTRY)
    with EmbeddedAws() as aws:
        variables = {"LOST": str(directory / "lost")}
        aws.images.publish("jobs:1", Image(directory, ["python", "entry.py"], variables))
        aws.client("s3").create_bucket(Bucket="out")
        role(aws, "trainer")
        role(aws, "machine")
        yield aws


def request(aws: EmbeddedAws, name: str, what: str, **changes: Any) -> dict[str, Any]:
    return {
        "TrainingJobName": name,
        "AlgorithmSpecification": {"TrainingImage": "jobs:1", "TrainingInputMode": "File"},
        "RoleArn": f"arn:aws:iam::{aws.account}:role/trainer",
        "HyperParameters": {"what": what},
        "OutputDataConfig": {"S3OutputPath": "s3://out/jobs"},
        "ResourceConfig": {"InstanceType": "ml.m6i.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        **changes,
    }


def create(aws: EmbeddedAws, name: str, what: str, **changes: Any) -> None:
    aws.client("sagemaker").create_training_job(**request(aws, name, what, **changes))


def described(aws: EmbeddedAws, name: str) -> dict[str, Any]:
    found: dict[str, Any] = aws.client("sagemaker").describe_training_job(TrainingJobName=name)
    return found


def ended(aws: EmbeddedAws, name: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        job = described(aws, name)
        return job if job["TrainingJobStatus"] in ("Completed", "Failed", "Stopped") else None

    return wait_for(look)


def printed(aws: EmbeddedAws, name: str) -> list[str]:
    logs, group = aws.client("logs"), "/aws/sagemaker/TrainingJobs"
    streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=name)["logStreams"]
    return [
        event["message"]
        for stream in streams
        for event in logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"])["events"]
    ]


def test_a_job_runs_with_its_hyperparameters_and_its_role_and_leaves_what_it_made(aws: EmbeddedAws) -> None:
    create(aws, "works", "work", Environment={"STAGE": "test"})
    assert described(aws, "works")["TrainingJobStatus"] == "InProgress"
    job = ended(aws, "works")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Completed", "Completed")
    turns = [turn["Status"] for turn in job["SecondaryStatusTransitions"]]
    assert turns == ["Starting", "Training", "Uploading", "Completed"]
    told = json.loads(printed(aws, "works")[0])
    assert told.pop("who").startswith("arn:aws:sts::123456789012:assumed-role/trainer/")
    assert told == {"argv": ["train"], "told": {"what": "work"}, "set": ["works", "test"]}
    bucket, _, key = job["ModelArtifacts"]["S3ModelArtifacts"].removeprefix("s3://").partition("/")
    body = io.BytesIO(aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    with tarfile.open(fileobj=body) as archive:
        assert "./weights" in archive.getnames()


def test_a_job_that_fails_says_what_its_container_said(aws: EmbeddedAws) -> None:
    create(aws, "fails", "fail")
    job = ended(aws, "fails")
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"] == "AlgorithmError: no good, exit code: 65"


def test_a_job_beyond_its_limit_is_stopped(aws: EmbeddedAws) -> None:
    create(aws, "slow", "sleep", StoppingCondition={"MaxRuntimeInSeconds": 1})
    job = ended(aws, "slow")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")
    assert aws.processes.running == []


def test_a_stopped_job_leaves_no_process(aws: EmbeddedAws) -> None:
    create(aws, "stopped", "sleep")
    wait_for(lambda: described(aws, "stopped")["SecondaryStatus"] == "Training" or None)
    aws.client("sagemaker").stop_training_job(TrainingJobName="stopped")
    job = ended(aws, "stopped")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "Stopped")
    assert aws.processes.running == []


def test_a_spot_job_whose_machine_is_taken_away_is_tried_again(aws: EmbeddedAws) -> None:
    lost = Path(aws.images["jobs:1"].environment["LOST"])
    limits = {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 120}
    create(aws, "lost", "once", EnableManagedSpotTraining=True, StoppingCondition=limits)
    wait_for(lost.exists)
    os.kill(aws.processes.running[0].pid, signal.SIGKILL)
    job = ended(aws, "lost")
    assert job["TrainingJobStatus"] == "Completed"
    turns = [turn["Status"] for turn in job["SecondaryStatusTransitions"]]
    assert turns == ["Starting", "Training", "Interrupted", "Training", "Uploading", "Completed"]


def test_a_name_is_given_once(aws: EmbeddedAws) -> None:
    create(aws, "twice", "fail")
    with pytest.raises(ClientError, match="Training job names must be unique: twice is in use"):
        create(aws, "twice", "fail")
    ended(aws, "twice")


def machine(aws: EmbeddedAws, name: str, what: str, **more: Any) -> dict[str, Any]:
    """Run a state machine of one task, and return how it ended."""
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync",
        "Parameters": request(aws, name, what),
        "End": True,
        **more,
    }
    states = aws.client("stepfunctions")
    arn = states.create_state_machine(
        name=name,
        definition=json.dumps({"StartAt": "Train", "States": {"Train": task}}),
        roleArn=f"arn:aws:iam::{aws.account}:role/machine",
    )["stateMachineArn"]
    execution = states.start_execution(stateMachineArn=arn, input="{}")["executionArn"]

    def look() -> dict[str, Any] | None:
        found: dict[str, Any] = states.describe_execution(executionArn=execution)
        return None if found["status"] == "RUNNING" else found

    return wait_for(look)


def test_a_task_waits_for_its_job(aws: EmbeddedAws) -> None:
    told = json.loads(machine(aws, "waits", "work")["output"])
    assert (told["TrainingJobName"], told["TrainingJobStatus"]) == ("waits", "Completed")


def test_a_failed_job_fails_its_task_with_the_job_as_cause(aws: EmbeddedAws) -> None:
    found = machine(aws, "waits-in-vain", "fail")
    cause = json.loads(found["cause"])
    assert found["error"] == "States.TaskFailed"
    assert cause["FailureReason"] == "AlgorithmError: no good, exit code: 65"


def test_a_task_that_times_out_ends_its_job(aws: EmbeddedAws) -> None:
    assert machine(aws, "waits-too-long", "sleep", TimeoutSeconds=1)["error"] == "States.Timeout"
    assert ended(aws, "waits-too-long")["TrainingJobStatus"] == "Stopped"
    wait_for(lambda: not aws.processes.running)
