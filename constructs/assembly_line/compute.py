"""Where container jobs wait and run."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_batch as batch
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from assembly_line.gpu_hosts import GpuHosts
from assembly_line.naming import pascal
from assembly_line.network import Network
from config.compute import Compute as Wanted
from config.environment import Environment

LONGEST_WAIT = Duration.minutes(15)
"""For a machine; less than a state waits, so that a job that can never start says so itself."""


class Compute(Construct):
    """A Fargate compute environment and its queue, in which a job that can never start does not wait for ever.

    Other machines have queues of their own, made when the first line wants them.
    """

    def __init__(
        self, scope: Construct, id_: str, *, environment: Environment, network: Network, repository_arn: str
    ) -> None:
        super().__init__(scope, id_)
        self._environment = environment
        self._network = network
        self._repository_arn = repository_arn
        self._hosts: GpuHosts | None = None
        self._made: dict[str, batch.JobQueue] = {}
        self.queue = self._queue("Queue", self._fargate("Fargate"))

    def queue_for(self, wanted: Wanted) -> batch.IJobQueue:
        """Return the queue of the machines that a line trains on: Fargate, Fargate Spot, or hosts with GPUs."""
        if wanted.on == "sagemaker":
            return self.queue  # the line's other jobs are Batch's all the same
        if wanted.gpus:
            family = pascal(wanted.machine.replace(".", "_").replace("-", "_"))
            name = f"{family}{'Spot' if wanted.spot else ''}"
        elif wanted.spot:
            name = "FargateSpot"
        else:
            return self.queue
        if name not in self._made:
            machines = self._gpus(name, wanted) if wanted.gpus else self._fargate(name, spot=True)
            self._made[name] = self._queue(f"{name}Queue", machines)
        return self._made[name]

    def _fargate(self, name: str, *, spot: bool = False) -> batch.IComputeEnvironment:
        return batch.FargateComputeEnvironment(
            self,
            name,
            vpc=self._network.vpc,
            vpc_subnets=ec2.SubnetSelection(subnets=list(self._network.subnets)),
            security_groups=[self._network.jobs],
            maxv_cpus=self._environment.max_vcpus,
            spot=spot or None,
            replace_compute_environment=False,
            update_to_latest_image_version=True,
        )

    def _gpus(self, name: str, wanted: Wanted) -> batch.IComputeEnvironment:
        """None runs while nothing waits; machines of the family, or of the one type that the line names."""
        if self._hosts is None:
            self._network.reach("ecs")
            self._hosts = GpuHosts(self, "Hosts", network=self._network, repository_arn=self._repository_arn)
        typed = "." in wanted.machine
        return batch.ManagedEc2EcsComputeEnvironment(
            self,
            name,
            vpc=self._network.vpc,
            vpc_subnets=ec2.SubnetSelection(subnets=list(self._network.subnets)),
            security_groups=[self._network.jobs],
            instance_types=[ec2.InstanceType(wanted.machine)] if typed else None,
            instance_classes=None if typed else [ec2.InstanceClass[wanted.machine.upper()]],
            use_optimal_instance_classes=False,
            images=[batch.EcsMachineImage(image_type=batch.EcsMachineImageType.ECS_AL2023_NVIDIA)],
            instance_role=self._hosts.fixed,
            launch_template=self._hosts.template,
            minv_cpus=0,
            maxv_cpus=self._environment.max_vcpus,
            spot=wanted.spot,
            allocation_strategy=batch.AllocationStrategy.SPOT_PRICE_CAPACITY_OPTIMIZED
            if wanted.spot
            else batch.AllocationStrategy.BEST_FIT_PROGRESSIVE,
            replace_compute_environment=False,
            update_to_latest_image_version=True,
        )

    def _queue(self, name: str, machines: batch.IComputeEnvironment) -> batch.JobQueue:
        reasons = batch.JobStateTimeLimitActionsReason
        return batch.JobQueue(
            self,
            name,
            compute_environments=[batch.OrderedComputeEnvironment(compute_environment=machines, order=1)],
            job_state_time_limit_actions=[
                batch.JobStateTimeLimitAction(reason=reason, max_time=LONGEST_WAIT)
                for reason in (
                    reasons.INSUFFICIENT_INSTANCE_CAPACITY,
                    reasons.COMPUTE_ENVIRONMENT_MAX_RESOURCE,
                    reasons.JOB_RESOURCE_REQUIREMENT,
                )
            ],
        )
