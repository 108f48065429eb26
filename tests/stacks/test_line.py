"""A line's stack for lines that ask for less, or more, than the worked example."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from cdk_nag import AwsSolutionsChecks

import app
from config.bundle import Bundle
from config.errors import LineError
from config.loading import load_bundle, load_environment
from stacks.foundation import FoundationStack
from stacks.line import LineStack

ENV = cdk.Environment(account="123456789012", region="us-east-1")


def bundle(**changes: Any) -> Bundle:
    flights = load_bundle("flights")
    definition = flights.definition.model_dump()
    for name, change in changes.items():
        definition[name] = {**definition[name], **change} if isinstance(change, dict) else change
    return Bundle.model_validate({**flights.model_dump(), "definition": definition})


def template(directory: Path, line: Bundle, **environment: Any) -> assertions.Template:
    made = app.new_app(outdir=str(directory), context={"aws:cdk:bundling-stacks": []})
    chosen = load_environment("local").model_copy(update=environment)
    foundation = FoundationStack(made, "Foundation", environment=chosen, env=ENV)
    return assertions.Template.from_stack(LineStack(made, "Flights", foundation=foundation, bundle=line, env=ENV))


def test_a_line_without_channels_still_keeps_what_ground_truth_is_joined_with(tmp_path: Path) -> None:
    made = template(tmp_path, bundle(delivery={"files": False, "topic": None, "rest": False}))
    made.resource_count_is("AWS::SNS::Topic", 0)
    made.resource_count_is("AWS::ApiGateway::RestApi", 0)
    made.has_resource_properties("AWS::Lambda::Function", {"Handler": "lambdas.delivery.rest.handler"})
    assert {"RestUrl", "TopicArn"}.isdisjoint(made.to_json()["Outputs"])


def test_a_scheduled_line_is_started_by_a_rule_that_loses_no_start(tmp_path: Path) -> None:
    made = template(tmp_path, bundle(schedule="rate(1 day)"))
    (rule,) = made.find_resources("AWS::Events::Rule").values()
    (target,) = rule["Properties"]["Targets"]
    assert rule["Properties"]["ScheduleExpression"] == "rate(1 day)"
    assert target["Input"] == '{"line":"flights","parameters":{}}'
    assert target["DeadLetterConfig"]["Arn"]


def test_cdk_nag_finds_nothing_in_a_scheduled_line_either(tmp_path: Path) -> None:
    made = app.new_app(outdir=str(tmp_path), context={"aws:cdk:bundling-stacks": []})
    foundation = FoundationStack(made, "Foundation", environment=load_environment("local"), env=ENV)
    LineStack(made, "Flights", foundation=foundation, bundle=bundle(schedule="rate(1 day)"), env=ENV)
    assert [violation.rule_name for violation in AwsSolutionsChecks(made).validate_scope(made).violations] == []


def test_performance_has_an_alarm_for_each_bound_that_the_line_gives(tmp_path: Path) -> None:
    made = template(tmp_path, bundle(monitoring={"performance": {"metric": "brier", "minimum": None, "maximum": 0.3}}))
    alarms = [alarm["Properties"] for alarm in made.find_resources("AWS::CloudWatch::Alarm").values()]
    (performance,) = [alarm for alarm in alarms if alarm["MetricName"] == "Performance"]
    assert (performance["Threshold"], performance["ComparisonOperator"]) == (0.3, "GreaterThanThreshold")


def test_an_environment_gives_values_only_to_parameters_that_the_line_declares(tmp_path: Path) -> None:
    with pytest.raises(LineError, match=r"^parameter 'nothing' is not declared, expected one of "):
        template(tmp_path, bundle(), parameters={"flights": {"nothing": 1}})


def test_two_consumers_have_two_queues(tmp_path: Path) -> None:
    made = template(tmp_path, bundle(delivery={"topic": {"consumers": ["gate_desk", "crew"]}}))
    assert {"ConsumerQueueUrlGateDesk", "ConsumerQueueUrlCrew"} <= set(made.to_json()["Outputs"])
    made.resource_count_is("AWS::SNS::Subscription", 2)
