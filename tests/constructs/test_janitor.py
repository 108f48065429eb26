from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Match, Template

from app import new_app
from assembly_line.encryption import EnvironmentKey
from assembly_line.handler import Handlers
from assembly_line.janitor import Janitor
from assembly_line.notices import AlarmTopic
from config.branches import environment_id
from config.loading import load_environment
from config.naming import identifier, slug
from runtime.endpoint import names_prefix
from stacks.checks import check

Json = dict[str, Any]
STANDING = ["dev", "local", "prod"]


@pytest.fixture(scope="module")
def stack() -> cdk.Stack:
    """A stack such as each account has, with its own key and topic."""
    app = new_app(context={"aws:cdk:bundling-stacks": []})
    stack = cdk.Stack(app, "Account", env=cdk.Environment(account="123456789012", region="eu-central-1"))
    environment = load_environment("dev")
    key = EnvironmentKey(stack, "Encryption", environment=environment).key
    topic = AlarmTopic(stack, "Alarms", environment=environment, key=key).topic
    handlers = Handlers(stack, "Handlers", environment=environment, key=key, inside=None)
    Janitor(stack, "Janitor", handlers=handlers, topic=topic, key=key, standing=STANDING)
    return stack


@pytest.fixture(scope="module")
def template(stack: cdk.Stack) -> Template:
    return Template.from_stack(stack)


@pytest.fixture(scope="module")
def statements(template: Template) -> list[Json]:
    policies = template.find_resources("AWS::IAM::Policy")
    (found,) = [policy for name, policy in policies.items() if name.startswith("JanitorTick")]
    statements: list[Json] = found["Properties"]["PolicyDocument"]["Statement"]
    return statements


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def text(resource: Any) -> str:
    """Return a resource with AWS's own variables as the stack of the test has them."""
    parts = resource["Fn::Join"][1] if isinstance(resource, dict) and "Fn::Join" in resource else [resource]
    return "".join("aws" if part == {"Ref": "AWS::Partition"} else str(part) for part in parts)


def allows(statements: list[Json], action: str, arn: str) -> bool:
    """Whether a policy lets an action do something with what carries no tag of a branch."""
    effects = {
        statement["Effect"]
        for statement in statements
        if action in listed(statement["Action"])
        and "Condition" not in statement
        and any(fnmatchcase(arn, text(resource)) for resource in listed(statement["Resource"]))
    }
    return effects == {"Allow"}


def test_it_goes_its_round_each_hour_and_is_told_of_the_standing_environments(template: Template) -> None:
    template.has_resource_properties("AWS::Events::Rule", {"ScheduleExpression": "rate(1 hour)", "State": "ENABLED"})
    template.has_resource_properties(
        "AWS::Lambda::Function",
        {
            "Handler": "lambdas.janitor.tick.handler",
            "Timeout": 900,
            "Environment": {
                "Variables": {"STANDING": json.dumps(STANDING), "MOST": "3", "TOPIC_ARN": Match.any_value()}
            },
        },
    )


def test_an_alarm_names_its_runbook(template: Template) -> None:
    alarms = template.find_resources("AWS::CloudWatch::Alarm")
    (alarm,) = [one for name, one in alarms.items() if name.startswith("JanitorErrors")]

    assert alarm["Properties"]["AlarmDescription"].endswith("; see docs/runbooks/janitor.md")
    assert alarm["Properties"]["TreatMissingData"] == "notBreaching"


def test_every_deletion_by_any_name_asks_for_a_branchs_tags(statements: list[Json]) -> None:
    without = {"ec2:DeleteNetworkInterface", "glue:DeleteSecurityConfiguration"}  # AWS knows no tags of these
    for statement in statements:
        deletes = [one for one in listed(statement["Action"]) if re.search(r":(Batch)?(Delete|Disable|Schedule)", one)]
        if "*" in listed(statement["Resource"]) and set(deletes) - without:
            assert statement["Condition"] == {
                "StringEquals": {"aws:ResourceTag/project": "assembly-line"},
                "Null": {"aws:ResourceTag/ref": "false", "aws:ResourceTag/protected": "true"},
            }


PLACE = "eu-central-1:123456789012"
NAMED = [
    ("sagemaker:DeleteEndpoint", "arn:aws:sagemaker:{place}:endpoint/{name}"),
    ("sagemaker:DeleteModel", "arn:aws:sagemaker:{place}:model/{prefix}0123456789"),
    ("sagemaker:DeleteEndpointConfig", "arn:aws:sagemaker:{place}:endpoint-config/{prefix}0123456789"),
    ("sagemaker:DeleteModelPackage", "arn:aws:sagemaker:{place}:model-package/{name}/1"),
    ("glue:DeleteDatabase", "arn:aws:glue:{place}:database/{database}"),
    ("glue:DeleteTable", "arn:aws:glue:{place}:table/{database}/flights_rows"),
    ("logs:DeleteLogGroup", "arn:aws:logs:{place}:log-group:/aws/sagemaker/Endpoints/{name}"),
    ("ssm:DeleteParameter", "arn:aws:ssm:{place}:parameter/assembly-line/environments/{id}/pins"),
    ("cloudwatch:DeleteDashboards", "arn:aws:cloudwatch::123456789012:dashboard/{name}"),
    ("s3:DeleteObjectVersion", "arn:aws:s3:::{bucket}/key"),
    ("s3:DeleteBucket", "arn:aws:s3:::{bucket}"),
]


def written(pattern: str, environment: str) -> str:
    name = slug(environment, "flights")
    return pattern.format(
        place=PLACE,
        id=environment,
        name=name,
        prefix=names_prefix(name),
        database=identifier(environment),
        bucket=f"assemblyline-{environment}-foundation"[:24] + "-storageraw7e344c76-abc123",
    )


@pytest.mark.parametrize(("action", "pattern"), NAMED)
@pytest.mark.parametrize("ref", ["feature/prices", "dev", "a", "prod", "local/x"])
def test_it_may_delete_what_a_branch_names(statements: list[Json], action: str, pattern: str, ref: str) -> None:
    assert allows(statements, action, written(pattern, environment_id(ref)))


@pytest.mark.parametrize(("action", "pattern"), NAMED)
@pytest.mark.parametrize("environment", STANDING)
def test_it_may_not_delete_what_a_standing_environment_names(
    statements: list[Json], action: str, pattern: str, environment: str
) -> None:
    assert not allows(statements, action, written(pattern, environment))


def test_the_packs_find_nothing_that_is_not_accepted_with_a_reason(stack: cdk.Stack) -> None:
    app = stack.node.root
    assert isinstance(app, cdk.App)
    found = [one for one in check(app) if "/Janitor/" in one.path]

    assert [str(one) for one in found if not one.reason] == []
    assert found


def test_without_the_names_of_standing_environments_there_is_no_janitor(stack: cdk.Stack) -> None:
    given: Any = dict.fromkeys(("handlers", "topic", "key"))
    with pytest.raises(ValueError, match="standing is empty"):
        Janitor(cdk.Stack(), "Janitor", standing=[], **given)
