"""Delivery by CodePipeline, for those without GitHub Actions: the same make targets, the same order, one assembly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from assembly_line.encryption import EnvironmentKey
from assembly_line.permissions import acknowledge, allow, rights
from config import tags
from config.account import FILE, Source, bootstrap_roles, load_account
from config.environment import Environment
from config.errors import LineError
from config.loading import load_environment
from stacks.builds import Build, allow_artefacts, allow_telling

ORDER = ("dev", "qa", "prod")
"""The environments through which each commit goes; a person lets it into every one but the first."""

_SEAL = 'export DIGEST="$(sha256sum < assembly.tar | cut -d " " -f 1)"'
_CHECK = 'cp "$CODEBUILD_SRC_DIR_Assembly/assembly.tar" . && echo "$DIGEST  assembly.tar" | sha256sum --check --strict'
_DEPLOY = 'COMMIT="$CODEBUILD_RESOLVED_SOURCE_VERSION" make deploy'


def add_pipeline(app: cdk.App, *, environment: Environment, synthesizer: cdk.IStackSynthesizer) -> PipelineStack:
    """Put a pipeline into the app, in this environment's account; raises LineError where no source is named."""
    source = load_account().pipeline
    if source is None:
        raise LineError(
            f"{FILE}: pipeline is missing, expected where commits come from: add pipeline.kind and its keys"
        )
    return PipelineStack(
        app,
        "Pipeline",
        source=source,
        home=environment,
        environments=[load_environment(name) for name in ORDER],
        stack_name="AssemblyLine-Pipeline",
        synthesizer=synthesizer,
        env=cdk.Environment(account=environment.account, region=environment.region),
        termination_protection=True,
        tags={tags.PROJECT: tags.PROJECT_VALUE, tags.PROTECTED: "true"},
    )


class PipelineStack(cdk.Stack):
    """Source → check and synthesis → each environment from that one assembly, with approvals between them."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        source: Source,
        home: Environment,
        environments: Sequence[Environment],
        **stack: Any,
    ) -> None:
        super().__init__(scope, id_, **stack)
        kept = home.model_copy(update={"retain_data": True})  # as the artefacts are, which nothing else can read
        self._key = EnvironmentKey(self, "Encryption", environment=kept).key
        self._artefacts = self._bucket(self._key)
        common: dict[str, Any] = {"environment": home, "key": self._key, "artefacts": self._artefacts}
        names = " ".join(one.name for one in environments)
        build = Build(
            self,
            "Build",
            **common,
            commands=["make lint", "make test", f'make assembly ENVS="{names}"', _SEAL],
            gives=["assembly.tar"],
            exports=["DIGEST"],
            minutes=90,
        )
        stages = [
            {"name": "Source", "actions": [_source_action(source)]},
            {
                "name": "Build",
                "actions": [
                    build.action("Build", inputs=["Sources"], outputArtifacts=[{"name": "Assembly"}], namespace="Build")
                ],
            },
        ]
        projects = [build]
        for index, environment in enumerate(environments):
            deploy = Build(
                self,
                f"Deploy{environment.name.capitalize()}",
                **common,
                commands=[_CHECK, _DEPLOY],
                docker=True,
                minutes=120,
            )
            allow(deploy.role, "sts:AssumeRole", on=bootstrap_roles(environment, partition=self.partition))
            allow_telling(deploy.role, environment, partition=self.partition)
            projects.append(deploy)
            stages.append(_stage(environment.name, deploy, asked=index > 0))
        self.role = self._pipeline_role(source, projects)
        self.pipeline = codepipeline.CfnPipeline(
            self,
            "Pipeline",
            role_arn=self.role.role_arn,
            pipeline_type="V2",
            execution_mode="QUEUED",
            artifact_store={
                "type": "S3",
                "location": self._artefacts.bucket_name,
                "encryptionKey": {"id": self._key.key_arn, "type": "KMS"},
            },
            stages=stages,
        )
        self.pipeline.node.add_dependency(rights(self.role))
        if source.kind == "codecommit":
            self._start_on_push(source)

    def _bucket(self, key: kms.IKey) -> s3.Bucket:
        common: dict[str, Any] = {
            "versioned": True,
            "enforce_ssl": True,
            "block_public_access": s3.BlockPublicAccess.BLOCK_ALL,
            "removal_policy": cdk.RemovalPolicy.RETAIN,
            "lifecycle_rules": [
                s3.LifecycleRule(
                    id="tidy", expiration=cdk.Duration.days(90), noncurrent_version_expiration=cdk.Duration.days(7)
                )
            ],
        }
        # S3 cannot deliver its logs into a KMS-encrypted bucket
        logs = s3.Bucket(self, "AccessLogs", encryption=s3.BucketEncryption.S3_MANAGED, **common)
        return s3.Bucket(
            self,
            "Artefacts",
            encryption=s3.BucketEncryption.KMS,
            encryption_key=key,
            bucket_key_enabled=True,
            server_access_logs_bucket=logs,
            server_access_logs_prefix="artefacts/",
            **common,
        )

    def _pipeline_role(self, source: Source, projects: Sequence[Build]) -> iam.Role:
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal(
                "codepipeline.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": self.account}}
            ),
        )
        allow_artefacts(role, self._artefacts, self._key)
        allow(
            role,
            *("codebuild:StartBuild", "codebuild:BatchGetBuilds"),
            on=[one.project.attr_arn for one in projects],
        )
        if source.kind == "connection":
            use = "codeconnections" if ":codeconnections:" in source.connection_arn else "codestar-connections"
            allow(role, f"{use}:UseConnection", on=[source.connection_arn])
        elif source.kind == "codecommit":
            allow(
                role,
                *("codecommit:GetBranch", "codecommit:GetCommit", "codecommit:GetUploadArchiveStatus"),
                *("codecommit:GetRepository", "codecommit:UploadArchive", "codecommit:CancelUploadArchive"),
                on=[self._repository(source)],
            )
        else:
            bucket = f"arn:{self.partition}:s3:::{source.bucket}"
            allow(role, "s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectTagging", on=[f"{bucket}/{source.key}"])
            allow(role, "s3:GetBucketVersioning", "s3:GetBucketAcl", "s3:ListBucket", on=[bucket])
        return role

    def _start_on_push(self, source: Source) -> None:
        """Start the pipeline when the branch moves; connections do so by themselves."""
        arn = f"arn:{self.partition}:codepipeline:{self.region}:{self.account}:{self.pipeline.ref}"
        role = iam.Role(
            self,
            "StartRole",
            assumed_by=iam.ServicePrincipal(
                "events.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": self.account}}
            ),
        )
        allow(role, "codepipeline:StartPipelineExecution", on=[arn])
        pushed = events.CfnRule(
            self,
            "Pushed",
            event_pattern={
                "source": ["aws.codecommit"],
                "resources": [self._repository(source)],
                "detail": {"referenceType": ["branch"], "referenceName": [source.branch]},
            },
            targets=[{"id": "Pipeline", "arn": arn, "roleArn": role.role_arn}],
        )
        acknowledge(
            pushed, "AssemblyLine-EventKept", "the next push, or a person, starts the pipeline with this commit in it"
        )

    def _repository(self, source: Source) -> str:
        return f"arn:{self.partition}:codecommit:{self.region}:{self.account}:{source.repository}"


def _source_action(source: Source) -> dict[str, Any]:
    provider, configuration = {
        "connection": (
            "CodeStarSourceConnection",
            {
                "ConnectionArn": source.connection_arn,
                "FullRepositoryId": source.repository,
                "BranchName": source.branch,
                "DetectChanges": "true",
            },
        ),
        "codecommit": (
            "CodeCommit",
            {"RepositoryName": source.repository, "BranchName": source.branch, "PollForSourceChanges": "false"},
        ),
        "s3": (
            "S3",
            {"S3Bucket": source.bucket, "S3ObjectKey": source.key, "PollForSourceChanges": "true"},
        ),
    }[source.kind]
    return {
        "name": "Source",
        "actionTypeId": {"category": "Source", "owner": "AWS", "provider": provider, "version": "1"},
        "configuration": configuration,
        "outputArtifacts": [{"name": "Sources"}],
        "runOrder": 1,
    }


def _stage(name: str, deploy: Build, *, asked: bool) -> dict[str, Any]:
    approval = {
        "name": "Approve",
        "actionTypeId": {"category": "Approval", "owner": "AWS", "provider": "Manual", "version": "1"},
        "configuration": {"CustomData": f"deploy #{{Build.DIGEST}} to {name}"},
        "runOrder": 1,
    }
    variables = {"ENV": name, "DIGEST": "#{Build.DIGEST}"}
    action = deploy.action("Deploy", inputs=["Sources", "Assembly"], order=2, variables=variables)
    return {"name": name.capitalize(), "actions": [*([approval] if asked else []), action]}
