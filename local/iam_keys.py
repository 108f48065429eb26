"""The KMS key that a call uses beside its own action: that of an encrypted bucket, table, queue or topic.

Only keys of the customer count; AWS's own let everybody through.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.dynamodb.models import dynamodb_backends
from moto.s3.models import s3_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from local.iam_checks import Check, Place
from local.requests import Call

_S3_USES = {
    "CompleteMultipartUpload": ("kms:Decrypt",),
    "CopyObject": ("kms:GenerateDataKey",),
    "CreateMultipartUpload": ("kms:GenerateDataKey",),
    "GetObject": ("kms:Decrypt",),
    "PutObject": ("kms:GenerateDataKey",),
    "UploadPart": ("kms:GenerateDataKey", "kms:Decrypt"),
}
_SQS_USES = {
    "ReceiveMessage": ("kms:Decrypt",),
    "SendMessage": ("kms:GenerateDataKey", "kms:Decrypt"),
    "SendMessageBatch": ("kms:GenerateDataKey", "kms:Decrypt"),
}
_SNS_USES = {
    "Publish": ("kms:GenerateDataKey", "kms:Decrypt"),
    "PublishBatch": ("kms:GenerateDataKey", "kms:Decrypt"),
}
_DYNAMODB_READS_AND_WRITES = ("Item", "Query", "Scan", "Items")


def key_checks(call: Call, place: Place) -> Iterator[Check]:
    """Yield what a call needs of the key behind its resource."""
    uses, key = _use(call, place)
    if not uses or not key or key.startswith("alias/aws/") or key.endswith("alias/aws/dynamodb"):
        return
    arn = place.arn("kms", key if "/" in key else f"key/{key}")
    via = {"kms:viaservice": f"{call.service}.{place.region}.amazonaws.com"}
    for action in uses:
        yield Check(action, (arn,), via)


def _use(call: Call, place: Place) -> tuple[tuple[str, ...], str | None]:
    given = call.parameters
    if call.service == "s3" and call.operation in _S3_USES:
        bucket = s3_backends[place.account]["aws"].buckets.get(given.get("Bucket", ""))
        return _S3_USES[call.operation], _bucket_key(bucket)
    if call.service == "sqs" and call.operation in _SQS_USES:
        name = str(given.get("QueueUrl", "")).rsplit("/", 1)[-1]
        queue = sqs_backends[place.account][place.region].queues.get(name)
        return _SQS_USES[call.operation], getattr(queue, "kms_master_key_id", None)
    if call.service == "sns" and call.operation in _SNS_USES:
        topic = sns_backends[place.account][place.region].topics.get(given.get("TopicArn", ""))
        return _SNS_USES[call.operation], getattr(topic, "kms_master_key_id", None)
    if call.service == "dynamodb" and call.operation.endswith(_DYNAMODB_READS_AND_WRITES):
        return ("kms:Decrypt",), _table_key(str(given.get("TableName", "")).rsplit("/", 1)[-1], place)
    return (), None


def _bucket_key(bucket: Any) -> str | None:
    rules = (bucket.encryption or {}).get("Rule") or [] if bucket else []
    for rule in rules if isinstance(rules, list) else [rules]:
        key = rule.get("ApplyServerSideEncryptionByDefault", {}).get("KMSMasterKeyID")
        if key:
            return str(key)
    return None


def _table_key(name: str, place: Place) -> str | None:
    table = dynamodb_backends[place.account][place.region].tables.get(name)
    encryption = (table.sse_specification or {}) if table else {}
    return encryption.get("KMSMasterKeyId") if encryption.get("SSEType") == "KMS" else None
