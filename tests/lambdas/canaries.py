"""Canaries: values that stand where a person's data may be, and what a handler is heard to say of them.

They may be where the data itself belongs, in tables, files, messages and answers to who asks, and in nothing else: not
in a log, a metric, an error, a reason, a receipt's message, the ledger, an event, an alarm or what travels in a run.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.lambdas.faults import Striker
from tests.lambdas.inside import SERVICES, Inside, client
from tests.lambdas.loaded import Given, Loaded, Outcome
from tests.lambdas.stores import stores

TEXT, NUMBER = "kanari-Ünüsual", 7331337.0625
TRACES = ("kanari", "7331337")
ODD: tuple[Any, ...] = (TEXT, NUMBER, int(NUMBER), [TEXT], {TEXT[:6]: TEXT}, None, TEXT * 100)
"""What stands in the place of a value."""
OURS = {"schema", "line", "run", "model_version"}
"""What says nothing of a person."""

LISTENED = {"ALARM_TOPIC", "ALARMS_TOPIC", "EVENT_BUS"}
"""Variables of handlers that tell people and rules: whatever arrives in a queue from them is told."""

Prepare = Callable[[Inside], Given]


@dataclass(frozen=True)
class Canary:
    """A handler in a world that holds canaries, and the events that it gets; each call fails for the first of them.

    ``kept``: the ledger keeps what the event says. ``carried``: receipts carry on what those before them left. That is
    what the handler is there for; beyond it, nothing of them is told.
    """

    handler: str
    prepare: Prepare
    events: Callable[[Given], list[Any]] = lambda given: [given.event]
    about: str = ""
    kept: bool = False
    carried: bool = False
    thorough: bool = False

    def __str__(self) -> str:
        return f"{self.handler.removeprefix('lambdas.')}{' ' if self.about else ''}{self.about}"


def planted(value: Any) -> Iterator[Any]:
    """Yield copies of a document with something odd in each place in turn."""
    if isinstance(value, Mapping):
        for name in value.keys() - OURS:
            yield from ({**value, name: other} for other in planted(value[name]))
    elif isinstance(value, list):
        for i, one in enumerate(value[:2]):
            yield from ([*value[:i], other, *value[i + 1 :]] for other in planted(one))
    else:
        yield from ODD


def bodies(document: Any) -> list[str]:
    """Return bodies that hold canaries: a document's, each odd one, and what is no document at all."""
    whole = json.dumps(document)
    broken = [whole[:-1], f'"{TEXT}"', f"[{NUMBER}]", TEXT, f'{{"{TEXT}": NaN}}', f'{{"x": "\\ud800{TEXT}"}}']
    return [whole, *(json.dumps(one) for one in planted(document)), *broken]


def leaks(aws: Inside, capfd: pytest.CaptureFixture[str], canary: Canary) -> list[str]:
    """Return what of the canaries is heard when a handler gets its events, and when each of its calls fails."""
    aws.put_back({service: {} for service in SERVICES})
    given = canary.prepare(aws)
    kept, striker, before = aws.keep(), Striker(aws), stores(aws)
    found: list[str] = []
    capfd.readouterr()
    with striker.on([client(service) for service in SERVICES]), Loaded(canary.handler, given) as loaded:

        def heard(event: Any) -> Outcome:
            outcome = loaded.call(event)
            logged = capfd.readouterr()
            for text in [logged.out, logged.err, *told(aws, canary, given, outcome, before)]:
                found.extend(line for line in text.splitlines() if any(trace in line for trace in TRACES))
            return outcome

        for event in canary.events(given):
            aws.put_back(kept)
            heard(event)
        striker.calls = []
        aws.put_back(kept)
        heard(given.event)
        for at in range(len(striker.calls)):
            for fault in ("throttled", "after"):
                aws.put_back(kept)
                striker.at, striker.fault, striker.calls = at, fault, []
                heard(given.event)
                striker.at = -1
    return list(dict.fromkeys(found))


def told(aws: Inside, canary: Canary, given: Given, outcome: Outcome, before: Mapping[str, Any]) -> Iterator[str]:
    """Yield what an attempt says to others than who asked: all that is new where no person's data belongs."""
    if outcome.raised is not None:
        yield "".join(traceback.format_exception(outcome.raised))
    if not isinstance(outcome.answer, dict) or "statusCode" not in outcome.answer:
        yield _text(outcome.answer)
    elif outcome.answer["statusCode"] >= 400:
        yield outcome.answer["body"]
    for queue in aws.backend("sqs").queues.values():
        yield from (_text(message.message_attributes) for message in queue._messages)
        if LISTENED & given.environment.keys() and not given.environment.get("DEAD_LETTERS", "").endswith(queue.name):
            yield from (message.body for message in queue._messages)
    now, parts = stores(aws), ("message",) if canary.carried else ("message", "inspections", "outputs")
    for bucket, objects in now["s3"].items():
        known = before["s3"].get(bucket, {})
        for name, document in objects.items():
            if name.startswith("runs/") and isinstance(document, dict) and document != known.get(name):
                yield _text({name: document.get(name) for name in parts})
    for service in ("stepfunctions", "sagemaker"):
        yield _text({name: one for name, one in now[service].items() if one != before[service].get(name)})
    if not canary.kept:
        yield _text(now["dynamodb"].get(given.environment.get("LEDGER_TABLE"), ""))


def _text(value: Any) -> str:
    return json.dumps(value, default=str, ensure_ascii=False)


def about(prepare: Prepare, event: Any) -> Prepare:
    """Return the same world with another event."""
    return lambda aws: Given(prepare(aws).environment, event)
