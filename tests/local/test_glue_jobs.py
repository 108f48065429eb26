"""Glue job runs execute the deployed script."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from local.server import EmbeddedAws
from tests.local.embedded import role, wait_for, zip_of

SCRIPT = """
import json, os, sys
import config.told
import boto3
arguments = dict(zip(sys.argv[1::2], sys.argv[2::2]))
boto3.client("s3").put_object(Bucket="lake", Key=arguments["--key"], Body=json.dumps(
    {"argv": arguments, "told": config.told.WORD, "who": boto3.client("sts").get_caller_identity()["Arn"]}))
print("curated", arguments["--line"])
"""
FAILS = "import sys\nprint('begun')\nsys.exit('raw/flights.csv: column tailnum is missing')\n"
LEAKS = "import config.line\n"
SLEEPS = "import time\ntime.sleep(60)\n"


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as aws:
        _deploy(aws)
        yield aws


def _deploy(aws: EmbeddedAws) -> None:
    s3 = aws.client("s3")
    for bucket in ("assets", "lake"):
        s3.create_bucket(Bucket=bucket)
    for name, body in (("curate", SCRIPT), ("fails", FAILS), ("leaks", LEAKS), ("sleeps", SLEEPS)):
        s3.put_object(Bucket="assets", Key=f"{name}.py", Body=body)
    s3.put_object(Bucket="assets", Key="code.zip", Body=zip_of({"config/": "", "config/told.py": "WORD = 'staged'"}))
    job_role = role(aws, "job", "s3:*", "sts:*")
    for name in ("curate", "fails", "leaks", "sleeps"):
        aws.client("glue").create_job(
            Name=name,
            Role=job_role,
            Command={"Name": "glueetl", "ScriptLocation": f"s3://assets/{name}.py"},
            DefaultArguments={"--extra-py-files": "s3://assets/code.zip", "--line": "flights", "--key": "told.json"},
            ExecutionProperty={"MaxConcurrentRuns": 1},
            GlueVersion="5.0",
        )


def _run(aws: EmbeddedAws, name: str, **options: Any) -> dict[str, Any]:
    glue = aws.client("glue")
    run_id = glue.start_job_run(JobName=name, **options)["JobRunId"]
    return _ended(aws, name, run_id)


def _ended(aws: EmbeddedAws, name: str, run_id: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        run: dict[str, Any] = aws.client("glue").get_job_run(JobName=name, RunId=run_id)["JobRun"]
        return None if run["JobRunState"] in ("STARTING", "RUNNING", "STOPPING") else run

    return wait_for(look)


def test_a_script_runs_with_its_arguments_its_staged_code_and_its_role(aws: EmbeddedAws) -> None:
    run = _run(aws, "curate", Arguments={"--key": "mine.json"})
    told = json.loads(aws.client("s3").get_object(Bucket="lake", Key="mine.json")["Body"].read())
    assert run["JobRunState"] == "SUCCEEDED"
    assert told["argv"]["--line"] == "flights"
    assert told["argv"]["--JOB_NAME"] == "curate"
    assert told["told"] == "staged"
    assert "assumed-role/job/" in told["who"]


def test_a_file_that_was_not_staged_is_not_found_in_the_checkout(aws: EmbeddedAws) -> None:
    run = _run(aws, "leaks")
    assert run["JobRunState"] == "FAILED"
    assert run["ErrorMessage"] == "ModuleNotFoundError: No module named 'config.line'"


def test_a_failing_script_leaves_its_last_line_as_the_error(aws: EmbeddedAws) -> None:
    run = _run(aws, "fails")
    assert (run["JobRunState"], run["ErrorMessage"]) == ("FAILED", "raw/flights.csv: column tailnum is missing")


def test_what_a_script_prints_is_in_its_log_stream(aws: EmbeddedAws) -> None:
    run = _run(aws, "fails")
    events = aws.client("logs").get_log_events(logGroupName="/aws-glue/jobs/output", logStreamName=run["Id"])["events"]
    assert [event["message"] for event in events] == ["begun", "raw/flights.csv: column tailnum is missing"]


def test_a_run_too_many_is_refused_and_a_stopped_run_ends(aws: EmbeddedAws) -> None:
    glue = aws.client("glue")
    run_id = glue.start_job_run(JobName="sleeps")["JobRunId"]
    with pytest.raises(glue.exceptions.ConcurrentRunsExceededException):
        glue.start_job_run(JobName="sleeps")
    stopped = glue.batch_stop_job_run(JobName="sleeps", JobRunIds=[run_id, "jr_unknown"])
    assert [run["JobRunId"] for run in stopped["SuccessfulSubmissions"]] == [run_id]
    assert [run["JobRunId"] for run in stopped["Errors"]] == ["jr_unknown"]
    assert _ended(aws, "sleeps", run_id)["JobRunState"] == "STOPPED"
    assert aws.processes.running == []


def test_a_missing_script_is_named(aws: EmbeddedAws) -> None:
    aws.client("glue").create_job(
        Name="lost", Role="job", Command={"Name": "glueetl", "ScriptLocation": "s3://assets/no.py"}
    )
    run = _run(aws, "lost")
    assert run["ErrorMessage"] == (
        "s3://assets/no.py: it cannot be read (404): upload it, or grant s3:GetObject to its reader"
    )
