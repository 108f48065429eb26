"""How the environment speaks to people: the alarm topic, and the log of its REST APIs."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from assembly_line.permissions import allow, rights
from config.environment import Environment


class AlarmTopic(Construct):
    """An encrypted topic on which the account's alarms may speak, mailed to whom the environment names."""

    def __init__(self, scope: Construct, id_: str, *, environment: Environment, key: kms.IKey) -> None:
        super().__init__(scope, id_)
        stack = Stack.of(self)
        self.topic = sns.Topic(self, "Topic", master_key=key, enforce_ssl=True)
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                conditions={
                    "StringEquals": {"aws:SourceAccount": stack.account},
                    "ArnLike": {
                        "aws:SourceArn": f"arn:{stack.partition}:cloudwatch:{stack.region}:{stack.account}:alarm:*"
                    },
                },
            )
        )
        for address in environment.alarm_emails:
            self.topic.add_subscription(subscriptions.EmailSubscription(address))


class ApiLogging(Construct):
    """The role with which API Gateway writes the logs of any REST API of the account and region."""

    def __init__(self, scope: Construct, id_: str) -> None:
        super().__init__(scope, id_)
        stack = Stack.of(self)
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("apigateway.amazonaws.com"))
        allow(
            self.role,
            *("logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogGroups", "logs:DescribeLogStreams"),
            *("logs:PutLogEvents", "logs:GetLogEvents", "logs:FilterLogEvents"),
            on=[f"arn:{stack.partition}:logs:{stack.region}:{stack.account}:*"],
            why="API Gateway names the log groups of its APIs itself, and checks for these rights on all of them",
        )
        account = apigateway.CfnAccount(self, "Account", cloud_watch_role_arn=self.role.role_arn)
        account.node.add_dependency(rights(self.role))
