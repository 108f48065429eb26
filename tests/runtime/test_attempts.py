from __future__ import annotations

import pytest

from config.errors import LineError
from runtime.attempts import Attempt, Tracker, attempts, measured
from tests.moto_server import Aws, Scenario, converge


@pytest.fixture
def table(aws: Aws) -> str:
    return aws.table("pk", "sk")


def tracker(aws: Aws, table: str, run: str = "run-1", variant: str = "small") -> Tracker:
    return Tracker(aws.client("dynamodb"), table, "flights", run, variant)


def only(aws: Aws, table: str) -> Attempt:
    (found,) = attempts(aws.client("dynamodb"), table, "flights")
    return found


def test_an_attempt_is_running_until_it_has_ended(aws: Aws, table: str) -> None:
    with tracker(aws, table).tracked(parameters={"depth": 3}) as learnt:
        assert (only(aws, table).status, only(aws, table).parameters) == ("running", {"depth": 3})
        learnt["metrics"] = {"roc_auc": 0.7}
    assert (only(aws, table).status, only(aws, table).metrics) == ("succeeded", {"roc_auc": 0.7})


def test_an_error_that_nobody_foresaw_fails_the_attempt_and_goes_on(aws: Aws, table: str) -> None:
    with pytest.raises(ZeroDivisionError), tracker(aws, table).tracked():
        _ = 1 / 0
    found = only(aws, table)
    assert (found.status, found.message.partition(":")[0]) == (
        "failed",
        "ZeroDivisionError at runtime/test_attempts.py",
    )


def test_a_later_try_forgets_what_the_earlier_one_said(aws: Aws, table: str) -> None:
    with pytest.raises(LineError), tracker(aws, table).tracked():
        raise LineError("no")
    with tracker(aws, table).tracked() as learnt:
        assert learnt["attempt"] == 2
        assert (only(aws, table).status, only(aws, table).message) == ("running", "")


def test_a_try_that_was_taken_for_lost_is_no_longer_heard(aws: Aws, table: str) -> None:
    with tracker(aws, table).tracked() as lost:
        with tracker(aws, table).tracked() as later:
            later["metrics"] = {"roc_auc": 0.8}
        lost["metrics"] = {"roc_auc": 0.1}
    assert (only(aws, table).attempt, only(aws, table).metrics) == (2, {"roc_auc": 0.8})


def test_attempts_are_the_newest_runs_first(aws: Aws, table: str) -> None:
    for run, variant in (("run-1", "b"), ("run-1", "a"), ("run#2", "c")):
        with tracker(aws, table, run, variant).tracked():
            pass
    dynamodb = aws.client("dynamodb")
    found = [(attempt.run, attempt.variant) for attempt in attempts(dynamodb, table, "flights")]
    assert found == [("run#2", "c"), ("run-1", "b"), ("run-1", "a")]
    assert [attempt.variant for attempt in attempts(dynamodb, table, "flights", "run-1")] == ["b", "a"]


def test_a_request_that_is_sent_twice_counts_one_attempt(aws: Aws) -> None:
    def scenario() -> Scenario:
        table = aws.table("pk", "sk")
        made = tracker(aws, table)

        def work(dynamodb: object) -> None:
            with Tracker(dynamodb, table, "flights", "run-1", "small", token=made.token).tracked() as learnt:
                learnt["metrics"] = {"mae": 1.5}

        def check() -> None:
            assert (only(aws, table).attempt, only(aws, table).status) == (1, "succeeded")

        return Scenario(("dynamodb",), work, check)

    assert converge(aws, scenario) == ["UpdateItem", "UpdateItem"]


def test_what_was_measured_on_test_rows_is_added_where_there_is_an_attempt(aws: Aws, table: str) -> None:
    with tracker(aws, table).tracked():
        pass
    measured(aws.client("dynamodb"), table, "flights", "run-1", {"small": {"mae": 2.0}, "unknown": {"mae": 1.0}})
    assert only(aws, table).test == {"mae": 2.0}
