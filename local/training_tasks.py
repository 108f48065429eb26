"""``sagemaker:createTrainingJob.sync``: a task that creates a training job and waits for its end.

moto 5.2.5 knows the service as unsupported (``state_task_service_factory.py:57``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError
from moto.stepfunctions.parser.api import HistoryEventType, TaskFailedEventDetails
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import ResourceCondition
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_callback import (
    StateTaskServiceCallback,
)
from moto.stepfunctions.parser.asl.utils.boto_client import boto_client_for
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str

from local.task_shapes import as_json

ACTION = "createtrainingjob"
PARAMETERS = {
    "AlgorithmSpecification",
    "CheckpointConfig",
    "EnableManagedSpotTraining",
    "EnableNetworkIsolation",
    "Environment",
    "HyperParameters",
    "InputDataConfig",
    "OutputDataConfig",
    "ResourceConfig",
    "RetryStrategy",
    "RoleArn",
    "StoppingCondition",
    "Tags",
    "TrainingJobName",
    "VpcConfig",
}
OVER = ("Completed", "Failed", "Stopped")


class TrainingTask(StateTaskServiceCallback):
    """Creates a job; the task succeeds with its description when it is completed, and fails with it otherwise."""

    def __init__(self) -> None:
        # with the second one moto makes the endpoint that it interrupts when a task ends (…_callback.py:224)
        patterns: set[Any] = {ResourceCondition.Sync, ResourceCondition.WaitForTaskToken}
        super().__init__(supported_integration_patterns=patterns)

    def _get_supported_parameters(self) -> set[str] | None:
        """Return none for an action that nothing here runs: then the state machine is refused."""
        if self.resource.api_action.lower() != ACTION:
            return None
        return PARAMETERS

    def _eval_service_task(
        self, env: Any, resource_runtime_part: Any, normalised_parameters: dict[str, Any], state_credentials: Any
    ) -> None:
        client: Any = boto_client_for(
            service="sagemaker", region=resource_runtime_part.region, state_credentials=state_credentials
        )
        created = client.create_training_job(**normalised_parameters)
        created.pop("ResponseMetadata", None)
        env.stack.append({**created, "TrainingJobName": normalised_parameters["TrainingJobName"]})

    def _build_sync_resolver(
        self, env: Any, resource_runtime_part: Any, normalised_parameters: dict[str, Any], state_credentials: Any
    ) -> Callable[[], Any]:
        client: Any = boto_client_for(
            service="sagemaker", region=resource_runtime_part.region, state_credentials=state_credentials
        )
        name = env.stack.pop()["TrainingJobName"]

        def look() -> dict[str, Any] | None:
            job = client.describe_training_job(TrainingJobName=name)
            job.pop("ResponseMetadata", None)
            if job["TrainingJobStatus"] not in OVER:
                return None
            told: dict[str, Any] = as_json(job)
            if job["TrainingJobStatus"] == "Completed":
                return told
            failed = StatesErrorNameType.StatesTaskFailed
            raise FailureEventException(
                self._failure(env, StatesErrorName(typ=failed), failed.to_name(), to_json_str(told))
            )

        return look

    def _from_error(self, env: Any, ex: Exception) -> FailureEvent:
        if isinstance(ex, ClientError):
            name = f"SageMaker.{ex.response['Error']['Code']}"
            return self._failure(env, CustomErrorName(name), name, ex.response["Error"]["Message"])
        return super()._from_error(env=env, ex=ex)

    def _failure(self, env: Any, error: ErrorName, name: str, cause: str) -> FailureEvent:
        details = TaskFailedEventDetails(
            error=name, cause=cause, resource=self._get_sfn_resource(), resourceType=self._get_sfn_resource_type()
        )
        told: Any = {"taskFailedEventDetails": details}
        return FailureEvent(
            env=env,
            error_name=error,
            event_type=HistoryEventType.TaskFailed,
            event_details=told,
        )
