"""What stock moto does not do yet. When one of these passes, its repair in ``local`` is no longer needed.

They run moto in this process without the embedded AWS. Each would be wrong on AWS, which is why it is expected to fail.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.glue.responses import GlueResponse
from moto.sagemaker.responses import SageMakerResponse

ROLE = "arn:aws:iam::123456789012:role/any"
Client = Callable[[str], Any]


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "canary")
    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
        make: Any = boto3.client
        yield lambda service: make(service, region_name="us-east-1")


def machine(client: Client) -> str:
    definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}})
    arn: str = client("stepfunctions").create_state_machine(name="m", definition=definition, roleArn=ROLE)[
        "stateMachineArn"
    ]
    return arn


@pytest.mark.xfail(strict=True, reason="moto calls every unnamed execution None (stepfunctions/parser/models.py:161)")
def test_two_executions_may_be_unnamed(client: Client) -> None:
    arn = machine(client)
    for given in ('{"n": 1}', '{"n": 2}'):
        client("stepfunctions").start_execution(stateMachineArn=arn, input=given)


@pytest.mark.xfail(strict=True, reason="moto warns and forwards the call (state_task_service_unsupported.py:30)")
def test_waiting_for_a_job_that_nothing_runs_is_refused(client: Client) -> None:
    task = {"Type": "Task", "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync", "End": True}
    definition = json.dumps({"StartAt": "T", "States": {"T": task}})
    with pytest.raises(client("stepfunctions").exceptions.InvalidDefinition):
        client("stepfunctions").create_state_machine(name="m", definition=definition, roleArn=ROLE)


@pytest.mark.xfail(strict=True, reason="moto lets every run succeed at once (glue/models.py:2298)")
def test_a_glue_run_whose_script_is_missing_does_not_succeed(client: Client) -> None:
    glue = client("glue")
    glue.create_job(Name="j", Role=ROLE, Command={"Name": "glueetl", "ScriptLocation": "s3://no/script.py"})
    run = glue.start_job_run(JobName="j")["JobRunId"]
    assert glue.get_job_run(JobName="j", RunId=run)["JobRun"]["JobRunState"] != "SUCCEEDED"


@pytest.mark.xfail(strict=True, reason="moto delivers to logs, queues and buses only (events/models.py:202)")
def test_an_event_may_have_a_topic_as_its_target(client: Client) -> None:
    events = client("events")
    events.put_rule(Name="r", EventPattern='{"source": ["s"]}')
    events.put_targets(Rule="r", Targets=[{"Id": "t", "Arn": "arn:aws:sns:us-east-1:123456789012:t"}])
    events.put_events(Entries=[{"Source": "s", "DetailType": "d", "Detail": "{}"}])


@pytest.mark.xfail(strict=True, reason="moto replaces what exists (sagemaker/models.py:4394)")
def test_a_model_package_group_is_not_created_twice(client: Client) -> None:
    sagemaker = client("sagemaker")
    sagemaker.create_model_package_group(ModelPackageGroupName="g")
    with pytest.raises(sagemaker.exceptions.ClientError):
        sagemaker.create_model_package_group(ModelPackageGroupName="g")


@pytest.mark.parametrize(
    ("responses", "call"),
    [
        (GlueResponse, "batch_stop_job_run"),
        (SageMakerResponse, "update_endpoint"),
        (SageMakerResponse, "delete_model_package"),
        (SageMakerResponse, "delete_model_package_group"),
    ],
)
@pytest.mark.xfail(strict=True, reason="moto lacks the call")
def test_the_call_is_known(responses: type[Any], call: str) -> None:
    assert hasattr(responses, call)
