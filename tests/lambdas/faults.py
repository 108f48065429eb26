"""Each AWS call of a handler is failed three ways, and its event comes again: the stores end as if nothing had been.

A handler's module is imported anew for each fault, as in a new sandbox, and stays for the second attempt, which is what
its transport makes of the first: SQS gives back what was not done, a task is tried again.
"""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ReadTimeoutError
from botocore.response import StreamingBody

from tests.lambdas.inside import SERVICES, Inside, Kept, client
from tests.lambdas.loaded import Died, Given, Loaded, Outcome
from tests.lambdas.stores import settle, stores

Fault = Literal["before", "after", "throttled"]
FAULTS: tuple[Fault, ...] = ("before", "after", "throttled")
BODY = "Body"
THROTTLED = {"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}, "ResponseMetadata": {}}


@dataclass(frozen=True)
class Recorded:
    """A call of the undisturbed run: what it answered, and all that was there before it."""

    name: str
    before: Kept
    http: Any
    parsed: dict[str, Any]

    def answer(self) -> tuple[Any, dict[str, Any]]:
        """Return the answer as a client takes it from a hook; the body of an object can be read again."""
        parsed = copy.deepcopy({name: value for name, value in self.parsed.items() if name != BODY})
        return self.http, {**parsed, **({BODY: _stream(self.parsed[BODY])} if BODY in self.parsed else {})}


@dataclass
class Striker:
    """Notes every call of a handler's clients, and strikes call number ``at`` (from 0); none when it is negative.

    Once an undisturbed run is recorded, the calls before the one that is struck get its answers, without their effects:
    who strikes puts the stores into the state that was there before that call.
    """

    aws: Inside
    at: int = -1
    fault: Fault = "before"
    calls: list[str] = field(default_factory=list)
    recorded: list[Recorded] = field(default_factory=list)
    recording: bool = False
    replays: bool = False
    _before_call: Kept = field(default_factory=dict)

    @contextmanager
    def on(self, clients: Sequence[Any]) -> Iterator[None]:
        for each in clients:
            each.meta.events.register_first("before-call.*", self._before)
            each.meta.events.register_last("after-call.*", self._after)
        yield
        for each in clients:
            each.meta.events.unregister("before-call.*", self._before)
            each.meta.events.unregister("after-call.*", self._after)

    def _before(self, model: Any, **_: Any) -> Any:
        self.calls.append(f"{model.service_model.service_name}.{model.name}")
        number = len(self.calls) - 1
        if self.recording:
            self._before_call = self.aws.keep()
        elif self.replays and number < self.at:
            assert self.recorded[number].name == self.calls[-1], "two runs of the handler begin with other calls"
            return self.recorded[number].answer()
        if self._strikes("before"):
            raise Died(self.calls[-1])
        if self._strikes("throttled"):
            return AWSResponse("", 400, HTTPHeaders(), None), THROTTLED
        return None

    def _after(self, http_response: Any, parsed: dict[str, Any], **_: Any) -> None:
        if self.recording:
            if BODY in parsed and hasattr(parsed[BODY], "read"):
                content = parsed[BODY].read()
                parsed[BODY] = _stream(content)
                told = {**parsed, BODY: content}
            else:
                told = copy.deepcopy(parsed)
            self.recorded.append(Recorded(self.calls[-1], self._before_call, http_response, told))
        if self._strikes("after"):
            raise ReadTimeoutError(endpoint_url="https://aws")

    def _strikes(self, fault: Fault) -> bool:
        return self.fault == fault and len(self.calls) - 1 == self.at


def _stream(content: bytes) -> StreamingBody:
    return StreamingBody(io.BytesIO(content), len(content))


def same(event: Any, _: Outcome) -> Any:
    """A task, an EventBridge rule: the whole event again."""
    return event


def unfinished(event: Any, outcome: Outcome) -> Any:
    """SQS: what the handler gave back; all messages when it failed or, as may always happen, once too often."""
    failed = {failure["itemIdentifier"] for failure in outcome.answer["batchItemFailures"]} if outcome.answer else set()
    if not failed:
        return event
    return {**event, "Records": [record for record in event["Records"] if record["messageId"] in failed]}


@dataclass(frozen=True)
class Case:
    """One event for a handler. ``prepare`` makes the world in an empty account.

    ``again`` is what the transport sends after an attempt. ``answers``: the last answer is to be that of an undisturbed
    run, because somebody goes on with it. ``refuses``: it raises, and says the same again. ``by_the_clock``: what it
    writes goes by the time at which it runs, so each attempt is run from its beginning. ``volatile`` names fields that
    two runs do not share. ``read`` is what readers of the stores take from them, where they know repetitions.
    """

    handler: str
    prepare: Callable[[Inside], Given]
    about: str = ""
    again: Callable[[Any, Outcome], Any] = same
    answers: bool = True
    refuses: bool = False
    thorough: bool = False
    by_the_clock: bool = False
    volatile: frozenset[str] = frozenset({"seconds"})
    read: Callable[[dict[str, Any]], dict[str, Any]] = lambda found: found

    def compared(self, undisturbed: Outcome, last: Outcome) -> list[str]:
        """Return how the last attempt ended otherwise than it should."""
        if str(last.raised) != str(undisturbed.raised):
            return [f"the last attempt raises {last.raised!r}, expected {undisturbed.raised!r}"]
        if self.answers and settle(last.answer, self.volatile) != settle(undisturbed.answer, self.volatile):
            return [f"it answers {last.answer}, expected {undisturbed.answer}"]
        return []

    def __str__(self) -> str:
        return f"{self.handler.removeprefix('lambdas.')}{' ' if self.about else ''}{self.about}"


@dataclass
class Struck:
    """What came of a case: its calls in their order, and for each (call, fault) that did not converge, how."""

    calls: list[str]
    cases: int = 0
    failures: list[str] = field(default_factory=list)


def strike(aws: Inside, case: Case) -> Struck:
    """Strike every call of a handler in every way, and look at the end of it.

    What a handler makes of its event again is looked at once for each kind of fault and state that the first attempt
    left: a reading that fails leaves the state in which another one failed before.
    """
    aws.put_back({service: {} for service in SERVICES})
    given, striker = case.prepare(aws), Striker(aws, recording=True)
    with striker.on([client(service) for service in SERVICES]), Loaded(case.handler, given) as handler:
        undisturbed = handler.call(given.event)
        if (undisturbed.raised is not None) != case.refuses:
            raise AssertionError(f"{case} without a fault: {undisturbed}") from undisturbed.raised
        expected = case.read(stores(aws, case.volatile))
        struck, striker.recording = Struck(list(striker.calls)), False
        striker.replays = not case.by_the_clock
        known: dict[str, list[str]] = {}
        for at, call in enumerate(striker.recorded):
            for fault in FAULTS:
                aws.put_back(call.before if striker.replays else striker.recorded[0].before)
                handler.fresh()
                striker.at, striker.fault, striker.calls = at, fault, []
                first = handler.call(given.event)
                striker.at, striker.calls = -1, []
                event = case.again(given.event, first)
                left = json.dumps([fault, stores(aws), event], sort_keys=True, default=str)
                if left not in known:
                    last = handler.call(event)
                    found = differing(expected, case.read(stores(aws, case.volatile)))
                    known[left] = case.compared(undisturbed, last) or found
                struck.cases += 1
                struck.failures += [f"{case}: {call.name} (call {at + 1}) {fault}: {line}" for line in known[left]]
    return struck


def differing(expected: Any, found: Any, where: str = "") -> list[str]:
    """Return one line for each place in which two states differ."""
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        return [
            line
            for key in sorted(expected.keys() | found.keys(), key=str)
            for line in differing(expected.get(key), found.get(key), f"{where}/{key}")
        ]
    return [] if expected == found else [f"{where} is {found!r}, expected {expected!r}"]
