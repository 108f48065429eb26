"""A line's stack for lines that ask for less, or more, than the worked example."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions

import app
from config.bundle import Bundle
from config.environment import Snapshots
from config.errors import LineError
from config.loading import load_bundle, load_environment
from stacks.checks import check
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
    made = template(tmp_path, bundle(delivery={"files": False, "topics": [], "rest": False}))
    made.resource_count_is("AWS::SNS::Topic", 0)
    made.resource_count_is("AWS::ApiGateway::RestApi", 0)
    made.has_resource_properties("AWS::Lambda::Function", {"Handler": "lambdas.delivery.rest.handler"})
    outputs = made.to_json()["Outputs"]
    assert not [name for name in outputs if name.startswith(("RestUrl", "TopicArn", "Consumer"))]


def test_a_scheduled_line_is_started_by_a_rule_that_loses_no_start(tmp_path: Path) -> None:
    made = template(tmp_path, bundle(schedule="rate(1 day)"))
    ((target,),) = targets(made, ScheduleExpression="rate(1 day)")
    assert target["InputTransformer"]["InputTemplate"] == '{"detail-type":"Line Schedule","time":<time>}'
    assert target["DeadLetterConfig"]["Arn"]


def retraining(made: assertions.Template) -> dict[str, Any]:
    """Return the variables of the function that starts runs."""
    properties = {"Properties": {"Handler": "lambdas.monitoring.retrain.handler"}}
    (function,) = made.find_resources("AWS::Lambda::Function", properties).values()
    variables: dict[str, Any] = function["Properties"]["Environment"]["Variables"]
    return variables


def test_alarms_of_drift_and_performance_start_a_run_unless_the_line_says_otherwise(tmp_path: Path) -> None:
    made = template(tmp_path / "both", bundle())
    asks = assertions.Match.object_like({"source": ["aws.cloudwatch"]})
    ((target,),) = targets(made, EventPattern=asks)
    assert target["DeadLetterConfig"]["Arn"]
    dates = json.loads(retraining(made)["DATES"])
    assert dates["score_date"] == "2013-08-15"
    assert len(dates) == 5
    none = template(tmp_path / "none", bundle(retraining={"on": [], "move_dates": False}))
    assert targets(none, EventPattern=asks) == []
    assert (retraining(none)["DATES"], retraining(none)["ALARMS"]) == ("{}", "{}")


def test_new_raw_files_start_a_run_where_the_line_wants_it(tmp_path: Path) -> None:
    made = template(tmp_path, bundle(retraining={"on": ["data"]}))
    pattern = {"source": ["aws.s3"], "detail": {"object": {"key": [{"prefix": "flights/"}]}}}
    assert len(targets(made, EventPattern=assertions.Match.object_like(pattern))) == 1


def targets(made: assertions.Template, **properties: Any) -> list[list[dict[str, Any]]]:
    """Return the targets of each rule with some properties."""
    rules = made.find_resources("AWS::Events::Rule", {"Properties": properties}).values()
    return [rule["Properties"]["Targets"] for rule in rules]


def test_tables_are_maintained_when_the_environment_says_and_no_start_is_lost(tmp_path: Path) -> None:
    snapshots = Snapshots(keep_days=3, schedule="rate(12 hours)")
    made = template(tmp_path, bundle(), snapshots=snapshots)
    ((target,),) = targets(made, ScheduleExpression="rate(12 hours)")
    (name,) = [
        name
        for name, job in made.find_resources("AWS::Batch::JobDefinition").items()
        if job["Properties"]["ContainerProperties"]["Command"][0] == "maintain"
    ]
    assert target["BatchParameters"] == {
        "JobDefinition": {"Ref": name},
        "JobName": "maintenance",
    }
    assert target["RetryPolicy"] == {"MaximumRetryAttempts": 3}
    assert target["DeadLetterConfig"]["Arn"]
    job = made.find_resources("AWS::Batch::JobDefinition")[name]["Properties"]
    assert job["Parameters"] == {"run": "maintenance", "parameters": "{}", "dry_run": "no"}
    words = job["ContainerProperties"]["Command"]
    assert Snapshots.model_validate_json(words[words.index("--retention") + 1]) == snapshots


def test_a_maintenance_that_fails_is_told_to_the_queue_with_the_alarm(tmp_path: Path) -> None:
    made = template(tmp_path, bundle())
    pattern = assertions.Match.object_like({"source": ["aws.batch"]})
    ((told,),) = targets(made, EventPattern=pattern)
    ((started,),) = targets(made, ScheduleExpression="cron(0 3 * * ? *)")
    assert told["Arn"] == started["DeadLetterConfig"]["Arn"]
    (queue,) = told["Arn"]["Fn::GetAtt"][:1]
    alarms = made.find_resources("AWS::CloudWatch::Alarm").values()
    watched = [alarm["Properties"]["Dimensions"][0]["Value"] for alarm in alarms]
    assert {"Fn::GetAtt": [queue, "QueueName"]} in watched


def test_no_pack_finds_anything_in_a_scheduled_line_either(tmp_path: Path) -> None:
    made = app.new_app(outdir=str(tmp_path), context={"aws:cdk:bundling-stacks": []})
    foundation = FoundationStack(made, "Foundation", environment=load_environment("local"), env=ENV)
    LineStack(made, "Flights", foundation=foundation, bundle=bundle(schedule="rate(1 day)"), env=ENV)
    assert [str(one) for one in check(made) if not one.reason] == []


def test_the_judge_is_told_what_the_line_says_and_asked_by_the_clock(tmp_path: Path) -> None:
    watch = {"performance": {"metric": "brier", "minimum": None, "maximum": 0.3}, "window": {"hours": 48}}
    made = template(tmp_path, bundle(monitoring=watch, personal=["Gate"]))
    properties = {"Properties": {"Handler": "lambdas.monitoring.judge.handler"}}
    (function,) = made.find_resources("AWS::Lambda::Function", properties).values()
    variables = function["Properties"]["Environment"]["Variables"]
    said = json.loads(variables["MONITORING"])
    assert (said["performance"]["maximum"], said["alarm"]) == (0.3, {"at_least": 1, "of": 1})
    assert (variables["WINDOW_HOURS"], variables["METRIC"], variables["HIDDEN"]) == ("48", "brier", '["gate"]')
    ((target,),) = [each for each in targets(made, ScheduleExpression="rate(15 minutes)") if "Judge" in str(each)]
    assert target["InputTransformer"]["InputTemplate"] == '{"detail-type":"Judge Windows","time":<time>}'
    assert target["DeadLetterConfig"]["Arn"]


def test_a_file_of_labels_is_heard_of_under_its_prefix_alone(tmp_path: Path) -> None:
    pattern = {"source": ["aws.s3"], "detail": {"object": {"key": [{"prefix": "ground_truth/flights/"}]}}}
    made = template(tmp_path, bundle(retraining={"on": []}))
    ((target,),) = targets(made, EventPattern=assertions.Match.object_like(pattern))
    assert target["DeadLetterConfig"]["Arn"]


def test_an_environment_gives_values_only_to_parameters_that_the_line_declares(tmp_path: Path) -> None:
    with pytest.raises(LineError, match=r"^parameter 'nothing' is not declared, expected one of "):
        template(tmp_path, bundle(), parameters={"flights": {"nothing": 1}})


def test_two_consumers_have_two_queues(tmp_path: Path) -> None:
    made = template(tmp_path, bundle(delivery={"topics": [{"name": "decisions", "consumers": ["gate_desk", "crew"]}]}))
    assert {"ConsumerQueueUrlGateDesk", "ConsumerQueueUrlCrew"} <= set(made.to_json()["Outputs"])
    made.resource_count_is("AWS::SNS::Subscription", 2)
