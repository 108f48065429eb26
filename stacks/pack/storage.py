"""Rules on what data lies in: buckets, tables, volumes, images, logs, and the keys that encrypt them."""

from __future__ import annotations

import json
from collections.abc import Iterator

from stacks.pack.rule import Fault, Rule
from stacks.pack.world import Resource, World, anyone, conditions, listed, services

BUCKET = "AWS::S3::Bucket"
_BLOCKS = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")


def _log_buckets(world: World) -> set[Resource]:
    """Return the buckets into which others write their access logs."""
    named = (
        (bucket, bucket.properties.get("LoggingConfiguration", {}).get("DestinationBucketName"))
        for bucket in world.all(BUCKET)
    )
    return {found for bucket, name in named if name and (found := world.follow(bucket, name))}


def _public(world: World) -> Iterator[Resource]:
    for bucket in world.all(BUCKET):
        blocked = bucket.properties.get("PublicAccessBlockConfiguration", {})
        if not all(blocked.get(one) is True for one in _BLOCKS):
            yield bucket


def _without_tls(world: World) -> Iterator[Resource]:
    refusing = {
        world.follow(policy, policy.properties["Bucket"])
        for policy, statement in world.statements("AWS::S3::BucketPolicy")
        if statement["Effect"] == "Deny" and str(conditions(statement).get("aws:securetransport")).lower() == "false"
    }
    return (bucket for bucket in world.all(BUCKET) if bucket not in refusing)


def _unencrypted_bucket(world: World) -> Iterator[Resource]:
    logs = _log_buckets(world)
    for bucket in world.all(BUCKET):
        rules = bucket.properties.get("BucketEncryption", {}).get("ServerSideEncryptionConfiguration", [])
        found = [rule.get("ServerSideEncryptionByDefault", {}) for rule in rules]
        keyed = any(one.get("SSEAlgorithm", "").startswith("aws:kms") and one.get("KMSMasterKeyID") for one in found)
        if not keyed and not (bucket in logs and found):  # S3 cannot deliver its logs under a key
            yield bucket


def _unversioned(world: World) -> Iterator[Resource]:
    return (
        bucket
        for bucket in world.all(BUCKET)
        if bucket.properties.get("VersioningConfiguration", {}).get("Status") != "Enabled"
    )


def _unlogged(world: World) -> Iterator[Resource]:
    logs = _log_buckets(world)
    return (one for one in world.all(BUCKET) if one not in logs and not one.properties.get("LoggingConfiguration"))


def _unkeyed_table(world: World) -> Iterator[Resource]:
    for table in world.all("AWS::DynamoDB::Table"):
        settings = table.properties.get("SSESpecification", {})
        if not (settings.get("SSEEnabled") and settings.get("KMSMasterKeyId")):
            yield table


def _unrestorable(world: World) -> Iterator[Resource]:
    for table in world.all("AWS::DynamoDB::Table"):
        if not table.properties.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled"):
            yield table


def _unencrypted_volume(world: World) -> Iterator[Resource]:
    for volume in world.all("AWS::EC2::Volume", "AWS::EFS::FileSystem"):
        if volume.properties.get("Encrypted") is not True:
            yield volume
    for template in world.all("AWS::EC2::LaunchTemplate", "AWS::EC2::Instance"):
        data = template.properties.get("LaunchTemplateData", template.properties)
        for device in data.get("BlockDeviceMappings", []):
            if device.get("Ebs", {}).get("Encrypted") is not True:
                yield template


def _unscanned(world: World) -> Iterator[Resource]:
    for repository in world.all("AWS::ECR::Repository"):
        scan = repository.properties.get("ImageScanningConfiguration", {}).get("ScanOnPush")
        if not scan or repository.properties.get("ImageTagMutability") != "IMMUTABLE":
            yield repository


def _endless_log(world: World) -> Iterator[Resource]:
    return (log for log in world.all("AWS::Logs::LogGroup") if not log.properties.get("RetentionInDays"))


def _unkeyed_log(world: World) -> Iterator[Resource]:
    return (log for log in world.all("AWS::Logs::LogGroup") if not log.properties.get("KmsKeyId"))


def _fixed_key(world: World) -> Iterator[Resource]:
    for key in world.all("AWS::KMS::Key"):
        symmetric = key.properties.get("KeySpec", "SYMMETRIC_DEFAULT") == "SYMMETRIC_DEFAULT"
        if symmetric and key.properties.get("EnableKeyRotation") is not True:
            yield key


def _open_key(world: World) -> Iterator[Fault]:
    for key, statement in world.statements("AWS::KMS::Key"):
        if statement["Effect"] == "Allow" and anyone(statement) and not statement.get("Condition"):
            yield key, json.dumps(listed(statement["Action"]))


def _confused_key(world: World) -> Iterator[Fault]:
    for key, statement in world.statements("AWS::KMS::Key"):
        for service in services(statement):  # EventBridge names no source to KMS
            if service != "events.amazonaws.com" and statement["Effect"] == "Allow" and not statement.get("Condition"):
                yield key, service


RULES = [
    Rule("BucketPrivate", "a bucket blocks every kind of public access", "set all four public access blocks", _public),
    Rule("BucketTls", "a bucket refuses requests without TLS", "give it enforce_ssl=True", _without_tls),
    Rule(
        "BucketKey",
        "a bucket encrypts with the environment's key (that of access logs: with S3's own)",
        "give it encryption=KMS and encryption_key",
        _unencrypted_bucket,
    ),
    Rule("BucketVersioned", "a bucket keeps versions", "give it versioned=True", _unversioned),
    Rule("BucketLogged", "who reaches a bucket is logged", "give it server_access_logs_bucket", _unlogged),
    Rule("TableKey", "a table is encrypted with the environment's key", "make it with table.Table", _unkeyed_table),
    Rule("TableRestorable", "a table can be restored to any second", "make it with table.Table", _unrestorable),
    Rule("VolumeEncrypted", "volumes and file systems are encrypted", "set Encrypted", _unencrypted_volume),
    Rule(
        "ImagesScanned",
        "a repository scans what is pushed and lets no tag move",
        "set ScanOnPush and ImageTagMutability IMMUTABLE",
        _unscanned,
    ),
    Rule("LogRetention", "a log group forgets after a time", "make it with logbook.Logbook", _endless_log),
    Rule("LogKey", "a log group is encrypted with the environment's key", "make it with logbook.Logbook", _unkeyed_log),
    Rule("KeyRotates", "a symmetric key rotates", "give it enable_key_rotation=True", _fixed_key),
    Rule("KeyClosed", "a key's policy lets nobody in without a condition", "name principals or a condition", _open_key),
    Rule(
        "KeySource",
        "a key lets a service in for this account only (EventBridge names no source to KMS and needs none)",
        "give the statement a condition on aws:SourceAccount or on the encryption context",
        _confused_key,
    ),
]
