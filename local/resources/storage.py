"""S3: buckets with their settings, and bucket policies."""

from __future__ import annotations

from typing import Any

from local.fidelity import Row
from local.resources.kinds import Answer, Kind, Made, Properties, Site, accepting, again, deleting, given, ref
from local.resources.naming import Name

FIDELITY = [
    Row("S3", "objects, versions, multipart, If-Match, If-None-Match", "real", "moto"),
    Row("S3", "lifecycle, inventory, replication", "absent", "settings are stored and nothing is done"),
]

_LIFECYCLE = {"ExpirationInDays": ("Expiration", "Days"), "ExpirationDate": ("Expiration", "Date")}


def _create(site: Site, properties: Properties) -> Answer:
    bucket = properties["BucketName"]
    place = {} if site.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": site.region}}
    site.call("s3", "create_bucket", Bucket=bucket, **place)
    _put_settings(site, properties)
    return {}


def _put_settings(site: Site, properties: Properties) -> None:
    for setting, (operation, parameters) in _settings(properties).items():
        if setting in properties:
            site.call("s3", operation, Bucket=properties["BucketName"], **parameters)


_UNSET = {
    "BucketEncryption": "delete_bucket_encryption",
    "PublicAccessBlockConfiguration": "delete_public_access_block",
    "OwnershipControls": "delete_bucket_ownership_controls",
    "LifecycleConfiguration": "delete_bucket_lifecycle",
    "Tags": "delete_bucket_tagging",
}
_EMPTY: dict[str, Any] = {
    "VersioningConfiguration": {"Status": "Suspended"},
    "NotificationConfiguration": {},
}


def _update(made: Made, properties: Properties) -> Answer:
    gone = set(made.given) - set(properties)
    for setting in gone & set(_UNSET):
        made.site.call("s3", _UNSET[setting], Bucket=made.ref)
    _put_settings(made.site, {**{name: _EMPTY[name] for name in gone & set(_EMPTY)}, **properties})
    return {}


def _settings(properties: Properties) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return for each property the call that sets it."""
    logging = properties.get("LoggingConfiguration", {})
    encryption = properties.get("BucketEncryption", {}).get("ServerSideEncryptionConfiguration", [])
    return {
        "BucketEncryption": (
            "put_bucket_encryption",
            {"ServerSideEncryptionConfiguration": {"Rules": [_encryption(rule) for rule in encryption]}},
        ),
        "VersioningConfiguration": (
            "put_bucket_versioning",
            {"VersioningConfiguration": properties.get("VersioningConfiguration")},
        ),
        "PublicAccessBlockConfiguration": (
            "put_public_access_block",
            {"PublicAccessBlockConfiguration": properties.get("PublicAccessBlockConfiguration")},
        ),
        "OwnershipControls": (
            "put_bucket_ownership_controls",
            {"OwnershipControls": properties.get("OwnershipControls")},
        ),
        "LifecycleConfiguration": (
            "put_bucket_lifecycle_configuration",
            {
                "LifecycleConfiguration": {
                    "Rules": [
                        _lifecycle(rule) for rule in properties.get("LifecycleConfiguration", {}).get("Rules", [])
                    ]
                }
            },
        ),
        "LoggingConfiguration": (
            "put_bucket_logging",
            {
                "BucketLoggingStatus": {
                    "LoggingEnabled": {
                        "TargetBucket": logging.get("DestinationBucketName", properties["BucketName"]),
                        "TargetPrefix": logging.get("LogFilePrefix", ""),
                    }
                }
            },
        ),
        "NotificationConfiguration": (
            "put_bucket_notification_configuration",
            {"NotificationConfiguration": _notification(properties.get("NotificationConfiguration", {}))},
        ),
        "Tags": ("put_bucket_tagging", {"Tagging": {"TagSet": properties.get("Tags")}}),
    }


def _encryption(rule: dict[str, Any]) -> dict[str, Any]:
    names = {"ServerSideEncryptionByDefault": "ApplyServerSideEncryptionByDefault"}
    return {names.get(name, name): value for name, value in rule.items()}


def _lifecycle(rule: dict[str, Any]) -> dict[str, Any]:
    api: dict[str, Any] = {"Status": rule["Status"], "Filter": {"Prefix": rule.get("Prefix", "")}}
    if "Id" in rule:
        api["ID"] = rule["Id"]
    for name, (outer, inner) in _LIFECYCLE.items():
        if name in rule:
            api[outer] = {inner: rule[name]}
    if rule.get("ExpiredObjectDeleteMarker"):
        api["Expiration"] = {"ExpiredObjectDeleteMarker": True}
    transitions = rule.get("Transitions") or ([rule["Transition"]] if "Transition" in rule else [])
    if transitions:
        api["Transitions"] = [
            {"Days": item["TransitionInDays"], "StorageClass": item["StorageClass"]} for item in transitions
        ]
    if "NoncurrentVersionExpirationInDays" in rule:
        api["NoncurrentVersionExpiration"] = {"NoncurrentDays": rule["NoncurrentVersionExpirationInDays"]}
    for name in ("NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"):
        if name in rule:
            api[name] = rule[name]
    known = {"Id", "Status", "Prefix", "Transition", "Transitions", "ExpiredObjectDeleteMarker", *_LIFECYCLE}
    known |= {"NoncurrentVersionExpirationInDays", "NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"}
    return api | {name: value for name, value in rule.items() if name not in known}


def _notification(configuration: dict[str, Any]) -> dict[str, Any]:
    api: dict[str, Any] = {}
    if configuration.get("EventBridgeConfiguration", {}).get("EventBridgeEnabled", False):
        api["EventBridgeConfiguration"] = {}
    for name, target, api_name, api_target in (
        ("QueueConfigurations", "Queue", "QueueConfigurations", "QueueArn"),
        ("TopicConfigurations", "Topic", "TopicConfigurations", "TopicArn"),
        ("LambdaConfigurations", "Function", "LambdaFunctionConfigurations", "LambdaFunctionArn"),
    ):
        if configuration.get(name):
            api[api_name] = [_destination(item, target, api_target) for item in configuration[name]]
    return api


def _destination(item: dict[str, Any], target: str, api_target: str) -> dict[str, Any]:
    api: dict[str, Any] = {api_target: item[target], "Events": [item["Event"]]}
    if "Filter" in item:
        api["Filter"] = {"Key": {"FilterRules": item["Filter"]["S3Key"]["Rules"]}}
    return api


def _put_policy(site: Site, properties: Properties) -> Answer:
    return site.call("s3", "put_bucket_policy", Bucket=properties["Bucket"], Policy=properties["PolicyDocument"])


def _host(made: Made) -> str:
    return f"{made.ref}.s3.amazonaws.com"


KINDS = [
    Kind(
        type="AWS::S3::Bucket",
        name=Name("BucketName", longest=63, pattern=r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", lower=True),
        create=_create,
        ref=given("BucketName"),
        attributes={
            "Arn": lambda made: f"arn:aws:s3:::{made.ref}",
            "DomainName": _host,
            "RegionalDomainName": lambda made: f"{made.ref}.s3.{made.site.region}.amazonaws.com",
        },
        delete=deleting("s3", "delete_bucket", Bucket=ref),
        accepts=accepting(
            "BucketName",
            "BucketEncryption",
            "VersioningConfiguration",
            "PublicAccessBlockConfiguration",
            "OwnershipControls",
            "LifecycleConfiguration",
            "LoggingConfiguration",
            "NotificationConfiguration",
            "Tags",
        ),
        ignored=accepting("AccessControl", "IntelligentTieringConfigurations", "MetricsConfigurations"),
        update=_update,
        holds_data=True,
    ),
    Kind(
        type="AWS::S3::BucketPolicy",
        create=_put_policy,
        ref=given("Bucket"),
        delete=deleting("s3", "delete_bucket_policy", Bucket=given("Bucket")),
        accepts=accepting("Bucket", "PolicyDocument"),
        update=again(_put_policy),
    ),
]
