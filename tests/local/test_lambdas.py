"""Functions run: on their role, in their time, from their own files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from local.server import EmbeddedAws
from tests.local.assemblies import allow, function, role_for, write_assembly
from tests.local.embedded import wait_for

LOGS = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
TELLS = """
import os, sys, logging
import boto3
logging.getLogger().setLevel("INFO")
def handler(event, context):
    print("printed", event["word"])
    sys.stderr.write("to stderr\\n")
    return {
        "who": boto3.client("sts").get_caller_identity()["Arn"], "mode": os.environ["MODE"], "file": __file__,
        "function": context.function_name, "left": context.get_remaining_time_in_millis(), "pid": os.getpid(),
        "arn": context.invoked_function_arn, "group": context.log_group_name,
    }
"""
RAISES = "class TailError(Exception): pass\ndef handler(event, context): raise TailError('no tail number')\n"
EXITS = "import os\ndef handler(event, context): os._exit(3)\n"
SLEEPS = "import os, time\ndef handler(event, context):\n    time.sleep(event['seconds'])\n    return os.getpid()\n"
LEAKS = "import config.line\ndef handler(event, context): pass\n"
WRITES = (
    "import boto3\nsqs = boto3.client('sqs')\ndef handler(event, context):\n"
    "    sqs.send_message(QueueUrl=event['queue'], MessageBody='called')\n    raise RuntimeError('again')\n"
)
RESOURCES: dict[str, Any] = {
    "Role": role_for("lambda", managed=[LOGS]),
    "Silent": role_for("lambda"),
    "Sender": role_for("lambda", allow("sqs:SendMessage", {"Fn::GetAtt": ["Calls", "Arn"]})),
    "Calls": {"Type": "AWS::SQS::Queue"},
    "Failures": {"Type": "AWS::SQS::Queue"},
    "Group": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/line/tells"}},
    "Tells": function(TELLS, Environment={"Variables": {"MODE": "fast"}}, LoggingConfig={"LogGroup": {"Ref": "Group"}}),
    "Raises": function(RAISES),
    "Exits": function(EXITS),
    "Leaks": function(LEAKS),
    "Late": function(SLEEPS, Timeout=1),
    "Sleeps": function(SLEEPS, role="Silent"),
    "Writes": function(WRITES, role="Sender"),
    "Invocation": {
        "Type": "AWS::Lambda::EventInvokeConfig",
        "Properties": {
            "FunctionName": {"Ref": "Writes"},
            "Qualifier": "$LATEST",
            "MaximumRetryAttempts": 1,
            "DestinationConfig": {"OnFailure": {"Destination": {"Fn::GetAtt": ["Failures", "Arn"]}}},
        },
    },
}
OUTPUTS = {name: {"Value": {"Ref": name}} for name in RESOURCES if name not in ("Invocation",)}


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as aws:
        aws.deploy(write_assembly(tmp_path_factory.mktemp("s"), {"S": {"Resources": RESOURCES, "Outputs": OUTPUTS}}))
        yield aws


def name_of(aws: EmbeddedAws, output: str) -> str:
    return aws.deployments[0].outputs["S"][output]


def invoke(aws: EmbeddedAws, output: str, event: Any = None) -> tuple[Any, str | None]:
    name = name_of(aws, output)
    answer = aws.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event or {}))
    return json.loads(answer["Payload"].read()), answer.get("FunctionError")


def messages(aws: EmbeddedAws, group: str) -> list[str]:
    return [event["message"] for event in aws.client("logs").filter_log_events(logGroupName=group)["events"]]


def test_a_handler_gets_its_role_environment_and_context(aws: EmbeddedAws) -> None:
    told, error = invoke(aws, "Tells", {"word": "hello"})
    name, role = name_of(aws, "Tells"), name_of(aws, "Role")
    assert error is None
    assert told["who"] == f"arn:aws:sts::123456789012:assumed-role/{role}/{role}"
    assert (told["mode"], told["function"]) == ("fast", name)
    assert told["arn"] == f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
    assert 15_000 < told["left"] <= 20_000


def test_a_module_is_imported_from_the_staged_files(aws: EmbeddedAws) -> None:
    told, _ = invoke(aws, "Tells", {"word": "where"})
    assert told["file"].startswith(str(aws.directory))


def test_a_module_of_the_checkout_is_not_found(aws: EmbeddedAws) -> None:
    payload, error = invoke(aws, "Leaks")
    assert error == "Unhandled"
    assert payload["errorType"] == "Runtime.ImportModuleError"
    assert payload["errorMessage"] == "Unable to import module 'index': No module named 'config'"


def test_a_worker_stays_warm(aws: EmbeddedAws) -> None:
    first, _ = invoke(aws, "Tells", {"word": "one"})
    second, _ = invoke(aws, "Tells", {"word": "two"})
    assert first["pid"] == second["pid"]


def test_what_it_prints_is_in_its_log_group(aws: EmbeddedAws) -> None:
    invoke(aws, "Tells", {"word": "logged"})
    written = messages(aws, "/line/tells")
    assert "printed logged" in written
    assert "to stderr" in written
    assert any(line.startswith("REPORT RequestId: ") for line in written)


def test_listeners_hear_each_invocation(aws: EmbeddedAws) -> None:
    heard: list[tuple[str, str, list[str]]] = []
    aws.lambda_log_listeners.append(lambda *told: heard.append(told))
    invoke(aws, "Tells", {"word": "listen"})
    name, group, lines = heard[0]
    assert (name, group) == (name_of(aws, "Tells"), "/line/tells")
    assert "printed listen" in lines


def test_a_role_that_may_not_write_logs_writes_none(aws: EmbeddedAws) -> None:
    invoke(aws, "Sleeps", {"seconds": 0})
    groups = [group["logGroupName"] for group in aws.client("logs").describe_log_groups()["logGroups"]]
    assert f"/aws/lambda/{name_of(aws, 'Sleeps')}" not in groups


def test_an_exception_is_answered_as_lambda_does(aws: EmbeddedAws) -> None:
    payload, error = invoke(aws, "Raises")
    assert error == "Unhandled"
    assert (payload["errorType"], payload["errorMessage"]) == ("TailError", "no tail number")
    assert "index.py" in payload["stackTrace"][0]


def test_a_handler_out_of_time_is_ended(aws: EmbeddedAws) -> None:
    payload, error = invoke(aws, "Late", {"seconds": 30})
    assert error == "Unhandled"
    assert payload["errorType"] == "Sandbox.Timedout"
    assert payload["errorMessage"].endswith("Task timed out after 1.00 seconds")
    assert invoke(aws, "Late", {"seconds": 0})[1] is None


def test_a_process_that_exits_is_told(aws: EmbeddedAws) -> None:
    payload, _ = invoke(aws, "Exits")
    assert payload["errorType"] == "Runtime.ExitError"
    assert payload["errorMessage"].endswith("Runtime exited with error: exit status 3")


def test_invocations_run_side_by_side(aws: EmbeddedAws) -> None:
    with ThreadPoolExecutor(3) as threads:
        pids = list(threads.map(lambda _: invoke(aws, "Sleeps", {"seconds": 0.7})[0], range(3)))
    assert len(set(pids)) == 3


def test_an_asynchronous_event_is_retried_and_then_handed_to_the_failure_destination(aws: EmbeddedAws) -> None:
    event = {"queue": name_of(aws, "Calls")}
    answer = aws.client("lambda").invoke(
        FunctionName=name_of(aws, "Writes"), InvocationType="Event", Payload=json.dumps(event)
    )
    sqs, failures = aws.client("sqs"), name_of(aws, "Failures")
    given_up = wait_for(lambda: sqs.receive_message(QueueUrl=failures).get("Messages"))
    calls = sqs.get_queue_attributes(QueueUrl=event["queue"], AttributeNames=["ApproximateNumberOfMessages"])
    assert answer["StatusCode"] == 202
    assert json.loads(given_up[0]["Body"])["requestPayload"] == event
    assert calls["Attributes"]["ApproximateNumberOfMessages"] == "2"
