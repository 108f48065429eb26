from __future__ import annotations

import io

from rich.console import Console

from cli.progress import Progress, note_of
from runtime.ledger import Entry


def said(*looks: list[Entry], terminal: bool = False) -> str:
    out = io.StringIO()
    with Progress(Console(file=out, force_terminal=terminal, width=100)) as progress:
        progress.phase("running")
        for entries in looks:
            progress.stations(entries)
    return out.getvalue()


def entry(status: str, message: str = "") -> Entry:
    return Entry(run="r", station="curation", status=status, seconds=2.0, message=message)


def test_without_a_terminal_each_station_is_told_once_when_it_ends() -> None:
    told = said([entry("running")], [entry("succeeded")], [entry("succeeded")])
    assert [line.split("  ")[-1] for line in told.splitlines()] == ["running", "curation succeeded after 2.0 s"]


def test_text_in_brackets_is_told_as_it_is() -> None:
    assert "expected one of [a, b]" in said([entry("failed", "expected one of [a, b]")])


def test_on_a_terminal_the_stations_are_a_table() -> None:
    assert "curation" in said([entry("running")], terminal=True)


def test_a_stations_note_is_its_message_or_what_its_tests_found() -> None:
    found = Entry(run="r", station="s", status="flagged", inspections={"error": 0, "warning": 2, "info": 1})
    assert (note_of(entry("failed", "why")), note_of(found)) == ("why", "tests found 2 warning, 1 info")
