"""Where something writes its log."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from config.environment import Environment

_RETENTION = {
    7: logs.RetentionDays.ONE_WEEK,
    14: logs.RetentionDays.TWO_WEEKS,
    30: logs.RetentionDays.ONE_MONTH,
    90: logs.RetentionDays.THREE_MONTHS,
    180: logs.RetentionDays.SIX_MONTHS,
    365: logs.RetentionDays.ONE_YEAR,
}


class Logbook(Construct):
    """A log group that keeps what it is told, encrypted, for as long as the environment says."""

    def __init__(
        self, scope: Construct, id_: str, *, environment: Environment, key: kms.IKey, name: str | None = None
    ) -> None:
        super().__init__(scope, id_)
        self.group = logs.LogGroup(
            self,
            "Group",
            log_group_name=name,
            encryption_key=key,
            retention=_RETENTION[environment.log_retention_days],
            removal_policy=RemovalPolicy.DESTROY,
        )
