from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from console import lineage, logs
from console.run_story import left, rows, story
from runtime import events, receipts, splits
from runtime.paths import RunPaths
from runtime.plan import Plan, Statement
from runtime.receipts import Receipt
from runtime.records import RunRecord, StationRecord
from tests.console.looked_at import Looked, ended
from tests.moto_server import Aws

NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
TABLE = {"snapshot": 11, "rows": 1000, "fresh": False, "tested": []}
LEFT: dict[str, dict[str, Any]] = {
    "curation": {
        "sources": {
            "orders": {
                "rows": 1000,
                "files": 1,
                "fingerprint": "f" * 64,
                "objects": [{"uri": "s3://raw/o.csv", "version": "v1"}],
            },
            "gauge": {"rows": 5, "origin": "postgres", "fingerprint": "e" * 64},
        },
        "tables": {"orders": {**TABLE, "quarantined": 3}, "customers": {**TABLE, "snapshot": 12, "fresh": True}},
    },
    "features": {"views": {"history": {**TABLE, "snapshot": 13, "online": 70}}},
    splits.RECEIPT: {"fingerprint": "d" * 64, "rows": {"train": 600, "test": 100}, "reused": False},
    "training": {"variant": "boosting", "manifest_sha256": "a" * 64},
    "release": {"version": 4},
    "scoring": {"snapshot": 14, "rows": 200, "score_date": "2026-04-01", "model_version": 4},
    "delivery": {"table": 200, "channels": {"files": {"kind": "files", "count": 200, "s3": "s3://lake/out.csv"}}},
}


@pytest.fixture(scope="module")
def looked(aws: Aws) -> Looked:
    """An environment with a line of which a run left what a run leaves."""
    made = Looked(aws)
    made.line("sold")
    made.ran("sold", "run-1", at=NOON)
    paths = RunPaths(lake=made.lake, line="sold", run="run-1")
    for name, outputs in LEFT.items():
        receipts.write(aws.plain("s3"), paths, name, Receipt(name, "succeeded", outputs=outputs))
    return made


def plan() -> Plan:
    def reads(sources: tuple[str, ...] = (), tables: tuple[str, ...] = ()) -> Statement:
        return Statement(file="", digest="", sources=sources, tables=tables)

    return Plan(
        line="sold",
        code="",
        parameters={},
        sources={},
        curation={"orders": reads(("orders", "gauge")), "customers": reads()},
        features={"history": reads(tables=("orders", "customers"))},
        spine=reads(tables=("orders",)),
        views=("history",),
        scored="score_date",
        split=(),
        settings={},
    )


def test_what_a_run_made_of_what_is_told_with_the_ids_that_name_it(looked: Looked) -> None:
    found = lineage.nodes(left(looked.place, "sold", "run-1").receipts)
    assert [(node.column, node.name, node.id[:4], node.detail) for node in found] == [
        ("sources", "orders", "ffff", "1,000 rows, 1 file"),
        ("sources", "gauge", "eeee", "5 rows, postgres"),
        ("curated", "orders", "11", "1,000 rows, 3 quarantined"),
        ("curated", "customers", "12", "1,000 rows"),
        ("features", "history", "13", "1,000 rows, 70 online"),
        ("dataset", "dataset", "dddd", "train 600, test 100"),
        ("model", "version 4", "aaaa", "boosting"),
        ("predictions", "predictions", "14", "200 rows of 2026-04-01"),
        ("channels", "files", "s3:/", "files 200 predictions"),
    ]
    assert found[0].objects == ["s3://raw/o.csv v1"]
    assert [node.name for node in found if node.fresh] == ["customers"]


def test_a_link_is_what_the_sql_reads(looked: Looked) -> None:
    made = lineage.links(lineage.nodes(left(looked.place, "sold", "run-1").receipts), plan())
    assert (("sources", "gauge"), ("curated", "orders")) in made
    assert (("sources", "gauge"), ("curated", "customers")) not in made
    assert (("curated", "customers"), ("features", "history")) in made
    assert made[-1] == (("predictions", "predictions"), ("channels", "files"))


def test_the_page_shows_what_the_run_left(looked: Looked) -> None:
    shown = looked.get("/lines/sold/runs/run-1/left")
    assert shown.count('class="link"') == len(
        lineage.links(lineage.nodes(left(looked.place, "sold", "run-1").receipts), None)
    )
    for told in ("s3://lake/out.csv", "version 4", "3 quarantined", "s3://raw/o.csv v1"):
        assert told in shown


def test_a_run_of_which_nothing_is_known_is_told(looked: Looked) -> None:
    answer = looked.browser.get("/lines/sold/runs/run-9")
    assert (answer.status_code, "has no run &#39;run-9&#39; in the ledger" in answer.text) == (400, True)


def test_a_bar_lies_within_the_run_whatever_the_clocks_said() -> None:
    def station(name: str, started: float | None, finished: float | None, seconds: float) -> StationRecord:
        moments = [None if at is None else NOON + dt.timedelta(seconds=at) for at in (started, finished)]
        return StationRecord(name, "succeeded", moments[0], moments[1], seconds)

    stations = (station("curation", 0, 10, 10), station("features", 20, 15, 0), station("training", None, 40, 3600))
    record = RunRecord("l", "r", "running", NOON, None, None, None, "", stations)
    for row in rows(record, NOON + dt.timedelta(seconds=60)):
        assert 0.0 <= row.offset <= 1.0
        assert 0.0 < row.width <= 1.004 - row.offset


def test_a_run_that_was_aborted_is_not_shown_as_running(looked: Looked) -> None:
    stepfunctions = looked.aws.plain("stepfunctions")
    machine = stepfunctions.create_state_machine(
        name=f"{looked.environment}-waits",
        definition='{"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 600, "End": true}}}',
        roleArn="arn:aws:iam::123456789012:role/r",
    )["stateMachineArn"]
    looked.stack("waits", {"StateMachineArn": machine})
    looked.forget()
    given = json.dumps({"parameters": {"day": "2026-01-01"}, "force": ["training"]})
    stepfunctions.start_execution(stateMachineArn=machine, name="run-1", input=given)
    looked.say("waits", "run-1", (events.RUN_STARTED, "run", {}), (events.STATION_STARTED, "curation", {}), at=NOON)
    before = story(looked.place, "waits", "run-1")
    assert (before.record.status, before.parameters, before.forced) == ("running", {"day": "2026-01-01"}, ["training"])
    asked = looked.get("/actions/stop?line=waits&run=run-1")
    key = asked.partition('name="key" value="')[2].partition('"')[0]
    form = {"form_token": looked.form_token, "key": key, "line": "waits", "run": "run-1"}
    for _ in range(2):
        looked.browser.post("/actions/stop", data=form, headers={"Origin": "http://127.0.0.1:8400"})
    looked.until(f"/done/{key}", "is stopped")
    after = story(looked.place, "waits", "run-1")
    assert (after.record.status, [one.status for one in after.record.stations]) == ("aborted", ["aborted"])
    assert "the ledger has not heard of its end" in after.aside
    assert "has ended already" in looked.browser.get("/actions/stop?line=waits&run=run-1").text


def test_a_station_says_why_it_halted_and_names_the_causes(looked: Looked) -> None:
    halted = ended("halted", "curation: 2 tests failed", ["orders row_count"])
    looked.say("sold", "run-2", (events.STATION_STARTED, "curation", {}), (events.STATION_FINISHED, "curation", halted))
    assert "curation: 2 tests failed" in looked.get("/lines/sold/runs/run-2")


def test_logs_of_a_job_are_read_where_it_wrote_them(looked: Looked, monkeypatch: pytest.MonkeyPatch) -> None:
    client = looked.aws.plain("logs")
    group, stream = "/aws/sagemaker/TrainingJobs", "job-1/algo-1"
    client.create_log_group(logGroupName=group)
    client.create_log_stream(logGroupName=group, logStreamName=stream)
    now = int(dt.datetime.now(dt.UTC).timestamp() * 1000)
    events_ = [{"timestamp": now + i, "message": f"line {i}"} for i in range(450)]
    client.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events_)
    newest = logs.read(looked.place, "sagemaker", "job-1")
    assert [message for _, message in newest.events] == [f"line {i}" for i in range(250, 450)]
    before = logs.read(looked.place, "sagemaker", "job-1", newest.older)
    assert [message for _, message in before.events][-1] == "line 249"
    assert "has written no log yet" in logs.read(looked.place, "sagemaker", "job-2").trouble


def test_a_report_of_a_station_that_inspects_nothing_is_refused(looked: Looked) -> None:
    assert "makes no inspection, expected one of" in looked.browser.get("/lines/sold/runs/run-1/reports/training").text
    assert "left no report of curation" in looked.browser.get("/lines/sold/runs/run-1/reports/curation").text


@pytest.mark.parametrize(
    ("service", "told"),
    [("stepfunctions", "its execution is not shown"), ("s3", "what the run left in the lake is not shown")],
)
def test_a_denied_service_costs_what_it_knows_and_no_more(looked: Looked, service: str, told: str) -> None:
    looked.refuse[service] = "AccessDenied"
    looked.forget()
    try:
        assert told in looked.get("/lines/sold/runs/run-1") + looked.get("/lines/sold/runs/run-1/left")
    finally:
        looked.refuse.clear()
        looked.forget()
