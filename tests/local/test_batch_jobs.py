"""Batch jobs execute their definition's container."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local import batch_jobs
from local.images import Image
from local.server import EmbeddedAws
from tests.local.embedded import role, wait_for

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/jobs:1"
ENTRY = """
import json, os, sys, time, boto3
what = sys.argv[1]
if what == "sleep":
    time.sleep(60)
if what == "fail":
    print("no good", file=sys.stderr); sys.exit(65)
names = ["AWS_BATCH_JOB_ID", "AWS_BATCH_JOB_ARRAY_INDEX", "AWS_BATCH_JQ_NAME", "AWS_BATCH_JOB_ATTEMPT"]
names += ["STAGE", "FROM_IMAGE"]
print(json.dumps({"argv": sys.argv[1:], "who": boto3.client("sts").get_caller_identity()["Arn"]}
    | {name: os.environ.get(name) for name in names}))
"""


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as aws:
        _deploy(aws, tmp_path_factory.mktemp("image"))
        yield aws


def _deploy(aws: EmbeddedAws, directory: Path) -> None:
    (directory / "entry.py").write_text(ENTRY)
    aws.images.publish(IMAGE, Image(directory, ["python", "entry.py"], {"FROM_IMAGE": "yes"}))
    batch = aws.client("batch")
    environment = batch.create_compute_environment(
        computeEnvironmentName="workers", type="UNMANAGED", serviceRole=role(aws, "service")
    )["computeEnvironmentArn"]
    order = [{"order": 1, "computeEnvironment": environment}]
    batch.create_job_queue(jobQueueName="queue", state="ENABLED", priority=1, computeEnvironmentOrder=order)
    batch.register_job_definition(
        jobDefinitionName="job",
        type="container",
        parameters={"what": "work", "line": "flights"},
        containerProperties={
            "image": IMAGE,
            "vcpus": 1,
            "memory": 512,
            "command": ["Ref::what", "--line", "Ref::line"],
            "jobRoleArn": role(aws, "job"),
            "environment": [{"name": "STAGE", "value": "test"}],
        },
    )


def _submit(aws: EmbeddedAws, what: str = "work", **options: Any) -> str:
    job_id: str = aws.client("batch").submit_job(
        jobName=what, jobQueue="queue", jobDefinition="job", parameters={"what": what}, **options
    )["jobId"]
    return job_id


def _describe(aws: EmbeddedAws, job_id: str) -> dict[str, Any]:
    found: dict[str, Any] = aws.client("batch").describe_jobs(jobs=[job_id])["jobs"][0]
    return found


def _ended(aws: EmbeddedAws, job_id: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        job = _describe(aws, job_id)
        return job if job["status"] in ("SUCCEEDED", "FAILED") else None

    return wait_for(look)


def _output(aws: EmbeddedAws, job: dict[str, Any]) -> list[str]:
    events = aws.client("logs").get_log_events(
        logGroupName="/aws/batch/job", logStreamName=job["container"]["logStreamName"]
    )["events"]
    return [event["message"] for event in events]


def test_a_job_tells_where_its_log_is(aws: EmbeddedAws) -> None:
    batch = aws.client("batch")
    logged = {"logDriver": "awslogs", "options": {"awslogs-group": "theirs"}}
    batch.register_job_definition(
        jobDefinitionName="logged",
        type="container",
        containerProperties={"image": IMAGE, "vcpus": 1, "memory": 512, "logConfiguration": logged},
    )
    submitted = batch.submit_job(jobName="logged", jobQueue="queue", jobDefinition="logged")
    assert _ended(aws, submitted["jobId"])["container"]["logConfiguration"] == logged


def test_a_job_runs_with_its_command_its_environment_and_its_role(aws: EmbeddedAws) -> None:
    overrides = {"environment": [{"name": "STAGE", "value": "override"}]}
    job = _ended(aws, _submit(aws, containerOverrides=overrides))
    told = json.loads(_output(aws, job)[0])
    assert job["container"]["exitCode"] == 0
    assert told.pop("who").startswith("arn:aws:sts::123456789012:assumed-role/job/")
    assert told == {
        "argv": ["work", "--line", "flights"],
        "AWS_BATCH_JOB_ID": job["jobId"],
        "AWS_BATCH_JOB_ARRAY_INDEX": None,
        "AWS_BATCH_JQ_NAME": "queue",
        "AWS_BATCH_JOB_ATTEMPT": "1",
        "STAGE": "override",
        "FROM_IMAGE": "yes",
    }


def test_a_job_that_exits_with_an_error_failed(aws: EmbeddedAws) -> None:
    job = _ended(aws, _submit(aws, "fail"))
    assert (job["status"], job["container"]["exitCode"]) == ("FAILED", 65)
    assert job["statusReason"] == "Essential container in task exited"
    assert _output(aws, job) == ["no good"]


def test_a_job_beyond_its_attempt_duration_is_ended(aws: EmbeddedAws) -> None:
    job = _ended(aws, _submit(aws, "sleep", timeout={"attemptDurationSeconds": 1}))
    assert (job["status"], job["statusReason"]) == ("FAILED", "Job attempt duration exceeded timeout")
    assert aws.processes.running == []


def test_a_terminated_job_leaves_no_process(aws: EmbeddedAws) -> None:
    job_id = _submit(aws, "sleep")
    wait_for(lambda: _describe(aws, job_id)["status"] == "RUNNING")
    aws.client("batch").terminate_job(jobId=job_id, reason="enough")
    job = _ended(aws, job_id)
    assert (job["status"], job["statusReason"]) == ("FAILED", "enough")
    assert aws.processes.running == []


def test_each_job_of_an_array_knows_its_index(aws: EmbeddedAws) -> None:
    job_id = _submit(aws, arrayProperties={"size": 3})
    assert _ended(aws, job_id)["arrayProperties"]["statusSummary"]["SUCCEEDED"] == 3
    told = [json.loads(_output(aws, _describe(aws, f"{job_id}:{index}"))[0]) for index in range(3)]
    assert [each["AWS_BATCH_JOB_ARRAY_INDEX"] for each in told] == ["0", "1", "2"]
    assert [each["AWS_BATCH_JOB_ID"] for each in told] == [f"{job_id}:{index}" for index in range(3)]


def test_a_job_waits_for_the_one_it_depends_on_and_fails_with_it(aws: EmbeddedAws) -> None:
    first = _submit(aws, "fail")
    job = _ended(aws, _submit(aws, dependsOn=[{"jobId": first}]))
    assert (job["status"], job["statusReason"]) == ("FAILED", "Dependent Job failed")


def test_an_image_that_was_not_published_is_named(aws: EmbeddedAws) -> None:
    aws.client("batch").register_job_definition(
        jobDefinitionName="lost", type="container", containerProperties={"image": "no:1", "vcpus": 1, "memory": 512}
    )
    job_id = aws.client("batch").submit_job(jobName="lost", jobQueue="queue", jobDefinition="lost")["jobId"]
    job = _ended(aws, job_id)
    assert job["statusReason"] == "Task failed to start"
    assert job["container"]["reason"] == (
        f"CannotStartContainerError: image no:1: it has not been published, expected one of {IMAGE}: "
        "deploy its stack first"
    )


@pytest.mark.parametrize(("code", "attempts"), [("1*", 1), ("6*", 2)])
def test_the_first_rule_that_fits_says_whether_a_job_is_tried_again(aws: EmbeddedAws, code: str, attempts: int) -> None:
    again = {"onExitCode": code, "action": "RETRY"}
    strategy = {"attempts": 2, "evaluateOnExit": [again, {"onReason": "*", "action": "EXIT"}]}
    containers = {"image": IMAGE, "vcpus": 1, "memory": 512, "command": ["fail"]}
    name = f"again-{attempts}"
    aws.client("batch").register_job_definition(
        jobDefinitionName=name, type="container", containerProperties=containers, retryStrategy=strategy
    )
    job = _ended(aws, aws.client("batch").submit_job(jobName=name, jobQueue="queue", jobDefinition=name)["jobId"])
    assert (job["status"], len(job["attempts"])) == ("FAILED", attempts)


def test_jobs_are_described_while_others_are_submitted(aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = aws.client("batch")
    first = _submit(aws)
    stock, more = batch_jobs.Job.describe, list[str]()

    def describe(self: batch_jobs.Job) -> dict[str, Any]:
        if not more:
            more.append(_submit(aws))
        return stock(self)

    monkeypatch.setattr(batch_jobs.Job, "describe", describe)
    found = batch.describe_jobs(jobs=[first])["jobs"]
    assert ([one["jobId"] for one in found], len(more)) == ([first], 1)
    assert [_ended(aws, job_id)["status"] for job_id in (first, *more)] == ["SUCCEEDED", "SUCCEEDED"]
