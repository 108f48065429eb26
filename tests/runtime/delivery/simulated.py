"""A line's messages under everything that befalls them: they come twice, in any order, mixed with poison, to handlers
that die before, inside and after their effects, while others do the same work.

Predictions are published and delivered by the code that does it on AWS; their labels and captured events go through the
very handlers. What must come of it is told beforehand, from the list of what was sent.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import Any

from runtime.delivery import capture, lookup, topic
from runtime.monitoring.store import Store
from runtime.paths import RunPaths
from tests.lambdas.loaded import Given, Loaded
from tests.runtime.memory import S3, CrashError, Fault, Struck
from tests.runtime.tables import Tables
from tests.runtime.transport import Queue, Sns, Sqs

LINE, LAKE, DAYS = "flights", "lake", 7
RUN = 2000
"""Predictions of one run."""
AGAIN, POISON, CRASHES, MEANWHILE = 0.05, 0.01, 0.02, 0.02
"""Shares: of messages that come once more, of poison; of batches that a crash strikes, or in which others work, too."""

LABELS, EVENTS, CONSUMER = "labels", "events", "consumer"
EFFECTS = "effects"
"""The item in which a consumer counts what it did."""
HANDLERS = {LABELS: "lambdas.monitoring.ground_truth", EVENTS: "lambdas.monitoring.capture"}
BATCH = {LABELS: 100, EVENTS: 100, CONSUMER: 10}

VARIABLES = {
    "PREDICTIONS_TABLE": "predictions",
    "WINDOWS_TABLE": "windows",
    "LAKE_BUCKET": LAKE,
    "LINE": LINE,
    "TASK": "binary",
    "WINDOW_HOURS": "24",
    "KEEP_DAYS": "90",
    "INPUTS": "1",
    "POWERTOOLS_LOG_LEVEL": "CRITICAL",
    "POWERTOOLS_METRICS_DISABLED": "true",
    "AWS_DEFAULT_REGION": "us-east-1",
}
BAD_LABELS = {
    "the body is not JSON": '{"prediction_id": "flights:{id}:2013-08-01", "label": 1',
    "the body is not a JSON object": '["{id}"]',
    "label is not 0 or 1": '{"id": "{id}", "label": 0.5}',
    "prediction_id is of another line": '{"prediction_id": "trains:{id}:2013-08-01", "label": 1}',
    "neither prediction_id nor id is given as text": '{"number": "{id}", "label": 1}',
}
BAD_EVENTS = {
    "the body is not JSON (which has no NaN or Infinity)": '{"schema": 1, "{id}": NaN}',
    "schema is not 1": '{"schema": 2, "line": "flights", "events": ["{id}"]}',
    "line is not this line": '{"schema": 1, "line": "trains", "events": ["{id}"]}',
    "events[0] is not an object": '{"schema": 1, "line": "flights", "events": ["{id}"]}',
}


def record(number: int) -> dict[str, Any]:
    day = f"2013-08-{1 + number % DAYS:02}"
    return {
        "schema": 1,
        "prediction_id": f"{LINE}:UA-{number}:{day}",
        "line": LINE,
        "run": f"run-{number // RUN}",
        "model_version": 3,
        "id": f"UA-{number}",
        "event_time": f"{day}T10:30:00+00:00",
        "score": number % 100 / 100 + 0.005,
        "at": "2026-01-01T00:00:00+00:00",
    }


def label(number: int) -> int:
    return (number * 7919) % 3 % 2


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
        self.tables = Tables(predictions=("prediction_key",), windows=("window", "part"), consumer=("event_id",))
        self.s3 = Lake()
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
            if number % 4 == 0:
                made = capture.event(record(number), {"carrier": "UA"}, 12.5)
                (body,) = capture.messages(LINE, [made])
                self.queues[EVENTS].send(body)
        for queue, kinds in ((LABELS, BAD_LABELS), (EVENTS, BAD_EVENTS)):
            good = self.queues[queue].sent
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
                if todo and self.chance.random() < 0.2:
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
        found = [record(number) for number in range(run * RUN, min((run + 1) * RUN, self.count))]
        self.s3.put_object(Bucket=LAKE, Key=paths.predictions, Body="\n".join(map(json.dumps, found)).encode())
        store = Store(dynamodb=self.client("dynamodb"), predictions="predictions", windows="windows", line=LINE)
        s3, sns = self.client("s3"), self.client("sns")

        def until_done(step: Callable[[], object]) -> Callable[[], None]:
            def go() -> None:
                while not self._survives(step, likely=0.4, meanwhile=0.5):
                    pass

            return go

        yield until_done(lambda: topic.deliver(s3=s3, sns=sns, paths=paths, topic="arn:topic"))
        yield until_done(
            lambda: lookup.deliver(s3=s3, dynamodb=store.dynamodb, paths=paths, table="predictions", store=store)
        )

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


class Lake(S3):
    """Objects that can be read in parts, and put on the condition that there is none."""

    def get_object(self, *, Range: str = "", **given: Any) -> dict[str, Any]:  # noqa: N803
        found = super().get_object(**{name: given[name] for name in ("Bucket", "Key")})
        body = found["Body"].read()
        first, last = (int(part) for part in Range.removeprefix("bytes=").split("-")) if Range else (0, len(body))
        part = body[first : last + 1]
        return {"Body": _Body(part), "ETag": "1", "ContentRange": f"bytes {first}-{last}/{len(body)}"}

    def put_object(self, *, IfNoneMatch: str = "", **given: Any) -> dict[str, Any]:  # noqa: N803
        if IfNoneMatch and (given["Bucket"], given["Key"]) in self.objects:
            assert self.objects[given["Bucket"], given["Key"]] == given["Body"]
            return {}
        return super().put_object(**given)

    def objects_under(self, bucket: str, prefix: str) -> Iterator[list[bytes]]:
        """Yield the lines of each object."""
        for (where, key), body in self.objects.items():
            if where == bucket and key.startswith(prefix):
                yield body.splitlines()


@dataclass
class _Body:
    content: bytes

    def read(self) -> bytes:
        return self.content


# --- what must have come of it ---------------------------------------------------------------------------------------


def expected_counters(count: int) -> dict[str, Counter[str]]:
    """Return by the start of a window what its counters must say of the last label of each prediction."""
    found: dict[str, Counter[str]] = {}
    for number in range(count):
        made = record(number)
        value = 1 - label(number) if number % 50 == 0 else label(number)
        counts = found.setdefault(f"{made['event_time'][:10]}T00:00Z", Counter())
        counts.update(["n", f"p{value}_{int(made['score'] * 100)}"])
    return found
