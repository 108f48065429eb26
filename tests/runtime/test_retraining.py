"""The closed loop: nothing that asks is lost, a cooldown holds, and one run is started for all that asked."""

from __future__ import annotations

import datetime as dt
import json
import threading
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime import receipts, retraining
from runtime.paths import RunPaths
from runtime.receipts import Receipt
from runtime.retraining import DATA, DRIFT, PERFORMANCE, SCHEDULE, Line, Request, Rules, State
from tests.moto_server import Aws, Scenario, converge

NOON = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
RULES = Rules(
    cooldown=24 * HOUR,
    quiet=HOUR / 4,
    score_date="score_date",
    dates={"score_date": "2013-08-15", "test_from": "2013-07-01"},
)
DEFINITION = {"StartAt": "Work", "States": {"Work": {"Type": "Wait", "Seconds": 3600, "End": True}}}
DRIFTED = Request(DRIFT, "carrier 0.31", NOON)


@pytest.fixture
def line(aws: Aws) -> Line:
    return place(aws)


def place(aws: Aws) -> Line:
    table = aws.table("pk", "sk")
    machine = aws.client("stepfunctions").create_state_machine(
        name=table, definition=json.dumps(DEFINITION), roleArn="arn:aws:iam::123456789012:role/run"
    )["stateMachineArn"]
    return Line(
        dynamodb=aws.client("dynamodb"),
        stepfunctions=aws.client("stepfunctions"),
        s3=aws.client("s3"),
        table=table,
        lake=aws.bucket(),
        name="flights",
        machine=machine,
    )


def executions(line: Line) -> list[str]:
    found = line.stepfunctions.list_executions(stateMachineArn=line.machine)["executions"]
    return [execution["name"] for execution in found]


def ended(line: Line) -> None:
    """moto leaves an execution running for ever."""
    for execution in line.stepfunctions.list_executions(stateMachineArn=line.machine)["executions"]:
        line.stepfunctions.stop_execution(executionArn=execution["executionArn"])


def test_an_alarm_starts_one_run_that_says_why(line: Line) -> None:
    told = retraining.look(line, RULES, [DRIFTED], now=NOON)
    assert (told["status"], told["why"]) == ("started", "carrier 0.31")
    (name,) = executions(line)
    assert name == told["run"]
    assert name.startswith("drift-20260105T120000-")
    story = line.dynamodb.get_item(
        TableName=line.table, Key={"pk": {"S": "LINE#flights"}, "sk": {"S": f"RETRAINING#{name}"}}
    )["Item"]
    assert (story["reasons"]["S"], story["details"]["S"]) == ("drift", "carrier 0.31")


def test_the_same_event_again_starts_nothing(line: Line) -> None:
    retraining.look(line, RULES, [DRIFTED], now=NOON)
    ended(line)
    assert retraining.look(line, RULES, [DRIFTED], now=NOON + 48 * HOUR) == {"status": "idle"}
    assert len(executions(line)) == 1


def test_while_a_run_goes_on_what_asks_waits_and_starts_when_it_has_ended(line: Line) -> None:
    line.stepfunctions.start_execution(stateMachineArn=line.machine, name="by-hand", input="{}")
    assert retraining.look(line, RULES, [DRIFTED], now=NOON)["status"] == "busy"
    low = Request(PERFORMANCE, "roc_auc 0.55", NOON + HOUR)
    assert retraining.look(line, RULES, [low], now=NOON + HOUR)["status"] == "busy"
    ended(line)
    told = retraining.look(line, RULES, [], ended="by-hand", now=NOON + 2 * HOUR)
    assert (told["status"], told["why"]) == ("started", "carrier 0.31; roc_auc 0.55")
    assert told["run"].startswith("drift-performance-")


def test_the_dates_move_to_the_day_that_was_scored_last(line: Line) -> None:
    paths = RunPaths(lake=line.lake, line="flights", run="run-1")
    receipts.write(line.s3, paths, "scoring", Receipt("scoring", "flagged", outputs={"score_date": "2013-08-20"}))
    retraining.look(line, RULES, [], ended="run-1", now=NOON)
    told = retraining.look(line, RULES, [DRIFTED], now=NOON)
    arn = line.machine.replace(":stateMachine:", ":execution:") + f":{told['run']}"
    given_ = json.loads(line.stepfunctions.describe_execution(executionArn=arn)["input"])
    assert given_ == {
        "line": "flights",
        "parameters": {"score_date": "2013-08-20", "test_from": "2013-07-06"},
        "reasons": ["drift"],
    }


def test_a_run_that_scored_nothing_leaves_the_day_as_it_was(line: Line) -> None:
    paths = RunPaths(lake=line.lake, line="flights", run="run-1")
    receipts.write(line.s3, paths, "scoring", Receipt("scoring", "halted", outputs={"score_date": "2013-08-20"}))
    retraining.look(line, RULES, [], ended="run-1", now=NOON)
    retraining.look(line, RULES, [DRIFTED], now=NOON)
    (execution,) = line.stepfunctions.list_executions(stateMachineArn=line.machine)["executions"]
    described = line.stepfunctions.describe_execution(executionArn=execution["executionArn"])
    assert json.loads(described["input"])["parameters"] == {}


def test_a_schedule_gives_its_day_and_waits_for_no_cooldown(line: Line) -> None:
    retraining.look(line, RULES, [DRIFTED], now=NOON)
    ended(line)
    tick = Request(SCHEDULE, "the line's schedule", NOON + HOUR)
    told = retraining.look(line, RULES, [tick], now=NOON + HOUR)
    assert told["status"] == "started"
    item = line.dynamodb.get_item(
        TableName=line.table, Key={"pk": {"S": "LINE#flights"}, "sk": {"S": f"RETRAINING#{told['run']}"}}
    )["Item"]
    assert json.loads(item["parameters"]["S"])["score_date"] == "2026-01-05"


def alarm_item(line: Line, window: str, state: str, monitor: str = DRIFT, **more: str) -> None:
    told = {"at": f"{window[:10]}T23:59:00+00:00", "since": window, **more}
    item = {"pk": {"S": "LINE#flights"}, "sk": {"S": f"ALARM#{monitor}#{window}#{state}"}, "state": {"S": state}}
    line.dynamodb.put_item(TableName=line.table, Item=item | {name: {"S": value} for name, value in told.items()})


CARRIER = json.dumps([{"column": "carrier", "index": 0.3125, "bar": 0.25, "against": "training"}])


def test_an_alarm_of_the_ledger_tells_the_story_and_the_day(line: Line) -> None:
    alarm_item(line, "2013-08-20T00:00Z", "alarm", what='[{"column": "dest", "index": 0.5, "bar": 0.25}]')
    alarm_item(line, "2013-08-30T00:00Z", "ok")
    alarm_item(line, "2013-09-05T00:00Z", "alarm", what=CARRIER, since="2013-09-01T00:00Z", slice="origin=JFK")
    request = retraining.told_by(line, DRIFTED)
    assert request.detail == "drift of carrier 0.31 (bar 0.25) in origin=JFK since 2013-09-01"
    told = retraining.look(line, RULES, [request], now=NOON)
    assert told["why"] == request.detail
    arn = line.machine.replace(":stateMachine:", ":execution:") + f":{told['run']}"
    given_ = json.loads(line.stepfunctions.describe_execution(executionArn=arn)["input"])
    assert given_["parameters"] == {"score_date": "2013-09-05", "test_from": "2013-07-22"}


def test_an_alarm_moves_no_date_back(line: Line) -> None:
    paths = RunPaths(lake=line.lake, line="flights", run="run-1")
    receipts.write(line.s3, paths, "scoring", Receipt("scoring", "succeeded", outputs={"score_date": "2013-08-20"}))
    retraining.look(line, RULES, [], ended="run-1", now=NOON)
    alarm_item(line, "2013-08-10T00:00Z", "alarm", what=CARRIER)
    told = retraining.look(line, RULES, [retraining.told_by(line, DRIFTED)], now=NOON)
    item = line.dynamodb.get_item(
        TableName=line.table, Key={"pk": {"S": "LINE#flights"}, "sk": {"S": f"RETRAINING#{told['run']}"}}
    )["Item"]
    assert json.loads(item["parameters"]["S"])["score_date"] == "2013-08-20"


@pytest.mark.parametrize("known", [None, "ok", "another"])
def test_without_an_alarm_in_the_ledger_a_wish_stays_as_it_is(line: Line, known: str | None) -> None:
    if known:
        alarm_item(line, "2013-09-01T00:00Z", "alarm", PERFORMANCE if known == "another" else DRIFT, what=CARRIER)
    if known == "ok":
        alarm_item(line, "2013-09-09T00:00Z", "ok")
    assert retraining.told_by(line, DRIFTED) == DRIFTED
    tick = Request(SCHEDULE, "the line's schedule", NOON)
    assert retraining.told_by(line, tick) == tick


def test_new_data_waits_until_no_more_comes(line: Line) -> None:
    file = Request(DATA, "new raw files under flights/flights/", NOON)
    assert retraining.look(line, RULES, [file], now=NOON)["status"] == "waiting"
    more = Request(DATA, file.detail, NOON + HOUR / 6)
    retraining.look(line, RULES, [more], now=more.at)
    assert retraining.look(line, RULES, [], now=NOON + HOUR / 3)["status"] == "waiting"
    assert retraining.look(line, RULES, [], now=NOON + HOUR)["status"] == "started"


def test_of_two_handlers_at_once_one_starts_the_run(line: Line) -> None:
    told: list[str] = []
    both = [
        threading.Thread(target=lambda: told.append(retraining.look(line, RULES, [DRIFTED], now=NOON)["status"]))
        for _ in range(4)
    ]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert sorted(told) == ["idle", "idle", "idle", "started"]
    assert len(executions(line)) == 1


def test_a_fault_at_any_call_is_mended_by_the_next_look(aws: Aws) -> None:
    def scenario() -> Scenario:
        line = place(aws)

        def work(dynamodb: Any, stepfunctions: Any, s3: Any) -> None:
            here = Line(dynamodb, stepfunctions, s3, line.table, line.lake, line.name, line.machine)
            retraining.look(here, RULES, [DRIFTED], now=NOON)

        return Scenario(("dynamodb", "stepfunctions", "s3"), work, lambda: only_one(line))

    assert converge(aws, scenario) == [
        "GetItem",
        "ListExecutions",
        "PutItem",
        "StartExecution",
        "PutItem",
        "PutItem",
    ]


def only_one(line: Line) -> None:
    (name,) = executions(line)
    key = {"pk": {"S": "LINE#flights"}, "sk": {"S": f"RETRAINING#{name}"}}
    assert "Item" in line.dynamodb.get_item(TableName=line.table, Key=key)


HOURS = st.integers(0, 300)
REASONS = st.sampled_from([DRIFT, PERFORMANCE, DATA, SCHEDULE])


@given(asks=st.lists(st.tuples(HOURS, REASONS), max_size=25), looks=st.lists(HOURS, max_size=25))
def test_nothing_that_asks_is_lost_and_a_cooldown_holds(asks: list[tuple[int, str]], looks: list[int]) -> None:
    """Whoever asks when, and whenever it is looked: every wish is followed by a start, feedback's not too soon."""
    moments = sorted([(hour, reason) for hour, reason in asks] + [(hour, "") for hour in looks])
    state, starts = State(), []
    for hour, reason in [*moments, (400, ""), (500, "")]:
        now = NOON + hour * HOUR
        if reason:
            state = retraining.asked(state, Request(reason, f"{reason} {hour}", now))
        due = retraining.not_before(state, RULES)
        if due is not None and due <= now:
            state = retraining.begun(state, "flights", RULES, now)
            assert state.started is not None
            starts.append((hour, state.started))
    for (earlier, _), (later, started) in pairwise(starts):
        assert later - earlier >= 24 or SCHEDULE in started.reasons
    for hour, reason in asks:
        assert any(start >= hour for start, _ in starts), (hour, reason)
    assert state.waiting is None
    assert len({started.name for _, started in starts}) == len(starts)


def test_events_are_read() -> None:
    alarm = {
        "detail-type": "CloudWatch Alarm State Change",
        "time": "2026-01-05T12:00:00Z",
        "detail": {"alarmName": "drift-1", "state": {"value": "ALARM", "reason": "1 datapoint [0.31] > 0.25"}},
    }
    found = retraining.requested(alarm, {"drift-1": DRIFT})
    assert found == Request(DRIFT, "alarm drift-1: 1 datapoint [0.31] > 0.25", NOON)
    assert retraining.requested(alarm, {"another": DRIFT}) is None
    alarm["detail"]["state"]["value"] = "OK"  # type: ignore[index]
    assert retraining.requested(alarm, {"drift-1": DRIFT}) is None
    over = {"detail-type": retraining.EXECUTION_ENDED, "time": "2026-01-05T12:00:00Z", "detail": {"name": "run-1"}}
    assert (retraining.requested(over, {}), retraining.over(over)) == (None, "run-1")
    assert retraining.moment(over) == NOON


def test_only_an_alarm_that_goes_on_asks_again(aws: Aws) -> None:
    cloudwatch = aws.client("cloudwatch")
    for name, state in (("still-drift", "ALARM"), ("still-performance", "OK")):
        cloudwatch.put_metric_alarm(
            AlarmName=name,
            Namespace="n",
            MetricName="m",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            Statistic="Maximum",
            ComparisonOperator="GreaterThanThreshold",
        )
        cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="so")
    found = retraining.still(cloudwatch, {"still-drift": DRIFT, "still-performance": PERFORMANCE}, NOON)
    assert found == [Request(DRIFT, "alarm still-drift has not ended", NOON)]
