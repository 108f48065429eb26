"""What the packs ask of many resources and this project does not do, with its reason: one row for each cause.

A finding of one resource alone is accepted beside its construct. Each row is applied to the resources that it names,
one by one, and only to those that have the finding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3

from assembly_line.permissions import acknowledge

NIST, HIPAA, PCI = "NIST.800.53.R5", "HIPAA.Security", "PCI.DSS.321"


@dataclass(frozen=True)
class Accepted:
    """A rule of some packs that is not followed by the resources of a kind for which ``has`` is true, and why."""

    kind: type[cdk.CfnResource]
    rule: str
    packs: tuple[str, ...]
    reason: str
    has: Callable[[Any], bool] = lambda _: True

    @property
    def findings(self) -> list[str]:
        return [f"{pack}-{self.rule}" for pack in self.packs]


ACCEPTED = [
    Accepted(
        iam.CfnPolicy,
        "IAMNoInlinePolicy",
        (NIST, HIPAA, PCI),
        "each role has one policy that is its own and changes with it: a managed one could be attached to others, too",
    ),
    Accepted(
        lambda_.CfnFunction,
        "LambdaConcurrency",
        (NIST, HIPAA),
        "reserving would take from the account what is seldom used: APIs are throttled, mappings and runs are bounded",
    ),
    Accepted(
        lambda_.CfnFunction,
        "LambdaDLQ",
        (NIST, HIPAA),
        "its callers wait for its answer and keep what failed: a run, a queue with dead letters, an API, a deployment",
        has=lambda function: function.dead_letter_config is None,
    ),
    Accepted(
        lambda_.CfnFunction,
        "LambdaInsideVPC",
        (NIST, HIPAA, PCI),
        "it calls AWS APIs alone, over TLS and with its own role; environments whose network is closed put it inside",
        has=lambda function: function.vpc_config is None,
    ),
    Accepted(
        s3.CfnBucket,
        "S3BucketReplicationEnabled",
        (NIST, HIPAA, PCI),
        "versions are kept in three zones; a second region doubles the cost, which a company decides on for itself",
    ),
    Accepted(
        s3.CfnBucket,
        "S3DefaultEncryptionKMS",
        (NIST, HIPAA, PCI),
        "S3 delivers access logs into a bucket with its own encryption (AES-256) only",
        has=lambda bucket: bucket.logging_configuration is None,
    ),
    Accepted(
        dynamodb.CfnTable,
        "DynamoDBInBackupPlan",
        (NIST, HIPAA),
        "it can be restored to any second of 35 days, and a table that must be kept is protected against deletion",
    ),
    Accepted(
        ec2.CfnVPC,
        "VPCDefaultSecurityGroupClosed",
        (NIST, HIPAA, PCI),
        "nothing is put into the default group; closing it needs a function that may change any group of the account",
    ),
    Accepted(
        ec2.CfnRoute,
        "VPCNoUnrestrictedRouteToIGW",
        (NIST, HIPAA, PCI),
        "the way out of jobs in the open network, which has no way in; network: vpc_only has no internet gateway",
        has=lambda route: route.gateway_id is not None,
    ),
    Accepted(
        apigateway.CfnStage,
        "APIGWAssociatedWithWAF",
        (NIST, PCI),
        "every request is signed or carries a key, and is throttled: a web firewall adds nothing to that",
    ),
    Accepted(
        apigateway.CfnStage,
        "APIGWCacheEnabledAndEncrypted",
        (NIST, HIPAA, PCI),
        "a prediction depends on the moment at which it is asked for, so no answer is kept in a cache",
    ),
    Accepted(
        apigateway.CfnStage,
        "APIGWSSLEnabled",
        (NIST, HIPAA, PCI),
        "behind the API are functions alone, which it calls by IAM: none could ask for a client certificate",
    ),
    Accepted(
        codebuild.CfnProject,
        "CodeBuildProjectSourceRepoUrl",
        (HIPAA, PCI),
        "its source is the pipeline's artefact, for which nobody logs in at a repository",
        has=lambda project: project.artifacts.type == "CODEPIPELINE",
    ),
]


def accept(app: cdk.App) -> None:
    """Accept what the rows say, on each resource by itself."""
    for construct in app.node.find_all():
        if isinstance(construct, cdk.CfnResource):
            for row in rows(construct):
                for finding in row.findings:
                    acknowledge(construct, finding, row.reason)


def rows(resource: cdk.CfnResource) -> Iterator[Accepted]:
    """Yield the rows that speak of a resource."""
    return (row for row in ACCEPTED if isinstance(resource, row.kind) and row.has(resource))
