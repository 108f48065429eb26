"""Asks for a registered model to be put into service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import boto3
from aws_lambda_powertools import Logger

from runtime import endpoint, environment, promotion, sealed
from runtime.endpoint import Hosting


@dataclass(frozen=True)
class Environment:
    endpoint_name: str
    endpoint_role: str
    image_uri: str
    endpoint_kind: str
    memory_mb: int
    max_concurrency: int
    instance_type: str
    instance_count: int
    kms_key: str
    ledger_table: str
    signing_key: str


ENVIRONMENT = environment.load(Environment)
SAGEMAKER = boto3.client("sagemaker")
S3 = boto3.client("s3")
DYNAMODB = boto3.client("dynamodb")
KMS = boto3.client("kms")
LOGGER = Logger(service="deploy")


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Register's result → ``{"endpoint", "endpoint_config"}``."""
    LOGGER.append_keys(line=event["line"], run=event["run"])
    sealed.check(
        s3=S3,
        kms=KMS,
        signing_key=ENVIRONMENT.signing_key,
        line=event["line"],
        artefact=event["artefact"],
        manifest_sha256=event["manifest_sha256"],
        signature=event["signature"],
    )
    promotion.still(
        DYNAMODB,
        ENVIRONMENT.ledger_table,
        event["line"],
        expected=event["compared_with"],
        artefact=event["artefact"],
    )
    config = endpoint.deploy(
        SAGEMAKER,
        endpoint=ENVIRONMENT.endpoint_name,
        hosting=Hosting(
            role=ENVIRONMENT.endpoint_role,
            image=ENVIRONMENT.image_uri,
            kind=ENVIRONMENT.endpoint_kind,
            memory_mb=ENVIRONMENT.memory_mb,
            max_concurrency=ENVIRONMENT.max_concurrency,
            instance_type=ENVIRONMENT.instance_type,
            instance_count=ENVIRONMENT.instance_count,
            kms_key=ENVIRONMENT.kms_key,
        ),
        model_data=event["model_data"],
        environment={"MODEL_VERSION": str(event["version"]), "MANIFEST_SHA256": event["manifest_sha256"]},
    )
    LOGGER.info("requested", extra={"endpoint_config": config})
    return {"endpoint": ENVIRONMENT.endpoint_name, "endpoint_config": config}
