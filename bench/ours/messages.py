"""One step of what happens to predictions, or all of them: ``python bench/ours/messages.py all 100000``."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT)]

from bench.peers.reporting import reported
from runtime import ground_truth
from runtime.delivery import capture as sending
from runtime.delivery import lookup, topic
from runtime.monitoring import capture, windows
from runtime.monitoring.store import Store
from runtime.monitoring.windows import Reference
from runtime.paths import RunPaths
from tests.runtime.delivery.sent import LAKE, LINE, Lake, record
from tests.runtime.tables import Tables
from tests.runtime.transport import Queue, Sns

RUN, BATCH, FEATURES = 10_000, 100, 20
NUMBERS = {"kind": "number", "edges": [i / 10 for i in range(1, 10)], "shares": [0.1] * 10}
REFERENCE = Reference("s3://models/flights/run-1/", {"score": NUMBERS, **{f"f{i}": NUMBERS for i in range(FEATURES)}})


class Events:
    """A line's stores, and what happens to each of its predictions."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.tables = Tables(predictions=("prediction_key",), windows=("window", "part"))
        self.store = Store(self.tables, predictions="predictions", windows="windows", line=LINE)
        self.lake = Lake()
        self.events = capture.Store(s3=self.lake, lake=LAKE, line=LINE, share=0.1)

    def publish(self) -> None:
        sns = Sns([Forgetting(random.Random(0))])
        for first in range(0, self.count, RUN):
            paths = RunPaths(lake=LAKE, line=LINE, run=f"run-{first}")
            lines = (json.dumps(record(number)) for number in range(first, min(first + RUN, self.count)))
            self.lake.put_object(Bucket=LAKE, Key=paths.predictions, Body="\n".join(lines).encode())
            topic.deliver(s3=self.lake, sns=sns, paths=paths, topic="arn:topic")

    def look_up(self) -> None:
        for numbers in self._batches(RUN):
            lookup.put(self.tables, "predictions", [record(number) for number in numbers], store=self.store)

    def labels(self) -> None:
        for numbers in self._batches(BATCH):
            told = {str(n): {"prediction_id": record(n)["prediction_id"], "label": n % 2} for n in numbers}
            ground_truth.join(self.store, messages={name: json.dumps(one) for name, one in told.items()})

    def capture(self) -> None:
        for bodies in self._captured():
            capture.keep(self.events, capture.read(bodies, LINE).events)

    def sketch(self) -> None:
        for bodies in self._captured():
            windows.add_events(self.store, REFERENCE, capture.read(bodies, LINE).events)

    def limit(self) -> None:
        for bodies in self._captured():
            for body in bodies.values():
                json.dumps(json.loads(body))

    def all(self) -> None:
        for step in (self.publish, self.look_up, self.labels, self.capture, self.sketch):
            step()

    def _captured(self) -> Iterator[dict[str, str]]:
        for numbers in self._batches(BATCH):
            yield {str(n): self._message(n) for n in numbers}

    def _message(self, number: int) -> str:
        inputs = {f"f{i}": (number * (i + 1)) % 97 / 97 for i in range(FEATURES)}
        return next(sending.messages(LINE, [sending.event(record(number), inputs, 12.5)]))

    def _batches(self, size: int) -> Iterator[list[int]]:
        numbers = iter(range(self.count))
        while batch := list(islice(numbers, size)):
            yield batch


class Forgetting(Queue):
    """Takes messages and keeps none."""

    def send(self, body: str, attributes: Any = None) -> str:
        self.sent += 1
        return str(self.sent)


def main() -> None:
    step, count = sys.argv[1].replace("-", "_"), int(sys.argv[2])
    events = Events(count)
    work: Callable[[], None] = getattr(events, step)
    with reported():
        work()


if __name__ == "__main__":
    main()
