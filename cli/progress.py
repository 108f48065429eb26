"""What a run shows on stderr while it goes: a live table on a terminal, one line per station elsewhere."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from runtime.ledger import Entry

COLOURS = {
    "succeeded": "green",
    "skipped": "cyan",
    "flagged": "yellow",
    "waiting": "yellow",
    "halted": "red",
    "failed": "red",
    "running": "blue",
}


class Progress:
    """Shows the phase that a command is in, and the stations of its run as they begin and end."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False)
        self._live = Live(console=self._console, refresh_per_second=8, transient=True)
        self._began = time.monotonic()
        self._phase = ""
        self._stations: list[Entry] = []
        self._said: set[str] = set()

    def __enter__(self) -> Progress:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def phase(self, text: str) -> None:
        """Say what begins now."""
        self._phase = text
        if self._console.is_terminal:
            self._refresh()
        else:
            self._console.print(f"{self._elapsed():6.1f} s  {text}", soft_wrap=True)

    def pause(self) -> None:
        """Leave the terminal to another display."""
        self._live.stop()

    def stations(self, entries: list[Entry]) -> None:
        """Show how far the run is."""
        self._stations = entries
        if self._console.is_terminal:
            self._refresh()
            return
        for entry in self._stations:
            if entry.status != "running" and entry.station not in self._said:
                self._said.add(entry.station)
                note = f": {entry.message}" if entry.message else ""
                line = f"{self._elapsed():6.1f} s  {entry.station} {entry.status} after {entry.seconds:.1f} s{note}"
                self._console.print(Text(line), soft_wrap=True)

    def _elapsed(self) -> float:
        return time.monotonic() - self._began

    def _refresh(self) -> None:
        table = Table.grid(padding=(0, 2))
        for entry in self._stations:
            seconds = f"{entry.seconds:.1f} s" if entry.status != "running" else ""
            status = Text(entry.status, style=COLOURS.get(entry.status, ""))
            note = Text(note_of(entry), overflow="ellipsis", no_wrap=True)
            table.add_row(f"  {entry.station}", status, seconds, note)
        self._live.update(Group(Spinner("dots", Text(self._phase)), table))


def note_of(entry: Entry) -> str:
    """Return what is worth saying about a station in a few words."""
    if entry.message:
        return entry.message
    counts = [f"{count} {severity}" for severity, count in entry.inspections.items() if count]
    return f"tests found {', '.join(counts)}" if counts else ""
