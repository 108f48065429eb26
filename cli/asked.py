"""What a user asks of the dataset builder, as a request: every word checked before anything is read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cli.ending import UsageError
from cli.order import Order
from config.line import Line
from runtime.builder import ALL, Request
from runtime.datasets import Choice
from runtime.engine import closest
from runtime.examples_file import ExamplesFile, columns
from runtime.spine import TASKS, Task
from runtime.windows import Window

_FIRST, _LAST = (dt.datetime(year, 1, 1, tzinfo=dt.UTC) for year in (1, 9999))


@dataclass(frozen=True)
class Asked:
    """The options of ``line dataset build``."""

    features: str | None = None
    as_of: str | None = None
    first: str | None = None
    last: str | None = None
    task: str | None = None
    examples: Path | None = None

    def request(self, order: Order) -> Request:
        """Return the request; raises UsageError for an option that says nothing that could be built."""
        line = order.bundle.definition
        whole = Request.of(order.bundle, order.values)
        file = None if self.examples is None else ExamplesFile(self.examples)
        as_of = None if self.as_of is None else moment("--as-of", self.as_of)
        is_split = not any((self.as_of, self.first, self.last, file))
        choice = Choice.of(line)
        if self.features is not None:
            choice = Choice(request=line.dataset.request, views=chosen(line, self.features))
        if file is not None:
            held = columns(file)
            choice = Choice(request=[name for name in choice.request if name in held], views=choice.views)
        return Request(
            bundle=order.bundle,
            parameters=order.values,
            choice=choice,
            windows=whole.windows if is_split else {ALL: self._window()},
            task=self._task(whole, None if file is None else columns(file)),
            as_of=as_of,
            file=file,
        )

    def _window(self) -> Window:
        start = _FIRST if self.first is None else moment("--from", self.first)
        end = _LAST if self.last is None else moment("--to", self.last)
        if start >= end:
            raise UsageError(f"--from: {self.first} is not before --to {self.last}: correct one of them")
        return Window(start=start, end=end)

    def _task(self, whole: Request, held: Sequence[str] | None) -> Task:
        for task in TASKS:
            if task == self.task:
                return task
        if self.task is not None:
            raise UsageError(f"--task: {self.task!r} is not a task, expected one of {', '.join(TASKS)}: correct it")
        has_labels = held is None or whole.bundle.definition.dataset.label in held
        return whole.task if has_labels else "none"


def chosen(line: Line, text: str) -> dict[str, list[str] | None]:
    """Return the views of ``a,b:column`` with the columns that were named, None meaning all."""
    views: dict[str, list[str] | None] = {}
    for word in filter(None, (part.strip() for part in text.split(","))):
        view, colon, column = word.partition(":")
        if view not in line.features:
            names = ", ".join(sorted(line.features)) or "none"
            raise UsageError(
                f"--features: {view!r} is not a feature view of line {line.line!r}, expected one of {names}"
                f"{closest(view, list(line.features))}: correct the name"
            )
        before = views.get(view, [])
        views[view] = None if not colon or before is None else list(dict.fromkeys([*before, column]))
    return views


def moment(option: str, text: str) -> dt.datetime:
    """Return a moment; without an offset it counts as UTC."""
    try:
        found = dt.datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        raise UsageError(
            f"{option}: {text!r} is not a moment, expected a date or a time such as 2013-08-01T12:00:00Z: correct it"
        ) from None
