"""The logs of a run's jobs: which there are is read from the execution's history, where they are from each service."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from console.place import Place
from console.starting import arn_of

NEWEST = 200
"""Events of a log that are shown at once."""
_MOST_EVENTS = 10_000
"""Of an execution's history that are looked through; a run of seven stations has some hundreds."""
_BATCH_GROUP = "/aws/batch/job"
_GLUE_GROUP = "/aws-glue/jobs"
_TRAINING_GROUP = "/aws/sagemaker/TrainingJobs"


@dataclass(frozen=True)
class Job:
    """A job that the run submitted: ``service`` is batch, glue or sagemaker, ``id`` what it is called there."""

    service: str
    id: str
    state: str
    """The state of the run that submitted it, e.g. ``Curate``."""
    at: dt.datetime


@dataclass(frozen=True)
class Told:
    """A piece of a log, oldest first; ``older`` is the token of what came before it."""

    events: Sequence[tuple[dt.datetime, str]]
    older: str = ""
    trouble: str = ""


def jobs(place: Place, line: str, run: str) -> list[Job]:
    """Return the jobs that a run submitted so far, in their order."""
    asked = {"executionArn": arn_of(place, line, run), "includeExecutionData": True}
    names: dict[int, str] = {}
    found: list[Job] = []
    pages = place.client("stepfunctions").get_paginator("get_execution_history")
    for page in pages.paginate(**asked, PaginationConfig={"MaxItems": _MOST_EVENTS}):
        for event in page["events"]:
            entered = event.get("stateEnteredEventDetails")
            names[event["id"]] = entered["name"] if entered else names.get(event.get("previousEventId", 0), "")
            found += _submitted(event, names[event["id"]])
    return found


def _submitted(event: Mapping[str, Any], state: str) -> Iterator[Job]:
    """Yield the job that an event tells of."""
    details = event.get("taskSubmittedEventDetails")
    if not details:
        return
    try:
        output = json.loads(details.get("output") or "{}")
    except ValueError:
        return
    match details["resourceType"]:
        case "batch" if "JobId" in output:
            yield Job("batch", output["JobId"], state, event["timestamp"])
        case "glue" if "JobRunId" in output:
            yield Job("glue", f"{output.get('JobName', '')}/{output['JobRunId']}", state, event["timestamp"])
        case "sagemaker" if "TrainingJobArn" in output:
            yield Job("sagemaker", output["TrainingJobArn"].rpartition("/")[2], state, event["timestamp"])


def read(place: Place, service: str, id_: str, token: str = "") -> Told:
    """Return the newest events of a job's log, or those before a token."""
    try:
        streams = list(_streams(place, service, id_))
    except ClientError as error:
        return Told([], trouble=f"the job cannot be described: {error}")
    if not streams:
        return Told([], trouble="the job has written no log yet, or its log has expired")
    group, stream = streams[0]
    asked: dict[str, Any] = {"logGroupName": group, "logStreamName": stream, "limit": NEWEST, "startFromHead": False}
    try:
        told = place.client("logs").get_log_events(**asked, **({"nextToken": token} if token else {}))
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return Told([], trouble=f"log {group} has no stream {stream}: the job wrote nothing, or it has expired")
        return Told([], trouble=f"log {group} cannot be read: {error}")
    events = [(dt.datetime.fromtimestamp(one["timestamp"] / 1000, dt.UTC), one["message"]) for one in told["events"]]
    back = told.get("nextBackwardToken", "")
    return Told(events, older=back if len(events) == NEWEST and back != token else "")


def _streams(place: Place, service: str, id_: str) -> Iterator[tuple[str, str]]:
    """Yield log group and stream of a job."""
    if service == "batch":
        for job in place.client("batch").describe_jobs(jobs=[id_])["jobs"]:
            container = job.get("container", {})
            options = container.get("logConfiguration", {}).get("options", {})
            if stream := container.get("logStreamName"):
                yield options.get("awslogs-group", _BATCH_GROUP), stream
    elif service == "glue":
        name, _, run = id_.rpartition("/")
        told = place.client("glue").get_job_run(JobName=name, RunId=run)["JobRun"]
        yield f"{(told.get('LogGroupName') or _GLUE_GROUP).rstrip('/')}/output", run
    elif service == "sagemaker":
        pages = place.client("logs").describe_log_streams(logGroupName=_TRAINING_GROUP, logStreamNamePrefix=f"{id_}/")
        yield from ((_TRAINING_GROUP, one["logStreamName"]) for one in pages["logStreams"])
