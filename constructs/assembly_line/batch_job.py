"""A job in the line's container, run by AWS Batch: on Fargate, or on a host with GPUs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_cdk import Duration, Size, Stack
from aws_cdk import aws_batch as batch
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from assembly_line.jobs import Jobs
from assembly_line.retries import TRIES, after_a_loss
from assembly_line.tasks import WAIT_FOR_CAPACITY, BatchTask, retry_batch
from config.compute import Compute

_PER_RUN = {"--run": "run", "--parameters": "parameters"}
"""Argument -> the Batch parameter that a run gives to it."""


class BatchJob(Construct):
    """``python -m jobs <command>`` with the line's arguments, its own role and a time limit; it is tried once.

    ``defaults`` are the Batch parameters of a job that no run submits. With ``compute`` it runs on the machines that
    the line trains on; on those that may be taken away it is tried again after that, and after nothing else.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        jobs: Jobs,
        command: str,
        timeout: Duration,
        arguments: Mapping[str, str] | None = None,
        per_run: Mapping[str, str] | None = None,
        defaults: Mapping[str, str] | None = None,
        compute: Compute | None = None,
    ) -> None:
        super().__init__(scope, id_)
        self.timeout = timeout
        self.tries = TRIES if compute is not None and (compute.spot or compute.gpus) else 1
        self.queue_arn = (jobs.shared.training_queue if compute else jobs.shared.queue).job_queue_arn
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal(
                "ecs-tasks.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
            ),
        )
        jobs.grant_common(self.role)
        self._per_run = {**_PER_RUN, **(per_run or {})}
        given = {**jobs.arguments(), **(arguments or {})}
        given |= {name: f"Ref::{parameter}" for name, parameter in self._per_run.items()}
        size = jobs.shared.environment.jobs
        common: dict[str, Any] = {
            "image": ecs.ContainerImage.from_registry(jobs.shared.image_uri),
            "command": [command, *(word for pair in given.items() for word in pair)],
            "cpu": (compute and compute.vcpu) or size.vcpu,
            "memory": Size.mebibytes((compute and compute.memory_mb) or size.memory_mb),
            "job_role": self.role,
            "execution_role": jobs.started_by,
            "logging": ecs.LogDriver.aws_logs(stream_prefix=command, log_group=jobs.log.group),
        }
        self.definition = batch.EcsJobDefinition(
            self,
            "Definition",
            container=batch.EcsEc2ContainerDefinition(self, "Container", gpu=compute.gpus, **common)
            if compute is not None and compute.gpus
            else batch.EcsFargateContainerDefinition(
                self,
                "Container",
                fargate_cpu_architecture=ecs.CpuArchitecture.X86_64,
                fargate_operating_system_family=ecs.OperatingSystemFamily.LINUX,
                # public subnets have no NAT: how else would it reach the registry
                assign_public_ip=jobs.shared.inside is None,
                **common,
            ),
            parameters=defaults,
            retry_attempts=self.tries,
            retry_strategies=after_a_loss() if self.tries > 1 else None,
            timeout=timeout,
            propagate_tags=True,
        )

    def state(self, scope: Construct, name: str, *, inputs: Mapping[str, str] | None = None) -> BatchTask:
        """Return the state that submits the job and waits for its end; ``inputs`` are paths to further parameters."""
        task = BatchTask(
            scope,
            name,
            job_name=name,
            job_definition_arn=self.definition.job_definition_arn,
            job_queue_arn=self.queue_arn,
            payload=sfn.TaskInput.from_object(
                {
                    "run": sfn.JsonPath.string_at("$$.Execution.Name"),
                    "parameters": sfn.JsonPath.json_to_string(sfn.JsonPath.object_at("$.parameters")),
                    **{parameter: sfn.JsonPath.string_at(path) for parameter, path in (inputs or {}).items()},
                }
            ),
            limit=Duration.seconds(self.tries * self.timeout.plus(WAIT_FOR_CAPACITY).to_seconds()),
            result_path=sfn.JsonPath.DISCARD,
        )
        retry_batch(task)
        return task
