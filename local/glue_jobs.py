"""Glue job runs: the deployed script as a process, with the job's arguments, on the job's role.

moto 5.2.5 lets every run succeed at once (``glue/models.py:2298``).
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from moto.core.responses import ActionResult
from moto.glue import models, responses

from config.errors import LineError
from local.fidelity import Row
from local.job_processes import Ended, JobProcess, child_environment
from local.log_streams import LogStream
from local.s3_files import download

if TYPE_CHECKING:
    from local.server import EmbeddedAws

FIDELITY = [
    Row("Glue", "job runs", "approximated", "the script as a Python process; Spark only if pyspark is there"),
    Row("Glue", "arguments, --extra-py-files, role, time-out, MaxConcurrentRuns, stop", "real"),
    Row("Glue", "--additional-python-modules", "approximated", "ignored: the project's locked packages are there"),
    Row("Glue", "state change events, run errors, logs in /aws-glue/jobs/output", "real"),
    Row("Glue", "retries of a job (MaxRetries), connections, bookmarks, triggers, workflows", "absent"),
]

LOG_GROUP = "/aws-glue/jobs/output"
LONGEST_RUN = 2880
"""Minutes that a run may take when neither it nor its job says."""

MESSAGES = {
    "SUCCEEDED": "Job run succeeded",
    "TIMEOUT": "Job run exceeded its timeout",
    "STOPPED": "Job run stopped",
}


class JobRun(models.FakeJobRun):
    """A run whose status is what its process is doing."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._transitions = []
        self.status = "STARTING"
        self.ended_on: dt.datetime | None = None
        self.error_message: str | None = None
        self.glue_version: str | None = None
        self.process: JobProcess | None = None

    def as_dict(self) -> dict[str, Any]:
        """Describe the run with its own times, error and logs; moto gives fixed ones."""
        end = self.ended_on or dt.datetime.now(dt.UTC).replace(tzinfo=None)
        described = super().as_dict() | {
            "ExecutionTime": int((end - self.started_on).total_seconds()),
            "CompletedOn": self.ended_on,
            "ErrorMessage": self.error_message,
            "GlueVersion": self.glue_version,
            "LogGroupName": "/aws-glue/jobs",
        }
        return {name: value for name, value in described.items() if value is not None}

    def end(self, state: str, error: str | None) -> None:
        """Write down how it ended; the state last, because it says that the rest may be read."""
        self.ended_on = self.completed_on = self.modified_on = dt.datetime.now(dt.UTC).replace(tzinfo=None)
        self.error_message = error
        self.status = state


class ExecutingBackend(models.GlueBackend):
    """moto's Glue, whose runs run."""

    __module__ = models.GlueBackend.__module__  # moto finds the service's urls.py through it
    aws: ClassVar[EmbeddedAws]
    _starting: ClassVar[threading.Lock] = threading.Lock()

    def start_job_run(self, name: str, *args: Any, **options: Any) -> str:
        """Start the run's process; a run too many is refused (MaxConcurrentRuns)."""
        with self._starting:
            run_id = super().start_job_run(name, *args, **options)
        run: Any = self.get_job_run(name, run_id)
        run.process = JobProcess(self.aws)
        threading.Thread(target=execute, args=(self.aws, self.get_job(name), run), daemon=True).start()
        return run_id

    def batch_stop_job_run(self, name: str, run_ids: list[str]) -> dict[str, Any]:
        """Stop runs: moto lacks the call."""
        stopped, errors = [], []
        for run_id in run_ids:
            run: Any = next((run for run in self.get_job(name).job_runs if run.job_run_id == run_id), None)
            if run is None or run.ended_on:
                detail = {"ErrorCode": "EntityNotFoundException", "ErrorMessage": f"{run_id} is not running"}
                errors.append({"JobName": name, "JobRunId": run_id, "ErrorDetail": detail})
                continue
            run.status = "STOPPING"
            run.process.stop()
            stopped.append({"JobName": name, "JobRunId": run_id})
        return {"SuccessfulSubmissions": stopped, "Errors": errors}


def install(aws: EmbeddedAws) -> None:
    """Execute job runs, and answer BatchStopJobRun."""
    ExecutingBackend.aws = aws
    aws.patches.replace(models.glue_backends, "backend", ExecutingBackend)
    aws.patches.replace(models, "FakeJobRun", JobRun)

    def batch_stop_job_run(self: Any) -> ActionResult:
        answer = self.glue_backend.batch_stop_job_run(self._get_param("JobName"), self._get_param("JobRunIds"))
        return ActionResult(answer)

    aws.patches.replace(responses.GlueResponse, "batch_stop_job_run", batch_stop_job_run)


def execute(aws: EmbeddedAws, job: Any, run: Any) -> None:
    """Run a job's script to its end and write down how it ended."""
    run.glue_version = job.glue_version
    try:
        ended = _run_script(aws, job, run)
    except Exception as error:  # noqa: BLE001 -- whatever stops a run from starting is that run's failure
        run.end("FAILED", str(error) if isinstance(error, LineError) else f"{type(error).__name__}: {error}")
    else:
        run.end(*_verdict(ended))
    if not aws.closing:
        aws.emit("aws.glue", "Glue Job State Change", event_detail(job, run))


def event_detail(job: Any, run: Any) -> dict[str, Any]:
    """Return what the event of an ended run says."""
    return {
        "jobName": job.name,
        "jobRunId": run.job_run_id,
        "state": run.status,
        "severity": "INFO" if run.status == "SUCCEEDED" else "ERROR",
        "message": run.error_message or MESSAGES.get(run.status, ""),
    }


def _verdict(ended: Ended) -> tuple[str, str | None]:
    if ended.timed_out:
        return "TIMEOUT", "Timeout: the job run exceeded its timeout"
    if ended.stopped:
        return "STOPPED", None
    if ended.exit_code == 0:
        return "SUCCEEDED", None
    return "FAILED", ended.lines[-1] if ended.lines else f"Command failed with exit code {ended.exit_code}"


def _run_script(aws: EmbeddedAws, job: Any, run: Any) -> Ended:
    role = job.role if job.role.startswith("arn:") else f"arn:aws:iam::{aws.account}:role/{job.role}"
    directory = aws.directory / "glue" / run.job_run_id
    directory.mkdir(parents=True)
    s3 = aws.client("s3", role)  # Glue reads the script with the job's role
    script = download(s3, job.command["ScriptLocation"], directory)
    arguments = run.arguments or {}
    extra = [download(s3, uri, directory) for uri in listed(arguments, "--extra-py-files")]
    for uri in listed(arguments, "--extra-files"):
        download(s3, uri, directory)
    run.status = "STOPPING" if run.process.stopping.is_set() else "RUNNING"
    return run.process.run(  # type: ignore[no-any-return]
        ["python", str(script), *argv(job.name, run.job_run_id, arguments)],
        environment=child_environment(aws, role, python_path=extra),
        directory=directory,
        log=LogStream(aws.client("logs"), LOG_GROUP, run.job_run_id),
        timeout=60 * (run.timeout or job.timeout or LONGEST_RUN),
    )


def listed(arguments: Mapping[str, str], name: str) -> list[str]:
    """Return the URIs of a comma-separated argument.

    >>> listed({"--extra-py-files": "s3://b/a.zip, s3://b/c.py"}, "--extra-py-files")
    ['s3://b/a.zip', 's3://b/c.py']
    """
    return [uri.strip() for uri in arguments.get(name, "").split(",") if uri.strip()]


def argv(job: str, run: str, arguments: Mapping[str, str]) -> list[str]:
    """Return what follows the script on its command line: name, value, name, value.

    >>> argv("curate", "jr_1", {"--line": "flights"})
    ['--JOB_NAME', 'curate', '--JOB_RUN_ID', 'jr_1', '--line', 'flights']
    """
    pairs = {"--JOB_NAME": job, "--JOB_RUN_ID": run} | dict(arguments)
    return [word for pair in pairs.items() for word in pair]
