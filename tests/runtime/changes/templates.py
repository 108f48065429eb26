"""Small templates to compare, and what a few types cannot change in place."""

from __future__ import annotations

from typing import Any

from runtime.changes.replacement import CreateOnly
from runtime.changes.resources import Change, changes

Json = dict[str, Any]

CREATE_ONLY = {
    "AWS::S3::Bucket": CreateOnly(always=(("BucketName",),)),
    "AWS::S3::BucketPolicy": CreateOnly(always=(("Bucket",),)),
    "AWS::DynamoDB::Table": CreateOnly(always=(("TableName",),), sometimes=(("KeySchema",),)),
    "AWS::Batch::ComputeEnvironment": CreateOnly(always=(("ComputeResources", "Subnets", "*"), ("Type",))),
    "AWS::IAM::Role": CreateOnly(always=(("RoleName",),)),
    "AWS::IAM::Policy": CreateOnly(),
    "AWS::EC2::SecurityGroup": CreateOnly(),
    "AWS::Logs::LogGroup": CreateOnly(always=(("LogGroupName",),)),
}


def template(**resources: Json) -> Json:
    return {"Resources": resources}


def resource(kind: str, /, deletion: str | None = None, **properties: Any) -> Json:
    policies = {"DeletionPolicy": deletion, "UpdateReplacePolicy": deletion} if deletion else {}
    return {"Type": f"AWS::{kind}", "Properties": properties, **policies}


def changed(before: Json, after: Json) -> list[Change]:
    return changes("Stack", before, after, CREATE_ONLY.get)
