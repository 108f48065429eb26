from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from config.branches import environment_id
from config.errors import LineError
from runtime.environments import Standing, extend, standing, written

BODY = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
REF = "feature/a#1"
NAME = environment_id(REF)


@pytest.fixture
def clients() -> Iterator[tuple[Any, Any]]:
    """CloudFormation and SSM of one account, in which a branch's environment and ``dev`` stand."""
    with mock_aws():
        cloudformation, ssm = boto3.client("cloudformation"), boto3.client("ssm")
        deploy(cloudformation, "dev", "Foundation", protected="true")
        outputs = {"Owner": "ada@example.com", "TtlDays": "3"}
        deploy(cloudformation, NAME, "Foundation", outputs=outputs, ref="feature/a=231")
        deploy(cloudformation, NAME, "Flights", ref="feature/a=231")
        cloudformation.create_stack(StackName="of-somebody-else", TemplateBody=json.dumps(BODY))
        yield cloudformation, ssm


def deploy(
    cloudformation: Any, environment: str, stack: str, *, outputs: dict[str, str] | None = None, **tags: str
) -> None:
    body = {**BODY, "Outputs": {name: {"Value": value} for name, value in (outputs or {}).items()}}
    own = {"project": "assembly-line", "environment": environment, **tags}
    cloudformation.create_stack(
        StackName=f"AssemblyLine-{environment}-{stack}",
        TemplateBody=json.dumps(body),
        Tags=[{"Key": key, "Value": value} for key, value in own.items()],
    )


def of_branch(clients: tuple[Any, Any]) -> Standing:
    (found,) = [one for one in standing(*clients) if one.name == NAME]
    return found


def test_environments_are_known_by_the_tags_of_their_stacks(clients: tuple[Any, Any]) -> None:
    assert [(one.name, one.protected) for one in standing(*clients)] == [("dev", True), (NAME, False)]


def test_a_branchs_environment_tells_ref_owner_and_stacks(clients: tuple[Any, Any]) -> None:
    found = of_branch(clients)
    assert (found.ref, found.owner, found.ttl_days) == (REF, "ada@example.com", 3)
    assert [stack.name for stack in found.stacks] == [f"AssemblyLine-{NAME}-Flights", f"AssemblyLine-{NAME}-Foundation"]


def test_a_branchs_environment_expires_some_days_after_its_last_deploy(clients: tuple[Any, Any]) -> None:
    found = of_branch(clients)
    assert found.expires == found.deployed + dt.timedelta(days=3)


def test_what_stands_for_good_never_expires(clients: tuple[Any, Any]) -> None:
    assert standing(*clients)[0].expires is None


def test_an_environment_can_be_extended_and_a_later_deploy_takes_nothing_away(clients: tuple[Any, Any]) -> None:
    own = of_branch(clients).expires
    assert own is not None
    later = (own + dt.timedelta(days=9)).replace(microsecond=0)
    extend(clients[1], NAME, later)
    assert of_branch(clients).expires == later
    extend(clients[1], NAME, own - dt.timedelta(days=2))
    assert of_branch(clients).expires == own


def test_an_extension_is_tagged_as_its_environments(clients: tuple[Any, Any]) -> None:
    _, ssm = clients
    extend(ssm, NAME, dt.datetime(2026, 12, 4, tzinfo=dt.UTC))
    key = f"/assembly-line/environments/{NAME}/expires-at"
    told = ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=key)["TagList"]
    assert {tag["Key"]: tag["Value"] for tag in told} == {"project": "assembly-line", "environment": NAME}
    assert ssm.get_parameter(Name=key)["Parameter"]["Value"] == "2026-12-04T00:00:00Z"


def test_an_extension_written_by_hand_that_is_no_moment_is_told(clients: tuple[Any, Any]) -> None:
    key = f"/assembly-line/environments/{NAME}/expires-at"
    clients[1].put_parameter(Name=key, Value="next week", Type="String")
    with pytest.raises(LineError) as told:
        standing(*clients)
    assert str(told.value) == (
        f"parameter {key} is 'next week', expected a moment such as 2026-12-04T00:00:00Z: "
        "write it with `line env extend`"
    )


def test_an_environment_whose_foundation_failed_has_the_usual_days(clients: tuple[Any, Any]) -> None:
    cloudformation, _ = clients
    cloudformation.delete_stack(StackName=f"AssemblyLine-{NAME}-Foundation")
    found = of_branch(clients)
    assert (found.ttl_days, found.owner, len(found.stacks)) == (7, "unknown", 1)


def test_a_moment_is_written_in_utc() -> None:
    assert written(dt.datetime(2026, 12, 4, 1, tzinfo=dt.timezone(dt.timedelta(hours=1)))) == "2026-12-04T00:00:00Z"
