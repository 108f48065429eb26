"""Rules on what runs: functions, jobs, models and their endpoints."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from stacks.pack.rule import Fault, Rule
from stacks.pack.world import Resource, World, listed

_SECRET_NAME = re.compile(r"passw|secret|token|api_?key|private_?key|access_?key|credential", re.IGNORECASE)
_NAMES_ONE = re.compile(r"(arn|name|id|uri|url|path|table|queue|topic|bucket|seconds|ttl)$", re.IGNORECASE)
_SECRET_VALUE = re.compile(r"AKIA[0-9A-Z]{16}|-----BEGIN [A-Z ]*PRIVATE KEY|[a-z]+://[^/\s:@]+:[^/\s:@]+@")


def _variables(resource: Resource) -> dict[str, Any]:
    """Return what a function, job, model or build is told in plain text, by name."""
    properties = resource.properties
    found: dict[str, Any] = {}
    found |= (properties.get("Environment") or {}).get("Variables", {}) if resource.kind.endswith("Function") else {}
    found |= properties.get("DefaultArguments", {})
    containers = [properties.get(name, {}) for name in ("ContainerProperties", "PrimaryContainer")]
    for container in [*containers, *properties.get("Containers", [])]:
        given = container.get("Environment", {})
        found |= given if isinstance(given, dict) else {one["Name"]: one.get("Value") for one in given}
    if resource.kind == "AWS::CodeBuild::Project":
        given = (properties.get("Environment") or {}).get("EnvironmentVariables", [])
        found |= {one["Name"]: one["Value"] for one in given if one.get("Type", "PLAINTEXT") == "PLAINTEXT"}
    return found


def _told_secrets(world: World) -> Iterator[Fault]:
    kinds = ("Lambda::Function", "Batch::JobDefinition", "Glue::Job", "SageMaker::Model", "CodeBuild::Project")
    for resource in world.all(*(f"AWS::{kind}" for kind in kinds)):
        for name, value in _variables(resource).items():
            if not isinstance(value, str):
                continue
            named = _SECRET_NAME.search(name) and not _NAMES_ONE.search(name) and value
            if named or _SECRET_VALUE.search(value):
                yield resource, name


def _open_url(world: World) -> Iterator[Resource]:
    return (one for one in world.all("AWS::Lambda::Url") if one.properties.get("AuthType") != "AWS_IAM")


def _containers(job: Resource) -> list[dict[str, Any]]:
    properties = job.properties
    found = [properties[name] for name in ("ContainerProperties",) if name in properties]
    for task in properties.get("EcsProperties", {}).get("TaskProperties", []):
        found += task.get("Containers", [])
    return found


def _privileged(world: World) -> Iterator[Resource]:
    jobs = world.all("AWS::Batch::JobDefinition")
    return (job for job in jobs if any(container.get("Privileged") for container in _containers(job)))


def _endless_job(world: World) -> Iterator[Resource]:
    jobs = world.all("AWS::Batch::JobDefinition")
    yield from (job for job in jobs if not job.properties.get("Timeout", {}).get("AttemptDurationSeconds"))
    yield from (job for job in world.all("AWS::Glue::Job") if not job.properties.get("Timeout"))


def _waiting(world: World) -> Iterator[Resource]:
    return (one for one in world.all("AWS::Batch::JobQueue") if not one.properties.get("JobStateTimeLimitActions"))


def _insecure_glue(world: World) -> Iterator[Resource]:
    for job in world.all("AWS::Glue::Job", "AWS::Glue::Crawler", "AWS::Glue::DevEndpoint"):
        name = "CrawlerSecurityConfiguration" if job.kind.endswith("Crawler") else "SecurityConfiguration"
        if not job.properties.get(name):
            yield job


def _half_encrypted(world: World) -> Iterator[Fault]:
    for one in world.all("AWS::Glue::SecurityConfiguration"):
        encryption = one.properties.get("EncryptionConfiguration", {})
        modes = {
            "CloudWatchEncryption": encryption.get("CloudWatchEncryption", {}).get("CloudWatchEncryptionMode"),
            "JobBookmarksEncryption": encryption.get("JobBookmarksEncryption", {}).get("JobBookmarksEncryptionMode"),
            "S3Encryptions": next((each.get("S3EncryptionMode") for each in encryption.get("S3Encryptions", [])), None),
        }
        for what, mode in modes.items():
            if mode not in ("SSE-KMS", "CSE-KMS"):
                yield one, what


def _reaching_out(world: World) -> Iterator[Resource]:
    return (
        one for one in world.all("AWS::SageMaker::Model") if one.properties.get("EnableNetworkIsolation") is not True
    )


def _unguarded(world: World) -> Iterator[Resource]:
    for endpoint in world.all("AWS::SageMaker::Endpoint"):
        deployment = endpoint.properties.get("DeploymentConfig", {})
        if not deployment.get("AutoRollbackConfiguration", {}).get("Alarms"):
            yield endpoint


def _unkeyed_endpoint(world: World) -> Iterator[Resource]:
    for config in world.all("AWS::SageMaker::EndpointConfig"):
        serverless = all("ServerlessConfig" in one for one in listed(config.properties.get("ProductionVariants", [{}])))
        if not serverless and not config.properties.get("KmsKeyId"):
            yield config


def _unkeyed_features(world: World) -> Iterator[Fault]:
    for group in world.all("AWS::SageMaker::FeatureGroup"):
        offline = group.properties.get("OfflineStoreConfig")
        online = group.properties.get("OnlineStoreConfig")
        if offline is not None and not offline.get("S3StorageConfig", {}).get("KmsKeyId"):
            yield group, "OfflineStoreConfig"
        if online is not None and not online.get("SecurityConfig", {}).get("KmsKeyId"):
            yield group, "OnlineStoreConfig"


def _open_notebook(world: World) -> Iterator[Resource]:
    for notebook in world.all("AWS::SageMaker::NotebookInstance"):
        properties = notebook.properties
        if properties.get("DirectInternetAccess") != "Disabled" or properties.get("RootAccess") != "Disabled":
            yield notebook


def _open_domain(world: World) -> Iterator[Resource]:
    if any(world.all("AWS::EC2::InternetGateway")):
        return
    for domain in world.all("AWS::SageMaker::Domain"):
        if domain.properties.get("AppNetworkAccessType") != "VpcOnly":
            yield domain


def _tireless(world: World) -> Iterator[Fault]:
    for domain in world.all("AWS::SageMaker::Domain"):
        given = domain.properties.get("DefaultUserSettings", {})
        for apps in ("JupyterLabAppSettings", "CodeEditorAppSettings"):
            idle = given.get(apps, {}).get("AppLifecycleManagement", {}).get("IdleSettings", {})
            if idle.get("LifecycleManagement") != "ENABLED" or not idle.get("IdleTimeoutInMinutes"):
                yield domain, apps


def _unkeyed_domain(world: World) -> Iterator[Resource]:
    return (one for one in world.all("AWS::SageMaker::Domain") if not one.properties.get("KmsKeyId"))


RULES = [
    Rule(
        "NoPlainSecret",
        "no secret stands in a variable or an argument",
        "keep it in Secrets Manager and tell the name of the secret",
        _told_secrets,
    ),
    Rule("FunctionUrl", "a function's URL asks for signed requests", "set AuthType AWS_IAM", _open_url),
    Rule("NotPrivileged", "a job's container has no rights on its host", "leave Privileged out", _privileged),
    Rule("JobEnds", "a job has a limit of time", "give it a timeout", _endless_job),
    Rule(
        "JobStarts",
        "a job that can never start does not wait for ever",
        "give the job queue job_state_time_limit_actions",
        _waiting,
    ),
    Rule("GlueSecured", "a Glue job has a security configuration", "give it that of jobs.Jobs", _insecure_glue),
    Rule(
        "GlueEncrypts",
        "a security configuration encrypts logs, bookmarks and objects with a key",
        "set all three encryptions",
        _half_encrypted,
    ),
    Rule("ModelIsolated", "a model's container reaches no network", "set EnableNetworkIsolation", _reaching_out),
    Rule(
        "EndpointGuarded",
        "an endpoint's update is taken back by alarms",
        "give DeploymentConfig.AutoRollbackConfiguration alarms",
        _unguarded,
    ),
    Rule("EndpointKey", "an endpoint's volumes are encrypted with the key", "set KmsKeyId", _unkeyed_endpoint),
    Rule("FeaturesKey", "a feature group's stores are encrypted with the key", "set KmsKeyId", _unkeyed_features),
    Rule(
        "NotebookClosed",
        "a notebook has neither the internet nor root",
        "set DirectInternetAccess and RootAccess to Disabled",
        _open_notebook,
    ),
    Rule(
        "DomainInside",
        "a SageMaker domain is inside its VPC where that has no way to the internet",
        "set AppNetworkAccessType VpcOnly",
        _open_domain,
    ),
    Rule(
        "DomainIdle",
        "a SageMaker domain shuts spaces down in which nothing runs",
        "set IdleSettings of JupyterLab and CodeEditor: ENABLED, and a number of minutes",
        _tireless,
    ),
    Rule("DomainKey", "the disks of a SageMaker domain are encrypted with the key", "set KmsKeyId", _unkeyed_domain),
]
