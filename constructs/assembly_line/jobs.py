"""What the jobs of a line share: the arguments that each gets, the bundle that they read, where their logs go."""

from __future__ import annotations

import json
from pathlib import Path

from aws_cdk import RemovalPolicy, Stack, Stage
from aws_cdk import aws_glue as glue
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from assembly_line.code import module_zip
from assembly_line.logbook import Logbook
from assembly_line.naming import slug
from assembly_line.permissions import allow, allow_key, fixed
from assembly_line.shared import Shared
from config.bundle import Bundle
from config.engine import engine_of
from config.parameters import resolve
from config.shipped import code_digest, commit_of
from runtime.plan import Plan
from runtime.planning import plan


class Jobs(Construct):
    """The line's definition staged for its jobs, the arguments that every one of them gets, and how they encrypt."""

    def __init__(self, scope: Construct, id_: str, *, shared: Shared, bundle: Bundle) -> None:
        super().__init__(scope, id_)
        self.shared = shared
        self.bundle = bundle
        self.line = bundle.definition.line
        self.staging = Path(Stage.of(self).asset_outdir)  # type: ignore[union-attr]  # an app is a stage
        self.definition = s3_assets.Asset(self, "Definition", path=self._written("bundle", bundle.model_dump_json()))
        self.modules = s3_assets.Asset(self, "Modules", path=str(module_zip(self.staging)))
        self.code = code_digest()
        self.commit = commit_of()
        self.plan = s3_assets.Asset(self, "Plan", path=self._written("plan", self._planned().encoded()))
        self.log = Logbook(self, "Log", environment=shared.environment, key=shared.key)
        self.security = glue.SecurityConfiguration(
            self,
            "Security",
            security_configuration_name=slug(shared.environment.name, self.line),
            cloud_watch_encryption=glue.CloudWatchEncryption.kms(shared.key),
            job_bookmarks_encryption=glue.JobBookmarksEncryption.client_side_kms(shared.key),
            s3_encryption=glue.S3Encryption.kms(shared.key),
        )
        self.security.apply_removal_policy(RemovalPolicy.DESTROY)  # it holds no data, and its name is needed again
        self.execution_role = self._execution_role()
        self.started_by = fixed(self.execution_role)

    def arguments(self) -> dict[str, str]:
        """Return what does not change from run to run, as ``--name`` and value."""
        shared, environment = self.shared, self.shared.environment
        return {
            "--line": self.line,
            "--environment": environment.name,
            "--region": environment.region,
            "--raw-bucket": shared.raw.bucket_name,
            "--lake-bucket": shared.lake.bucket_name,
            "--models-bucket": shared.models.bucket_name,
            "--database": shared.database,
            "--bundle": self.definition.s3_object_url,
            "--code": self.code,
            "--engine": engine_of(self.bundle.definition, environment),
            "--environment-parameters": json.dumps(environment.parameters.get(self.line, {}), sort_keys=True),
        }

    def grant_common(self, role: iam.Role) -> None:
        """Let a job's role read the line's definition and use the key."""
        allow_object(role, self.definition)
        allow_key(role, self.shared.key, write=True)

    def _planned(self) -> Plan:
        """What every station depends on, for the function that asks whether it is fresh."""
        given = self.shared.environment.parameters.get(self.line, {})
        return plan(self.bundle, values=resolve(self.bundle.definition.parameters, given), code=self.code)

    def _written(self, kind: str, text: str) -> str:
        path = self.staging / f"{self.line}.{kind}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return str(path)

    def _execution_role(self) -> iam.Role:
        """The role with which Batch itself starts any job of the line: pull the image, open the log."""
        role = iam.Role(
            self,
            "ExecutionRole",
            assumed_by=iam.ServicePrincipal(
                "ecs-tasks.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
            ),
        )
        allow_pull(role, self.shared)
        allow(role, "logs:CreateLogStream", "logs:PutLogEvents", on=[self.log.group.log_group_arn])
        return role


def allow_object(role: iam.Role, asset: s3_assets.Asset) -> None:
    """Let a role read one staged file."""
    allow(role, "s3:GetObject", on=[asset.bucket.arn_for_objects(asset.s3_object_key)])


def allow_pull(role: iam.Role, shared: Shared) -> None:
    """Let a role pull the jobs' image."""
    layers = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    allow(role, *layers, on=[shared.repository_arn])
    allow(
        role,
        "ecr:GetAuthorizationToken",
        on=["*"],
        why="a registry's token is for the whole registry: ECR knows no resource for this action",
    )
