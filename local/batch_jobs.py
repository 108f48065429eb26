"""Batch jobs: the job definition's container as a process, on the job's role, a few at a time.

moto 5.2.5 runs jobs in Docker or not at all (``batch/models.py:780``).
"""

from __future__ import annotations

import datetime as dt
import os
import signal
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, ClassVar

from moto.batch import models
from moto.batch.exceptions import ClientException

from config.errors import LineError
from local.batch_containers import container_of, merged_environment
from local.batch_queue import Slots
from local.fidelity import Row
from local.job_processes import Ended, JobProcess, child_environment
from local.log_streams import LogStream

if TYPE_CHECKING:
    from local.server import EmbeddedAws

FIDELITY = [
    Row("Batch", "container jobs", "approximated", "the image's entry point as a process; no limit of memory or vCPUs"),
    Row("Batch", "Ref:: parameters, overrides, AWS_BATCH_* variables, job role, attempt time-out", "real"),
    Row("Batch", "retries, evaluateOnExit", "real"),
    Row(
        "Batch",
        "loss of a Spot machine or an EC2 host",
        "approximated",
        "a job of such a queue whose process is killed from outside has lost it",
    ),
    Row("Batch", "array jobs, dependencies, termination", "real"),
    Row("Batch", "queues", "approximated", "one job per processor at once, first come first served; no priorities"),
    Row("Batch", "secrets, multi-node and EKS jobs", "absent", "such a job fails and says so"),
    Row("Batch", "mount points", "absent", "ignored: a job sees this machine's file system"),
    Row("Batch", "state change events, logs (awslogs options, or /aws/batch/job)", "real"),
]

ENDED = ("SUCCEEDED", "FAILED")
NOT_STARTED = "Task failed to start"
LOST = {
    "FARGATE_SPOT": "Your Spot Task was interrupted.",
    "SPOT": "Host EC2 (instance i-embedded) terminated.",
    "EC2": "Host EC2 (instance i-embedded) terminated.",
}
"""What AWS says of a job whose machine is gone, by the type of its compute environment."""


class Job(models.Job):
    """A job, an array of jobs, or one of an array, whose status is what its process is doing."""

    aws: ClassVar[EmbeddedAws]
    slots: ClassVar[Slots]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._transitions = []
        self.process = JobProcess(self.aws)
        self.container_reason: str | None = None
        if self.array_properties.get("size", 2) < 2:
            raise ClientException("Array size must be at least 2")

    @property
    def status(self) -> str | None:
        """The status; that of an array follows from its children's."""
        children = getattr(self, "_child_jobs", None)
        return status_of([child.status for child in children]) if children else self._status

    @status.setter
    def status(self, value: str) -> None:
        self._status = value

    def terminate(self, reason: str) -> None:
        """End the job's process, or those of its children: moto only notes the wish."""
        for child in self._child_jobs or []:
            child.terminate(reason)
        if not self._child_jobs and not self.job_stopped:
            super().terminate(reason)
            self.process.stop()
            self.slots.wake()

    def describe(self) -> dict[str, Any]:
        """Describe the job with what became of its container; moto leaves that out."""
        described = super().describe()
        container = described.get("container")
        if container is not None:
            definition = self.job_definition.container_properties or {}
            more = {
                "image": definition.get("image"),
                "logConfiguration": definition.get("logConfiguration"),
                "jobRoleArn": definition.get("jobRoleArn"),
                "exitCode": self.exit_code,
                "reason": self.container_reason,
            }
            container |= {name: value for name, value in more.items() if value is not None}
        if "index" in self.array_properties:
            described["arrayProperties"] = {"index": self.array_properties["index"]}
        return described

    def _get_container_property(self, p: str, default: Any) -> Any:
        """Merge the environment anew each time: moto appends to the list that was submitted (models.py:685)."""
        if p != "environment":
            return super()._get_container_property(p, default)
        merged = merged_environment(self.job_definition.container_properties or {}, self.container_overrides)
        return [{"name": name, "value": value} for name, value in merged.items()]

    def run(self) -> None:
        """Wait for what it depends on and for a slot, then run the container; each attempt once."""
        self.status = "PENDING" if self.depends_on else "RUNNABLE"
        if not self.slots.wait_until(lambda: all(job.status in ENDED for job in self._needed()), self.process.stopping):
            return self._end(success=False, reason=self.job_stopped_reason)
        if any(job.status == "FAILED" for job in self._needed()):
            return self._end(success=False, reason="Dependent Job failed")
        self.status = "RUNNABLE"
        if not self.slots.take(self.process.stopping):
            return self._end(success=False, reason=self.job_stopped_reason)
        try:
            ended = self._attempts()
        except Exception as error:  # noqa: BLE001 -- whatever stops a job from starting is that job's failure
            why = str(error) if isinstance(error, LineError) else f"{type(error).__name__}: {error}"
            self.container_reason = f"CannotStartContainerError: {why}"
            return self._end(success=False, reason=NOT_STARTED)
        finally:
            self.slots.give_back()
        self.exit_code = container_code(ended.exit_code)
        return self._end(success=ended.exit_code == 0 and not ended.stopped, reason=self._reason(ended))

    def _attempts(self) -> Ended:
        allowed = int((self.job_definition.retry_strategy or {}).get("attempts", 1))
        for attempt in range(1, allowed + 1):
            ended = self._attempt(attempt)
            if ended.exit_code == 0 or ended.timed_out or ended.stopped or not self._again(ended):
                break
        return ended

    def _again(self, ended: Ended) -> bool:
        """Whether the first rule that fits says to try again; a job without a rule that fits is tried again."""
        strategy: Any = self.job_definition.retry_strategy or {}
        rules: list[dict[str, str]] = strategy.get("evaluateOnExit") or []
        said = {
            "onStatusReason": self._reason(ended) or "",
            "onReason": self.container_reason or "",
            "onExitCode": str(container_code(ended.exit_code)),
        }
        for rule in rules:
            if all(fnmatchcase(said[name].lower(), rule[name].lower()) for name in said if name in rule):
                return str(rule["action"]).upper() == "RETRY"
        return True

    def _attempt(self, attempt: int) -> Ended:
        container = container_of(self, self.aws.images, attempt)
        self.log_stream_name = container.log_stream
        self.job_started_at = dt.datetime.now()  # noqa: DTZ005 -- moto turns local time into milliseconds
        self.status = "STARTING"
        self._start_attempt()
        self.status = "RUNNING"
        ended = self.process.run(
            container.command,
            environment=child_environment(self.aws, container.role, variables=container.environment),
            directory=container.directory,
            log=LogStream(self.aws.client("logs"), container.log_group, container.log_stream),
            timeout=self._get_attempt_duration(),
        )
        if self.latest_attempt:
            self.latest_attempt["container"]["exitCode"] = container_code(ended.exit_code)
        return ended

    def _needed(self) -> list[models.Job]:
        """Return the jobs that must have ended first."""
        parent, _, index = self.job_id.partition(":")
        needed = []
        for dependency in self.depends_on or []:
            job_id, kind = dependency.get("jobId", parent), dependency.get("type")
            if kind == "SEQUENTIAL" and index:
                needed += [f"{parent}:{int(index) - 1}"] if int(index) else []
            else:
                needed.append(f"{job_id}:{index}" if kind == "N_TO_N" and index else job_id)
        return [self.all_jobs[job_id] for job_id in needed if job_id in self.all_jobs]

    def _reason(self, ended: Ended) -> str | None:
        if ended.stopped:
            return self.job_stopped_reason
        if ended.timed_out:
            return "Job attempt duration exceeded timeout"
        if ended.exit_code == -signal.SIGKILL:  # nobody here sends it: the machine is gone
            kinds = {environment.compute_resources.get("type") for environment in self.job_queue.environments}
            return next((said for kind, said in LOST.items() if kind in kinds), "Essential container in task exited")
        return "Essential container in task exited"

    def _end(self, *, success: bool, reason: str | None) -> None:
        self.job_stopped_reason = reason
        self._mark_stopped(success=success)
        self.slots.wake()
        if not self.aws.closing:
            self.aws.emit("aws.batch", "Batch Job State Change", self.describe())


def container_code(code: int) -> int:
    """Return a child's exit code as its container's: a signal that ended it counts from 128.

    >>> container_code(65), container_code(-9)
    (65, 137)
    """
    return code if code >= 0 else 128 - code


def status_of(children: list[str | None]) -> str:
    """Return the status of an array of jobs.

    >>> status_of(["SUCCEEDED", "FAILED"]), status_of(["SUCCEEDED", "RUNNING"])
    ('FAILED', 'PENDING')
    """
    if any(status not in ENDED for status in children):
        return "PENDING"
    return "FAILED" if "FAILED" in children else "SUCCEEDED"


def install(aws: EmbeddedAws) -> None:
    """Run jobs: moto starts a thread for each, whose ``run`` is ours."""
    Job.aws, Job.slots = aws, Slots(os.cpu_count() or 1)
    aws.on_close(Job.slots.close)
    aws.patches.replace(models, "Job", Job)
    describe_while_others_come(aws)


def describe_while_others_come(aws: EmbeddedAws) -> None:
    """Describe jobs while others are submitted: moto walks through them all, and fails then (models.py:1972)."""

    def describe_jobs(self: models.BatchBackend, jobs: list[str] | None) -> list[dict[str, Any]]:
        wanted = set(jobs or ())
        known = list(self._jobs.items())
        return [job.describe() for key, job in known if not wanted or wanted & {key, job.arn}]

    aws.patches.replace(models.BatchBackend, "describe_jobs", describe_jobs)
