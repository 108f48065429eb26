"""The page of monitoring: how a line stands and what moved, and that no name in it becomes markup."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from config.errors import LineError
from config.naming import stack_name
from console.pages.monitoring import ACTIONS
from runtime.monitoring import distributions, verdicts
from runtime.monitoring.store import Store
from runtime.monitoring.verdicts import Verdict
from tests.console.published import Published, publish
from tests.moto_server import Aws
from tests.runtime.shop import LINE, bundle
from tests.runtime.test_monitoring_report import START, verdict

__all__ = ["publish"]

Publish = Callable[..., Published]
ATTACK = "<script>alert(1)</script>"
DELIVERY = {"topics": [{"name": "decisions", "consumers": ["warehouse"]}]}


@pytest.fixture(scope="module")
def watched(aws: Aws, publish: Publish) -> Published:
    """A line with forty judged windows, whose first column moved at the end and has a hostile name."""
    windows, ledger, letters = aws.table("window", "part"), aws.table("pk", "sk"), aws.queue()
    outputs = {"WindowsTable": windows, "LedgerTable": ledger, "ConsumerDeadLettersUrlWarehouse": letters}
    line = bundle(definition={**LINE, "delivery": DELIVERY, "question": f"{ATTACK}?"})
    made = publish(line, **outputs)
    store = Store(aws.plain("dynamodb"), predictions="", windows=windows, line="shop")
    for day in range(40):
        told = {**verdict(day, ATTACK), "line": "shop"}
        told["drift"][ATTACK] |= {"counts": [900, 100, 0], "shares": [0.5, 0.5, 0.0]}
        told["drift"][ATTACK]["bins"] = {"kind": "category", "categories": [ATTACK]}
        verdicts.write(store, Verdict(**told), START)
        _put(aws, windows, window="shop", part=told["start"])
    what = json.dumps([{"column": ATTACK, "index": 0.45, "bar": 0.25}])
    runbook = "javascript:alert(1)"
    said = {"what": what, "since": "2013-09-01T00:00Z", "says": ATTACK, "runbook": runbook, "slice": f"{ATTACK}=1"}
    _put(aws, ledger, pk="LINE#shop", sk="ALARM#drift#2013-09-02T00:00Z#alarm", **said)
    _monitor(aws, ledger, "drift", "alarm", since="2013-09-01T00:00Z")
    _alarm(aws, f"{stack_name(made.environment, 'shop')}-DriftAlarm", ATTACK)
    return made


def test_a_line_stands_as_its_monitors_say(watched: Published) -> None:
    told = watched.get("/monitoring/shop")
    for part in ("status alarm", "since 2013-09-01T00:00Z", "0.45 (bar 0.25)", "goes on", "DriftAlarm", "performance"):
        assert part in told, part
    assert "No window had enough labels yet" in told
    assert "drift" in watched.get("/monitoring")


def test_the_figures_are_of_thirty_days_up_to_the_newest_window(watched: Published) -> None:
    told = watched.get("/monitoring/shop/figures")
    assert "31 windows from 2013-08-10 00:00" in told
    assert "What moved most" in told
    assert "90.0%" in told
    asked = watched.get("/monitoring/shop/figures?first=2013-08-01&last=2013-08-03")
    assert "2 windows from 2013-08-01 00:00" in asked


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("first=yesterday", "is not a moment"),
        ("first=2013-09-01&last=2013-08-01", "is not before"),
        ("first=2030-01-01", "No window was judged"),
        (f"first={ATTACK}", "&lt;script&gt;"),
    ],
)
def test_a_stretch_of_time_that_says_nothing_is_told_in_place_of_figures(
    watched: Published, query: str, says: str
) -> None:
    assert says in watched.get(f"/monitoring/shop?{query}")


def test_no_name_becomes_markup_and_no_runbook_a_script(watched: Published) -> None:
    for path in ("/monitoring", "/monitoring/shop", "/monitoring/shop/now", "/monitoring/shop/figures"):
        told = watched.get(path)
        assert "<script>a" not in told
        assert 'href="javascript' not in told
    assert "&lt;script&gt;alert(1)" in watched.get("/monitoring/shop/figures")


def test_dead_letters_are_counted_and_asked_about_before_they_move(aws: Aws, watched: Published) -> None:
    with pytest.raises(LineError, match="no dead letters of warehouse lie there"):
        ACTIONS[0].describe(watched.place, {"line": "shop", "consumer": "warehouse"})
    with pytest.raises(LineError, match="line 'shop' has no consumer 'nobody', expected one of warehouse"):
        ACTIONS[0].describe(watched.place, {"line": "shop", "consumer": "nobody"})
    url = watched.place.outputs("shop")["ConsumerDeadLettersUrlWarehouse"]
    aws.plain("sqs").send_message(QueueUrl=url, MessageBody=json.dumps({"event_id": ATTACK}))
    says = ACTIONS[0].describe(watched.place, {"line": "shop", "consumer": "warehouse"})
    assert "1 dead letters of warehouse would go back to its queue" in says


def test_a_line_of_which_nothing_was_judged_says_what_to_do(aws: Aws, publish: Publish) -> None:
    outputs = {"WindowsTable": aws.table("window", "part"), "LedgerTable": aws.table("pk", "sk")}
    told = publish(**outputs).get("/monitoring/shop")
    for part in ("No window was judged", "line replay shop --from", "no monitor has ever rung", "has no alarms"):
        assert part in told, part


def test_the_columns_that_moved_most_come_first_and_each_bin_has_a_name() -> None:
    told: dict[str, Any] = {
        name: {"index": index, "bar": 0.1, "counts": [3, 1, 0], "shares": [0.5, 0.5, 0.0], "bins": bins, "over": False}
        for name, index, bins in (
            ("hour", 0.05, {"kind": "number", "edges": [6]}),
            ("kind", 0.5, {"kind": "category", "categories": ["a"]}),
        )
    }
    assert distributions.most_moved({"drift": told}, 1) == ["kind"]
    assert distributions.most_moved({"drift": {"old": {"index": 1.0, "bar": 0.1}}}, 3) == []
    drawn = distributions.picture("hour", told["hour"])
    assert "below 6 50.0%, now 75.0%; 6 or more 50.0%, now 25.0%; missing 0.0%, now 0.0%" in drawn


def _put(aws: Aws, table: str, **texts: str) -> None:
    aws.plain("dynamodb").put_item(TableName=table, Item={name: {"S": text} for name, text in texts.items()})


def _monitor(aws: Aws, table: str, monitor: str, status: str, *, since: str) -> None:
    state = {"status": status, "judged": since, "recent": ["over"], "since": since}
    item = {"pk": {"S": "LINE#shop"}, "sk": {"S": f"MONITOR#{monitor}"}, "version": {"N": "1"}}
    item |= {"state": {"S": json.dumps(state)}, "untold": {"S": "[]"}}
    aws.plain("dynamodb").put_item(TableName=table, Item=item)


def _alarm(aws: Aws, name: str, says: str) -> None:
    cloudwatch = aws.plain("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        AlarmDescription=says,
        MetricName="Alarming",
        Namespace="AssemblyLine",
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
    )
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason=says)
