"""An environment's foundation as a line sees it: things to use, none of them to change."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import aws_batch as batch
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from constructs import Construct

from assembly_line.inside import Inside, InsideNames
from assembly_line.permissions import allow, allow_items
from config.environment import Environment


@dataclass(frozen=True)
class Names:
    """What a line must know of the foundation, each a value that the foundation's stack exports."""

    key_arn: str
    signing_key_arn: str
    raw: str
    lake: str
    models: str
    delivered: str
    ledger: str
    bus: str
    alarms_arn: str
    queue_arn: str
    training_queue_arn: str
    database: str
    image_uri: str
    repository_arn: str
    inside: InsideNames | None = None
    """The network without internet, where the environment has one."""


class Shared(Construct):
    """The foundation's buckets, key, ledger, bus, topic and queue, imported into a line's stack.

    Imported, so that a grant changes the line's role and never the foundation's stack: no circle of stacks.
    """

    def __init__(self, scope: Construct, id_: str, *, environment: Environment, names: Names) -> None:
        super().__init__(scope, id_)
        self.environment = environment
        self.key = kms.Key.from_key_arn(self, "Key", names.key_arn)
        self.signing_key = kms.Key.from_key_arn(self, "SigningKey", names.signing_key_arn)
        self.raw = s3.Bucket.from_bucket_name(self, "Raw", names.raw)
        self.lake = s3.Bucket.from_bucket_name(self, "Lake", names.lake)
        self.models = s3.Bucket.from_bucket_name(self, "Models", names.models)
        self.delivered = s3.Bucket.from_bucket_name(self, "Delivered", names.delivered)
        self.ledger = dynamodb.Table.from_table_name(self, "Ledger", names.ledger)
        self.bus = events.EventBus.from_event_bus_name(self, "Bus", names.bus)
        self.alarms = sns.Topic.from_topic_arn(self, "Alarms", names.alarms_arn)
        self.queue = batch.JobQueue.from_job_queue_arn(self, "Queue", names.queue_arn)
        self.training_queue = batch.JobQueue.from_job_queue_arn(self, "TrainingQueue", names.training_queue_arn)
        self.database = names.database
        self.image_uri = names.image_uri
        self.repository_arn = names.repository_arn
        self.inside = Inside.imported(self, names.inside) if names.inside else None

    def allow_signing(self, role: iam.Role) -> None:
        """Let a role sign models: whoever registers them, and nobody else."""
        allow(role, "kms:Sign", on=[self.signing_key.key_arn])

    def allow_verifying(self, role: iam.Role) -> None:
        """Let a role verify the signatures of models."""
        allow(role, "kms:Verify", on=[self.signing_key.key_arn])

    def allow_ledger(self, role: iam.Role, *actions: str, partition: str = "") -> None:
        """Let a role do some things with the ledger's items, e.g. ``dynamodb:GetItem``: all, or one partition's."""
        allow_items(role, self.ledger, self.key, *actions, partition=partition)
