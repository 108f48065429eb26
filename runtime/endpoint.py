"""A line's SageMaker endpoint, created and updated by runs: models change more often than infrastructure.

The configuration in service is the truth: SageMaker rolls a failed update back without a word and reports InService.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from config.errors import LineError
from runtime import scaling
from runtime.rollout import Rollout, deployment_config

LONGEST_NAME = 63
VARIANT = "champion"
"""Name of the only production variant of a configuration."""

_IN_PROGRESS = ("Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting")


@dataclass(frozen=True)
class Hosting:
    """How an endpoint runs its container: serverless, on instances, or not at all."""

    role: str
    image: str
    kind: str
    """``serverless``, ``instance``, or ``none``: predictions in batches only"""
    memory_mb: int
    max_concurrency: int
    instance_type: str
    instance_count: int
    kms_key: str
    tags: Mapping[str, str] = field(default_factory=dict)
    vpc: Mapping[str, list[str]] = field(default_factory=dict)
    """SageMaker's VpcConfig; empty outside of any VPC, and for a serverless endpoint, which is in none"""


@dataclass(frozen=True)
class State:
    """What SageMaker says of an endpoint; ``config`` is the configuration that answers requests."""

    status: str
    config: str
    reason: str = ""
    pending: str = ""
    """The configuration that it is on its way to."""
    progress: str = ""
    """How far that has come, e.g. ``Baking (20 % of the traffic)``."""

    @property
    def in_progress(self) -> bool:
        return self.status in _IN_PROGRESS


def names_prefix(endpoint: str) -> str:
    """Return what the names of an endpoint's models and configurations begin with, and no other endpoint's do.

    >>> names_prefix("local-flights")
    'local-flights-dbfc6c-'
    """
    return f"{endpoint[:45]}-{hashlib.sha256(endpoint.encode()).hexdigest()[:6]}-"


def deploy(
    sagemaker: Any,
    *,
    endpoint: str,
    hosting: Hosting,
    model_data: str,
    environment: Mapping[str, str],
    rollout: Rollout | None = None,
    autoscaling: Any = None,
) -> str:
    """Ask for a model to be put into service and return its configuration's name; asking again changes nothing.

    The name of model and configuration is the digest of their content, so "exists already" means the same content.
    ``rollout`` moves the traffic of an endpoint on instances step by step; a new one, and a serverless one, which
    SageMaker moves all at once, do without. ``autoscaling`` is the client with which a scaling variant is deregistered
    first. With the kind ``none`` nothing is deployed, the endpoint of former days is deleted, and the name is empty.
    """
    if hosting.kind == "none":
        _take_out_of_service(sagemaker, endpoint, autoscaling)
        return ""
    name = make_model(sagemaker, endpoint, hosting, model_data, environment)
    once(lambda: sagemaker.create_endpoint_config(**_config(name, hosting)))
    how = _how(sagemaker, endpoint, hosting, rollout)
    _put_in_service(sagemaker, endpoint, name, how, autoscaling=autoscaling, tags=tagged(hosting))
    return name


def make_model(sagemaker: Any, endpoint: str, hosting: Hosting, model_data: str, environment: Mapping[str, str]) -> str:
    """Make a model unless there is one with this content; returns its name."""
    name = config_name(endpoint, hosting, model_data, environment)
    once(lambda: sagemaker.create_model(**_model(name, hosting, model_data, environment)))
    return name


def config_name(endpoint: str, hosting: Hosting, model_data: str, environment: Mapping[str, str]) -> str:
    """Return the name of the model, and of the configuration, with this content."""
    told = asdict(hosting)
    del told["tags"]
    if not hosting.vpc:  # so that names are what they were before there was one
        del told["vpc"]
    wanted = {"hosting": told, "model_data": model_data, "environment": dict(environment)}
    return names_prefix(endpoint) + hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()[:10]


def restore(sagemaker: Any, endpoint: str, config: str) -> None:
    """Put a configuration back into service, all traffic at once; raises LineError while the endpoint is changing.

    There are as many instances afterwards as before: traffic that made their number grow is still there.
    """
    found = state(sagemaker, endpoint)
    if found is None or found.pending == config or (found.config == config and not found.in_progress):
        return
    refuse_when_busy(endpoint, found)
    sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=config, **_retained(sagemaker, endpoint))


def state(sagemaker: Any, endpoint: str) -> State | None:
    """Return what the endpoint is doing, or None when there is no such endpoint."""
    told = _described(sagemaker, endpoint)
    if told is None:
        return None
    pending = told.get("PendingDeploymentSummary") or {}
    variants = pending.get("ProductionVariants") or [{}]
    stages = variants[0].get("VariantStatus") or [{}]
    stage, message = stages[0].get("Status", ""), stages[0].get("StatusMessage", "")
    return State(
        status=told["EndpointStatus"],
        config=told.get("EndpointConfigName", ""),
        reason=told.get("FailureReason", ""),
        pending=pending.get("EndpointConfigName", ""),
        progress=f"{stage} ({message})" if message else stage,
    )


def delete(sagemaker: Any, endpoint: str, *, wait: Callable[[], None], autoscaling: Any = None) -> None:
    """Delete an endpoint with every model and configuration that runs made for it; what is gone already is fine.

    ``autoscaling`` is the client with which its instances stop to scale first.

    ``wait`` is called between looks at an endpoint that is busy, which SageMaker does not delete; it raises when it
    has waited enough.
    """
    while (found := state(sagemaker, endpoint)) is not None and found.in_progress:
        wait()
    if autoscaling is not None:
        scaling.deregister(autoscaling, endpoint, VARIANT)
    if found is not None:
        _gone(lambda: sagemaker.delete_endpoint(EndpointName=endpoint))
    prefix = names_prefix(endpoint)
    for name in _named(sagemaker, "list_endpoint_configs", "EndpointConfigs", "EndpointConfigName", prefix):
        _gone(partial(sagemaker.delete_endpoint_config, EndpointConfigName=name))
    for name in _named(sagemaker, "list_models", "Models", "ModelName", prefix):
        _gone(partial(sagemaker.delete_model, ModelName=name))


def _put_in_service(
    sagemaker: Any,
    endpoint: str,
    config: str,
    how: Mapping[str, Any],
    *,
    autoscaling: Any,
    tags: Mapping[str, Any],
) -> None:
    found = state(sagemaker, endpoint)
    if found is not None and found.status == "Failed":  # it never worked; SageMaker only lets it be deleted
        _gone(lambda: sagemaker.delete_endpoint(EndpointName=endpoint))
        found = _after_deletion(sagemaker, endpoint)
    if found is None:
        sagemaker.create_endpoint(EndpointName=endpoint, EndpointConfigName=config, **tags)
    elif found.pending != config and (found.config != config or found.in_progress):
        refuse_when_busy(endpoint, found)
        scaled = autoscaling is not None and scaling.deregister(autoscaling, endpoint, VARIANT)
        kept = {"RetainAllVariantProperties": True} if scaled else {}  # as many instances as the traffic needs now
        sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=config, **how, **kept)


def _how(sagemaker: Any, endpoint: str, hosting: Hosting, rollout: Rollout | None) -> dict[str, Any]:
    """How SageMaker should update the endpoint: only one on instances, before and after, moves traffic in steps."""
    told = _described(sagemaker, endpoint) or {}
    serverless = any("CurrentServerlessConfig" in variant for variant in told.get("ProductionVariants", []))
    if rollout is None or hosting.kind != "instance" or serverless:
        return {}
    return {"DeploymentConfig": deployment_config(rollout)}


def _retained(sagemaker: Any, endpoint: str) -> dict[str, Any]:
    variants = (_described(sagemaker, endpoint) or {}).get("ProductionVariants", [])
    return {"RetainAllVariantProperties": True} if any("CurrentInstanceCount" in each for each in variants) else {}


def _take_out_of_service(sagemaker: Any, endpoint: str, autoscaling: Any) -> None:
    found = state(sagemaker, endpoint)
    if found is not None:
        refuse_when_busy(endpoint, found)
        if autoscaling is not None:
            scaling.deregister(autoscaling, endpoint, VARIANT)
        _gone(lambda: sagemaker.delete_endpoint(EndpointName=endpoint))


def refuse_when_busy(endpoint: str, found: State) -> None:
    """Raise LineError while another run changes the endpoint, which SageMaker would not take either."""
    if found.in_progress:
        raise LineError(
            f"release: endpoint {endpoint!r} is {found.status} by another run, expected InService: "
            "wait until it is and start the run again"
        )


def _described(sagemaker: Any, endpoint: str) -> dict[str, Any] | None:
    try:
        told: dict[str, Any] = sagemaker.describe_endpoint(EndpointName=endpoint)
    except ClientError as error:
        if _is_missing(error):
            return None
        raise
    return told


def _after_deletion(sagemaker: Any, endpoint: str) -> State | None:
    for _ in range(20):
        found = state(sagemaker, endpoint)
        if found is None:
            return None
        time.sleep(1)
    raise LineError(f"release: the failed endpoint {endpoint!r} is still being deleted: start the run again later")


def _model(name: str, hosting: Hosting, model_data: str, environment: Mapping[str, str]) -> dict[str, Any]:
    container = {"Image": hosting.image, "ModelDataUrl": model_data, "Environment": dict(environment)}
    model = {"ModelName": name, "ExecutionRoleArn": hosting.role, "PrimaryContainer": container, **tagged(hosting)}
    # serverless endpoints do not take an isolated network; the container calls nobody either way
    model |= {"EnableNetworkIsolation": True} if hosting.kind == "instance" else {}
    return model | ({"VpcConfig": dict(hosting.vpc)} if hosting.vpc else {})


def _config(name: str, hosting: Hosting) -> dict[str, Any]:
    variant: dict[str, Any] = {"VariantName": VARIANT, "ModelName": name}
    if hosting.kind == "serverless":
        variant["ServerlessConfig"] = {"MemorySizeInMB": hosting.memory_mb, "MaxConcurrency": hosting.max_concurrency}
    else:
        variant |= {
            "InstanceType": hosting.instance_type,
            "InitialInstanceCount": hosting.instance_count,
            "InitialVariantWeight": 1.0,
        }
    return {"EndpointConfigName": name, "ProductionVariants": [variant], "KmsKeyId": hosting.kms_key, **tagged(hosting)}


def tagged(hosting: Hosting) -> dict[str, Any]:
    """Return the tags of whatever is made for an endpoint, as SageMaker takes them: by these a bill knows its line."""
    pairs = [{"Key": key, "Value": value} for key, value in hosting.tags.items()]
    return {"Tags": pairs} if pairs else {}


def _named(sagemaker: Any, operation: str, key: str, field: str, prefix: str) -> list[str]:
    pages = sagemaker.get_paginator(operation).paginate(NameContains=prefix)
    return [item[field] for page in pages for item in page[key] if item[field].startswith(prefix)]


def once(create: Callable[[], object]) -> None:
    """Create what a name that is the digest of its content stands for, unless it exists."""
    try:
        create()
    except ClientError as error:
        if "already exist" not in str(error).lower():
            raise


def _gone(delete: Callable[[], object]) -> None:
    try:
        delete()
    except ClientError as error:
        if not _is_missing(error):
            raise


def _is_missing(error: ClientError) -> bool:
    told = error.response["Error"]
    return told["Code"] in ("ValidationException", "ValidationError", "ResourceNotFound") and (
        "could not find" in told["Message"].lower() or "does not exist" in told["Message"].lower()
    )
