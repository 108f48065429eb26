"""Tasks that wait for a job (``.sync``): asked often, ended with their task, refused where nothing would run.

On AWS a managed EventBridge rule tells Step Functions that a Batch job has ended; here it is asked for.
Places in moto are relative to ``moto/stepfunctions/parser/asl/component/state/exec/state_task/service``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import EvalTimeoutError
from moto.stepfunctions.parser.asl.component.state.exec.state_task import state_task_factory
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_callback as callback,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_glue as glue
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import ResourceCondition
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import StateTaskService
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_batch import (
    StateTaskServiceBatch,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_factory import (
    state_task_service_for,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_sfn import (
    StateTaskServiceSfn,
)
from moto.stepfunctions.parser.asl.eval.callback.callback import CallbackOutcomeTimedOut

from local import task_shapes
from local.fidelity import Row
from local.training_tasks import TrainingTask

if TYPE_CHECKING:
    from local.server import EmbeddedAws

FIDELITY = [
    Row("Step Functions", "glue:startJobRun.sync, batch:submitJob.sync, states:startExecution.sync", "real"),
    Row("Step Functions", "sagemaker:createTrainingJob.sync", "real"),
    Row("Step Functions", ".sync of other services", "absent", "refused when the state machine is created"),
    Row("Step Functions", "timeout and stop of a .sync task", "real", "the job is ended too; a missing grant is told"),
]

ASK_EVERY = 0.05
"""Seconds between two looks at a job (0.5 in moto)."""

ABANDONED = "Terminated by Step Functions: the task timed out or its execution was stopped"


@dataclass(frozen=True)
class Job:
    """A kind of job that a task can wait for: how to end it, and who looks on."""

    service: str
    end: Callable[[Any, Mapping[str, Any]], object]
    watched_by_role: bool
    """Whether AWS itself looks with the state machine's role; otherwise a managed rule tells, which needs no grant."""


JOBS: dict[type[Any], Job] = {
    glue.StateTaskServiceGlue: Job(
        "glue",
        lambda client, job: client.batch_stop_job_run(JobName=job["JobName"], JobRunIds=[job["JobRunId"]]),
        watched_by_role=True,
    ),
    StateTaskServiceBatch: Job(
        "batch", lambda client, job: client.terminate_job(jobId=job["JobId"], reason=ABANDONED), watched_by_role=False
    ),
    StateTaskServiceSfn: Job(
        "stepfunctions",
        lambda client, job: client.stop_execution(executionArn=job["ExecutionArn"]),
        watched_by_role=True,
    ),
    TrainingTask: Job(
        "sagemaker",
        lambda client, job: client.stop_training_job(TrainingJobName=job["TrainingJobName"]),
        watched_by_role=True,
    ),
}
SERVICES = ("batch", "glue", "sagemaker", "states")


@dataclass(frozen=True)
class Watch:
    """Looks at one job; ``end`` ends it."""

    look: Callable[[], Any]
    end: Callable[[], None]

    def __call__(self) -> Any:
        return self.look()


def install(aws: EmbeddedAws) -> None:
    """Make tasks wait for jobs as they do on AWS."""
    task_shapes.install(aws)
    aws.patches.replace(callback, "_DELAY_SECONDS_SYNC_CONDITION_CHECK", ASK_EVERY)
    give_glue_tasks_an_endpoint(aws)
    wait_for_training_jobs(aws)
    refuse_what_nothing_runs(aws)
    for task, job in JOBS.items():
        for resolver in ("_build_sync_resolver", "_build_sync2_resolver"):
            remember_the_job(aws, task, job, resolver)
    end_the_job_with_its_task(aws)
    say_nothing_after_the_end(aws)


def give_glue_tasks_an_endpoint(aws: EmbeddedAws) -> None:
    """Give a waiting Glue task the callback endpoint that moto interrupts but never made (…_callback.py:224)."""
    patterns = {ResourceCondition.Sync, ResourceCondition.WaitForTaskToken}
    aws.patches.replace(glue, "_SUPPORTED_INTEGRATION_PATTERNS", patterns)


def wait_for_training_jobs(aws: EmbeddedAws) -> None:
    """Know SageMaker's training jobs, which moto's factory calls unsupported."""

    def task_for(service_name: str) -> StateTaskService:
        return TrainingTask() if service_name == "sagemaker" else state_task_service_for(service_name)

    aws.patches.replace(state_task_factory, "state_task_service_for", task_for)


def refuse_what_nothing_runs(aws: EmbeddedAws) -> None:
    """Refuse, when the state machine is created, to wait for a job that nothing here would run.

    moto logs a warning, and the task fails when its turn comes, or never ends (state_task_service_unsupported.py:30).
    """
    stock = StateTaskService.from_state_props

    def from_state_props(self: Any, state_props: Any) -> None:
        stock(self, state_props)
        service, condition = self.resource.service_name, self.resource.condition
        unknown = condition in (ResourceCondition.Sync, ResourceCondition.Sync2) and service not in SERVICES
        if unknown or (service in ("glue", "sagemaker") and condition == ResourceCondition.WaitForTaskToken):
            raise ValueError(
                f"{self.resource.resource_arn}: the embedded AWS cannot wait for it, "
                f"expected .sync of {', '.join(SERVICES)}"
            )

    aws.patches.replace(StateTaskService, "from_state_props", from_state_props)


def remember_the_job(aws: EmbeddedAws, task: type[Any], job: Job, resolver: str) -> None:
    """Keep what was submitted beside the function that looks at it, so that it can be ended."""
    stock = getattr(task, resolver)

    def build(self: Any, env: Any, state_credentials: Any, **options: Any) -> Watch:
        submitted = dict(env.stack[-1])
        watcher = state_credentials if job.watched_by_role else None
        look = stock(self, env=env, state_credentials=watcher, **options)
        return Watch(look=look, end=lambda: _end(aws, job, submitted, state_credentials.role_arn))

    aws.patches.replace(task, resolver, build)


def _end(aws: EmbeddedAws, job: Job, submitted: Mapping[str, Any], role: str) -> None:
    try:
        job.end(aws.client(job.service, role), submitted)
    except ClientError as error:
        aws.problems.append(f"{role}: it may not end its {job.service} job, which on AWS would run on: {error}")
        with contextlib.suppress(ClientError):
            job.end(aws.client(job.service), submitted)


def end_the_job_with_its_task(aws: EmbeddedAws) -> None:
    """End the job of a task that timed out or was stopped: moto leaves it running (…_callback.py:103)."""
    stock = callback.StateTaskServiceCallback._eval_sync

    def eval_sync(self: Any, env: Any, sync_resolver: Any, **options: Any) -> Any:
        outcome = stock(self, env=env, sync_resolver=sync_resolver, **options)
        given_up = isinstance(outcome, CallbackOutcomeTimedOut) or (outcome is None and not env.is_running())
        if given_up:
            if isinstance(sync_resolver, Watch):
                sync_resolver.end()
            raise EvalTimeoutError
        return outcome

    aws.patches.replace(callback.StateTaskServiceCallback, "_eval_sync", eval_sync)


def say_nothing_after_the_end(aws: EmbeddedAws) -> None:
    """Keep a task that was given up from adding TaskSucceeded to the history later (state_task_service.py:250)."""
    stock = StateTaskService._after_eval_execution

    def after_eval_execution(self: Any, env: Any, **options: Any) -> None:
        if not env.is_running():
            raise EvalTimeoutError
        stock(self, env=env, **options)

    aws.patches.replace(StateTaskService, "_after_eval_execution", after_eval_execution)
