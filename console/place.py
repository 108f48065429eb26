"""What the console looks at: the embedded AWS of a running ``line up``, or an environment on AWS with own keys."""

from __future__ import annotations

import getpass
import math
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from botocore.exceptions import BotoCoreError, ClientError

from cli.deployed import deployed
from cli.running import RunningSite, find
from cli.site import ENVIRONMENT, Readable
from config.errors import LineError
from config.loading import line_names
from config.naming import stack_name

_SECONDS_KEPT = 5.0
_MOST_KEPT = 10_000
_START_ONE = "start it with `line up`, or name an environment on AWS with --environment"
_Told = TypeVar("_Told")


@dataclass
class Place:
    """One environment. Clients and outputs are kept for all requests; any method may be called from any thread."""

    environment: str
    _site: Readable
    _clients: dict[str, Any] = field(default_factory=dict)
    held: dict[str, Any] = field(default_factory=dict)
    """What a page holds for as long as the console runs, by its name; each can be closed."""
    _kept: dict[str, tuple[float, Any]] = field(default_factory=dict)
    _asking: set[str] = field(default_factory=set)
    _askers: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(4, thread_name_prefix="again"))
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def is_embedded(self) -> bool:
        return isinstance(self._site, RunningSite)

    @property
    def site(self) -> Readable:
        """The site itself, for what commands of ``cli`` ask of one."""
        return self._site

    def close(self) -> None:
        """Let go of what pages hold."""
        while self.held:
            self.held.popitem()[1].close()

    def client(self, service: str) -> Any:
        """Return the one client of a service."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._site.client(service)
            return self._clients[service]

    def outputs(self, line: str) -> dict[str, str]:
        """Return the outputs of the foundation and of the line's stack; raises LineError where it is not deployed."""
        return self.kept(f"outputs/{line}", lambda: self._site.outputs(line))

    def foundation(self) -> dict[str, str]:
        """Return the outputs of what all lines share; raises LineError where it is not deployed."""
        return self.kept("foundation", self._foundation, seconds=60.0)

    def lines(self) -> list[str]:
        """Return the names of the lines that are deployed here, whether the repository still has them or not."""
        return self.kept("lines", self._lines, stale=60.0)

    def kept(self, key: str, ask: Callable[[], _Told], seconds: float = _SECONDS_KEPT, *, stale: float = 0.0) -> _Told:
        """Return what was asked at most so many seconds ago, or ask.

        Up to ``stale`` seconds longer the old answer is returned still, while it is asked anew: nobody waits for it.
        """
        with self._lock:
            at, told = self._kept.get(key, (-math.inf, None))
            age = time.monotonic() - at
            is_mine = seconds <= age < seconds + stale and key not in self._asking
            if is_mine:
                self._asking.add(key)
        if is_mine:
            self._askers.submit(self._ask_again, key, ask)
        if age < seconds + stale:
            return cast(_Told, told)
        return self._asked(key, ask)

    def _asked(self, key: str, ask: Callable[[], _Told]) -> _Told:
        fresh = ask()
        with self._lock:
            self._kept[key] = (time.monotonic(), fresh)
            if len(self._kept) > _MOST_KEPT:
                for old in sorted(self._kept, key=lambda one: self._kept[one][0])[: _MOST_KEPT // 2]:
                    del self._kept[old]
        return fresh

    def _ask_again(self, key: str, ask: Callable[[], object]) -> None:
        try:
            self._asked(key, ask)
        except (LineError, ClientError, BotoCoreError):
            pass  # the old answer ages, and then whoever asks is told
        finally:
            with self._lock:
                self._asking.discard(key)

    def who(self) -> str:
        """Return who acts: the caller's identity on AWS, or the user of this machine."""
        if self.is_embedded:
            return getpass.getuser()
        return self.kept("who", lambda: str(self.client("sts").get_caller_identity()["Arn"]), seconds=300.0)

    def _foundation(self) -> dict[str, str]:
        name = stack_name(self.environment)
        try:
            (found,) = self.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            raise LineError(
                f"environment {self.environment!r} has no stack {name} here: deploy it, or set AWS_PROFILE and "
                "AWS_REGION to where it is"
            ) from None
        return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}

    def _lines(self) -> list[str]:
        """A line is a stack with a state machine; one that the repository has goes by its own name."""
        prefix = stack_name(self.environment, "")
        known = {stack_name(self.environment, line): line for line in line_names()}
        found = []
        for page in self.client("cloudformation").get_paginator("describe_stacks").paginate():
            found += [stack["StackName"] for stack in page["Stacks"] if _is_line(stack)]
        mine = [name for name in found if name.startswith(prefix) and "-" not in name.removeprefix(prefix)]
        return sorted(known.get(name, name.removeprefix(prefix).lower()) for name in mine)


def _is_line(stack: Mapping[str, Any]) -> bool:
    return any(output["OutputKey"] == "StateMachineArn" for output in stack.get("Outputs", []))


def place(environment: str) -> Place:
    """Return the place of an environment; raises LineError for ``local`` where no ``line up`` runs."""
    if environment != ENVIRONMENT:
        return Place(environment, deployed(environment))
    site = find()
    if site is None:
        raise LineError(f"no `line up` is running, and the console shows what is in it: {_START_ONE}")
    return Place(environment, site)
