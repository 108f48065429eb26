"""What a replay shows: the day that it is at while it goes, and what came of it at the end."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from runtime.incidents import Incident
from runtime.ledger import Entry
from runtime.monitoring.history import Event

if TYPE_CHECKING:
    from cli.replay import Replayed
    from cli.replay_past import Stretch
    from cli.replay_stream import Stream

_WIDTH = 160
_EVERY = 10.0
"""Seconds between two lines where there is no terminal."""


class Days:
    """Shows the day, what was sent, and each alarm and retraining once; on stderr."""

    def __init__(self, days: int, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False)
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.completed:.0f} of {task.total:.0f} days"),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._task = self._progress.add_task("", total=days)
        self._told = 0
        self._asked: set[str] = set()
        self._began = self._last = time.monotonic()
        self._station = ""

    def __enter__(self) -> Days:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def day(
        self,
        day: datetime,
        stream: Stream,
        alarms: Sequence[Incident],
        retrainings: Sequence[Event],
        drift: tuple[str, float] | None = None,
    ) -> None:
        """Show a day that is over; ``drift`` is the column that moved most in the last judged window, and how far."""
        for incident in alarms[self._told :]:
            self._say(f"{incident.day}  {incident.monitor} {incident.state}: {incident.says or incident.moved}")
        self._told = len(alarms)
        moved = f" · {drift[0]} {drift[1]:.2f}" if drift else ""
        rung = sum(incident.state == "alarm" for incident in alarms)
        text = (
            f"{day:%Y-%m-%d}: {stream.predictions:,} predictions, {stream.labels:,} labels{moved} · "
            f"{rung} alarms, {len(retrainings)} retrainings"
        )
        self._progress.update(self._task, advance=1, description=text)
        if not self._console.is_terminal and time.monotonic() - self._last > _EVERY:
            self._last = time.monotonic()
            self._say(text)

    def running(self, run: str, stations: Sequence[Entry]) -> None:
        """Show a run that is waited for."""
        at = stations[-1].station if stations else "starting"
        self._progress.update(self._task, description=f"{run}: {at}")
        if run not in self._asked:
            self._asked.add(run)
            self._say(f"{run} began")

    def _say(self, text: str) -> None:
        self._console.print(Text(f"{time.monotonic() - self._began:6.1f} s  {text}"), soft_wrap=True)


def show(
    replayed: Replayed, stretch: Stretch, report: Path, *, problems: Iterable[str], console: Console | None = None
) -> None:
    """Print the alarms, the retrainings with their results, and where the report is."""
    out = console or Console(highlight=False)
    if not out.is_terminal:
        out.width = max(out.width, _WIDTH)
    sent = replayed.stream
    out.print(
        f"\n{sent.line.line}: {stretch.days} days, {sent.predictions:,} predictions and {sent.labels:,} labels "
        f"in {replayed.seconds:.1f} s"
    )
    if replayed.alarms:
        out.print(_alarms(replayed.alarms))
    else:
        out.print("no alarm: nothing moved further than its bar, or less was known than the monitors need")
    if replayed.retrainings:
        out.print(_retrainings(replayed.retrainings))
    for problem in problems:
        out.print(Text(f"not delivered: {problem}", style="yellow"))
    out.print(Text(f"report: {report}"))


def _alarms(alarms: Sequence[Incident]) -> Table:
    table = _table("Alarms", "window", "monitor", "state", "what moved", "since")
    for incident in alarms:
        style = "red" if incident.state == "alarm" else "green"
        table.add_row(
            incident.day, incident.monitor, Text(incident.state, style=style), Text(incident.moved), incident.since[:10]
        )
    return table


def _retrainings(events: Sequence[Event]) -> Table:
    table = _table("Retrainings", "at", "run", "why", "result")
    for event in events:
        table.add_row(f"{event.at:%Y-%m-%d}", event.name, Text(event.why), Text(event.result))
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
