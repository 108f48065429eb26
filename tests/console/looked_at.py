"""A console over a moto server: what stands there is made by a test, and no browser is needed to ask for its pages."""

from __future__ import annotations

import datetime as dt
import json
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError
from starlette.testclient import TestClient

from config.naming import stack_name
from console.app import build
from console.guard import Secret
from console.place import Place
from runtime import events, ledger
from tests.moto_server import Aws

PORT = 8400
HOME = f"http://127.0.0.1:{PORT}"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:{line}"
NOTHING = {"Resources": {"Nothing": {"Type": "AWS::SNS::Topic"}}}


@dataclass
class Looked:
    """An environment in a moto server; ``refuse`` names services of which every call is denied: with which code."""

    aws: Aws
    environment: str = field(default_factory=lambda: f"e{uuid.uuid4().hex[:8]}")
    refuse: dict[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    table: str = ""
    lake: str = ""
    raw: str = ""

    def __post_init__(self) -> None:
        self.table, self.lake, self.raw = self.aws.ledger(), self.aws.bucket(), self.aws.bucket()
        self.stack("foundation", {"LedgerTable": self.table, "LakeBucket": self.lake, "RawBucket": self.raw}, self.tags)
        secret = Secret()
        self.place = Place(self.environment, self)
        app = build(self.place, port=PORT, secret=secret)
        self.browser = TestClient(app, base_url=HOME, raise_server_exceptions=False)
        self.browser.get(f"/?key={secret.value}")
        self.form_token = secret.form_token()
        self.forget()

    def stack(self, part: str, outputs: Mapping[str, str], tags: Mapping[str, str] | None = None) -> None:
        """Make a stack of the environment that says these outputs."""
        told = {name: {"Value": value} for name, value in outputs.items()}
        self.aws.plain("cloudformation").create_stack(
            StackName=stack_name(self.environment, part),
            TemplateBody=json.dumps({**NOTHING, "Outputs": told}),
            Tags=[{"Key": key, "Value": value} for key, value in (tags or {}).items()],
        )

    def line(self, name: str) -> None:
        """Deploy a line, as far as a page sees it."""
        self.stack(name, {"StateMachineArn": MACHINE.format(line=name)})
        self.forget()

    def client(self, service: str) -> Any:
        made = self.aws.client(service)
        code = self.refuse.get(service) or self.refuse.get("*")
        if code:
            made.meta.events.register_first("before-call.*", _refusing(code))
        return made

    def outputs(self, line: str) -> dict[str, str]:
        own = self._outputs(stack_name(self.environment, line))
        return {**self._outputs(stack_name(self.environment)), **own}

    def _outputs(self, name: str) -> dict[str, str]:
        from config.errors import LineError

        try:
            (found,) = self.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            raise LineError(f"stack {name} cannot be read ({error}): name another --environment") from None
        return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}

    def forget(self) -> None:
        """Let the console ask everything anew."""
        self.place._kept.clear()
        self.place._clients.clear()

    def get(self, path: str) -> str:
        """Return a page, which must be there."""
        answer = self.browser.get(path)
        assert answer.status_code == 200, (answer.status_code, answer.text[-600:])
        return answer.text

    def until(self, path: str, told: str) -> str:
        """Return a page once it tells something."""
        for _ in range(100):
            if told in (shown := self.get(path)):
                return shown
            time.sleep(0.05)
        raise AssertionError(f"{path} never told {told!r}: {shown[-600:]}")

    def say(
        self, line: str, run: str, *said: tuple[str, str, Mapping[str, Any]], at: dt.datetime | None = None
    ) -> None:
        """Let the recorder hear events of a run: (detail type, station, what else), a second apart."""
        first = at or dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        for i, (kind, station, more) in enumerate(said):
            moment = (first + dt.timedelta(seconds=i)).isoformat(timespec="milliseconds")
            detail = {"line": line, "run": run, "station": station, "at": moment, **more}
            ledger.record(self.aws.plain("dynamodb"), self.table, {"detail-type": kind, "detail": detail})

    def ran(
        self, line: str, run: str, *, status: str = "succeeded", message: str = "", at: dt.datetime | None = None
    ) -> None:
        """Let the recorder hear of a run through curation to its end."""
        self.say(
            line,
            run,
            (events.RUN_STARTED, "run", {}),
            (events.STATION_STARTED, "curation", {}),
            (events.STATION_FINISHED, "curation", ended(status, message)),
            (events.RUN_FINISHED, "run", ended(status, message)),
            at=at,
        )


def ended(status: str, message: str = "", causes: Sequence[str] = ()) -> dict[str, Any]:
    """Return what a finished event says besides."""
    return {"status": status, "message": message, "seconds": 1.0, "inspections": {}, "causes": list(causes)}


def _refusing(code: str) -> Any:
    def refuse(model: Any, **_: Any) -> None:
        raise ClientError({"Error": {"Code": code, "Message": f"{code} for {model.name}"}}, model.name)

    return refuse
