"""The CodeBuild projects of a pipeline: each runs make targets, on a role of its own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from assembly_line.logbook import Logbook
from assembly_line.permissions import allow, allow_key
from config.account import bus_arn
from config.environment import Environment
from runtime import events

IMAGE = "aws/codebuild/amazonlinux-x86_64-standard:5.0"
ARTEFACTS_WHY = "CodePipeline makes the keys of a run's artefacts: only their bucket is known here"


class Build(Construct):
    """A project that runs commands in the sources, reads and writes artefacts, and may do nothing else by itself."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        environment: Environment,
        key: kms.IKey,
        artefacts: s3.IBucket,
        commands: Sequence[str],
        gives: Sequence[str] = (),
        exports: Sequence[str] = (),
        docker: bool = False,
        minutes: int = 60,
    ) -> None:
        super().__init__(scope, id_)
        stack = Stack.of(self)
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal(
                "codebuild.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": stack.account}}
            ),
        )
        log = Logbook(self, "Log", environment=environment, key=key).group
        allow(
            self.role,
            *("logs:CreateLogStream", "logs:PutLogEvents"),
            on=[f"{log.log_group_arn}:*"],
            why="CodeBuild makes a stream of this group for each build and names it itself",
        )
        allow_artefacts(self.role, artefacts, key)
        specification = {
            "version": 0.2,
            "env": {"shell": "bash", "exported-variables": list(exports)},
            "phases": {
                "install": {"runtime-versions": {"python": "3.13"}},
                "build": {"commands": list(commands)},
            },
            **({"artifacts": {"files": list(gives)}} if gives else {}),
        }
        self.project = codebuild.CfnProject(  # with Docker where the CDK CLI builds the image of jobs
            self,
            "Project",
            service_role=self.role.role_arn,
            encryption_key=key.key_arn,
            timeout_in_minutes=minutes,
            artifacts={"type": "CODEPIPELINE"},
            source={"type": "CODEPIPELINE", "buildSpec": json.dumps(specification, indent=2)},
            environment=codebuild.CfnProject.EnvironmentProperty(
                type="LINUX_CONTAINER", compute_type="BUILD_GENERAL1_LARGE", image=IMAGE, privileged_mode=docker
            ),
            logs_config={"cloudWatchLogs": {"status": "ENABLED", "groupName": log.log_group_name}},
        )

    @property
    def name(self) -> str:
        return self.project.ref

    def action(self, name: str, *, inputs: Sequence[str], order: int = 1, **more: Any) -> dict[str, Any]:
        """Return this project as an action of a pipeline; ``more`` are properties of the action."""
        variables = more.pop("variables", {})
        told = [{"name": key, "value": value, "type": "PLAINTEXT"} for key, value in variables.items()]
        return {
            "name": name,
            "actionTypeId": {"category": "Build", "owner": "AWS", "provider": "CodeBuild", "version": "1"},
            "configuration": {
                "ProjectName": self.name,
                "PrimarySource": inputs[0],
                **({"EnvironmentVariables": json.dumps(told)} if told else {}),
            },
            "inputArtifacts": [{"name": one} for one in inputs],
            "runOrder": order,
            **more,
        }


def allow_telling(role: iam.Role, environment: Environment, *, partition: str) -> None:
    """Let who deploys an environment tell its ledger so, and nothing else of what the bus is for."""
    allow(
        role,
        "events:PutEvents",
        on=[bus_arn(environment, partition)],
        why="the bus of a branch's environment has its id, which is known when the branch is there",
        when={"ForAllValues:StringEquals": {"events:detail-type": events.ENVIRONMENT_DEPLOYED}},
    )


def allow_artefacts(role: iam.Role, bucket: s3.IBucket, key: kms.IKey) -> None:
    """Let a role read and write what a pipeline's runs hand on."""
    allow(
        role,
        *("s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"),
        on=[f"{bucket.bucket_arn}/*"],
        why=ARTEFACTS_WHY,
    )
    allow(role, "s3:GetBucketVersioning", on=[bucket.bucket_arn])
    allow_key(role, key, write=True)
