"""Custom resources are made when their function says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from config.errors import LineError
from local.server import EmbeddedAws
from tests.local.assemblies import function, role_for, write_assembly

ANSWERS = """
import json, urllib.request
def handler(event, context):
    given = event["ResourceProperties"]
    answer = {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
    answer |= {"Status": given.get("Status", "SUCCESS"), "Reason": "because",
              "PhysicalResourceId": "made-" + given["Name"],
              "Data": {"Echo": json.dumps([event["RequestType"], given["Count"], event["ResourceType"]])}}
    if given.get("Fails") == "true":
        raise RuntimeError("broken")
    print("asked to", event["RequestType"], event.get("PhysicalResourceId"))
    urllib.request.urlopen(urllib.request.Request(event["ResponseURL"], json.dumps(answer).encode(), method="PUT"))
"""
LOGS = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


def custom(**properties: Any) -> dict[str, Any]:
    token = {"Fn::GetAtt": ["Function", "Arn"]}
    return {"Type": "Custom::Thing", "Properties": {"ServiceToken": token, "Name": "a", "Count": 3, **properties}}


def stack(**resources: Any) -> dict[str, Any]:
    common = {"Role": role_for("lambda", managed=[LOGS]), "Function": function(ANSWERS)}
    outputs = {"Ref": {"Value": {"Ref": "Thing"}}, "Function": {"Value": {"Ref": "Function"}}}
    return {"Resources": {**common, **resources}, "Outputs": outputs}


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as aws:
        yield aws


def test_it_is_created_and_deleted_by_its_function(aws: EmbeddedAws, tmp_path: Path) -> None:
    template = stack(Thing=custom())
    template["Outputs"]["Echo"] = {"Value": {"Fn::GetAtt": ["Thing", "Echo"]}}
    deployment = aws.deploy(write_assembly(tmp_path, {"S": template}))
    outputs = deployment.outputs["S"]
    assert outputs["Ref"] == "made-a"
    assert outputs["Echo"] == '["Create", "3", "Custom::Thing"]'
    deployment.destroy()
    events = aws.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{outputs['Function']}")["events"]
    assert "asked to Delete made-a" in [event["message"] for event in events]


@pytest.mark.parametrize(("given", "reason"), [({"Status": "FAILED"}, "because"), ({"Fails": True}, "broken")])
def test_a_failure_is_told_with_its_reason(
    aws: EmbeddedAws, tmp_path: Path, given: dict[str, Any], reason: str
) -> None:
    with pytest.raises(LineError) as raised:
        aws.deploy(write_assembly(tmp_path, {"S": stack(Thing=custom(**given))}))
    start, end = str(raised.value).split(" failed in function ")
    assert start == "stack S, resource Thing: create of a custom resource"
    assert end.startswith("S-Function-")
    assert end.endswith(f": {reason}")
