"""A line's messages under everything that befalls them: they come twice, in any order, mixed with poison, to handlers
that die before, inside and after their effects, while others do the same work.

Predictions are published and delivered by the code that does it on AWS; their labels and captured events go through the
very handlers. What must come of it is told beforehand, from the list of what was sent.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from runtime.delivery import capture, lookup, topic
from runtime.monitoring.store import Store
from runtime.paths import RunPaths
from tests.lambdas.loaded import Given, Loaded
from tests.runtime.delivery.sent import (
    AGAIN,
    BAD_EVENTS,
    BAD_LABELS,
    BATCH,
    CONSUMER,
    CRASHES,
    EFFECTS,
    EVENTS,
    HANDLERS,
    KEYS,
    LABELS,
    LAKE,
    LINE,
    MEANWHILE,
    ON_REQUEST,
    POISON,
    RUN,
    VARIABLES,
    Lake,
    label,
    on_request,
    record,
    release,
)
from tests.runtime.memory import CrashError, Fault, Struck
from tests.runtime.tables import Tables
from tests.runtime.transport import Queue, Sns, Sqs


@dataclass
class World:
    """The stores, the queues, and what was sent; ``count`` predictions, and as many messages again that follow them."""

    seed: int
    count: int
    crashes: int = 0
    attempts: int = 0
    poison: dict[str, dict[str, str]] = field(default_factory=lambda: {LABELS: {}, EVENTS: {}})
    """Bodies by the queue that they were sent to, with the reason for which they are put aside."""

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.tables = Tables(**KEYS)
        self.s3 = Lake()
        release(self.tables, self.s3, ["score"])
        self.dead = {name: Queue(self.chance) for name in BATCH}
        self.queues = {name: Queue(self.chance, dead=self.dead[name], again=AGAIN) for name in BATCH}
        urls = {**self.queues, **{f"{name}-dead": queue for name, queue in self.dead.items()}}
        self.clients = {
            "s3": self.s3,
            "dynamodb": self.tables,
            "sqs": Sqs(urls),
            "sns": Sns([self.queues[CONSUMER]]),
        }
        self.fault = Fault()

    def client(self, service: str, **_: Any) -> Struck:
        """Return a client that dies when it is to."""
        return Struck(self.clients[service], _Now(self))  # type: ignore[arg-type]

    # --- what is sent ----------------------------------------------------------------------------------------------

    def send(self) -> None:
        """Put what follows on predictions into the queues: labels, some of which change later, and captured events."""
        for number in range(self.count):
            told = {"prediction_id": record(number)["prediction_id"]}
            if number % 5 == 1:
                told = {"id": f"UA-{number}", "time": record(number)["event_time"]}
            elif number % 5 == 2:
                told = {"id": f"UA-{number}"}
            self._label(told, label(number))
            if number % 50 == 0:
                self._label(told, 1 - label(number), known_at="2013-09-01T00:00:00Z")
        for queue, kinds in ((LABELS, BAD_LABELS), (EVENTS, BAD_EVENTS)):
            good = self.queues[queue].sent or self.count // ON_REQUEST
            for number in range(round(good * POISON)):
                reason, body = self.chance.choice(list(kinds.items()))
                self.poison[queue][body.replace("{id}", f"poison-{number}")] = reason
            for body in self.poison[queue]:
                self.queues[queue].send(body)

    def _label(self, told: Mapping[str, Any], value: int, **more: Any) -> None:
        self.queues[LABELS].send(json.dumps({**told, "label": value, **more}))

    # --- what happens ----------------------------------------------------------------------------------------------

    def live(self) -> None:
        """Let everything happen, in an order of chance, until nothing is left to do."""
        self.send()
        with ExitStack() as stack:
            self.handlers = {
                queue: stack.enter_context(
                    Loaded(module, Given({**VARIABLES, "DEAD_LETTERS": f"{queue}-dead"}, {}), client=self.client)
                )
                for queue, module in HANDLERS.items()
            }
            todo = [step for run in range(-(-self.count // RUN)) for step in self._run(run)]
            self.chance.shuffle(todo)
            while todo or any(queue.waiting for queue in self.queues.values()):
                if todo and self.chance.random() < 0.9:
                    todo.pop()()
                else:
                    self.work()

    def work(self) -> None:
        """Have a batch of some queue handled, unless that dies."""
        name = self.chance.choice([*BATCH])
        taken = self.queues[name].receive(BATCH[name])
        failed = {message.id for message in taken}
        if taken and self._survives(lambda: failed.intersection_update(self._handle(name, taken))):
            self.queues[name].settle(taken, failed)
        else:
            self.queues[name].settle(taken, {message.id for message in taken})

    def _handle(self, name: str, taken: list[Any]) -> set[str]:
        """Return the messages that come again."""
        if name == CONSUMER:
            for message in taken:
                self._consume(json.loads(message.body))
            return set()
        event = {"Records": [{"messageId": message.id, "body": message.body} for message in taken]}
        outcome = self.handlers[name].call(event)
        if outcome.raised is not None:
            raise outcome.raised
        return {failure["itemIdentifier"] for failure in outcome.answer["batchItemFailures"]}

    def _consume(self, message: Mapping[str, Any]) -> None:
        """What a consumer does: its effect together with the event's id, which is taken once."""
        dynamodb = self.client("dynamodb")
        once = {
            "TableName": "consumer",
            "Item": {"event_id": {"S": message["event_id"]}},
            "ConditionExpression": "attribute_not_exists(event_id)",
        }
        effect = {
            "TableName": "consumer",
            "Key": {"event_id": {"S": EFFECTS}},
            "UpdateExpression": "ADD n :one",
            "ExpressionAttributeValues": {":one": {"N": "1"}},
        }
        with suppress(self.tables.exceptions.TransactionCanceledException):
            dynamodb.transact_write_items(TransactItems=[{"Put": once}, {"Update": effect}])

    def _run(self, run: int) -> Iterator[Callable[[], None]]:
        """Yield what a run's delivery does: each as often as it takes, as the state machine does."""
        paths = RunPaths(lake=LAKE, line=LINE, run=f"run-{run}")
        numbers = range(run * RUN, min((run + 1) * RUN, self.count))
        found = [record(number) for number in numbers if not on_request(number)]
        self.s3.put_object(Bucket=LAKE, Key=paths.predictions, Body="\n".join(map(json.dumps, found)).encode())
        store = Store(dynamodb=self.client("dynamodb"), predictions="predictions", windows="windows", line=LINE)
        s3, sns = self.client("s3"), self.client("sns")

        events = capture.Capture(sqs=self.client("sqs"), queue=EVENTS, line=LINE)

        def until_done(step: Callable[[], object], likely: float = 0.4) -> Callable[[], None]:
            def go() -> None:
                while not self._survives(step, likely=likely, meanwhile=0.5):
                    pass

            return go

        def requested(made: dict[str, Any]) -> None:
            """As a prediction on request is kept: its function may not count, which who captures does."""
            lookup.put(store.dynamodb, "predictions", [made])
            events.send([made], [{"carrier": "UA"}], 12.5)

        yield until_done(lambda: topic.deliver(s3=s3, sns=sns, paths=paths, topic="arn:topic"))
        yield until_done(lambda: lookup.deliver(s3=s3, paths=paths, store=store))
        for number in filter(on_request, numbers):
            yield until_done(partial(requested, record(number)), likely=CRASHES)

    def _others(self) -> None:
        """Do other work between two calls, and again some calls later."""
        fault = self.fault
        self.work()
        fault.at = fault.calls + self.chance.randrange(6)

    def _survives(self, work: Callable[[], object], likely: float = CRASHES, meanwhile: float = MEANWHILE) -> bool:
        """Do some work; a crash may come before, between and after its effects, and others may come in between."""
        self.attempts += 1
        before, self.fault = self.fault, Fault()
        dice = self.chance.random()
        if dice < likely:
            at = self.chance.choice([0, 1, 2, 3, self.chance.randrange(40)])
            self.fault = Fault(at=at, after=self.chance.random() < 0.5)
        elif dice < likely + meanwhile and before.at < 0:
            self.fault = Fault(at=self.chance.randrange(4), meanwhile=self._others)
        try:
            work()
        except CrashError:
            self.crashes += 1
            return False
        finally:
            self.fault = before
        return True


class _Now:
    """The fault that strikes now, whichever that is."""

    def __init__(self, world: World) -> None:
        object.__setattr__(self, "world", world)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.world.fault, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self.world.fault, name, value)
