from __future__ import annotations

import datetime as dt

import pytest

from config.naming import stack_name
from console.overview import PER_PAGE, overview
from runtime import events, ledger, promotion
from runtime.promotion import Champion
from tests.console.looked_at import Looked, ended
from tests.moto_server import Aws

NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def looked(aws: Aws) -> Looked:
    """An environment with a line that ran twice and one that never ran."""
    made = Looked(aws)
    made.line("sold")
    made.line("idle")
    made.ran("sold", "run-1", at=NOON)
    made.ran(
        "sold", "run-2", status="halted", message="curation: 3 rows, expected 1000", at=NOON + dt.timedelta(hours=1)
    )
    return made


def test_a_line_shows_its_newest_run_and_how_the_last_ones_ended(looked: Looked) -> None:
    card = next(one for one in overview(looked.place).cards if one.line == "sold")
    assert card.newest is not None
    assert (card.newest.run, card.newest.status, card.marks.tells) == (
        "run-2",
        "halted",
        "2 last runs: 1 succeeded, 1 halted",
    )
    assert [step.status for step in card.steps] == ["halted", *["not reached"] * 6]


def test_a_line_that_never_ran_says_so(looked: Looked) -> None:
    assert "no run yet" in looked.get("/lines?q=idle")
    assert "No run is in the ledger yet" in looked.get("/lines/idle")


def test_an_environment_without_a_line_says_what_to_do(aws: Aws) -> None:
    assert "line new NAME" in Looked(aws).get("/lines")


def test_the_version_in_production_and_alarms_that_ring_are_shown(looked: Looked) -> None:
    champion = Champion(7, "arn", "s3://m/a/", "0" * 64, "run-1", "boosting", "", "", {})
    promotion.promote(looked.aws.plain("dynamodb"), looked.table, "sold", champion, expected=None)
    name = f"{stack_name(looked.environment, 'sold')}-MonitoringDrift1234-ABC"
    cloudwatch = looked.aws.plain("cloudwatch")
    watched = {"MetricName": "m", "Namespace": "n", "Period": 60, "EvaluationPeriods": 1, "Threshold": 1.0}
    cloudwatch.put_metric_alarm(AlarmName=name, ComparisonOperator="GreaterThanThreshold", Statistic="Sum", **watched)
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a test")
    looked.forget()
    shown = looked.get("/lines")
    assert "version 7" in shown
    assert "1: MonitoringDrift1234-ABC" in shown


def test_a_line_that_left_the_repository_still_shows(looked: Looked) -> None:
    assert "this repository has no such line" in looked.get("/lines?q=sold")


def test_a_line_whose_stack_is_gone_still_shows_by_what_its_runs_left(aws: Aws) -> None:
    looked = Looked(aws)
    looked.ran("call_centre", "run-1")
    aws.plain("s3").put_object(Bucket=looked.lake, Key="runs/call_centre/run-1/curation.json", Body=b"{}")
    shown = looked.get("/lines")
    assert "/lines/call_centre/runs/run-1" in shown
    assert "not deployed here any more" in shown
    assert "run-1" in looked.get("/lines/call_centre")
    assert "not deployed here any more" not in looked.get("/lines/call_centre/runs/run-1/live")


def test_a_deployed_line_goes_by_the_name_that_its_runs_have(aws: Aws) -> None:
    looked = Looked(aws)
    looked.line("call_centre")  # its stack is CallCentre, of which nobody can tell where the words end
    aws.plain("s3").put_object(Bucket=looked.lake, Key="runs/call_centre/run-1/curation.json", Body=b"{}")
    assert [card.line for card in overview(looked.place).cards] == ["call_centre"]


def test_a_run_that_never_ended_is_running(looked: Looked) -> None:
    looked.line("stuck")
    looked.say("stuck", "run-1", (events.RUN_STARTED, "run", {}), (events.STATION_STARTED, "training", {}), at=NOON)
    card = next(one for one in overview(looked.place).cards if one.line == "stuck")
    assert [step.status for step in card.steps][2] == "running"
    assert overview(looked.place).is_moving
    assert 'hx-trigger="every 1s"' in looked.get("/lines?q=stuck")


def test_pages_hold_so_many_lines_and_the_filter_finds_the_others(aws: Aws) -> None:
    looked = Looked(aws)
    for i in range(PER_PAGE + 2):
        looked.stack(f"many{i:03}", {"StateMachineArn": "arn"})
    looked.forget()
    first, second = looked.get("/lines"), looked.get("/lines?page=2")
    assert (first.count("data-row>"), second.count("data-row>")) == (PER_PAGE, 2)
    assert f"{PER_PAGE + 2} lines, page 1 of 2" in first
    assert looked.get("/lines?q=MANY007").count("data-row>") == 1
    assert "No line's name holds" in looked.get("/lines?q=nothing")
    assert looked.get("/lines?page=99").count("data-row>") == 2


def test_a_thousand_lines_cost_no_more_requests_than_a_page_of_them(
    looked: Looked, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"line{i:04}" for i in range(1000)]
    monkeypatch.setitem(looked.place._kept, "lines", (float("inf"), names))
    calls: list[str] = []
    looked.place._clients.clear()
    for service in ("dynamodb", "cloudwatch", "s3", "cloudformation"):
        made = looked.place.client(service)
        made.meta.events.register_first("before-call.*", lambda model, **_: calls.append(model.name))
    shown = looked.get("/lines?page=17")
    assert "1001 lines" not in shown
    assert "page 17 of 50" in shown
    assert len(calls) <= PER_PAGE + 8


def test_older_runs_are_on_further_pages(aws: Aws) -> None:
    looked = Looked(aws)
    looked.line("often")
    for i in range(27):
        looked.say("often", f"run-{i:02}", (events.RUN_STARTED, "run", {}), at=NOON + dt.timedelta(minutes=i))
    first = looked.get("/lines/often")
    assert first.count('<tr id="run-') == 25
    older = first.partition('href="/lines/often?before=')[2].partition('"')[0]
    rest = looked.get(f"/lines/often?before={older}")
    assert rest.count('<tr id="run-') == 2
    assert '<tr id="run-run-00"' in rest
    assert looked.browser.get("/lines/often?before=yesterday").status_code == 400


def test_lost_credentials_are_told_with_the_mend_and_no_trace(aws: Aws) -> None:
    looked = Looked(aws)
    looked.line("shop")
    looked.refuse["*"] = "ExpiredToken"
    looked.forget()
    for path in (
        "/lines",
        "/lines/live",
        "/lines/shop",
        "/lines/shop/runs/run-1",
        "/lines/shop/runs/run-1/left",
        "/environments",
    ):
        answer = looked.browser.get(path)
        assert (path, answer.status_code) == (path, 502)
        assert "ExpiredToken" in answer.text
        assert "aws sso login" in answer.text
        assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    ("service", "told"),
    [
        ("dynamodb", "its runs are not shown"),
        ("cloudwatch", "alarms are not shown"),
        ("s3", "lines that are not deployed any more are not shown"),
    ],
)
def test_a_denied_service_costs_what_it_knows_and_no_more(looked: Looked, service: str, told: str) -> None:
    looked.refuse[service] = "AccessDeniedException"
    looked.forget()
    try:
        shown = looked.get("/lines")
        assert told in shown
        assert "/lines/sold" in shown
    finally:
        looked.refuse.clear()
        looked.forget()


def test_a_run_is_started_once_whatever_the_browser_sends(looked: Looked) -> None:
    stepfunctions = looked.aws.plain("stepfunctions")
    definition = '{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}'
    machine = stepfunctions.create_state_machine(
        name=f"{looked.environment}-once", definition=definition, roleArn="arn:aws:iam::123456789012:role/r"
    )["stateMachineArn"]
    looked.stack("once", {"StateMachineArn": machine})
    looked.forget()
    asked = looked.get("/actions/run?line=once")
    key = asked.partition('name="key" value="')[2].partition('"')[0]
    form = {"form_token": looked.form_token, "key": key, "line": "once", "force": "curation"}
    for _ in range(3):
        looked.browser.post("/actions/run", data=form, headers={"Origin": "http://127.0.0.1:8400"})
    done = looked.until(f"/done/{key}", "has started")
    assert f"/lines/once/runs/console-{key}" in done
    runs = stepfunctions.list_executions(stateMachineArn=machine)["executions"]
    assert [one["name"] for one in runs] == [f"console-{key}"]
    (kept,) = ledger.actions(looked.aws.plain("dynamodb"), looked.table, "once")
    assert (kept.what, kept.outcome) == ("run line=once force=curation", f"done: console-{key} has started.")
    assert '"force": ["curation"]' in stepfunctions.describe_execution(executionArn=runs[0]["executionArn"])["input"]


def test_a_run_with_a_station_that_is_none_is_not_started(looked: Looked) -> None:
    form = {"form_token": looked.form_token, "key": "k1", "line": "idle", "force": "nowhere"}
    looked.browser.post("/actions/run", data=form, headers={"Origin": "http://127.0.0.1:8400"})
    assert "is not a station, expected one of curation" in looked.until("/done/k1", "failed")


def test_a_station_that_ended_well_after_a_skew_of_clocks_took_no_negative_time(looked: Looked) -> None:
    looked.line("skewed")
    looked.say("skewed", "run-1", (events.STATION_FINISHED, "curation", ended("succeeded")), at=NOON)
    looked.say("skewed", "run-1", (events.STATION_STARTED, "curation", {}), at=NOON + dt.timedelta(hours=1))
    card = next(one for one in overview(looked.place).cards if one.line == "skewed")
    assert card.steps[0].seconds == 0.0
    assert "-" not in looked.get("/lines/skewed/runs/run-1/live").partition('width="')[2].partition('"')[0]
