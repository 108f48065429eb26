"""A replay of days in which something changes: the alarm names it, the line trains again, the report shows both."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from tests.clone import Clone, Ended
from tests.test_line_run import wait_for

pytestmark = pytest.mark.thorough

FIRST, LAST, CHANGED = "2026-04-10", "2026-04-16", "2026-04-13"
"""Days after those of the test rows; from the third on customers order nothing but shoes."""
DAYS, A_DAY = 7, 40


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    """A ``line up`` with a line whose orders change on a day; it has never run."""
    clone = Clone.make(tmp_path_factory.mktemp("replay"))
    clone.new(
        "shop",
        (
            "sample.py",
            "generator.choice(list(_CATEGORIES)),",
            'generator.choice(list(_CATEGORIES) if number < 4080 else ["shoes"]),',
        ),
        ("line.yaml", "alarm: {at_least: 1, of: 1}", "alarm: {at_least: 2, of: 3}"),
        ("line.yaml", "{minimum_sample: 200}", "{columns: [category], threshold: 0.5, minimum_sample: 20}"),
    )
    process = clone.start("up", "--port", "0")
    wait_for("endpoint_url", process)
    try:
        yield clone
    finally:
        process.send_signal(signal.SIGINT)
        ended = clone.wait(process)
    assert ended.status == 0, ended.stderr
    assert clone.gone(), clone.processes()


@pytest.fixture(scope="module")
def replayed(up: Clone) -> Ended:
    return replay(up)


def replay(up: Clone) -> Ended:
    ended = up.line("replay", "shop", "--from", FIRST, "--to", LAST, "--json", "--output", str(up.root / "shop.html"))
    assert ended.status == 0, ended.stderr
    return ended


def windows(up: Clone) -> list[dict[str, Any]]:
    ended = up.line("report", "shop", "--from", FIRST, "--json")
    assert ended.status == 0, ended.stderr
    found: list[dict[str, Any]] = ended.document["windows"]
    return found


def test_the_alarm_names_the_column_that_was_changed_and_since_when(replayed: Ended) -> None:
    first = replayed.document["alarms"][0]
    assert (first["monitor"], first["state"], first["since"][:10]) == ("drift", "alarm", CHANGED)
    assert [moved["column"] for moved in first["what"]] == ["category"]
    assert replayed.document["predictions"] == DAYS * A_DAY


def test_the_line_trains_again_on_newer_dates_and_says_why(replayed: Ended) -> None:
    training = replayed.document["retrainings"][0]  # another a day while the alarm goes on
    assert training["why"].startswith("drift of category ")
    assert training["why"].endswith(f"since {CHANGED}")
    assert training["at"].startswith("2026-04-1")
    assert "running" not in training["result"]


def test_the_report_shows_both(up: Clone, replayed: Ended) -> None:
    page = (up.root / "shop.html").read_text()
    assert "<b>category " in page
    assert replayed.document["retrainings"][0]["name"] in page
    assert f"alarm from {CHANGED}" in page


@pytest.mark.last
def test_replaying_the_same_days_again_doubles_nothing(up: Clone, replayed: Ended) -> None:
    before = windows(up)
    assert len(before) == DAYS
    again = replay(up).document
    assert (again["alarms"], again["retrainings"]) == ([], [])
    assert [(one["start"], one["rows"], one["labels"]) for one in windows(up)] == [
        (one["start"], one["rows"], one["labels"]) for one in before
    ]
    assert json.loads(replayed.stdout)["predictions"] == again["predictions"]
