"""A fleet: the model servers of one endpoint configuration, with what is asked of them and how it ends."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from local.model_server import LONGEST_ANSWER, LONGEST_START, Answer, Container, ModelServer
from local.service_metrics import count_invocation

if TYPE_CHECKING:
    from local.server import EmbeddedAws

MOST_WORKERS = 2
"""Servers of a variant on instances, however many instances it has: one more than one, so that another is left."""

COLD_START = 10.0
"""Seconds that a request to a serverless variant waits for a server that is being started again."""

MOST_COPIES = 64
"""Copies of requests that wait for a shadow variant; what comes while there are more is not copied."""

ContainerOf = Callable[[str], Container]


class Fleet:
    """The servers of a configuration by variant; raises LineError when one of them does not come up."""

    def __init__(
        self, aws: EmbeddedAws, *, endpoint: str, config: Mapping[str, Any], container_of: ContainerOf
    ) -> None:
        self.config_name: str = config["EndpointConfigName"]
        self.variants: list[Mapping[str, Any]] = config["ProductionVariants"]
        self.shadow: Mapping[str, Any] | None = next(iter(config.get("ShadowProductionVariants") or []), None)
        self.asked = 0
        """Requests that have chosen this fleet and are not answered yet; counted by who chooses."""
        self._aws, self._endpoint = aws, endpoint
        self._turn = itertools.count()
        self._copied = 0.0
        self._copying = threading.Semaphore(MOST_COPIES)
        self._copies = ThreadPoolExecutor(4, thread_name_prefix=f"shadow of {endpoint}") if self.shadow else None
        self._workers: dict[str, list[ModelServer]] = {}
        try:
            for variant in [*self.variants, *([self.shadow] if self.shadow else [])]:
                self._workers[variant["VariantName"]] = started = []
                for _ in range(min(MOST_WORKERS, int(variant.get("InitialInstanceCount") or 1))):
                    started.append(self._worker(variant, container_of(variant["ModelName"])))
        except BaseException:
            self.stop()
            raise

    def _worker(self, variant: Mapping[str, Any], container: Container) -> ModelServer:
        return ModelServer(
            self._aws,
            endpoint=self._endpoint,
            variant=variant["VariantName"],
            container=container,
            deadline=variant.get("ContainerStartupHealthCheckTimeoutInSeconds") or LONGEST_START,
        )

    def workers(self, variant: str) -> list[ModelServer]:
        return self._workers[variant]

    def answer(self, variant: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Answer a request and count it; copies go to the shadow variant, if there is one."""
        self._copy(body, headers)
        return self._counted(variant, body, headers)

    def _counted(self, variant: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        began = time.monotonic()
        answer = self._asked_of_one(variant, body, headers)
        count_invocation(
            self._aws,
            endpoint=self._endpoint,
            variant=variant,
            status=answer.status,
            seconds=time.monotonic() - began,
        )
        return answer

    def _asked_of_one(self, variant: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Ask a server of the variant, and another when that one has died; 503 when there is none."""
        workers = self._workers[variant]
        first = next(self._turn)
        turns = [workers[(first + i) % len(workers)] for i in range(len(workers))]
        serverless = any("ServerlessConfig" in each for each in self.variants)
        until = time.monotonic() + (COLD_START if serverless else 0)
        while True:
            for worker in sorted(turns, key=lambda worker: not worker.up):
                try:
                    return worker.invoke(body, headers)
                except TimeoutError:
                    return Answer(504, "text/plain", f"no answer within {LONGEST_ANSWER:.0f} seconds".encode())
                except OSError:
                    worker.up = False  # until it has been started again
            if time.monotonic() >= until:
                return Answer(503, "text/plain", b"no server of the variant answers")
            time.sleep(0.05)

    def _copy(self, body: bytes, headers: Mapping[str, str]) -> None:
        """Send a copy of every so many requests to the shadow variant, in the background; its answer is dropped."""
        if self.shadow is None or self._copies is None:
            return
        own = sum(float(variant.get("InitialVariantWeight", 1)) for variant in self.variants)
        self._copied += min(1.0, float(self.shadow.get("InitialVariantWeight", 1)) / (own or 1.0))
        if self._copied < 1 or not self._copying.acquire(blocking=False):
            return
        self._copied -= 1
        name = self.shadow["VariantName"]

        def copy() -> None:
            try:
                self._counted(name, body, headers)
            finally:
                self._copying.release()

        self._copies.submit(copy)

    def retire(self) -> None:
        """End the servers in the background, once they have answered what they were asked."""
        threading.Thread(target=self._answer_and_stop, daemon=True).start()

    def _answer_and_stop(self) -> None:
        until = time.monotonic() + LONGEST_ANSWER
        while self.asked and time.monotonic() < until:
            time.sleep(0.02)
        self.stop()

    def stop(self) -> None:
        """End the servers."""
        if self._copies:
            self._copies.shutdown(wait=False, cancel_futures=True)
        for workers in self._workers.values():
            for worker in workers:
                worker.stop()
