"""What is replayed: a stretch of days, and each of them with its rows as a program beside this one writes them."""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.asked import moment
from cli.ending import UsageError, keep_log
from cli.order import Order
from cli.replay_rows import Wanted, file_of
from cli.site import Site
from config.errors import LineError
from config.loading import ROOT
from config.reading import shown
from local.processes import Child, Processes

DAY = dt.timedelta(days=1)
_SECONDS_FOR_A_MONTH = 600.0


@dataclass(frozen=True)
class Stretch:
    """What is replayed: whole days (UTC) from ``first`` on, ``end`` excluded, at so many times the speed of life."""

    first: dt.datetime
    end: dt.datetime
    sample: float
    speed: float | None
    """None is as fast as it goes."""

    @classmethod
    def of(cls, first: str, last: str, sample: float, speed: str) -> Stretch:
        """Read the options; raises UsageError for one that says nothing that could be replayed."""
        start, end = (moment(name, text) for name, text in (("--from", first), ("--to", last)))
        start, end = (at.replace(hour=0, minute=0, second=0, microsecond=0) for at in (start, end))
        if end < start:
            raise UsageError(f"--from: {first} is after --to {last}: correct one of them")
        if not 0 < sample <= 1:
            raise UsageError(f"--sample: {sample:g} is no share of the events, expected 0.01 to 1: correct it")
        return cls(start, end + DAY, sample, _speed(speed))

    @property
    def days(self) -> int:
        return (self.end - self.first).days


@contextmanager
def past(
    order: Order, site: Site, outputs: Mapping[str, str], stretch: Stretch
) -> Iterator[Iterator[tuple[dt.datetime, list[dict[str, Any]]]]]:
    """Give each day with its rows, as a program beside this one writes them."""
    with tempfile.TemporaryDirectory() as scratch, closing(Processes()) as processes:
        wanted = Wanted(
            line=order.line,
            first=stretch.first.date().isoformat(),
            last=stretch.end.date().isoformat(),
            sample=stretch.sample,
            folder=scratch,
            endpoint=site.endpoint,
            region=site.region,
            lake=outputs["LakeBucket"],
            database=outputs["Database"],
            parameters={name: str(value) for name, value in order.local.items()},
        )
        environment = {**os.environ, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        said: list[str] = []
        command = [sys.executable, "-m", "cli.replay_rows", wanted.text()]
        child = processes.start(command, environment=environment, directory=ROOT, on_line=said.append)
        yield _days(child, Path(scratch), stretch, said)


def _days(
    child: Child, folder: Path, stretch: Stretch, said: Sequence[str]
) -> Iterator[tuple[dt.datetime, list[dict[str, Any]]]]:
    for number in range(stretch.days):
        day = stretch.first + number * DAY
        path = file_of(folder, day.date())
        deadline = time.monotonic() + _SECONDS_FOR_A_MONTH
        while not path.exists():
            if child.poll() is not None and not path.exists():
                child.drain()
                log = keep_log("replay", "\n".join(said), ROOT)
                raise LineError(f"{said[-1] if said else 'replay: no row was read'} (all it said: {shown(log, ROOT)})")
            if time.monotonic() > deadline:
                raise LineError(f"replay: the rows of {day:%Y-%m-%d} were not read within {_SECONDS_FOR_A_MONTH:g} s")
            time.sleep(0.02)
        with path.open(encoding="utf-8") as file:
            rows = [json.loads(line) for line in file]
        path.unlink()
        yield day, rows


def _speed(text: str) -> float | None:
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < float("inf"):
        raise UsageError(f"--speed: {text!r} is no speed, expected a number of times that of life, or max: correct it")
    return speed
