"""What goes wrong with the pinned CDK CLI against the embedded AWS: told plainly, and nothing half made stays."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from moto.sts.models import sts_backends

from local.server import EmbeddedAws
from tests.cdk.accounts import Account
from tests.clone import PATIENCE_SECONDS, Clone
from tests.local.assemblies import function, role_for
from tests.local.cloudformation.asking import BROKEN, of, queue
from tests.local.embedded import role, wait_for

pytestmark = pytest.mark.thorough  # seconds a call; what it stands on: tests/local/cloudformation
SLOW = """
import json, time, urllib.request
def handler(event, context):
    if event["RequestType"] == "Delete":
        time.sleep(8)
    body = {"Status": "SUCCESS", "PhysicalResourceId": "slow"}
    url = event["ResponseURL"]
    urllib.request.urlopen(urllib.request.Request(url, data=json.dumps(body).encode(), method="PUT"))
"""


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    folder = tmp_path_factory.mktemp("mistakes")
    clone = Clone(root=folder, home=folder / "home")
    clone.home.mkdir()
    with EmbeddedAws() as aws:
        yield Account(aws, clone)


def assembly(account: Account, stack: str, template: Mapping[str, Any]) -> str:
    """Write an assembly of one stack as the CDK CLI reads it; returns its folder."""
    folder = Path(account.clone.root) / stack
    folder.mkdir(exist_ok=True)
    (folder / "t.json").write_text(json.dumps(template))
    artifact = {
        "type": "aws:cloudformation:stack",
        "environment": f"aws://{account.aws.account}/{account.aws.region}",
        "properties": {"templateFile": "t.json", "terminationProtection": False},
    }
    (folder / "manifest.json").write_text(json.dumps({"version": "48.0.0", "artifacts": {stack: artifact}}))
    return str(folder)


def test_a_type_that_is_not_supported_is_named_with_the_mend(account: Account) -> None:
    ended = account.cdk("deploy", "--app", assembly(account, "Wrong", of(I={"Type": "AWS::EC2::Instance"})))
    assert ended.status == 1
    assert (
        "the embedded AWS does not support AWS::EC2::Instance (stack Wrong, resource I): use a type that "
        "docs/fidelity.md lists, or add it to local/resources" in ended.stdout + ended.stderr
    )
    assert "Wrong" not in account.stacks()


def test_a_deploy_that_failed_is_taken_back_and_the_next_one_goes_through(account: Account) -> None:
    broken = of(Q=queue(QueueName="once"), Bad={**BROKEN, "DependsOn": "Q"})
    ended = account.cdk("deploy", "--app", assembly(account, "Failing", broken))
    assert ended.status == 1
    assert "nobody-exports-this" in ended.stdout + ended.stderr
    assert account.stacks()["Failing"] == "ROLLBACK_COMPLETE"
    assert account.client("sqs").list_queues(QueueNamePrefix="once").get("QueueUrls", []) == []
    mended = account.cdk("deploy", "--app", assembly(account, "Failing", of(Q=queue(QueueName="once"))))
    assert (mended.status, account.stacks()["Failing"]) == (0, "CREATE_COMPLETE"), mended.stderr


def test_a_deploy_in_the_middle_of_a_destroy_is_refused_and_makes_everything_anew_afterwards(account: Account) -> None:
    slow = {"Type": "Custom::Slow", "Properties": {"ServiceToken": {"Fn::GetAtt": ["Function", "Arn"]}}}
    template, client = of(Role=role_for("lambda"), Function=function(SLOW), Slow=slow), account.client("cloudformation")
    client.create_stack(StackName="Slow", TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_NAMED_IAM"])
    first = account.stack_id("Slow")
    more = assembly(account, "Slow", {"Resources": {**template["Resources"], "Q": queue()}})
    destroying = account.start("destroy", "--force", "--app", more)
    wait_for(lambda: account.stacks()["Slow"] == "DELETE_IN_PROGRESS", seconds=60)
    refused = account.cdk("deploy", "--app", more)
    assert refused.status == 1
    assert "is in DELETE_IN_PROGRESS state and can not be updated" in refused.stdout + refused.stderr
    told, _ = destroying.communicate(timeout=PATIENCE_SECONDS)
    assert (destroying.returncode, account.stacks().get("Slow")) == (0, None), told
    assert account.cdk("deploy", "--app", more).status == 0
    functions = [one["FunctionName"] for one in account.client("lambda").list_functions()["Functions"]]
    assert account.stack_id("Slow") != first
    assert len([name for name in functions if name.startswith("Slow-")]) == 1


def test_a_session_that_is_over_is_told(account: Account) -> None:
    arn = role(account.aws, "deployer")
    given = account.client("sts").assume_role(RoleArn=arn, RoleSessionName="old")["Credentials"]
    (session,) = [
        one
        for one in sts_backends[account.aws.account]["aws"].assumed_roles
        if one.access_key_id == given["AccessKeyId"]
    ]
    session.expiration = dt.datetime(2020, 1, 1, tzinfo=dt.UTC).replace(tzinfo=None)
    ended = account.cdk(
        "deploy",
        "--app",
        assembly(account, "Late", of(Q=queue())),
        AWS_ACCESS_KEY_ID=given["AccessKeyId"],
        AWS_SECRET_ACCESS_KEY=given["SecretAccessKey"],
        AWS_SESSION_TOKEN=given["SessionToken"],
    )
    assert ended.status == 1
    assert "There are expired AWS credentials in your environment" in ended.stdout
    assert "Late" not in account.stacks()
