"""Where container jobs wait and run."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_batch as batch
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from assembly_line.network import Network
from config.environment import Environment

LONGEST_WAIT = Duration.minutes(15)
"""For a machine; less than a state waits, so that a job that can never start says so itself."""


class Compute(Construct):
    """A Fargate compute environment and its queue, in which a job that can never start does not wait for ever."""

    def __init__(self, scope: Construct, id_: str, *, environment: Environment, network: Network) -> None:
        super().__init__(scope, id_)
        fargate = batch.FargateComputeEnvironment(
            self,
            "Fargate",
            vpc=network.vpc,
            vpc_subnets=ec2.SubnetSelection(subnets=network.vpc.public_subnets),
            security_groups=[network.jobs],
            maxv_cpus=environment.max_vcpus,
            replace_compute_environment=False,
            update_to_latest_image_version=True,
        )
        reasons = batch.JobStateTimeLimitActionsReason
        self.queue = batch.JobQueue(
            self,
            "Queue",
            compute_environments=[batch.OrderedComputeEnvironment(compute_environment=fargate, order=1)],
            job_state_time_limit_actions=[
                batch.JobStateTimeLimitAction(reason=reason, max_time=LONGEST_WAIT)
                for reason in (
                    reasons.INSUFFICIENT_INSTANCE_CAPACITY,
                    reasons.COMPUTE_ENVIRONMENT_MAX_RESOURCE,
                    reasons.JOB_RESOURCE_REQUIREMENT,
                )
            ],
        )
