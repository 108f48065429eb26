"""Each AWS call of a handler is failed three ways, and its event comes again: the stores end as if nothing had been.

A handler's module is imported anew for each case, as in a new sandbox, and stays for the second attempt. Before the
fault and after it the transport is the handler's own: SQS gives back what was not done, a task is tried again.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from unittest.mock import patch

import boto3
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ReadTimeoutError

from tests.lambdas.inside import SERVICES, Inside, client
from tests.lambdas.stores import settle, stores

Fault = Literal["before", "after", "throttled"]
FAULTS: tuple[Fault, ...] = ("before", "after", "throttled")
THROTTLED = {"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}, "ResponseMetadata": {}}


class Died(BaseException):  # noqa: N818 (no code may catch it: the process is gone)
    """The process ended before the call."""


@dataclass
class Striker:
    """Notes every call of a handler's clients, and strikes call number ``at`` (from 0); none when it is negative."""

    at: int = -1
    fault: Fault = "before"
    calls: list[str] = field(default_factory=list)

    def on(self, boto: Any) -> None:
        boto.meta.events.register_first("before-call.*", self._before)
        boto.meta.events.register_last("after-call.*", self._after)

    def off(self, boto: Any) -> None:
        boto.meta.events.unregister("before-call.*", self._before)
        boto.meta.events.unregister("after-call.*", self._after)

    def _before(self, model: Any, **_: Any) -> Any:
        self.calls.append(f"{model.service_model.service_name}.{model.name}")
        if self._strikes("before"):
            raise Died(self.calls[-1])
        if self._strikes("throttled"):
            return AWSResponse("", 400, {}, None), THROTTLED
        return None

    def _after(self, **_: Any) -> None:
        if self._strikes("after"):
            raise ReadTimeoutError(endpoint_url="https://aws")

    def _strikes(self, fault: Fault) -> bool:
        return self.fault == fault and len(self.calls) - 1 == self.at


@dataclass(frozen=True)
class Given:
    """A prepared world: the function's environment variables, the event, and what else its transport changes."""

    environment: Mapping[str, str]
    event: Any
    context: Any = None


@dataclass(frozen=True)
class Outcome:
    """What an attempt gave: an answer, or what it raised."""

    answer: Any = None
    raised: BaseException | None = None


def same(event: Any, _: Outcome) -> Any:
    """A task, an EventBridge rule: the whole event again."""
    return event


def unfinished(event: Any, outcome: Outcome) -> Any:
    """SQS: all messages again when the handler failed, else those that it gave back."""
    if outcome.raised is not None:
        return event
    failed = {failure["itemIdentifier"] for failure in outcome.answer["batchItemFailures"]}
    return {**event, "Records": [record for record in event["Records"] if record["messageId"] in failed]}


@dataclass(frozen=True)
class Case:
    """One event for a handler. ``prepare`` makes the world in an empty account.

    ``again`` is what the transport sends after an attempt. ``answers``: the last answer is to be that of an undisturbed
    run, because somebody goes on with it. ``refuses``: it raises, and says the same again. ``volatile`` names fields
    that two runs do not share.
    """

    handler: str
    prepare: Callable[[Inside], Given]
    about: str = ""
    again: Callable[[Any, Outcome], Any] = same
    answers: bool = True
    refuses: bool = False
    volatile: frozenset[str] = frozenset({"seconds"})

    def __str__(self) -> str:
        return f"{self.handler.removeprefix('lambdas.')}{' ' if self.about else ''}{self.about}"


@dataclass
class Struck:
    """What came of a case: its calls in their order, and for each (call, fault) that did not converge, how."""

    calls: list[str]
    cases: int = 0
    failures: list[str] = field(default_factory=list)


def strike(aws: Inside, case: Case) -> Struck:
    """Strike every call of a handler in every way, and look at the end of it."""
    aws.put_back({service: {} for service in SERVICES})
    given = case.prepare(aws)
    kept = aws.keep()
    striker = Striker()
    clients = [client(service) for service in SERVICES]
    for one in clients:
        striker.on(one)
    try:
        with handler(case.handler, given) as (call, fresh):
            undisturbed = call(given.event)
            if (undisturbed.raised is not None) != case.refuses:
                raise AssertionError(f"{case} {'does not raise' if case.refuses else 'fails'} without a fault") from undisturbed.raised
            expected = stores(aws, case.volatile)
            struck = Struck(list(striker.calls))
            for at, name in enumerate(struck.calls):
                for fault in FAULTS:
                    aws.put_back(kept)
                    fresh()
                    striker.at, striker.fault, striker.calls = at, fault, []
                    first = call(given.event)
                    striker.at, striker.calls = -1, []
                    last = call(case.again(given.event, first))
                    struck.cases += 1
                    struck.failures += _differences(
                        f"{case}: {name} (call {at + 1}) {fault}", case, aws, expected, undisturbed, last
                    )
            return struck
    finally:
        for one in clients:
            striker.off(one)


def _differences(
    what: str, case: Case, aws: Inside, expected: Mapping[str, Any], undisturbed: Outcome, last: Outcome
) -> list[str]:
    if str(last.raised) != str(undisturbed.raised):
        return [f"{what}: the second attempt raises {last.raised!r}, expected {undisturbed.raised!r}"]
    found = stores(aws, case.volatile)
    told = [f"{what}: {line}" for line in differing(expected, found)]
    if case.answers and settle(last.answer, case.volatile) != settle(undisturbed.answer, case.volatile):
        told.append(f"{what}: it answers {last.answer}, expected {undisturbed.answer}")
    return told


def differing(expected: Any, found: Any, where: str = "") -> list[str]:
    """Return one line for each place in which two states differ."""
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        return [
            line
            for key in sorted(expected.keys() | found.keys(), key=str)
            for line in differing(expected.get(key), found.get(key), f"{where}/{key}")
        ]
    return [] if expected == found else [f"{where} is {found!r}, expected {expected!r}"]


class handler:  # noqa: N801 (it is used as a function is)
    """Import a handler under its environment; gives a function that calls it, and one that imports it anew."""

    def __init__(self, module: str, given: Given) -> None:
        self.module, self.given = module, given
        variables = {**_clean(), **given.environment}
        self.patches = [
            patch.dict(os.environ, variables, clear=True),
            patch.object(boto3, "client", client),
            patch.object(time, "sleep", lambda _: None),
        ]

    def __enter__(self) -> tuple[Callable[[Any], Outcome], Callable[[], None]]:
        for one in self.patches:
            one.start()
        self.fresh()
        return self.call, self.fresh

    def __exit__(self, *_: object) -> None:
        sys.modules.pop(self.module, None)
        for one in reversed(self.patches):
            one.stop()

    def fresh(self) -> None:
        sys.modules.pop(self.module, None)
        self.handle = importlib.import_module(self.module).handler

    def call(self, event: Any) -> Outcome:
        try:
            return Outcome(answer=self.handle(event, self.given.context))
        except (Exception, Died) as raised:
            return Outcome(raised=raised)


def _clean() -> dict[str, str]:
    """What a function has of this process's variables."""
    names = ("PATH", "HOME", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "MOTO_ACCOUNT_ID")
    return {name: os.environ[name] for name in names if name in os.environ}
