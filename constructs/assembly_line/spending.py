"""What an environment may cost a month, and who hears of it."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from assembly_line.naming import slug
from config import tags
from config.budget import Budget

SERVICE = "budgets.amazonaws.com"


class Spending(Construct):
    """A budget over everything that carries the environment's tag; each threshold that is passed speaks on a topic.

    AWS filters by a tag only once it is activated as a cost allocation tag: docs/cost.md.
    """

    def __init__(self, scope: Construct, id_: str, *, environment: str, budget: Budget, topic: sns.Topic) -> None:
        super().__init__(scope, id_)
        stack = Stack.of(self)
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal(SERVICE)],
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
                conditions={
                    "StringEquals": {"aws:SourceAccount": stack.account},
                    "ArnLike": {"aws:SourceArn": f"arn:{stack.partition}:budgets::{stack.account}:*"},
                },
            )
        )
        told = [("ACTUAL", percent) for percent in budget.actual_percent]
        told += [("FORECASTED", budget.forecast_percent)] if budget.forecast_percent is not None else []
        self.budget = budgets.CfnBudget(
            self,
            "Budget",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_name=slug(environment),
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(amount=budget.monthly_usd, unit="USD"),
                cost_filters={"TagKeyValue": [f"user:{tags.ENVIRONMENT}${environment}"]},
            ),
            notifications_with_subscribers=[
                budgets.CfnBudget.NotificationWithSubscribersProperty(
                    notification=budgets.CfnBudget.NotificationProperty(
                        notification_type=kind,
                        comparison_operator="GREATER_THAN",
                        threshold=percent,
                        threshold_type="PERCENTAGE",
                    ),
                    subscribers=[
                        budgets.CfnBudget.SubscriberProperty(subscription_type="SNS", address=topic.topic_arn)
                    ],
                )
                for kind, percent in told
            ],
        )
        # a budget whose topic is shut to it is refused
        self.budget.node.add_dependency(topic.node.find_child("Policy"))
