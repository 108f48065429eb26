"""A DynamoDB table as this project keeps one: on demand, encrypted with its key, restorable to any second."""

from __future__ import annotations

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
    ) -> None:
        """With ``forgets`` DynamoDB deletes items from the second on that their ``expires`` names."""
        super().__init__(scope, id_)
        self._key = key
        self.table = dynamodb.Table(
            self,
            "Table",
            partition_key=dynamodb.Attribute(name=partition, type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name=sort, type=dynamodb.AttributeType.STRING) if sort else None,
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
        self.name = self.table.table_name

    def allow(self, role: iam.Role, *actions: str) -> None:
        """Let a role do some things with the table's items, e.g. ``dynamodb:GetItem``."""
        allow_items(role, self.table, self._key, *actions)
