"""A handler in this process: imported under its function's environment, with clients that tests choose."""

from __future__ import annotations

import importlib
import os
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any
from unittest.mock import patch

import boto3

from tests.lambdas.inside import client as services_in_this_process

KEPT = ("PATH", "HOME", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "MOTO_ACCOUNT_ID")
"""What a function has of this process's variables."""


class Died(BaseException):
    """The process ended before a call."""


@dataclass(frozen=True)
class Given:
    """A prepared world: the function's environment variables, the event, and the context."""

    environment: Mapping[str, str]
    event: Any
    context: Any = None


@dataclass(frozen=True)
class Outcome:
    """What an attempt gave: an answer, or what it raised."""

    answer: Any = None
    raised: BaseException | None = None


@dataclass
class Loaded:
    """Calls a handler; ``fresh`` imports it anew, as a new sandbox does. Its pauses take no time."""

    module: str
    given: Given
    client: Callable[..., Any] = services_in_this_process
    _stack: ExitStack = field(default_factory=ExitStack)
    _handle: Callable[[Any, Any], Any] = field(init=False)

    def __enter__(self) -> Loaded:
        variables = {name: os.environ[name] for name in KEPT if name in os.environ}
        self._stack.enter_context(patch.dict(os.environ, {**variables, **self.given.environment}, clear=True))
        self._stack.enter_context(patch.object(boto3, "client", self.client))
        self._stack.enter_context(patch.object(time, "sleep", lambda _: None))
        self.fresh()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: TracebackType | BaseException | None) -> None:
        sys.modules.pop(self.module, None)
        self._stack.close()

    def fresh(self) -> None:
        sys.modules.pop(self.module, None)
        self._handle = importlib.import_module(self.module).handler

    def call(self, event: Any) -> Outcome:
        try:
            return Outcome(answer=self._handle(event, self.given.context))
        except (Exception, Died) as raised:  # noqa: BLE001 (whatever it is, the transport goes on)
            return Outcome(raised=raised)
