"""Which IAM actions, on which resources, each call needs: the table behind the authorisation.

IAM's names differ from the API's in places, and one call can need several actions on several resources.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.dynamodb.models import dynamodb_backends
from moto.secretsmanager.models import secretsmanager_backends

from local.requests import Call


@dataclass(frozen=True)
class Check:
    """One thing that must be allowed: an action on one of the resources (None: the action alone is compared)."""

    action: str
    resources: tuple[str | None, ...] = (None,)
    context: Mapping[str, str | list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Place:
    """Whose account and which region the ARNs are of."""

    account: str
    region: str

    def arn(self, service: str, resource: str) -> str:
        if resource.startswith("arn:"):
            return resource
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"


Reader = Callable[[Call, Place], Iterable[Check]]

FREE = frozenset({"sts:GetCallerIdentity", "sts:GetSessionToken"})
"""Calls that every caller may make."""

_PREFIX = {"monitoring": "cloudwatch"}

_SERVICE_PRINCIPALS = {
    "batch": "ecs-tasks.amazonaws.com",
    "events": "events.amazonaws.com",
    "glue": "glue.amazonaws.com",
    "lambda": "lambda.amazonaws.com",
    "sagemaker": "sagemaker.amazonaws.com",
    "scheduler": "scheduler.amazonaws.com",
    "states": "states.amazonaws.com",
}
_ROLE_PARAMETERS = frozenset({"role", "rolearn", "executionrolearn", "jobrolearn", "servicerole", "taskrolearn"})


def checks(call: Call, place: Place) -> list[Check]:
    """Return all that must be allowed for a call to go through."""
    prefix = _PREFIX.get(call.service, call.service)
    if f"{prefix}:{call.operation}" in FREE:
        return []
    reader = _READERS.get(call.service, _by_table)
    return [*reader(call, place), *_passed_roles(call)]


def _passed_roles(call: Call) -> Iterator[Check]:
    """Handing a role to a service needs iam:PassRole on it."""
    principal = _SERVICE_PRINCIPALS.get(call.service)
    if principal is None:
        return
    for role in sorted(set(_roles(call.parameters))):
        yield Check("iam:PassRole", (role,), {"iam:passedtoservice": principal})


def _roles(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            if str(name).lower() in _ROLE_PARAMETERS and str(item).startswith("arn:aws:iam::"):
                yield str(item)
            else:
                yield from _roles(item)
    elif isinstance(value, list):
        for item in value:
            yield from _roles(item)


# --- Services whose calls name one resource each: parameter → ARN ------------------------------------------------

_ACTIONS = {
    "dynamodb:TransactGetItems": "dynamodb:GetItem",
    "lambda:Invoke": "lambda:InvokeFunction",
    "lambda:InvokeAsync": "lambda:InvokeFunction",
    "sns:PublishBatch": "sns:Publish",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:SendMessageBatch": "sqs:SendMessage",
}

_PARAMETERS: dict[str, dict[str, str]] = {
    "athena": {"WorkGroup": "workgroup/{}"},
    "lambda": {"FunctionName": "function:{}", "LayerName": "layer:{}"},
    "cloudwatch": {"AlarmName": "alarm:{}", "DashboardName": "dashboard/{}"},
    "scheduler": {"Name": "schedule/default/{}"},
    "sns": {"TopicArn": "{}", "TargetArn": "{}"},
    "states": {"stateMachineArn": "{}", "executionArn": "{}", "activityArn": "{}", "name": "stateMachine:{}"},
    "sts": {"RoleArn": "{}"},
}


def _by_table(call: Call, place: Place) -> Iterator[Check]:
    prefix = _PREFIX.get(call.service, call.service)
    action = f"{prefix}:{call.operation}"
    action = _ACTIONS.get(action, action)
    for parameter, resource in _PARAMETERS.get(prefix, {}).items():
        value = call.parameters.get(parameter)
        if isinstance(value, str) and value:
            yield Check(action, (place.arn(prefix, value if value.startswith("arn:") else resource.format(value)),))
            return
    yield Check(action)


def _s3(call: Call, _place: Place) -> Iterator[Check]:
    bucket, key = call.parameters.get("Bucket"), call.parameters.get("Key")
    if bucket is None:
        yield Check("s3:ListAllMyBuckets", ("*",))
        return
    arn = f"arn:aws:s3:::{bucket}"
    versioned = "VersionId" in call.parameters
    action = _S3_ACTIONS.get(call.operation, call.operation)
    if action in ("GetObject", "DeleteObject") and versioned:
        action += "Version"
    if call.operation in ("CopyObject", "UploadPartCopy"):
        yield Check("s3:GetObject", (f"arn:aws:s3:::{call.parameters['CopySource']}",))
    if call.operation == "DeleteObjects":
        for name in call.parameters["Keys"]:
            yield Check("s3:DeleteObject", (f"{arn}/{name}",))
        return
    context = {
        f"s3:{name.lower()}": call.parameters[name] for name in ("Prefix", "Delimiter") if name in call.parameters
    }
    yield Check(f"s3:{action}", (f"{arn}/{key}" if key is not None else arn,), context)


_S3_ACTIONS = {
    "CompleteMultipartUpload": "PutObject",
    "CopyObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListObjectVersions": "ListBucketVersions",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListParts": "ListMultipartUploadParts",
    "UploadPart": "PutObject",
    "UploadPartCopy": "PutObject",
}


def _dynamodb(call: Call, place: Place) -> Iterator[Check]:
    def table(name: str, index: str | None = None) -> str:
        arn = place.arn("dynamodb", name if name.startswith("arn:") else f"table/{name}")
        return f"{arn}/index/{index}" if index else arn

    given = call.parameters
    if call.operation in ("TransactWriteItems", "TransactGetItems"):
        names = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "Get": "GetItem"}
        for item in given["TransactItems"]:
            for kind, request in item.items():
                yield Check(f"dynamodb:{names.get(kind, 'ConditionCheckItem')}", (table(request["TableName"]),))
    elif call.operation in ("BatchGetItem", "BatchWriteItem"):
        for name in given["RequestItems"]:
            yield Check(f"dynamodb:{call.operation}", (table(name),))
    elif "TableName" in given:
        resource, context = table(given["TableName"], given.get("IndexName")), _leading_keys(given, place)
        yield Check(f"dynamodb:{call.operation}", (resource,), context)
    elif "StreamArn" in given:
        yield Check(f"dynamodb:{call.operation}", (given["StreamArn"],))
    else:
        yield Check(f"dynamodb:{call.operation}", ("*",))


def _leading_keys(given: Mapping[str, Any], place: Place) -> dict[str, str | list[str]]:
    """Return the partition key of the item that a call names; one that names none has none."""
    item = given.get("Key") or given.get("Item") or {}
    name = str(given["TableName"]).rsplit("/", 1)[-1]
    known = dynamodb_backends[place.account]
    table = known[place.region].tables.get(name) if place.region in known.regions else None
    value = item.get(table.hash_key_attr) if table else None
    return {"dynamodb:leadingkeys": [str(next(iter(value.values())))]} if value else {}


def _sqs(call: Call, place: Place) -> Iterator[Check]:
    action = f"sqs:{call.operation}"
    action = _ACTIONS.get(action, action)
    name = str(call.parameters.get("QueueUrl") or call.parameters.get("QueueName") or "*").rsplit("/", 1)[-1]
    yield Check(action, ("*" if name == "*" else place.arn("sqs", name),))


def _events(call: Call, place: Place) -> Iterator[Check]:
    given = call.parameters
    if call.operation == "PutEvents":
        for entry in given["Entries"]:
            bus = entry.get("EventBusName") or "default"
            context = {"events:source": entry.get("Source", ""), "events:detail-type": entry.get("DetailType", "")}
            yield Check("events:PutEvents", (place.arn("events", bus if ":" in bus else f"event-bus/{bus}"),), context)
        return
    rule = given.get("Rule") or given.get("Name")
    bus = str(given.get("EventBusName") or "default").rsplit("/", 1)[-1]
    named = f"rule/{rule}" if bus == "default" else f"rule/{bus}/{rule}"
    yield Check(f"events:{call.operation}", (place.arn("events", named) if rule else None,))


def _glue(call: Call, place: Place) -> Iterator[Check]:
    action, given = f"glue:{call.operation}", call.parameters
    if call.operation in ("GetConnection", "DeleteConnection"):
        yield Check(action, (place.arn("glue", "catalog"),))
        yield Check(action, (place.arn("glue", f"connection/{given.get('Name') or given.get('ConnectionName')}"),))
        return
    job = given.get("JobName") or (given.get("Name") if "Job" in call.operation else None)
    if job:
        yield Check(action, (place.arn("glue", f"job/{job}"),))
        return
    database = given.get("DatabaseName") or given.get("DatabaseInput", {}).get("Name")
    if database is None and "Database" in call.operation:
        database = given.get("Name")
    table = given.get("TableName") or given.get("TableInput", {}).get("Name")
    if table is None and "Table" in call.operation and "Tables" not in call.operation:
        table = given.get("Name")
    yield Check(action, (place.arn("glue", "catalog"),))
    if database:
        yield Check(action, (place.arn("glue", f"database/{database}"),))
        if table or call.operation == "GetTables":
            yield Check(action, (place.arn("glue", f"table/{database}/{table or '*'}"),))


def _batch(call: Call, place: Place) -> Iterator[Check]:
    action, given = f"batch:{call.operation}", call.parameters
    if call.operation == "SubmitJob":
        definition = str(given["jobDefinition"])
        arn = place.arn("batch", definition if definition.startswith("arn:") else f"job-definition/{definition}")
        bare = arn if arn.count(":") < 6 else arn.rsplit(":", 1)[0]
        yield Check(action, (arn, bare))
        queue = str(given["jobQueue"])
        yield Check(action, (place.arn("batch", queue if queue.startswith("arn:") else f"job-queue/{queue}"),))
    elif "jobId" in given:
        yield Check(action, (place.arn("batch", f"job/{given['jobId']}"),))
    else:
        yield Check(action)


_SAGEMAKER = {
    "EndpointName": "endpoint/{}",
    "EndpointConfigName": "endpoint-config/{}",
    "ModelName": "model/{}",
    "TrainingJobName": "training-job/{}",
    "ResourceArn": "{}",
}


def _sagemaker(call: Call, place: Place) -> Iterator[Check]:
    action, given = f"sagemaker:{call.operation}", call.parameters
    if call.operation.startswith("List") and call.operation != "ListTags":
        yield Check(action, ("*",))
        return
    group, package = given.get("ModelPackageGroupName"), given.get("ModelPackageName") or given.get("ModelPackageArn")
    if group:
        name = str(group).rsplit("/", 1)[-1]
        arns = [f"model-package-group/{name}"]
        if call.operation == "CreateModelPackage":
            arns.append(f"model-package/{name}/*")
        yield Check(action, tuple(place.arn("sagemaker", arn) for arn in arns))
        return
    if package:
        yield Check(action, (place.arn("sagemaker", _package(str(package))),))
        return
    found = False
    for parameter, resource in _SAGEMAKER.items():
        if parameter in given:
            found = True
            yield Check(action, (place.arn("sagemaker", resource.format(given[parameter])),))
    if not found:
        yield Check(action)


def _package(name: str) -> str:
    return name if name.startswith("arn:") else f"model-package/{name}"


def _application_autoscaling(call: Call, place: Place) -> Iterator[Check]:
    """A scalable target's ARN ends in an id that nobody names; conditions tell what it is of."""
    given = call.parameters
    context = {
        "application-autoscaling:service-namespace": str(given.get("ServiceNamespace", "")),
        "application-autoscaling:scalable-dimension": str(given.get("ScalableDimension", "")),
    }
    arn = "*" if call.operation.startswith("Describe") else place.arn("application-autoscaling", "scalable-target/id")
    yield Check(f"application-autoscaling:{call.operation}", (arn,), context)


def _logs(call: Call, place: Place) -> Iterator[Check]:
    group = call.parameters.get("logGroupName") or call.parameters.get("logGroupIdentifier")
    if not group:
        yield Check(f"logs:{call.operation}")
        return
    stream = call.parameters.get("logStreamName", "")
    name = str(group).split(":log-group:")[-1].removesuffix(":*")
    yield Check(f"logs:{call.operation}", (place.arn("logs", f"log-group:{name}:log-stream:{stream}"),))


def _kms(call: Call, place: Place) -> Iterator[Check]:
    key = str(call.parameters.get("KeyId", ""))
    yield Check(f"kms:{call.operation}", (place.arn("kms", key if "/" in key else f"key/{key}") if key else None,))


def _ssm(call: Call, place: Place) -> Iterator[Check]:
    names = call.parameters.get("Names") or [call.parameters.get("Name") or call.parameters.get("Path")]
    for name in names:
        arn = place.arn("ssm", f"parameter/{str(name).lstrip('/')}") if name else None
        yield Check(f"ssm:{call.operation}", (arn,))


def _cloudwatch(call: Call, place: Place) -> Iterator[Check]:
    given = call.parameters
    if call.operation == "PutMetricData":
        yield Check("cloudwatch:PutMetricData", ("*",), {"cloudwatch:namespace": given.get("Namespace", "")})
    elif call.operation == "DescribeAlarms":
        for name in given.get("AlarmNames") or ["*"]:
            yield Check("cloudwatch:DescribeAlarms", (place.arn("cloudwatch", f"alarm:{name}"),))
    else:
        yield from _by_table(call, place)


def _iam(call: Call, place: Place) -> Iterator[Check]:
    role = call.parameters.get("RoleName")
    yield Check(f"iam:{call.operation}", (f"arn:aws:iam::{place.account}:role/{role}" if role else None,))


def _secretsmanager(call: Call, place: Place) -> Iterator[Check]:
    """A secret's ARN ends in six characters that a caller who names it does not say."""
    secret = call.parameters.get("SecretId")
    if not secret:
        yield Check(f"secretsmanager:{call.operation}")
        return
    known = secretsmanager_backends[place.account][place.region].secrets.get(secret)
    arn = known.arn if known else place.arn("secretsmanager", f"secret:{secret}-??????")
    yield Check(f"secretsmanager:{call.operation}", (arn,))


_READERS: dict[str, Reader] = {
    "application-autoscaling": _application_autoscaling,
    "batch": _batch,
    "dynamodb": _dynamodb,
    "events": _events,
    "glue": _glue,
    "iam": _iam,
    "kms": _kms,
    "logs": _logs,
    "monitoring": _cloudwatch,
    "s3": _s3,
    "sagemaker": _sagemaker,
    "secretsmanager": _secretsmanager,
    "sqs": _sqs,
    "ssm": _ssm,
}
