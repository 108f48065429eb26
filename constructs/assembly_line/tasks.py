"""What every task of a run has: a limit of time, and a retry with jitter of what passes by itself.

A job's own failure is never retried here: it says what is wrong, and would say it again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from assembly_line.handler import Handler

WAIT_FOR_CAPACITY = Duration.minutes(20)
"""How long a job may wait for its machine, on top of its own time limit."""

_LAMBDA = [
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
    "Lambda.ClientExecutionTimeoutException",
]
# AWSBatchException and AWSGlueException are what throttling is called, for want of a name of its own
_BATCH = ["Batch.ServerException", "Batch.AWSBatchException", "Batch.SdkClientException"]
_GLUE = [
    "Glue.ConcurrentRunsExceededException",
    "Glue.InternalServiceException",
    "Glue.OperationTimeoutException",
    "Glue.ResourceNumberLimitExceededException",
    "Glue.AWSGlueException",
    "Glue.SdkClientException",
]
_TRAINING = [
    "SageMaker.AmazonSageMakerException",
    "SageMaker.ResourceLimitExceededException",
    "SageMaker.SdkClientException",
]
_EVENTS = ["EventBridge.FailedEntry", "EventBridge.InternalException", "EventBridge.SdkClientException"]


class BatchTask(tasks.BatchSubmitJob):
    """A Batch job's state with a limit of its own: CDK gives a task's timeout to the job, where it has one already."""

    def __init__(self, scope: Construct, id_: str, *, limit: Duration, **job: Any) -> None:
        super().__init__(scope, id_, **job)
        self._limit = limit

    def to_state_json(self, top_level_query_language: Any = None) -> Mapping[Any, Any]:
        return {**super().to_state_json(top_level_query_language), "TimeoutSeconds": self._limit.to_seconds()}


class GlueTask(tasks.GlueStartJobRun):
    """A Glue job's state with a limit of its own, for the same reason."""

    def __init__(self, scope: Construct, id_: str, *, limit: Duration, **job: Any) -> None:
        super().__init__(scope, id_, **job)
        self._limit = limit

    def to_state_json(self, top_level_query_language: Any = None) -> Mapping[Any, Any]:
        return {**super().to_state_json(top_level_query_language), "TimeoutSeconds": self._limit.to_seconds()}


def _retry(task: sfn.TaskStateBase | sfn.CustomState, errors: list[str], *, seconds: int, attempts: int) -> None:
    task.add_retry(
        errors=errors,
        interval=Duration.seconds(seconds),
        max_attempts=attempts,
        backoff_rate=2,
        max_delay=Duration.minutes(5),
        jitter_strategy=sfn.JitterType.FULL,
    )


def retry_batch(task: tasks.BatchSubmitJob) -> None:
    """Submit a job again when Batch is busy."""
    _retry(task, _BATCH, seconds=5, attempts=5)


def retry_glue(task: tasks.GlueStartJobRun) -> None:
    """Start a job again when Glue is busy, or too many of its runs are under way."""
    _retry(task, _GLUE, seconds=15, attempts=6)


def retry_training(task: sfn.CustomState) -> None:
    """Create a training job again when SageMaker is busy, or too many machines are in use."""
    _retry(task, _TRAINING, seconds=15, attempts=6)


def retry_events(task: tasks.EventBridgePutEvents) -> None:
    """Put an event again when EventBridge is busy."""
    _retry(task, _EVENTS, seconds=1, attempts=5)


def call(
    scope: Construct,
    name: str,
    handler: Handler,
    payload: dict[str, Any],
    *,
    keep: Sequence[str] = (),
    as_: str | None = None,
) -> tasks.LambdaInvoke:
    """Return the state that calls a handler; state keeps only the named keys of its result, under ``$.<as_>``."""
    task = tasks.LambdaInvoke(
        scope,
        name,
        lambda_function=handler.function,
        payload=sfn.TaskInput.from_object(payload),
        result_selector={key: sfn.JsonPath.object_at(f"$.Payload.{key}") for key in keep} or None,
        result_path=f"$.{as_}" if as_ else sfn.JsonPath.DISCARD,
        retry_on_service_exceptions=False,
        task_timeout=sfn.Timeout.duration(handler.timeout.plus(Duration.seconds(30))),
    )
    _retry(task, _LAMBDA, seconds=1, attempts=6)
    return task
