"""A job in the line's container, run as a SageMaker training job."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from assembly_line.jobs import Jobs, allow_pull
from assembly_line.permissions import allow
from assembly_line.retries import TRIES
from assembly_line.tasks import WAIT_FOR_CAPACITY, retry_training
from config import tags
from config.compute import Compute

_DISK_GB = 50
_OWN_DISK = re.compile(r"^ml\.(g[4-9]|p[4-9]|trn|inf|[a-z]+\d[a-z]*d[a-z]*\.)")


class TrainingJob(Construct):
    """``python -m jobs train`` with the line's arguments as hyperparameters, its own role and a time limit.

    SageMaker calls the image with the word ``train``. Its network is not isolated: the job itself reads and writes S3
    and the ledger.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        jobs: Jobs,
        compute: Compute,
        timeout: Duration,
        arguments: Mapping[str, str],
    ) -> None:
        super().__init__(scope, id_)
        self._jobs = jobs
        self._compute = compute
        self._timeout = timeout
        self._arguments = {**jobs.arguments(), **arguments}
        stack = Stack.of(self)
        self._place = f"{stack.region}:{stack.account}"
        self._partition = stack.partition
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal(
                "sagemaker.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": stack.account}}
            ),
        )
        jobs.grant_common(self.role)
        if jobs.shared.inside is not None:
            jobs.shared.inside.allow_sagemaker(self.role)
        self._grant()

    @property
    def limit(self) -> Duration:
        """How long a training may take from its start: on machines that may be taken away, several waits."""
        tries = TRIES if self._compute.spot else 1
        return Duration.seconds(round(tries * self._timeout.plus(WAIT_FOR_CAPACITY).to_seconds()))

    def state(self, scope: Construct, name: str, *, inputs: Mapping[str, str]) -> sfn.CustomState:
        """Return the state that starts the job and waits for its end; ``inputs`` are paths to further arguments."""
        task = sfn.CustomState(
            scope,
            name,
            state_json={
                "Type": "Task",
                "Resource": f"arn:{self._partition}:states:::sagemaker:createTrainingJob.sync",
                "TimeoutSeconds": self.limit.plus(WAIT_FOR_CAPACITY).to_seconds(),
                "Parameters": self._request(inputs),
                "ResultPath": None,
            },
        )
        retry_training(task)
        return task

    def grant_run(self, role: iam.Role) -> None:
        """Let the state machine start, follow and stop the line's training jobs, and give them their role."""
        jobs = [f"arn:{self._partition}:sagemaker:{self._place}:training-job/{self._jobs.line}-*"]
        allow(
            role,
            *("sagemaker:AddTags", "sagemaker:CreateTrainingJob"),
            *("sagemaker:DescribeTrainingJob", "sagemaker:StopTrainingJob"),
            on=jobs,
            why="a training job is named after its run and variant, which only a run knows",
        )
        passed = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
        allow(role, "iam:PassRole", on=[self.role.role_arn], when=passed)
        allow(
            role,
            *("events:PutTargets", "events:PutRule", "events:DescribeRule"),
            on=[f"arn:{self._partition}:events:{self._place}:rule/StepFunctionsGetEventsForSageMakerTrainingJobsRule"],
        )

    def _request(self, inputs: Mapping[str, str]) -> dict[str, Any]:
        shared, seconds = self._jobs.shared, round(self._timeout.to_seconds())
        # a retry of the state asks for the same job, a run that is driven again for another
        key = (
            f"'{shared.environment.name}/{{}}/{{}}/{{}}', $$.Execution.Name, {inputs['variant']}, $$.State.EnteredTime"
        )
        named = f"States.Hash(States.Format({key}), 'SHA-1')"
        limits: dict[str, Any] = {"MaxRuntimeInSeconds": seconds}
        if self._compute.spot:
            limits["MaxWaitTimeInSeconds"] = round(self.limit.to_seconds())
        machine: dict[str, Any] = {
            "InstanceType": self._compute.machine,
            "InstanceCount": 1,
            "VolumeSizeInGB": _DISK_GB,
        }
        if not has_own_disk(self._compute.machine):
            machine["VolumeKmsKeyId"] = shared.key.key_arn
        folder = f"s3://{shared.lake.bucket_name}/runs/{self._jobs.line}/{{}}/sagemaker"
        return {
            "TrainingJobName.$": f"States.Format('{self._jobs.line}-{{}}', {named})",
            "AlgorithmSpecification": {"TrainingImage": shared.image_uri, "TrainingInputMode": "File"},
            "RoleArn": self.role.role_arn,
            "HyperParameters": {
                **{name.removeprefix("--").replace("-", "_"): value for name, value in self._arguments.items()},
                "run.$": "$$.Execution.Name",
                "parameters.$": "States.JsonToString($.parameters)",
                **{f"{name}.$": path for name, path in inputs.items()},
            },
            "OutputDataConfig": {
                "S3OutputPath.$": f"States.Format('{folder}', $$.Execution.Name)",
                "KmsKeyId": shared.key.key_arn,
            },
            "ResourceConfig": machine,
            "StoppingCondition": limits,
            **({"VpcConfig": shared.inside.config} if shared.inside else {}),
            "Tags": [
                {"Key": key, "Value": value}
                for key, value in tags.of_runs(shared.environment.name, self._jobs.line, "training").items()
            ],
            "RetryStrategy": {"MaximumRetryAttempts": TRIES - 1},  # after an error of SageMaker's own, nothing else
            "EnableManagedSpotTraining": self._compute.spot,
        }

    def _grant(self) -> None:
        """What SageMaker does with the job's role: pull the image, keep the log, encrypt the disk, tell of its load."""
        allow_pull(self.role, self._jobs.shared)
        log = f"arn:{self._partition}:logs:{self._place}:log-group:/aws/sagemaker/TrainingJobs"
        allow(
            self.role,
            *("logs:CreateLogGroup", "logs:DescribeLogStreams"),
            on=[f"{log}:*"],
            why="CloudWatch Logs asks for these of the group with all its streams",
        )
        allow(
            self.role,
            *("logs:CreateLogStream", "logs:PutLogEvents"),
            on=[f"{log}:log-stream:{self._jobs.line}-*"],
            why="a log stream is named after its training job, which only a run knows",
        )
        allow(
            self.role,
            "cloudwatch:PutMetricData",
            on=["*"],
            why="CloudWatch has no resource for this action: the condition names the namespace",
            when={"StringEquals": {"cloudwatch:namespace": "/aws/sagemaker/TrainingJobs"}},
        )
        allow(
            self.role,
            *("kms:CreateGrant", "kms:DescribeKey"),
            on=[self._jobs.shared.key.key_arn],
        )


def has_own_disk(machine: str) -> bool:
    """Whether an instance type has disks of its own, which it encrypts itself: SageMaker takes no key for them.

    >>> has_own_disk("ml.g5.xlarge"), has_own_disk("ml.m6i.large")
    (True, False)
    """
    return _OWN_DISK.match(machine) is not None
