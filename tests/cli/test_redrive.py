from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from rich.console import Console

from cli import redrive, running
from cli.ending import UsageError
from config.errors import LineError
from config.loading import load_environment
from runtime.delivery.dead_letters import Letter, Letters
from tests.moto_server import Aws

LETTER = Letter(
    event="flights:UA-1:2013-08-15:run-1", reason="received 5 times, never deleted", age_seconds=7260, received=5
)


def told(found: Letters, *, hidden: bool = False) -> str:
    out = io.StringIO()
    redrive.show(found, "flights: dead letters of crew", hidden=hidden, console=Console(file=out, width=160))
    return " ".join(out.getvalue().split())


def test_letters_are_shown_with_age_and_reason() -> None:
    shown = told(Letters(count=31, first=[LETTER] * 25))
    assert shown.startswith("flights: dead letters of crew: 31")
    assert "flights:UA-1:2013-08-15:run-1 2.0 h 5 received 5 times, never deleted" in shown
    assert shown.endswith("and 11 more")


def test_no_letter_is_said_so() -> None:
    assert told(Letters(count=0, first=[])) == "flights: dead letters of crew: none"


def test_ids_that_are_personal_are_not_shown() -> None:
    assert "UA-1" not in told(Letters(count=1, first=[LETTER]), hidden=True)


@pytest.fixture
def letters(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of a queue of dead letters that stands for that of the consumer `operations`."""
    url: str = aws.client("sqs").create_queue(QueueName=f"letters-{id(monkeypatch)}")["QueueUrl"]
    aws.client("sqs").send_message(QueueUrl=url, MessageBody=json.dumps({"event_id": "e1"}))
    monkeypatch.setattr(redrive, "_place", lambda *_: (aws.client, {"ConsumerDeadLettersUrlOperations": url}))
    return url


def run(asked: list[str], *, answer: bool = False, **options: Any) -> int:
    def ask(text: str) -> bool:
        asked.append(text)
        return answer

    given: dict[str, Any] = {"environment": "local", "yes": False, "as_json": False, **options}
    return redrive.redrive_line("flights", "operations", ask=ask, **given)


def test_it_asks_first_and_a_no_moves_nothing(letters: str, capsys: pytest.CaptureFixture[str]) -> None:
    asked: list[str] = []
    assert run(asked) == 0
    assert asked == ["Move 1 back to the queue of operations?"]
    assert capsys.readouterr().out.endswith("flights: nothing was moved\n")


def test_a_yes_moves_them_and_tells_how_many(
    letters: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("runtime.delivery.dead_letters.redrive", lambda _, url: 1 if url == letters else 0)
    assert run([], answer=True) == 0
    assert capsys.readouterr().out.endswith("flights: 1 of 1 dead letters went back to the queue of operations\n")


def test_as_json_nobody_is_asked_and_nothing_moves_without_yes(
    letters: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []
    assert run(asked, as_json=True) == 0
    document = json.loads(capsys.readouterr().out)
    assert asked == []
    assert (document["dead_letters"], document["moved"], document["letters"][0]["event"]) == (1, None, "e1")


def test_an_unknown_consumer_is_told_with_those_that_there_are(letters: str) -> None:
    with pytest.raises(UsageError) as error:
        redrive.redrive_line("flights", "crew", environment="local", yes=True, as_json=True, ask=lambda _: False)
    assert str(error.value) == (
        "line 'flights' has no consumer 'crew', expected one of operations: correct the name or add it under "
        "delivery.topics in lines/flights/line.yaml"
    )


def test_without_a_running_site_it_says_what_to_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "_file", lambda _: tmp_path / "up.json")
    with pytest.raises(LineError, match=r"^no `line up` is running, and only there does this machine have queues"):
        run([])


def test_on_aws_the_stack_tells_where_the_letters_are(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint)
    body = {"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}
    body["Outputs"] = {"ConsumerDeadLettersUrlOperations": {"Value": {"Ref": "Q"}}}  # type: ignore[dict-item]
    region = load_environment("dev").region
    cloudformation = boto3.client("cloudformation", region_name=region)
    cloudformation.create_stack(StackName="AssemblyLine-dev-Flights", TemplateBody=json.dumps(body))
    asked: list[str] = []
    assert run(asked, environment="dev") == 0
    assert asked == []  # the queue is empty
    cloudformation.delete_stack(StackName="AssemblyLine-dev-Flights")


def test_a_stack_that_is_not_there_is_told(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint)
    with pytest.raises(LineError, match=r"^the stack 'AssemblyLine-prod-Flights' could not be read on AWS: "):
        run([], environment="prod")
