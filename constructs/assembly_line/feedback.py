"""What live monitoring remembers of a line: predictions with their labels, and windows with their counts."""

from __future__ import annotations

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

from assembly_line.permissions import allow
from assembly_line.shared import Shared
from assembly_line.table import Table
from config.line import Line
from runtime.monitoring.unmatched import INDEX

_WRITES = ("dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:UpdateItem")


class Feedback(Construct):
    """The two tables, what a handler is told of them, and who may do what with them."""

    def __init__(self, scope: Construct, id_: str, *, shared: Shared, line: Line) -> None:
        super().__init__(scope, id_)
        self._line = line
        self.predictions = Table(
            self,
            "Predictions",
            environment=shared.environment,
            key=shared.key,
            partition="prediction_key",
            forgets=True,
        )
        self.predictions.table.add_global_secondary_index(
            index_name=INDEX,
            partition_key=dynamodb.Attribute(name="line", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="unmatched_since", type=dynamodb.AttributeType.STRING),
        )
        self.windows = Table(
            self,
            "Windows",
            environment=shared.environment,
            key=shared.key,
            partition="window",
            sort="part",
            forgets=True,
        )

    def environment(self) -> dict[str, str]:
        """Return the variables that say where the tables are and how the line counts."""
        monitoring = self._line.monitoring
        return {
            "PREDICTIONS_TABLE": self.predictions.name,
            "WINDOWS_TABLE": self.windows.name,
            "TASK": self._line.dataset.task,
            "WINDOW_HOURS": str(monitoring.window.span_hours),
            "WINDOW_COUNT": str(monitoring.window.count or 0),
            "KEEP_DAYS": str(monitoring.ground_truth.keep_days),
            "LINE": self._line.line,
        }

    def allow_predicting(self, role: iam.Role) -> None:
        """Let a role keep predictions, without counting any."""
        self.predictions.allow(role, *_WRITES)

    def allow_counting(self, role: iam.Role) -> None:
        """Let a role keep predictions, labels and captured events, and count them in their windows."""
        self.predictions.allow(role, *_WRITES)
        by_count = ["dynamodb:GetItem"] if self._line.monitoring.window.count else []
        self.windows.allow(role, "dynamodb:PutItem", "dynamodb:UpdateItem", *by_count)

    def allow_judging(self, role: iam.Role) -> None:
        """Let a role read windows and write down what it thinks of them."""
        self.windows.allow(role, *("dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem", "dynamodb:UpdateItem"))

    def allow_waiting(self, role: iam.Role) -> None:
        """Let a role look at the labels that wait for their prediction, and join those that have it by now."""
        self.allow_counting(role)
        allow(role, "dynamodb:Query", on=[f"{self.predictions.table.table_arn}/index/{INDEX}"])
