"""Registers what the gate let through as a model package."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import boto3
from aws_lambda_powertools import Logger

from runtime import environment, registry, release
from runtime.manifest import Location
from runtime.paths import RunPaths


@dataclass(frozen=True)
class Environment:
    models_bucket: str
    lake_bucket: str
    model_package_group: str
    image_uri: str


ENVIRONMENT = environment.load(Environment)
S3 = boto3.client("s3")
SAGEMAKER = boto3.client("sagemaker")
LOGGER = Logger(service="register")


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """``{"line", "run"}`` → the package, to be passed on to deploy."""
    paths = RunPaths(lake=ENVIRONMENT.lake_bucket, line=event["line"], run=event["run"])
    LOGGER.append_keys(line=paths.line, run=paths.run)
    trained = release.training(S3, paths)
    registered = registry.register(
        s3=S3,
        sagemaker=SAGEMAKER,
        group=ENVIRONMENT.model_package_group,
        image=ENVIRONMENT.image_uri,
        location=Location(bucket=ENVIRONMENT.models_bucket, prefix=paths.candidate(trained["variant"])),
        run=paths.run,
        manifest_sha256=trained["manifest_sha256"],
    )
    LOGGER.info("registered", extra={"version": registered.version})
    return {"line": paths.line, "run": paths.run, **asdict(registered)}
