"""The environment's buckets: raw, lake, models, delivered, and the log of who reached them."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from config.environment import Environment

_TIDY = [
    s3.LifecycleRule(
        id="tidy",
        noncurrent_version_expiration=Duration.days(90),
        abort_incomplete_multipart_upload_after=Duration.days(7),
        expired_object_delete_marker=True,
    )
]

QUERIES = "workbench/queries"
"""Key prefix in the lake bucket of what Athena answered to people."""

_ANSWERS = s3.LifecycleRule(
    id="answers",
    prefix=f"{QUERIES}/",
    expiration=Duration.days(7),
    noncurrent_version_expiration=Duration.days(1),
)


class Storage(Construct):
    """Private, versioned, encrypted, TLS-only buckets that survive their stack where the environment retains data."""

    def __init__(self, scope: Construct, id_: str, *, environment: Environment, key: kms.IKey) -> None:
        super().__init__(scope, id_)
        self._removal = RemovalPolicy.RETAIN if environment.retain_data else RemovalPolicy.DESTROY
        self._key = key
        self.access_logs = self._access_logs(environment)
        self.raw = self._bucket("Raw")
        self._tell_of_objects(self.raw)
        self.lake = self._bucket("Lake", *([_ANSWERS] if environment.workbench else []))
        self.models = self._bucket("Models")
        self.delivered = self._bucket("Delivered")

    def _bucket(self, id_: str, *more: s3.LifecycleRule) -> s3.Bucket:
        return s3.Bucket(
            self,
            id_,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self._key,
            bucket_key_enabled=True,
            versioned=True,
            enforce_ssl=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            lifecycle_rules=[*_TIDY, *more],
            server_access_logs_bucket=self.access_logs,
            server_access_logs_prefix=f"{id_.lower()}/",
            removal_policy=self._removal,
        )

    def _tell_of_objects(self, bucket: s3.Bucket) -> None:
        """Let EventBridge hear of new objects; CDK's own way to say so brings a custom resource with a function."""
        made = bucket.node.default_child
        assert isinstance(made, s3.CfnBucket)  # noqa: S101 (what a Bucket is made of)
        made.add_property_override("NotificationConfiguration.EventBridgeConfiguration.EventBridgeEnabled", True)

    def _access_logs(self, environment: Environment) -> s3.Bucket:
        return s3.Bucket(
            self,
            "AccessLogs",
            encryption=s3.BucketEncryption.S3_MANAGED,  # S3 cannot deliver its logs into a KMS-encrypted bucket
            versioned=True,
            enforce_ssl=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            lifecycle_rules=[
                *_TIDY,
                s3.LifecycleRule(id="expire", expiration=Duration.days(environment.log_retention_days)),
            ],
            removal_policy=self._removal,
        )
