"""What a change would do to what is kept: data, keys, logs, versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from runtime.changes.properties import value_at
from runtime.changes.resources import Change
from runtime.changes.templates import Template, resources

STATEFUL = frozenset(
    {
        "AWS::Backup::BackupVault",
        "AWS::CloudTrail::EventDataStore",
        "AWS::Cognito::UserPool",
        "AWS::DocDB::DBCluster",
        "AWS::DynamoDB::GlobalTable",
        "AWS::DynamoDB::Table",
        "AWS::EC2::Volume",
        "AWS::ECR::Repository",
        "AWS::EFS::FileSystem",
        "AWS::ElastiCache::ReplicationGroup",
        "AWS::Glue::Database",
        "AWS::Glue::Table",
        "AWS::KMS::Key",
        "AWS::Kinesis::Stream",
        "AWS::Logs::LogGroup",
        "AWS::Neptune::DBCluster",
        "AWS::OpenSearchService::Domain",
        "AWS::RDS::DBCluster",
        "AWS::RDS::DBInstance",
        "AWS::Redshift::Cluster",
        "AWS::RedshiftServerless::Namespace",
        "AWS::S3::Bucket",
        "AWS::S3Tables::Table",
        "AWS::S3Tables::TableBucket",
        "AWS::SQS::Queue",
        "AWS::SageMaker::Domain",
        "AWS::SageMaker::FeatureGroup",
        "AWS::SageMaker::ModelPackageGroup",
        "AWS::SecretsManager::Secret",
        "Custom::MadeByRuns",  # its deletion deletes the endpoint and the model packages that runs made
    }
)
"""The types whose resources hold what cannot be made again from code."""

_KEEPING = ("Retain", "RetainExceptOnCreate", "Snapshot")

_SNAPSHOT = frozenset({"AWS::RDS::DBCluster", "AWS::RDS::DBInstance"})
"""Without a deletion policy CloudFormation takes a snapshot of these, and deletes all others."""


@dataclass(frozen=True)
class Risk:
    """A stateful resource that would be deleted, replaced or less well kept."""

    stack: str
    logical_id: str
    type: str
    what: Literal["DELETE", "REPLACE", "LESS KEPT"]
    lost: bool
    """Whether data goes: False where the old resource is left behind, or may only be lost later."""
    because: str


def risks(before: Template, after: Template, found: Sequence[Change]) -> Iterator[Risk]:
    """Yield what the changes of one stack would do to its stateful resources."""
    old, new = resources(before), resources(after)
    for change in found:
        if change.type not in STATEFUL or change.kind == "added":
            continue
        name = change.logical_id
        if change.kind == "removed":
            policy = _policy(old[name], "DeletionPolicy")
            yield _risk(change, "DELETE", policy, f"it is no longer in the template, DeletionPolicy {policy}")
        elif change.replaced != "no":
            policy = _policy(new[name], "UpdateReplacePolicy")
            sure = "" if change.replaced == "yes" else "possibly: "
            paths = ", ".join(".".join(path) for path in change.properties) or "what it refers to"
            yield _risk(change, "REPLACE", policy, f"{sure}{paths} changed, UpdateReplacePolicy {policy}")
        else:
            for because in _weaker(old[name], new[name]):
                yield Risk(change.stack, name, change.type, "LESS KEPT", False, because)


def _risk(change: Change, what: Literal["DELETE", "REPLACE"], policy: str, because: str) -> Risk:
    return Risk(change.stack, change.logical_id, change.type, what, policy not in _KEEPING, because)


def _policy(resource: Mapping[str, Any], name: str) -> str:
    return str(resource.get(name) or ("Snapshot" if resource["Type"] in _SNAPSHOT else "Delete"))


def _weaker(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """Yield in which ways a resource would be less well kept than it is."""
    for name in ("DeletionPolicy", "UpdateReplacePolicy"):
        was, now = _policy(old, name), _policy(new, name)
        if was in _KEEPING and now not in _KEEPING:
            yield f"{name} {was} becomes {now}"
    for path, kept in _KEPT_BY.items():
        was, now = value_at(old.get("Properties"), path), value_at(new.get("Properties"), path)
        if was == kept and now != kept:
            yield f"{'.'.join(path)} {was} becomes {now}"
    was, now = (value_at(one.get("Properties"), ("RetentionInDays",)) for one in (old, new))
    if now is not None and (was is None or (isinstance(was, int) and isinstance(now, int) and now < was)):
        yield f"RetentionInDays {was or 'for ever'} becomes {now}"


_KEPT_BY: dict[tuple[str, ...], Any] = {
    ("DeletionProtectionEnabled",): True,
    ("DeletionProtection",): True,
    ("VersioningConfiguration", "Status"): "Enabled",
    ("PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled"): True,
    ("EnableKeyRotation",): True,
}
