"""The dashboards: what a person on call sees of a line, and of all lines of an environment."""

from __future__ import annotations

import json
from typing import Any

import pytest

from runtime import measures
from tests.stacks.synthesis import synthesized


def body(stack: str) -> dict[str, Any]:
    """Return a stack's one dashboard, with each reference by its logical id."""
    ((_, found),) = (
        (name, properties["DashboardBody"])
        for name, properties in synthesized("local").properties("AWS::CloudWatch::Dashboard").items()
        if name.startswith(f"{stack}/")
    )
    parts = found["Fn::Join"][1] if isinstance(found, dict) else [found]
    told: dict[str, Any] = json.loads("".join(part if isinstance(part, str) else _id(part) for part in parts))
    return told


def _id(reference: dict[str, Any]) -> str:
    found = next(iter(reference.values()))
    return ".".join(found) if isinstance(found, list) else str(found)


def widgets(stack: str) -> dict[str, dict[str, Any]]:
    return {widget["properties"]["title"]: widget["properties"] for widget in body(stack)["widgets"]}


def names(widget: dict[str, Any]) -> set[str]:
    """Return the names of a widget's metrics."""
    return {metric[1] for metric in widget["metrics"] if isinstance(metric[0], str)}


def test_a_lines_dashboard_shows_drift_of_what_is_watched_and_its_bar() -> None:
    drift = widgets("Flights")["Drift"]
    columns = [metric[-1]["label"] for metric in drift["metrics"] if metric[1] == measures.DRIFT]
    assert columns[:3] == ["carrier", "origin", "dest"]
    assert [bar["value"] for bar in drift["annotations"]["horizontal"]] == [0.25]
    performance = widgets("Flights")["Performance: roc_auc"]
    assert names(performance) == {measures.PERFORMANCE, measures.GROUND_TRUTH_JOINED}
    assert [bar["value"] for bar in performance["annotations"]["horizontal"]] == [0.6]


def test_a_lines_dashboard_shows_runs_queues_requests_and_deliveries() -> None:
    found = widgets("Flights")
    assert names(found["Runs"]) == {"ExecutionsStarted", "ExecutionsSucceeded", "ExecutionsFailed"}
    assert names(found["Age of the oldest message"]) == {"ApproximateAgeOfOldestMessage"}
    labels = {metric[-1]["label"] for metric in found["Age of the oldest message"]["metrics"]}
    assert {"capture", "ground truth", "capture: dead letters"} <= labels
    assert names(found["REST: requests and errors"]) == {"Count", "4XXError", "5XXError"}
    assert {metric[-1]["stat"] for metric in found["REST: latency"]["metrics"]} == {"p50", "p95", "p99"}
    assert names(found["Messages delivered"]) == {"NumberOfMessagesPublished", "NumberOfNotificationsFailed"}


def test_every_alarm_of_a_line_is_on_its_dashboard() -> None:
    assembly = synthesized("local")
    alarms = assembly.properties("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
    expected = {f"{name.removeprefix('Flights/')}.Arn" for name in alarms if name.startswith("Flights/")}
    assert set(widgets("Flights")["Alarms"]["alarms"]) == expected


def test_the_environments_dashboard_finds_every_line_without_knowing_one() -> None:
    found = body("Foundation")
    assert "flights" not in json.dumps(found)
    searches = [metric[0]["expression"] for widget in found["widgets"] for metric in widget["properties"]["metrics"]]
    assert all(search.startswith("SEARCH('{") for search in searches)
    assert any(measures.ALARMING in search and measures.MONITOR in search for search in searches)


@pytest.mark.parametrize("stack", ["Flights", "Foundation"])
def test_no_widget_lies_upon_another(stack: str) -> None:
    taken: set[tuple[int, int]] = set()
    for widget in body(stack)["widgets"]:
        cells = {
            (x, y)
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        }
        assert not cells & taken
        assert widget["x"] + widget["width"] <= 24
        taken |= cells
