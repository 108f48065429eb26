from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from runtime.records import RunRecord, StationRecord, to_json
from runtime.throughput.columns import gathered
from runtime.throughput.value import value

BEGIN = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def at(hours: float) -> dt.datetime:
    return BEGIN + dt.timedelta(hours=hours)


def run(number: int, began: float, *, landed: float | None = None, delivered: float | None = None) -> RunRecord:
    status = "halted" if delivered is None else "succeeded"
    visit = StationRecord("curation", status, at(began), at(began + 0.5), 1800.0, "", ("rows",), {})
    return RunRecord(
        line="flights",
        run=f"run-{number}",
        status=status,
        started=at(began),
        finished=at(began + 1),
        landed=None if landed is None else at(landed),
        delivered=None if delivered is None else at(delivered),
        message="",
        stations=(visit,),
    )


def test_of_more_runs_than_are_kept_the_newest_count() -> None:
    records = [to_json(run(number, number, delivered=number + 1)) for number in range(5_000)]
    runs = gathered(records, most=4_500)
    assert (len(runs), runs.left_out) == (4_500, 500)
    assert runs.started[0] == gathered([records[500]]).started[0]


def test_records_and_their_json_may_be_mixed_in_any_order() -> None:
    first, second = run(1, 0, delivered=1), run(2, 5)
    streams: list[list[RunRecord | str]] = [[first, second], [to_json(second), first], [second, to_json(first)]]
    journeys = [value(each, now=at(9)) for each in streams]
    assert journeys[0] == journeys[1] == journeys[2]


def test_of_a_run_that_comes_twice_the_last_record_counts() -> None:
    running = replace(run(1, 0), status="running", finished=None, stations=())
    found = value([running, run(1, 0, delivered=1)], now=at(2))
    assert found is not None
    assert (found.runs, found.delivered, found.in_progress.runs) == (1, 1, 0)


def test_there_is_no_journey_without_a_run() -> None:
    assert value([], now=at(0)) is None


def test_data_of_a_run_that_halted_are_delivered_by_a_run_that_began_later() -> None:
    together = run(2, 10, delivered=11)
    found = value([run(1, 10, landed=8), together, run(3, 20, landed=19, delivered=22)], now=at(30))
    assert found is not None
    assert (found.lead.carried, found.lead.from_start, found.lead.undelivered) == (1, 1, 0)
    assert found.lead.time.total == (14 + 1 + 3) * 3600
    assert found.reruns == 1


@pytest.mark.parametrize("names", [("<script>alert(1)</script>", "'; DROP TABLE"), ("", "\N{PILE OF POO}")])
def test_hostile_names_are_names(names: tuple[str, str]) -> None:
    station, cause = names
    visit = StationRecord(station, "failed", at(0), at(1), 3600.0, "", (cause,), {})
    found = value([replace(run(1, 0), stations=(visit,))], now=at(2))
    assert found is not None
    assert [(halt.station, halt.cause) for halt in found.halts] == [names]
    assert [one.station for one in found.stations] == [station]


def test_more_causes_than_are_kept_are_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.throughput.columns._CAUSES", 2)
    visits = [StationRecord("curation", "failed", at(0), at(1), 1.0, "", (f"cause {i}",), {}) for i in range(4)]
    found = value([replace(run(i, i), stations=(visit,)) for i, visit in enumerate(visits)], now=at(9))
    assert found is not None
    assert {halt.cause: halt.runs for halt in found.halts} == {"cause 0": 1, "cause 1": 1, "others": 2}
