"""What Step Functions hands to a Catch (an error's name and its cause), told as one message with its mend.

The message goes to receipts, the ledger and whoever listens: of an error that nobody foresaw it has the class and the
place, since its text may quote values.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from runtime import unforeseen

ENVIRONMENT_FILE = "the environment's file in config/environments"

_QUOTES = (" Returned payload:", " in the input '")
"""After which AWS quotes what a state was given or answered."""


def message(*, station: str, line: str, error: Mapping[str, str]) -> str:
    """Return the message of a failure from its ``Error`` and ``Cause``.

    >>> message(station="release", line="flights", error={"Error": "States.Timeout", "Cause": ""})
    'release: a step ran longer than its time limit and was stopped: start the run again'
    """
    name, cause = error.get("Error", ""), error.get("Cause") or ""
    told = _structure(cause)
    if "errorMessage" in told:
        return _lambda(station, told)
    if "JobRunState" in told:
        return _glue(station, told)
    if "JobId" in told:
        return _batch(station, line, told)
    if "TrainingJobName" in told:
        return _training_job(station, line, told)
    if name == "States.Timeout":
        return _timeout(station, line)
    said = ": ".join(part for part in (name, _of_aws(name, cause)) if part)
    return f"{station}: {said or 'failed without saying why'}: see the run's history in Step Functions"


def _of_aws(name: str, cause: str) -> str:
    """Return the cause of an error that a service names, as ``Batch.BatchException``; others may be a program's."""
    if "." not in name:
        return ""
    return min((cause.split(quote, 1)[0] for quote in _QUOTES), key=len).strip()


def _structure(cause: str) -> dict[str, Any]:
    try:
        told = json.loads(cause)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _timeout(station: str, line: str) -> str:
    """The state's own limit: which job it was is unknown here."""
    what = f"{station}: a step ran longer than its time limit and was stopped"
    if station == "training":
        return f"{what}: make it faster or raise training.timeout_minutes in lines/{line}/line.yaml"
    if station in ("curation", "features"):
        return f"{what}: make its SQL faster or raise curation.timeout_minutes in {ENVIRONMENT_FILE}"
    return f"{what}: start the run again"


def _lambda(station: str, told: Mapping[str, Any]) -> str:
    kind, said = told.get("errorType", ""), str(told["errorMessage"])
    if kind == "LineError":
        return said
    if "Task timed out after" in said or kind == "Sandbox.Timedout":
        return f"{station}: its function ran longer than its timeout and was stopped: start the run again"
    where = unforeseen.of_lambda(kind, [str(line) for line in told.get("stackTrace") or []])
    return f"{station}: {where} (unexpected; see the function's log)"


def _glue(station: str, run: Mapping[str, Any]) -> str:
    said = unforeseen.named(str(run.get("ErrorMessage") or "").strip())
    if run["JobRunState"] == "TIMEOUT":
        return (
            f"{station}: the job ran longer than {_minutes(run.get('Timeout'))} and was stopped: "
            f"make its SQL faster or raise curation.timeout_minutes in {ENVIRONMENT_FILE}"
        )
    if run["JobRunState"] == "STOPPED":
        return f"{station}: the job was stopped by hand: start the run again"
    return f"{station}: {said or 'the job failed without a message'}: see the log of job run {run.get('Id', '?')}"


def _training_job(station: str, line: str, job: Mapping[str, Any]) -> str:
    variant = job.get("HyperParameters", {}).get("variant")
    subject = f"{station}: variant {variant!r}" if variant else f"{station}: training job {job['TrainingJobName']!r}"
    match job.get("SecondaryStatus"):
        case "MaxRuntimeExceeded":
            return (
                f"{subject} ran longer than its time limit and was stopped: make it faster or raise "
                f"training.timeout_minutes in lines/{line}/line.yaml"
            )
        case "MaxWaitTimeExceeded" | "Interrupted":
            return f"{subject} lost its machine too often: start the run again, or give training.compute.spot: false"
        case "Stopped":
            return f"{subject} was stopped by hand: start the run again"
    said = str(job.get("FailureReason") or "").strip()
    return f"{subject} failed: {said or 'SageMaker gave no reason'}: see the log of {job['TrainingJobName']}"


def _batch(station: str, line: str, job: Mapping[str, Any]) -> str:
    container = job.get("Container", {})
    subject = f"{station}: {_what(job, container)}"
    reason = str(job.get("StatusReason") or "")
    detail = str(container.get("Reason") or "")
    code = container.get("ExitCode")
    if "duration exceeded timeout" in reason:
        seconds = job.get("Timeout", {}).get("AttemptDurationSeconds")
        return (
            f"{subject} ran longer than {_minutes(seconds and seconds / 60)} and was stopped: make it faster or raise "
            f"training.timeout_minutes in lines/{line}/line.yaml"
        )
    if reason.startswith(("Host EC2", "Your Spot Task was interrupted")):
        return f"{subject} lost its machine: start the run again"
    if code == 137 or "OutOfMemory" in detail:
        return (
            f"{subject} was killed, most likely for using more memory than it has: "
            f"raise jobs.memory_mb in {ENVIRONMENT_FILE}"
        )
    if code is not None:
        return f"{subject} ended with exit code {code}{f' ({detail})' if detail else ''}: see the log of the job"
    return f"{subject} did not run: {detail or reason or 'AWS Batch gave no reason'}: see the job's image and queue"


def _minutes(limit: float | None) -> str:
    return f"{limit:g} minutes" if limit else "its time limit"


def _what(job: Mapping[str, Any], container: Mapping[str, Any]) -> str:
    """``variant 'deep'`` when the job's command names one, else the kind of job."""
    command = [str(part) for part in container.get("Command", [])]
    given = job.get("Parameters", {}).get("variant")
    if "--variant" in command[:-1]:
        given = command[command.index("--variant") + 1].replace("Ref::variant", str(given))
    return f"variant {given!r}" if given else f"job {job.get('JobName', job['JobId'])!r}"
