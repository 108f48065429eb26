"""What tests of CloudFormation share: templates as small as they can be, and a look at what became of a stack."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

Template = dict[str, Any]


def of(outputs: Any = None, /, **resources: Any) -> Template:
    """Return a template of resources and, as ``{output: (value, export name or None)}``, its outputs."""
    template: Template = {"Resources": resources}
    if outputs:
        template["Outputs"] = {
            key: {"Value": value, **({"Export": {"Name": name}} if name else {})}
            for key, (value, name) in outputs.items()
        }
    return template


def queue(**properties: Any) -> Template:
    return {"Type": "AWS::SQS::Queue", "Properties": properties}


def bucket(name: str, **properties: Any) -> Template:
    return {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name, **properties}}


def parameter(value: Any, **properties: Any) -> Template:
    return {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": value, **properties}}


def table(name: str, *indexes: str) -> Template:
    """A table with text keys ``pk`` and ``sk``, and for each index another order by keys of its own."""
    keys = ["pk", "sk", *(f"{index}_{key}" for index in indexes for key in ("pk", "sk"))]
    properties: dict[str, Any] = {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": _keys("pk", "sk"),
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"} for key in keys],
    }
    if indexes:
        properties["GlobalSecondaryIndexes"] = [
            {
                "IndexName": index,
                "KeySchema": _keys(f"{index}_pk", f"{index}_sk"),
                "Projection": {"ProjectionType": "ALL"},
            }
            for index in indexes
        ]
    return {"Type": "AWS::DynamoDB::Table", "Properties": properties}


def _keys(*names: str) -> list[dict[str, str]]:
    return [{"AttributeName": name, "KeyType": kind} for name, kind in zip(names, ("HASH", "RANGE"), strict=True)]


BROKEN = parameter({"Fn::ImportValue": "nobody-exports-this"})
"""A resource that cannot be made."""


class Stacks:
    """CloudFormation as a test asks it."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def create(self, name: str, template: Template, **options: Any) -> None:
        self.client.create_stack(StackName=name, TemplateBody=json.dumps(template), **options)

    def update(self, name: str, template: Template, **options: Any) -> None:
        self.client.update_stack(StackName=name, TemplateBody=json.dumps(template), **options)

    def status(self, name: str) -> str:
        (found,) = self.client.describe_stacks(StackName=name)["Stacks"]
        return str(found["StackStatus"])

    def id(self, name: str) -> str:
        (found,) = self.client.describe_stacks(StackName=name)["Stacks"]
        return str(found["StackId"])

    def history(self, name: str) -> list[str]:
        """Return what happened to each resource, oldest first: ``logical id STATUS``."""
        events = self.client.describe_stack_events(StackName=name)["StackEvents"]
        return [f"{one['LogicalResourceId']} {one['ResourceStatus']}" for one in reversed(events)]

    def reasons(self, name: str, status: str) -> list[str]:
        """Return the reasons of the events of one status, oldest first."""
        events = self.client.describe_stack_events(StackName=name)["StackEvents"]
        return [one.get("ResourceStatusReason", "") for one in reversed(events) if one["ResourceStatus"] == status]

    def physical(self, name: str) -> dict[str, str]:
        found = self.client.describe_stack_resources(StackName=name)["StackResources"]
        return {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in found}


def refused(error: ClientError) -> tuple[str, str]:
    """Return code and message of a refusal."""
    return error.response["Error"]["Code"], error.response["Error"]["Message"]
