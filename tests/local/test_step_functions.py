"""State machines execute as their own role."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError
from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import TimeoutSeconds

from local.server import EmbeddedAws
from tests.local.embedded import function, role, wait_for

PUT = "arn:aws:states:::dynamodb:putItem"
SDK = "arn:aws:states:::aws-sdk"
GATE = """
def handler(event, context):
    if event.get("raise"): raise ValueError("no good")
    return {"decision": "promote", "run": event["run"]}
"""


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as aws:
        role(aws, "machine")
        aws.client("dynamodb").create_table(
            TableName="ledger",
            KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        aws.client("sqs").create_queue(QueueName="told")
        function(aws, "gate", GATE)
        yield aws


def create(aws: EmbeddedAws, name: str, states: dict[str, Any], **top: Any) -> str:
    definition = json.dumps({"StartAt": next(iter(states)), "States": states} | top)
    arn: str = aws.client("stepfunctions").create_state_machine(
        name=name, definition=definition, roleArn=f"arn:aws:iam::{aws.account}:role/machine"
    )["stateMachineArn"]
    return arn


def execute(aws: EmbeddedAws, machine: str, given: Any = None, **options: Any) -> dict[str, Any]:
    states = aws.client("stepfunctions")
    arn = states.start_execution(stateMachineArn=machine, input=json.dumps(given or {}), **options)["executionArn"]
    return ended(aws, arn)


def ended(aws: EmbeddedAws, arn: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        described: dict[str, Any] = aws.client("stepfunctions").describe_execution(executionArn=arn)
        return None if described["status"] == "RUNNING" else described

    return wait_for(look)


def run(aws: EmbeddedAws, name: str, states: dict[str, Any], given: Any = None) -> dict[str, Any]:
    return execute(aws, create(aws, name, states), given)


def output(described: dict[str, Any]) -> Any:
    assert described["status"] == "SUCCEEDED", described
    return json.loads(described["output"])


def test_the_definition_is_kept_byte_for_byte(aws: EmbeddedAws) -> None:
    definition = '{ "StartAt":"A",\n "States" : {"A":{"Type":"Succeed"}}}'
    states = aws.client("stepfunctions")
    created = states.create_state_machine(
        name="bytes", definition=definition, roleArn=f"arn:aws:iam::{aws.account}:role/machine"
    )
    assert states.describe_state_machine(stateMachineArn=created["stateMachineArn"])["definition"] == definition


def test_a_task_acts_as_the_state_machine(aws: EmbeddedAws) -> None:
    who = {"Type": "Task", "Resource": f"{SDK}:sts:getCallerIdentity", "End": True}
    assert "assumed-role/machine/" in output(run(aws, "who", {"Who": who}))["Arn"]


def gate(**payload: Any) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "gate", "Payload": {"run.$": "$$.Execution.Name"} | payload},
        "ResultSelector": {"decision.$": "$.Payload.decision", "run.$": "$.Payload.run"},
        "ResultPath": "$.gate",
        "TimeoutSeconds": 60,
        "End": True,
    }


def test_a_function_is_called_with_its_payload(aws: EmbeddedAws) -> None:
    described = execute(aws, create(aws, "calls", {"Gate": gate()}), name="run-8")
    assert output(described) == {"gate": {"decision": "promote", "run": "run-8"}}


def test_a_function_that_raises_fails_its_task_with_its_error(aws: EmbeddedAws) -> None:
    described = run(aws, "raises", {"Gate": gate(**{"raise": True})})
    assert described["error"] == "ValueError"
    assert json.loads(described["cause"])["errorMessage"] == "no good"


def test_a_state_machine_without_the_grant_is_denied(aws: EmbeddedAws) -> None:
    role(aws, "narrow", "states:StartExecution")
    definition = json.dumps({"StartAt": "Gate", "States": {"Gate": gate()}})
    machine = aws.client("stepfunctions").create_state_machine(
        name="denied", definition=definition, roleArn=f"arn:aws:iam::{aws.account}:role/narrow"
    )["stateMachineArn"]
    assert "is not authorized to perform: lambda:InvokeFunction" in execute(aws, machine)["cause"]


def test_a_result_with_dates_is_described(aws: EmbeddedAws) -> None:
    look = {
        "Type": "Task",
        "Resource": f"{SDK}:dynamodb:describeTable",
        "Parameters": {"TableName": "ledger"},
        "End": True,
    }
    assert output(run(aws, "dates", {"Look": look}))["Table"]["CreationDateTime"].startswith("20")


def test_an_sdk_name_that_boto_spells_otherwise_is_found(aws: EmbeddedAws) -> None:
    list_groups = {"Type": "Task", "Resource": f"{SDK}:cloudwatchlogs:describeLogGroups", "Parameters": {}, "End": True}
    assert "LogGroups" in output(run(aws, "alias", {"List": list_groups}))


def test_unnamed_executions_each_get_a_name(aws: EmbeddedAws) -> None:
    machine = create(aws, "unnamed", {"A": {"Type": "Succeed"}})
    assert execute(aws, machine)["name"] != execute(aws, machine)["name"]
    listed = aws.client("stepfunctions").list_executions(stateMachineArn=machine, statusFilter="SUCCEEDED")
    assert len(listed["executions"]) == 2


def test_a_name_that_ran_before_is_refused(aws: EmbeddedAws) -> None:
    machine = create(aws, "named", {"A": {"Type": "Succeed"}})
    execute(aws, machine, name="run-1")
    with pytest.raises(aws.client("stepfunctions").exceptions.ExecutionAlreadyExists):
        execute(aws, machine, {"other": 1}, name="run-1")


def test_intrinsics_make_text_of_parameters(aws: EmbeddedAws) -> None:
    made = {
        "Type": "Pass",
        "Parameters": {
            "json.$": "States.JsonToString($.parameters)",
            "uri.$": "States.Format('s3://{}/{}', $.bucket, $$.Execution.Name)",
        },
        "End": True,
    }
    machine = create(aws, "intrinsics", {"Make": made})
    told = output(execute(aws, machine, {"parameters": {"day": "2013-08-15"}, "bucket": "lake"}, name="run-7"))
    assert json.loads(told["json"]) == {"day": "2013-08-15"}
    assert told["uri"] == "s3://lake/run-7"


def test_map_parallel_and_choice_run(aws: EmbeddedAws) -> None:
    each = {"Type": "Pass", "Parameters": {"name.$": "$.item", "line.$": "$.line"}, "End": True}
    states: dict[str, Any] = {
        "Variants": {"Type": "Pass", "Result": ["small", "large", "base"], "ResultPath": "$.variants", "Next": "Sweep"},
        "Sweep": {
            "Type": "Map",
            "ItemsPath": "$.variants",
            "ItemSelector": {"item.$": "$$.Map.Item.Value", "line.$": "$.line"},
            "MaxConcurrency": 2,
            "ItemProcessor": {"StartAt": "Each", "States": {"Each": each}},
            "ResultPath": "$.swept",
            "Next": "Which",
        },
        "Which": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.line", "StringEquals": "flights", "Next": "Both"}],
            "Default": "No",
        },
        "No": {"Type": "Fail", "Error": "No"},
        "Both": {
            "Type": "Parallel",
            "Branches": [
                {"StartAt": "L", "States": {"L": {"Type": "Pass", "Result": "left", "End": True}}},
                {"StartAt": "R", "States": {"R": {"Type": "Pass", "Result": "right", "End": True}}},
            ],
            "ResultPath": "$.both",
            "End": True,
        },
    }
    told = output(run(aws, "shapes", states, {"line": "flights"}))
    assert [one["name"] for one in told["swept"]] == ["small", "large", "base"]
    assert told["both"] == ["left", "right"]


def test_a_failure_is_retried_with_jitter_then_caught(aws: EmbeddedAws) -> None:
    retry = {
        "ErrorEquals": ["States.ALL"],
        "IntervalSeconds": 1,
        "MaxAttempts": 1,
        "BackoffRate": 2,
        "JitterStrategy": "FULL",
        "MaxDelaySeconds": 2,
    }
    states = {
        "Put": {
            "Type": "Task",
            "Resource": PUT,
            "Parameters": {"TableName": "absent", "Item": {"k": {"S": "1"}}},
            "TimeoutSeconds": 30,
            "Retry": [retry],
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Told"}],
            "End": True,
        },
        "Told": {"Type": "Pass", "End": True},
    }
    machine = create(aws, "retry", states)
    described = execute(aws, machine)
    assert "ResourceNotFound" in output(described)["error"]["Error"]
    history = aws.client("stepfunctions").get_execution_history(executionArn=described["executionArn"])["events"]
    assert [event["type"] for event in history].count("TaskFailed") == 2


def test_a_fail_state_gives_error_and_cause(aws: EmbeddedAws) -> None:
    described = run(
        aws, "fail", {"F": {"Type": "Fail", "ErrorPath": "$.e", "CausePath": "$.c"}}, {"e": "Halted", "c": "why"}
    )
    assert (described["status"], described["error"], described["cause"]) == ("FAILED", "Halted", "why")


def test_a_fail_state_may_tell_an_error_of_step_functions_again(aws: EmbeddedAws) -> None:
    described = run(aws, "again", {"F": {"Type": "Fail", "ErrorPath": "$.e"}}, {"e": "States.TaskFailed"})
    assert (described["status"], described["error"]) == ("FAILED", "States.TaskFailed")


def test_a_state_machine_ends_at_its_own_timeout(aws: EmbeddedAws) -> None:
    machine = create(aws, "timeout", {"W": {"Type": "Wait", "Seconds": 30, "End": True}}, TimeoutSeconds=1)
    assert execute(aws, machine)["status"] == "TIMED_OUT"


def test_a_stopped_execution_is_aborted_at_once(aws: EmbeddedAws) -> None:
    states = aws.client("stepfunctions")
    machine = create(aws, "stop", {"W": {"Type": "Wait", "Seconds": 30, "End": True}})
    arn = states.start_execution(stateMachineArn=machine)["executionArn"]
    states.stop_execution(executionArn=arn)
    described = states.describe_execution(executionArn=arn)
    assert described["status"] == "ABORTED"
    assert described["stopDate"] >= described["startDate"]


def test_a_step_that_is_stopped_as_it_begins_still_knows_its_timeout(aws: EmbeddedAws) -> None:
    stopped = SimpleNamespace(is_running=lambda: False, stack=[{"the input": "of the step"}])
    TimeoutSeconds(4800).eval(cast(Any, stopped))
    assert stopped.stack.pop() == 4800


def test_events_are_put_with_their_detail_as_json(aws: EmbeddedAws) -> None:
    queue = aws.client("sqs").get_queue_url(QueueName="told")["QueueUrl"]
    arn = f"arn:aws:sqs:{aws.region}:{aws.account}:told"
    events = aws.client("events")
    events.create_event_bus(Name="line")
    events.put_rule(Name="all", EventBusName="line", EventPattern='{"source": ["assembly-line"]}')
    events.put_targets(Rule="all", EventBusName="line", Targets=[{"Id": "queue", "Arn": arn}])
    entry = {
        "EventBusName": "line",
        "Source": "assembly-line",
        "DetailType": "Station Started",
        "Detail": {"run.$": "$$.Execution.Name"},
    }
    put = {
        "Type": "Task",
        "Resource": "arn:aws:states:::events:putEvents",
        "Parameters": {"Entries": [entry]},
        "ResultPath": None,
        "End": True,
    }
    execute(aws, create(aws, "events", {"Put": put}), name="run-9")

    def look() -> Any:
        return aws.client("sqs").receive_message(QueueUrl=queue).get("Messages")

    assert json.loads(wait_for(look)[0]["Body"])["detail"] == {"run": "run-9"}


def test_the_end_of_an_execution_is_told_on_the_default_bus(aws: EmbeddedAws) -> None:
    queue = aws.client("sqs").create_queue(QueueName="ends")["QueueUrl"]
    events = aws.client("events")
    pattern = {"source": ["aws.states"], "detail": {"status": ["FAILED"], "name": ["run-f"]}}
    events.put_rule(Name="ends", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="ends", Targets=[{"Id": "q", "Arn": f"arn:aws:sqs:{aws.region}:{aws.account}:ends"}])
    execute(aws, create(aws, "tells", {"F": {"Type": "Fail", "Error": "No"}}), name="run-f")
    told = wait_for(lambda: aws.client("sqs").receive_message(QueueUrl=queue).get("Messages"))
    assert json.loads(told[0]["Body"])["detail"]["error"] == "No"


@pytest.mark.parametrize(
    "resource", ["arn:aws:states:::ecs:runTask.sync", "arn:aws:states:::codebuild:startBuild.sync"]
)
def test_waiting_for_a_job_that_nothing_runs_is_refused(aws: EmbeddedAws, resource: str) -> None:
    with pytest.raises(ClientError, match=r"expected \.sync of batch, glue, sagemaker, states"):
        create(aws, "unsupported", {"T": {"Type": "Task", "Resource": resource, "Parameters": {}, "End": True}})


def test_jsonata_is_refused(aws: EmbeddedAws) -> None:
    with pytest.raises(ClientError, match="JSONata is not supported by the embedded AWS: use JSONPath"):
        create(aws, "jsonata", {"A": {"Type": "Succeed"}}, QueryLanguage="JSONata")
