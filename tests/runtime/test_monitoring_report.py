"""The monitoring report: what it shows of verdicts and alarms, and that no name in them becomes markup."""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import Any

import pytest

from runtime.incidents import Incident
from runtime.monitoring import report
from runtime.monitoring.report import Event, Report
from tests.runtime.test_model_card import ATTACK, Tags


class Whole(Tags):
    """A drawn shape may hold a text, so it has to be closed, too."""

    VOID = ("meta",)


START = dt.datetime(2013, 8, 1, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
DAYS = 40


def verdict(day: int, name: str = "carrier") -> dict[str, Any]:
    """A window whose first column moves in September, with a day in the middle for which nothing was captured."""
    start = START + day * DAY
    index = 0.05 + (0.4 if day > 30 else 0.0) + 0.01 * math.sin(day)
    return {
        "line": "flights",
        "start": start.strftime("%Y-%m-%dT%H:%MZ"),
        "end": (start + DAY).strftime("%Y-%m-%dT%H:%MZ"),
        "rows": 900 + day,
        "labels": 450 + day,
        "drift": {
            name: {"index": index, "method": "psi", "bar": 0.25, "against": "training", "over": index > 0.25},
            **{f"quiet{i}": {"index": 0.01 * i, "method": "ks", "bar": 0.2, "over": False} for i in range(14)},
        },
        "quality": {name: {"missing": 0.01, "unseen": 0.2 if day > 35 else 0.0, "outside": 0.0, "over": day > 35}},
        "performance": {"roc_auc": 0.75 - 0.2 * (day > 30), "brier": None if day < 3 else 0.15},
        "calibration": [[0.15, 0.1, 300], [0.85, 0.8, 150]],
        "slices": {f"{name}=JFK": {"roc_auc": 0.7, "n": 300}, f"{name}=EWR": {"roc_auc": 0.8, "n": 150}},
        "outcome": 12.5,
        "milliseconds": {"p50": 4.0, "p95": 9.0},
        "monitors": {"drift": "alarm" if day > 31 else "ok", "performance": "waiting"},
    }


def page(name: str = "carrier", **changes: Any) -> str:
    since = "2013-09-01T00:00Z"
    what = [{"column": name, "index": 0.45, "bar": 0.25, "against": "training"}]
    incidents = [
        Incident(
            "drift", "2013-09-02T00:00Z", "alarm", "2013-09-03", "2013-09-01T00:00Z", what, f"{name}=JFK", "x", name
        ),
        Incident("drift", "2013-09-07T00:00Z", "ok", "2013-09-08", since, what),
        Incident("performance", "2013-09-05T00:00Z", "alarm", "", "2013-09-04T00:00Z", link="https://example.com/?a&b"),
    ]
    given: dict[str, Any] = {
        "line": "flights",
        "environment": name,
        "question": name,
        "start": START,
        "end": START + DAYS * DAY,
        "verdicts": [verdict(day, name) for day in range(DAYS) if day != 20],
        "incidents": incidents,
        "events": [
            Event(START + 33 * DAY, "retraining", name, name, "succeeded"),
            Event(START + 33 * DAY, "version", "2", name),
        ],
        "performance_bars": {"roc_auc": (0.6, None)},
    }
    return report.rendered(Report(**{**given, **changes}))


def test_the_report_tells_what_happened() -> None:
    told = page()
    for part in (
        "carrier 0.45 (bar 0.25)",
        "over its bar in 9 of 39 windows",
        "<td>2013-09-07T00:00Z</td>",
        "goes on",
        "business outcome",
        "95 in 100 were quicker",
        'drift <span class="error">alarm</span>',
        "<title>retraining carrier: carrier</title>",
        ">v2</text>",
        "3 more columns",
    ):
        assert part in told, part


def test_a_day_of_which_nothing_is_known_is_a_gap_in_each_line() -> None:
    carrier = _figure(page(), "carrier over time: index")
    assert carrier.count("<polyline") == 1  # a missing window is no point: the line goes on beyond it
    broken = page(verdicts=[verdict(day) | ({"drift": {}} if day == 20 else {}) for day in range(DAYS)])
    assert _figure(broken, "carrier over time: index").count("<polyline") == 2


def test_an_alarm_is_a_stretch_behind_what_had_moved_alone() -> None:
    told = page()
    assert "alarm from 2013-09-01 to 2013-09-07" in _figure(told, "carrier over time: index")
    assert "alarm from" not in _figure(told, "quiet13 over time: index")


def test_every_picture_has_a_text() -> None:
    told = page()
    pictures = re.findall(r"<svg [^>]*>", told)
    assert len(pictures) > 15
    assert all('aria-label="' in picture for picture in pictures if 'role="img"' in picture)
    assert "carrier over time: index from 0.04 to 0.46, last 0.46; bar 0.25; alarm from" in told


def test_no_name_becomes_markup() -> None:
    told = page(ATTACK)
    assert "<script" not in told
    tags = Whole(told)
    assert tags.open == []
    assert not {"script", "link", "img", "iframe"} & tags.seen
    assert not {name for name in tags.attributes if name.startswith("on") or name == "src"}


@pytest.mark.parametrize("link", ["javascript:alert(1)", "data:text/html,x", " https://x"])
def test_only_web_pages_and_the_manual_are_links(link: str) -> None:
    alarm = Incident("drift", "2013-09-02T00:00Z", "alarm", "", "2013-09-01T00:00Z", link=link, runbook="docs/a.md")
    told = page(incidents=[alarm])
    assert re.findall(r'href="([^"]*)"', told) == ["docs/a.md"]


def test_the_page_needs_nothing_from_elsewhere_and_fits_a_phone_and_the_dark() -> None:
    told = page(incidents=[])
    assert re.findall(r"https?://", told) == []
    assert "default-src 'none'" in told
    assert 'name="viewport"' in told
    assert "prefers-color-scheme:dark" in told
    assert ".time svg{width:100%;height:auto}" in told


def test_a_report_without_any_window_says_how_to_get_one() -> None:
    told = page(verdicts=[])
    assert "No window was judged" in told
    assert "line replay flights --from" in told


def test_windows_that_tell_nothing_leave_no_broken_figure() -> None:
    bare = {"line": "flights", "start": "2013-08-01T00:00Z", "end": "2013-08-02T00:00Z", "rows": 3, "labels": 0}
    told = page(verdicts=[bare], incidents=[], events=[])
    for part in ("enough predictions", "enough labels", "no labels of a score", "No slice is watched", "None."):
        assert part in told
    assert Whole(told).open == []
    assert "nan" not in told.lower()


def test_what_has_not_ended_and_what_ended_unheard_are_paired() -> None:
    alarms = [
        Incident("drift", window, state, "", "")
        for window, state in (("1", "ok"), ("2", "alarm"), ("4", "ok"), ("5", "alarm"))
    ]
    assert [(alarm.window, ended and ended.window) for alarm, ended in report.paired(alarms[::-1])] == [
        ("2", "4"),
        ("5", None),
    ]


def _figure(told: str, label: str) -> str:
    found = re.search(rf'<svg [^>]*aria-label="{re.escape(label)}.*?</svg>', told, re.DOTALL)
    assert found
    return found[0]
