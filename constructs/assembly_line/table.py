"""A DynamoDB table as this project keeps one: on demand, encrypted with its key, restorable to any second."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from assembly_line.permissions import allow_items
from config.environment import Environment


class Table(Construct):
    """A table with text keys; it survives its stack where the environment retains data."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        environment: Environment,
        key: kms.IKey,
        partition: str,
        sort: str | None = None,
        forgets: bool = False,
        indexes: Mapping[str, tuple[str, str]] = MappingProxyType({}),
    ) -> None:
        """With ``forgets`` DynamoDB deletes items from the second on that their ``expires`` names.

        ``indexes`` are further orders of whole items, each by name, with its partition and sort key (texts).
        """
        super().__init__(scope, id_)
        self._key = key
        self.table = dynamodb.Table(
            self,
            "Table",
            partition_key=_text(partition),
            sort_key=_text(sort) if sort else None,
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=key,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            time_to_live_attribute="expires" if forgets else None,
            deletion_protection=environment.retain_data,
            removal_policy=RemovalPolicy.RETAIN if environment.retain_data else RemovalPolicy.DESTROY,
        )
        for name, (index_partition, index_sort) in indexes.items():
            self.table.add_global_secondary_index(
                index_name=name, partition_key=_text(index_partition), sort_key=_text(index_sort)
            )
        self.name = self.table.table_name

    def allow(self, role: iam.Role, *actions: str) -> None:
        """Let a role do some things with the table's items, e.g. ``dynamodb:GetItem``."""
        allow_items(role, self.table, self._key, *actions)


def _text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
