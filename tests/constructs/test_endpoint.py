"""A line's endpoint as infrastructure: alarms, grants, scaling, and what it tells the handlers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam

import app
from assembly_line.endpoint import Endpoint
from assembly_line.handler import Handlers
from assembly_line.looks import looks_within
from assembly_line.shared import Names, Shared
from config.bundle import Bundle
from config.endpoint import Endpoint as Serving
from config.errors import LineError
from config.line import Line
from config.loading import load_bundle, load_environment
from stacks.checks import check
from stacks.foundation import FoundationStack
from stacks.line import LineStack

ENV = cdk.Environment(account="123456789012", region="us-east-1")
ON_INSTANCES = Serving(kind="instance", instance_count=2, max_instance_count=4)
NOTHING = "kms:us-east-1:123456789012:key/nothing/that/matters"
Json = dict[str, Any]


def line(rollout: Json) -> Line:
    definition = load_bundle("flights").definition.model_dump()
    definition["release"] = {**definition["release"], "rollout": rollout}
    return Line.model_validate(definition)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> LineStack:
    """The stack of a line with a canary and a shadow, in an environment whose endpoints scale."""
    made = app.new_app(outdir=str(tmp_path_factory.mktemp("cdk")), context={"aws:cdk:bundling-stacks": []})
    environment = load_environment("local").model_copy(update={"endpoint": ON_INSTANCES})
    foundation = FoundationStack(made, "Foundation", environment=environment, env=ENV)
    flights = load_bundle("flights").model_dump()
    definition = line({"kind": "canary", "step_seconds": 600, "shadow": {"share": 50, "minutes": 10}}).model_dump()
    bundle = Bundle.model_validate({**flights, "definition": definition})
    return LineStack(made, "Flights", foundation=foundation, bundle=bundle, env=ENV)


@pytest.fixture(scope="module")
def template(whole: LineStack) -> Json:
    return dict(assertions.Template.from_stack(whole).to_json())


def function(template: Json, name: str) -> Json:
    (found,) = [
        resource["Properties"]
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::Lambda::Function"
        and resource["Properties"]["Handler"] == f"lambdas.release.{name}.handler"
    ]
    properties: Json = found
    return properties


def statements(template: Json, role: str) -> dict[str, Json]:
    """Return a role's statements by action; ``role`` is the beginning of its logical id."""
    found = {}
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::IAM::Policy" and name.startswith(role):
            for statement in resource["Properties"]["PolicyDocument"]["Statement"]:
                actions = statement["Action"]
                for action in [actions] if isinstance(actions, str) else actions:
                    found[action] = statement
    return found


def watched(template: Json, variable: str, handler: str = "deploy") -> list[str]:
    """Return the logical ids of the alarms that a variable names."""
    names = function(template, handler)["Environment"]["Variables"][variable]
    return re.findall(r'"Ref": "(\w+)"', json.dumps(names))


def alarm(template: Json, logical_id: str) -> Json:
    properties: Json = template["Resources"][logical_id]["Properties"]
    return properties


def test_the_deployer_is_told_how_traffic_moves_and_which_alarms_take_it_back(template: Json) -> None:
    told = function(template, "deploy")["Environment"]["Variables"]
    assert json.loads(told["ROLLOUT"]) == {
        "kind": "canary",
        "share": 10,
        "step_seconds": 600,
        "bake_seconds": 300,
        "seconds": 900,
    }
    metrics = [alarm(template, name)["MetricName"] for name in watched(template, "ALARMS")]
    assert metrics == ["Invocation5XXErrors", "ModelLatency", "Alarming"]


def test_an_alarm_without_data_takes_nothing_back_and_every_alarm_tells_the_topic(template: Json) -> None:
    (monitor,) = [name for name in watched(template, "ALARMS") if alarm(template, name)["MetricName"] == "Alarming"]
    for name in watched(template, "ALARMS") + watched(template, "SHADOW_ALARMS"):
        if name == monitor:  # its judge tells the topic, and it stays as it was last judged
            assert alarm(template, name)["TreatMissingData"] == "ignore"
        else:
            assert alarm(template, name)["TreatMissingData"] == "notBreaching"
            assert alarm(template, name)["AlarmActions"] == alarm(template, name)["OKActions"] != []


def test_the_alarms_of_the_shadow_look_at_the_shadow_and_take_no_traffic_back(template: Json) -> None:
    assert json.loads(function(template, "deploy")["Environment"]["Variables"]["SHADOW"]) == {
        "share": 50,
        "seconds": 600,
    }
    shadows = watched(template, "SHADOW_ALARMS")
    variants = [{d["Name"]: d["Value"] for d in alarm(template, name)["Dimensions"]}["VariantName"] for name in shadows]
    assert variants == ["shadow", "shadow"]
    assert set(shadows).isdisjoint(watched(template, "ALARMS"))


def test_who_reads_alarms_may_read_those_alone(template: Json) -> None:
    taken_back = {json.dumps({"Fn::GetAtt": [name, "Arn"]}) for name in watched(template, "ALARMS")}
    beside = {json.dumps({"Fn::GetAtt": [name, "Arn"]}) for name in watched(template, "SHADOW_ALARMS")}
    for role, expected in (("ReleaseEndpointRole", taken_back), ("ReleaseDeployHandlerRole", taken_back | beside)):
        named = statements(template, role)["cloudwatch:DescribeAlarms"]["Resource"]
        assert {json.dumps(arn) for arn in named} == expected


def test_only_targets_of_sagemaker_may_be_registered_or_deregistered(template: Json) -> None:
    expected = {
        "application-autoscaling:service-namespace": "sagemaker",
        "application-autoscaling:scalable-dimension": "sagemaker:variant:DesiredInstanceCount",
    }
    for role, action in (
        ("ReleaseDeployHandlerRole", "DeregisterScalableTarget"),
        ("ReleaseLifecycleHandlerRole", "DeregisterScalableTarget"),
        ("ReleaseEndpointScalingScaleRole", "RegisterScalableTarget"),
        ("ReleaseEndpointScalingScaleRole", "PutScalingPolicy"),
    ):
        statement = statements(template, role)[f"application-autoscaling:{action}"]
        assert statement["Condition"] == {"StringEquals": expected}, role


def test_scaling_is_registered_whenever_the_endpoint_comes_into_service(template: Json) -> None:
    told = function(template, "scale")["Environment"]["Variables"]
    assert (told["LEAST"], told["MOST"], told["INVOCATIONS_PER_INSTANCE"]) == ("2", "4", "600")
    patterns = [
        resource["Properties"]["EventPattern"]
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::Events::Rule" and "EventPattern" in resource["Properties"]
    ]
    assert {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Endpoint State Change"],
        "detail": {"EndpointName": [told["ENDPOINT_NAME"]], "EndpointStatus": ["IN_SERVICE"]},
    } in patterns


def test_a_shadow_waits_in_the_state_machine_and_deploy_is_asked_again(template: Json) -> None:
    machines = [r for r in template["Resources"].values() if r["Type"] == "AWS::StepFunctions::StateMachine"]
    parts = [machine["Properties"]["DefinitionString"]["Fn::Join"][1] for machine in machines]
    texts = ["".join(part if isinstance(part, str) else "x" for part in joined) for joined in parts]
    (states,) = [found for text in texts if "NoShadowYet" in (found := json.loads(text)["States"])]
    assert states["NoShadowYet"] == {
        "Type": "Pass",
        "Result": {"phase": ""},
        "ResultPath": "$.deployment",
        "Next": "Deploy",
    }
    assert states["Deploy"]["Parameters"]["Payload"]["phase.$"] == "$.deployment.phase"
    assert states["Deploy"]["Next"] == "OutOfTheShadow"
    assert states["OutOfTheShadow"]["Choices"][0]["Next"] == "InTheShadow"
    assert states["InTheShadow"] == {"Type": "Wait", "SecondsPath": "$.deployment.wait", "Next": "Deploy"}
    looks = states["Settled"]["Choices"][0]["And"][1]["NumericLessThan"]
    assert looks == looks_within(1800 + 900)  # as long as the rollout takes, and the start of the servers


def test_no_pack_finds_anything_in_it(whole: LineStack) -> None:
    assert [str(found) for found in check(whole.node.root) if not found.reason] == []


Made = Callable[..., Endpoint]


@pytest.fixture
def stack(tmp_path: Path) -> cdk.Stack:
    return cdk.Stack(app.new_app(outdir=str(tmp_path), context={"aws:cdk:bundling-stacks": []}), "Stack", env=ENV)


@pytest.fixture
def make(stack: cdk.Stack) -> Made:
    """Makes the endpoint of a line with a rollout in an environment that serves in some way."""

    def made(rollout: Json, **serving: Any) -> Endpoint:
        environment = load_environment("local").model_copy(update={"endpoint": Serving(**serving)})
        parts = {"key_arn": "kms:us-east-1:123456789012:key/1", "alarms_arn": "sns:us-east-1:123456789012:alarms"}
        known = {
            field.name: f"arn:aws:{parts.get(field.name, NOTHING)}" for field in fields(Names) if field.name != "inside"
        }
        names = Names(inside=None, **{name: arn if name.endswith("_arn") else name for name, arn in known.items()})
        shared = Shared(stack, "Shared", environment=environment, names=names)
        handlers = Handlers(stack, "Handlers", environment=environment, key=shared.key, inside=None)
        return Endpoint(stack, "Endpoint", shared=shared, handlers=handlers, name="local-flights", line=line(rollout))

    return made


def test_a_canary_of_one_instance_is_refused(make: Made) -> None:
    with pytest.raises(LineError) as caught:
        make({"kind": "canary"}, kind="instance", instance_count=1)
    assert str(caught.value) == (
        "lines/flights/line.yaml: release.rollout.kind: canary needs two instances or more, of which a part can take "
        "traffic, and environment local has endpoint.instance_count 1: raise it or choose all_at_once"
    )


def test_synthesis_says_that_a_serverless_endpoint_takes_no_steps(make: Made) -> None:
    made = make({"kind": "canary"})
    (told,) = [entry.data for entry in made.node.metadata if entry.type == "aws:cdk:info"]
    assert told == (
        "line flights: release.rollout has no effect in environment local, whose endpoint is serverless: SageMaker "
        "moves its traffic all at once and takes nothing back by alarms"
    )
    assert [made.scaling, made.shadow_alarms, len(made.alarms)] == [None, [], 2]


def test_where_nothing_is_served_there_are_no_alarms(make: Made) -> None:
    made = make({}, kind="none")
    assert (made.alarms, made.deploy_environment()["ENDPOINT_KIND"]) == ([], "none")


def test_what_is_watched_later_counts_and_is_at_most_what_sagemaker_takes(make: Made, stack: cdk.Stack) -> None:
    made = make({"kind": "canary"}, kind="instance", instance_count=2)
    deployer = iam.Role(stack, "Deployer", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    made.grant_deploy(deployer)
    told = stack.resolve(made.deploy_environment()["ALARMS"])
    for number in range(8):
        metric = cloudwatch.Metric(namespace="Test", metric_name=f"m{number}")
        made.watch(cloudwatch.Alarm(stack, f"Other{number}", metric=metric, threshold=1, evaluation_periods=1))
    later = stack.resolve(made.deploy_environment()["ALARMS"])
    assert (json.dumps(told).count("Ref"), json.dumps(later).count("Ref")) == (2, 10)
    with pytest.raises(ValueError, match="SageMaker takes 10 alarms: watch fewer"):
        made.watch(cloudwatch.Alarm(stack, "More", metric=metric, threshold=1, evaluation_periods=1))
    policies = assertions.Template.from_stack(stack).find_resources("AWS::IAM::Policy")
    (mine,) = [policy for name, policy in policies.items() if name.startswith("Deployer")]
    granted = [
        s for s in mine["Properties"]["PolicyDocument"]["Statement"] if "cloudwatch:DescribeAlarms" in s["Action"]
    ]
    assert sum(len(s["Resource"]) if isinstance(s["Resource"], list) else 1 for s in granted) == 10


def test_where_nothing_is_served_rest_looks_up_and_takes_labels(tmp_path: Path) -> None:
    made = app.new_app(outdir=str(tmp_path), context={"aws:cdk:bundling-stacks": []})
    environment = load_environment("local").model_copy(update={"endpoint": Serving(kind="none")})
    foundation = FoundationStack(made, "Foundation", environment=environment, env=ENV)
    batches = assertions.Template.from_stack(
        LineStack(made, "Flights", foundation=foundation, bundle=load_bundle("flights"), env=ENV)
    ).to_json()
    resources = batches["Resources"].values()
    calls = [each["Properties"]["OperationName"] for each in resources if each["Type"] == "AWS::ApiGateway::Method"]
    handlers = [each["Properties"]["Handler"] for each in resources if each["Type"] == "AWS::Lambda::Function"]
    assert sorted(calls) == ["document", "label", "lookUp"]
    assert "lambdas.delivery.predict.handler" not in handlers
    assert "sagemaker:InvokeEndpoint" not in json.dumps(batches)
