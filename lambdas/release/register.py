"""Registers what the gate let through as a signed model package, and says whether the run releases it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import boto3
from aws_lambda_powertools import Logger

from runtime import environment, registry, release
from runtime.paths import RunPaths


@dataclass(frozen=True)
class Environment:
    lake_bucket: str
    ledger_table: str
    model_package_group: str
    image_uri: str
    signing_key: str
    approval: str


ENVIRONMENT = environment.load(Environment)
S3 = boto3.client("s3")
DYNAMODB = boto3.client("dynamodb")
SAGEMAKER = boto3.client("sagemaker")
KMS = boto3.client("kms")
LOGGER = Logger(service="register")


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """``{"line", "run"}`` → the package, and ``goes_on``: ``release``, or ``hold`` when the station ends with it."""
    paths = RunPaths(lake=ENVIRONMENT.lake_bucket, line=event["line"], run=event["run"])
    LOGGER.append_keys(line=paths.line, run=paths.run)
    package = registry.register(
        s3=S3,
        sagemaker=SAGEMAKER,
        kms=KMS,
        signing_key=ENVIRONMENT.signing_key,
        group=ENVIRONMENT.model_package_group,
        image=ENVIRONMENT.image_uri,
        trained=release.training(S3, paths),
        approval=ENVIRONMENT.approval,
    )
    goes_on = release.held(
        s3=S3, dynamodb=DYNAMODB, paths=paths, ledger_table=ENVIRONMENT.ledger_table, package=package
    )
    LOGGER.info("registered", extra={"version": package.version, "goes_on": goes_on})
    return {**asdict(package), "goes_on": goes_on}
