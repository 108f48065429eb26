"""``line ledger`` on an environment as the caller's credentials reach it: its stacks' outputs, table and executions."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.ending import UsageError
from cli.ledger import fill_ledger, show_ledger
from config.errors import LineError
from runtime import ledger, recorder
from tests.moto_server import REGION, Aws
from tests.runtime.recorded import START, changed, deploy, whole

MACHINE = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
HOSTILE = "</script><script>alert(1)</script>\x1b[31m[bold]"


@pytest.fixture
def table(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The ledger of an environment ``dev`` that has a foundation and the line flights."""
    for name, value in aws.environment(AWS_REGION=REGION).items():
        monkeypatch.setenv(name, value)
    ledger_, cloudformation = aws.ledger(), aws.plain("cloudformation")
    role = "arn:aws:iam::123456789012:role/machine"
    states = aws.plain("stepfunctions")
    machine = states.create_state_machine(name="dev-flights", definition=json.dumps(MACHINE), roleArn=role)
    outputs = {
        "AssemblyLine-dev-Foundation": {"LedgerTable": ledger_, "LakeBucket": aws.bucket()},
        "AssemblyLine-dev-Flights": {"StateMachineArn": machine["stateMachineArn"]},
    }
    for name, told in outputs.items():
        body = {
            "Resources": {"Q": {"Type": "AWS::SQS::Queue"}},
            "Outputs": {key: {"Value": value} for key, value in told.items()},
        }
        cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(body))
    yield ledger_
    for name in outputs:
        cloudformation.delete_stack(StackName=name)
    states.delete_state_machine(stateMachineArn=machine["stateMachineArn"])


def test_the_story_has_runs_alarms_deploys_and_what_people_did(
    aws: Aws, table: str, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dynamodb = aws.plain("dynamodb")
    for event in whole("run-1", 10):
        ledger.record(dynamodb, table, event)
    for event in (deploy("a", START), changed("ALARM", 100)):
        recorder.record(dynamodb, table, "dev", event)
    later = START + dt.timedelta(seconds=200)
    ledger.act(dynamodb, table, "flights", who=HOSTILE, what="roll back", outcome="done", at=later)

    assert show_ledger("flights", last=60, as_json=True, environment="dev", root=root) == 0

    moments = json.loads(capsys.readouterr().out)
    assert [moment["what"] for moment in moments] == [
        "deploy succeeded",
        "run started",
        "release succeeded",
        "run succeeded",
        "alarm",
        "roll back",
    ]
    assert moments[0]["detail"] == "dev: c1, 2 commits"
    assert moments[-1]["detail"] == f"done, by {HOSTILE}"
    assert show_ledger("flights", last=60, as_json=False, environment="dev", root=root) == 0
    shown = capsys.readouterr().out
    assert "[bold]" in shown
    assert "\x1b[31m" not in shown


def test_a_line_that_was_removed_has_its_story_still_and_one_that_never_was_is_unknown(
    aws: Aws, table: str, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dynamodb = aws.plain("dynamodb")
    recorder.record(dynamodb, table, "dev", deploy("a", START))
    for event in whole("run-1", 10, line="gone"):
        ledger.record(dynamodb, table, event)

    assert show_ledger("gone", last=60, as_json=False, environment="dev", root=root) == 0
    assert "run succeeded" in capsys.readouterr().out
    with pytest.raises(UsageError, match=r"^line 'never' is unknown"):
        show_ledger("never", last=60, as_json=False, environment="dev", root=root)


def test_an_empty_ledger_says_what_begins_its_story(table: str, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert show_ledger("shop", last=60, as_json=False, environment="dev", root=root) == 0
    assert capsys.readouterr().out == "nothing has happened to line shop yet: `line run shop` begins its story\n"


def test_a_backfill_says_what_it_did(aws: Aws, table: str, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for event in whole("run-1", 10):
        aws.plain("dynamodb").put_item(TableName=table, Item=ledger.item(event))

    assert fill_ledger("flights", as_json=False, environment="dev", root=root) == 0

    assert capsys.readouterr().out == (
        "flights: 0 events were missing of 0 executions that Step Functions remembers; 1 runs have their records\n"
    )
    assert [one.run for one in ledger.newest(aws.plain("dynamodb"), table, "flights", 9)] == ["run-1"]


def test_an_environment_that_is_not_there_is_told_in_one_line(table: str, root: Path) -> None:
    with pytest.raises(LineError, match=r"^stack AssemblyLine-qa-Foundation cannot be read in region"):
        show_ledger("shop", last=60, as_json=False, environment="qa", root=root)


def test_without_a_running_embedded_aws_there_is_no_ledger(root: Path) -> None:
    with pytest.raises(LineError, match=r"^no `line up` is running, and the ledger lives in it"):
        show_ledger("shop", last=60, as_json=False, root=root)
