"""A job on AWS Glue: a script of ``jobs/`` with the project's modules beside it."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Duration, Stack
from aws_cdk import aws_glue as glue
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_assets as s3_assets
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from assembly_line.code import job_pins
from assembly_line.connections import Connections
from assembly_line.jobs import Jobs, allow_object
from assembly_line.permissions import allow, fixed, rights
from assembly_line.tasks import WAIT_FOR_CAPACITY, GlueTask, retry_glue
from assembly_line.wheels import wheels
from config.loading import ROOT
from jobs import packages

_WORKERS = {"G.1X": glue.WorkerType.G_1X, "G.2X": glue.WorkerType.G_2X, "G.4X": glue.WorkerType.G_4X}


class GlueJob(Construct):
    """``jobs/<script>.py`` with the line's arguments and its own role; it is tried once."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        jobs: Jobs,
        script: str,
        arguments: Mapping[str, str] | None = None,
        connections: Connections | None = None,
    ) -> None:
        super().__init__(scope, id_)
        stack, size = Stack.of(self), jobs.shared.environment.curation
        self.timeout = Duration.minutes(size.timeout_minutes)
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("glue.amazonaws.com"))
        code = s3_assets.Asset(self, "Script", path=str(ROOT / "jobs" / f"{script}.py"))
        jobs.grant_common(self.role)
        for asset in (code, jobs.modules):
            allow_object(self.role, asset)
        self._allow_logs(stack)
        self.job = glue.PySparkEtlJob(
            self,
            "Job",
            role=fixed(self.role),
            script=glue.Code.from_bucket(code.bucket, code.s3_object_key),
            extra_python_files=[glue.Code.from_bucket(jobs.modules.bucket, jobs.modules.s3_object_key)],
            glue_version=glue.GlueVersion.V6_0,
            worker_configuration=glue.WorkerConfiguration(
                worker_type=_WORKERS[size.worker_type], number_of_workers=size.workers
            ),
            security_configuration=jobs.security,
            connections=self._connections(jobs, connections) or None,
            default_arguments={
                **jobs.arguments(),
                **(arguments or {}),
                **self._packages(jobs),
            },
            max_retries=0,
            max_concurrent_runs=4,
            timeout=self.timeout,
        )
        self.job.node.add_dependency(rights(self.role))
        self.job_arn = f"arn:{stack.partition}:glue:{stack.region}:{stack.account}:job/{self.job.job_name}"

    def state(self, scope: Construct, name: str) -> GlueTask:
        """Return the state that starts the job and waits for its end."""
        task = GlueTask(
            scope,
            name,
            glue_job_name=self.job.job_name,
            integration_pattern=sfn.IntegrationPattern.RUN_JOB,
            arguments=sfn.TaskInput.from_object(
                {
                    "--force": sfn.JsonPath.json_to_string(sfn.JsonPath.object_at("$.force")),
                    "--run": sfn.JsonPath.string_at("$$.Execution.Name"),
                    "--parameters": sfn.JsonPath.json_to_string(sfn.JsonPath.object_at("$.parameters")),
                }
            ),
            limit=self.timeout.plus(WAIT_FOR_CAPACITY),
            result_path=sfn.JsonPath.DISCARD,
        )
        retry_glue(task)
        return task

    def _packages(self, jobs: Jobs) -> dict[str, str]:
        """Return the arguments by which packages are installed: by Glue from the index, or by the script itself."""
        if jobs.shared.inside is None:
            return {"--additional-python-modules": ",".join(job_pins())}
        packed = wheels(self, "Wheels")
        allow_object(self.role, packed)
        return {packages.OPTION: packed.s3_object_url}

    def _connections(self, jobs: Jobs, connections: Connections | None) -> list[glue.IConnection]:
        """Return the databases' connections and, where none of them is in a network, that of the environment's own."""
        found = connections.of_job() if connections else []
        inside = jobs.shared.inside
        if inside is None or (connections and connections.places):
            return found
        inside.allow_glue(self.role)
        return [*found, glue.Connection.from_connection_name(self, "Inside", inside.names.connection)]

    def _allow_logs(self, stack: Stack) -> None:
        groups = f"arn:{stack.partition}:logs:{stack.region}:{stack.account}:log-group:/aws-glue/*"
        actions = ["logs:AssociateKmsKey", "logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
        allow(self.role, *actions, on=[groups], why="Glue names its log groups and streams itself, by job and by run")
        allow(
            self.role,
            "cloudwatch:PutMetricData",
            on=["*"],
            why="CloudWatch has no resources to name here; the condition keeps it to Glue's own namespace",
            when={"StringEquals": {"cloudwatch:namespace": "Glue"}},
        )
