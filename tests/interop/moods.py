"""A small deployed line: stacks with the outputs of real ones, and a state machine that leaves receipts as a line does.

How a run ends is said by its parameter ``mood``.
"""

from __future__ import annotations

import json
from typing import Any

FOUNDATION, LINE = "AssemblyLine-local-Foundation", "AssemblyLine-local-Mood"
LAKE = "assembly-line-local-lake"
HALTED = "orders: row_count is 3, expected at least 1000: see the inspection report"
FAILED = "training: the sea is empty: see its log"

CHAMPION = {"role": "champion", "version": 4}
RELEASES: dict[str, dict[str, Any]] = {
    "good": {"release": ("succeeded", CHAMPION), "release-gate": ("succeeded", {"decision": "promote"})},
    "slow": {"release": ("succeeded", CHAMPION), "release-gate": ("succeeded", {"decision": "promote"})},
    "flagged": {"release": ("flagged", CHAMPION), "release-gate": ("flagged", {"decision": "promote"})},
    "kept": {"release": ("skipped", CHAMPION), "release-gate": ("succeeded", {"decision": "keep"})},
    "waiting": {"release": ("waiting", {"waiting": 1}), "release-gate": ("succeeded", {"decision": "promote"})},
}


def definition() -> str:
    """Return the state machine: by mood, receipts are put into the lake, then comes the end."""
    states: dict[str, Any] = {
        "Mood": {
            "Type": "Choice",
            "Choices": [
                {"Variable": "$.parameters.mood", "StringEquals": mood, "Next": f"{mood}-curation"}
                for mood in (*RELEASES, "halted", "failed", "endless")
            ],
        }
    }
    for mood, receipts in RELEASES.items():
        states |= _chain(mood, {"curation": ("succeeded", {}), **receipts}, end={"Type": "Succeed"})
    states |= _chain("halted", {"curation": ("halted", {})}, end=_fail("Halted", HALTED))
    states |= _chain("failed", {"curation": ("succeeded", {})}, end=_fail("States.TaskFailed", FAILED))
    states |= _chain("endless", {"curation": ("succeeded", {})}, end={"Type": "Wait", "Seconds": 600, "End": True})
    return json.dumps({"StartAt": "Mood", "States": states})


def deploy(aws: Any) -> str:
    """Deploy both stacks; return the ARN of the state machine."""
    trust = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = aws.client("iam").create_role(RoleName="mood", AssumeRolePolicyDocument=_policy(trust))["Role"]["Arn"]
    writes = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{LAKE}/runs/mood/*"}
    aws.client("iam").put_role_policy(RoleName="mood", PolicyName="writes", PolicyDocument=_policy(writes))
    lake = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": LAKE}}
    machine = {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {"StateMachineName": "mood", "RoleArn": role, "DefinitionString": definition()},
    }
    outputs = {
        FOUNDATION: _stack(aws, FOUNDATION, {"Lake": lake}, "LakeBucket"),
        LINE: _stack(aws, LINE, {"Machine": machine}, "StateMachineArn"),
    }
    return outputs[LINE]


def _stack(aws: Any, name: str, resources: dict[str, Any], output: str) -> str:
    template = {"Resources": resources, "Outputs": {output: {"Value": {"Ref": next(iter(resources))}}}}
    cloudformation = aws.client("cloudformation")
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    (found,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    (told,) = found["Outputs"]
    return str(told["OutputValue"])


def _chain(mood: str, receipts: dict[str, Any], *, end: dict[str, Any]) -> dict[str, Any]:
    """Return the states of one mood: a slow one waits first, so that a retry of its task finds it running."""
    names = [f"{mood}-{station}" for station in receipts]
    states: dict[str, Any] = {}
    for name, following, (station, (status, outputs)) in zip(
        names, [*names[1:], f"{mood}-end"], receipts.items(), strict=True
    ):
        body = {"station": station, "status": status, "outputs": outputs}
        key = f"States.Format('runs/mood/{{}}/{station}.json', $$.Execution.Name)"
        states[name] = {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:s3:putObject",
            "Parameters": {"Bucket": LAKE, "Key.$": key, "Body": body},
            "ResultPath": None,
            "Next": following,
        }
    states[f"{mood}-end"] = end
    if mood == "slow":
        states[names[0]]["Next"] = "slow-wait"
        states["slow-wait"] = {"Type": "Wait", "Seconds": 2, "Next": names[1]}
    return states


def _fail(error: str, cause: str) -> dict[str, Any]:
    return {"Type": "Fail", "Error": error, "Cause": cause}


def _policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
