"""On any ledger every figure equals a recomputation from the raw items: late, doubled, skewed, lost, unended runs."""

from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.events import STATIONS
from runtime.records import RunRecord, of_events, to_json
from runtime.throughput.value import value
from tests.runtime.throughput import naive

BEGIN = dt.datetime(2026, 1, 7, 12, tzinfo=dt.UTC)
LATER = st.sampled_from([0, 30, 600, 7_000, 90_000, 40 * 86_400])
"""Seconds from the last beginning to the moment of asking."""
STATUS = st.sampled_from(
    ["succeeded"] * 4 + ["flagged", "halted", "halted", "failed", "skipped", "waiting", "exploded"]
)
CAUSES = st.lists(st.sampled_from(["rows", "nulls", "<script>"]), max_size=2)
STEP = st.sampled_from([0, 0, 1, 2, 5, 60, 600]) | st.integers(-30, 90_000)
"""Seconds from one event to the next: often none, sometimes backwards, since clocks disagree."""


@st.composite
def ledgers(draw: st.DrawFn) -> list[dict[str, dict[str, str]]]:
    """Draw the event items of some runs of a line."""
    items: list[dict[str, dict[str, str]]] = []
    span = draw(st.sampled_from([10, 600, 86_400, 26 * 86_400]))
    begins = draw(st.lists(st.integers(0, span), min_size=1, max_size=7))
    for number, began in enumerate(begins):
        at = BEGIN + dt.timedelta(seconds=began)
        visited = draw(st.lists(st.sampled_from([*STATIONS, "polish"]), unique=True, max_size=5))
        visited += ["delivery"] if "delivery" not in visited and draw(st.booleans()) else []
        if draw(st.booleans()):
            visited.sort(key=lambda name: naive.LINE_ORDER.index(name) if name in naive.LINE_ORDER else 9)
        landed = at - dt.timedelta(seconds=draw(STEP)) if draw(st.booleans()) else None
        of_run = [_item(number, "run", "started", at)] if draw(st.integers(0, 9)) else []
        for station in visited:
            at += dt.timedelta(seconds=draw(STEP))
            if draw(st.integers(0, 9)):
                of_run.append(_item(number, station, "started", at))
            at += dt.timedelta(seconds=draw(STEP))
            if draw(st.integers(0, 9)):
                end = _finished(number, station, at, draw(STATUS), draw(CAUSES), seconds=draw(st.integers(0, 50)))
                if station == "curation" and landed:
                    end["landed"] = {"S": landed.isoformat()}
                of_run.append(end)
        at += dt.timedelta(seconds=draw(STEP))
        if draw(st.integers(0, 4)):
            of_run.append(_finished(number, "run", at, draw(STATUS), [], seconds=0))
        items += of_run or [_item(number, "run", "started", at)]
    return items


def _item(number: int, station: str, moment: str, at: dt.datetime) -> dict[str, dict[str, str]]:
    return {
        "pk": {"S": "LINE#flights"},
        "sk": {"S": f"RUN#run-{number}#{station}#{moment}"},
        "run": {"S": f"run-{number}"},
        "station": {"S": station},
        "moment": {"S": moment},
        "at": {"S": at.isoformat(timespec="milliseconds")},
    }


def _finished(
    number: int, station: str, at: dt.datetime, status: str, causes: list[str], *, seconds: int
) -> dict[str, dict[str, str]]:
    return {
        **_item(number, station, "finished", at),
        "status": {"S": status},
        "seconds": {"N": str(seconds)},
        "message": {"S": ""},
        "inspections": {"S": "{}"},
        **({"causes": {"S": json.dumps(causes)}} if causes else {}),
    }


def records_of(items: list[dict[str, dict[str, str]]]) -> list[RunRecord]:
    by_run: dict[str, list[dict[str, dict[str, str]]]] = {}
    for item in items:
        by_run.setdefault(item["run"]["S"], []).append(item)
    return sorted((of_events(each) for each in by_run.values()), key=lambda record: record.started)


def agree(found: Any, expected: Any, where: str = "") -> None:
    """Compare two documents figure by figure; figures may differ in their tenth digit."""
    if isinstance(expected, dict):
        for name, one in expected.items():
            agree(found[name], one, f"{where}.{name}")
    elif isinstance(expected, list):
        assert len(found) == len(expected), where
        for i, (one, other) in enumerate(zip(found, expected, strict=True)):
            agree(one, other, f"{where}[{i}]")
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-6), where
    else:
        assert found == expected, where


@settings(max_examples=40, deadline=None)
@given(ledgers(), LATER, st.randoms(use_true_random=False), st.booleans())
def test_every_figure_equals_a_recomputation_from_the_raw_items(
    items: list[dict[str, dict[str, str]]], later: int, chance: random.Random, as_text: bool
) -> None:
    told = items + chance.sample(items, k=len(items) // 2)
    chance.shuffle(told)
    records = records_of(told)
    stream = sorted(records + records[: len(records) // 2], key=lambda record: record.started)

    check([to_json(one) for one in stream] if as_text else stream, items, later)


@settings(max_examples=500, deadline=None)
@given(ledgers(), LATER)
@pytest.mark.thorough
def test_every_figure_equals_a_recomputation_on_many_more_ledgers(
    items: list[dict[str, dict[str, str]]], later: int
) -> None:
    check(records_of(items), items, later)


def check(stream: Sequence[RunRecord | str], items: list[dict[str, dict[str, str]]], later: int) -> None:
    now = max(record.started for record in records_of(items)) + dt.timedelta(seconds=later)
    found = value(stream, now=now)
    assert found is not None
    expected = naive.journey(items, now)
    loads = expected.pop("loads")
    agree(asdict(found), expected)
    if found.bottleneck is not None:
        agree([asdict(load) for load in found.bottleneck.loads], loads)
