import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from config.metrics import Task
from runtime import ground_truth, performance
from runtime.delivery import lookup
from tests.moto_server import Aws, Scenario, converge
from tests.runtime.delivery.deliveries import record


class World:
    """Predictions UA-0 … UA-9 with the scores 0.05, 0.15 … 0.95, and no label yet."""

    def __init__(self, aws: Aws, count: int = 10, task: Task = "binary") -> None:
        self.task = task
        self.dynamodb = aws.client("dynamodb")
        self.predictions, self.windows = aws.table("prediction_key"), aws.table("window")
        scored = [record(number, score=(number + 0.5) / count) for number in range(count)]
        lookup.put(self.dynamodb, self.predictions, scored)

    def join(self, messages: dict[str, str], dynamodb: Any = None) -> ground_truth.Joined:
        store = ground_truth.Store(dynamodb or self.dynamodb, self.predictions, self.windows, self.task)
        return ground_truth.join(store, line="flights", messages=messages, sleep=lambda _: None)

    def window(self, date: str = "2013-08-15") -> dict[str, int]:
        item = self.dynamodb.get_item(TableName=self.windows, Key={"window": {"S": f"flights#{date}"}}).get("Item", {})
        return {name: int(value["N"]) for name, value in item.items() if name != "window"}


@pytest.fixture
def world(aws: Aws) -> World:
    return World(aws)


def truth(number: int, label: Any = 1, **other: Any) -> str:
    return json.dumps({"prediction_id": f"flights:UA-{number}:2013-08-15", "label": label, **other})


def test_a_label_is_set_and_counted(world: World) -> None:
    joined = world.join({"m1": truth(3, 1), "m2": truth(7, 0)})

    assert (joined.joined, joined.repeated, joined.failures) == (2, 0, {})
    assert joined.windows == {"flights#2013-08-15"}
    assert world.window() == {"n": 2, "p1_35": 1, "p0_75": 1}


def test_an_id_is_enough(world: World) -> None:
    body = json.dumps({"id": "UA-3", "label": 1, "event_time": "2013-08-15T12:00:00Z"})

    assert world.join({"m1": body}).joined == 1
    assert world.window() == {"n": 1, "p1_35": 1}


def test_a_repeated_label_counts_once_and_is_done(world: World) -> None:
    first = world.join({"m1": truth(3), "m2": truth(3)})
    second = world.join({"m1": truth(3)})

    assert (first.joined, first.repeated, first.failures) == (1, 1, {})
    assert (second.joined, second.repeated, second.failures) == (0, 1, {})
    assert world.window() == {"n": 1, "p1_35": 1}


def test_the_other_label_for_the_same_prediction_fails(world: World) -> None:
    world.join({"m1": truth(3, 1)})

    joined = world.join({"m2": truth(3, 0), "m3": truth(4, 0), "m4": truth(4, 1)})

    assert joined.failures == {
        "m2": "the prediction has another label already",
        "m4": "the prediction has another label already",
    }
    assert world.window() == {"n": 2, "p1_35": 1, "p0_45": 1}


def test_a_label_without_a_prediction_fails_alone(world: World) -> None:
    joined = world.join({"m1": truth(99), "m2": truth(3)})

    assert joined.failures == {"m1": "there is no such prediction"}
    assert joined.joined == 1


def test_a_label_for_a_prediction_that_another_date_replaced_fails(world: World) -> None:
    body = json.dumps({"prediction_id": "flights:UA-3:2013-08-14", "label": 1})

    assert world.join({"m1": body}).failures == {"m1": "the prediction was replaced by one for another date"}


def test_a_prediction_for_another_date_gets_a_label_of_its_own(world: World) -> None:
    world.join({"m1": truth(3)})
    later = {**record(3, at="2026-01-02T00:00:00Z"), "prediction_id": "flights:UA-3:2013-08-16"}
    lookup.put(world.dynamodb, world.predictions, [later])

    joined = world.join({"m2": json.dumps({"prediction_id": "flights:UA-3:2013-08-16", "label": 0})})

    assert joined.joined == 1
    assert (world.window("2013-08-15"), world.window("2013-08-16")) == ({"n": 1, "p1_35": 1}, {"n": 1, "p0_50": 1})


def test_a_prediction_made_again_does_not_count_its_label_again(world: World) -> None:
    world.join({"m1": truth(3)})
    lookup.put(world.dynamodb, world.predictions, [record(3, at="2026-01-02T00:00:00Z", score=0.9)])

    joined = world.join({"m1": truth(3)})

    assert joined.repeated == 1
    assert world.window() == {"n": 1, "p1_35": 1}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("{", "the body is not JSON"),
        ("[1]", "the body is not a JSON object"),
        (truth(3, 2), "label is not 0 or 1"),
        (truth(3, "1"), "label is not 0 or 1"),
        (truth(3, True), "label is not 0 or 1"),
        (json.dumps({"label": 1}), "neither prediction_id nor id is given as text"),
        (json.dumps({"label": 1, "id": 3}), "neither prediction_id nor id is given as text"),
        (json.dumps({"label": 1, "prediction_id": 3}), "prediction_id is not text"),
        (json.dumps({"label": 1, "prediction_id": "UA-3"}), "prediction_id is not <line>:<id>:<date>"),
        (json.dumps({"label": 1, "prediction_id": "trains:1:2013-08-15"}), "prediction_id is of another line"),
    ],
)
def test_a_message_that_is_no_label_fails_alone(world: World, body: str, reason: str) -> None:
    joined = world.join({"poison": body, "good": truth(3)})

    assert joined.failures == {"poison": reason}
    assert joined.joined == 1


def test_another_writer_between_reading_and_writing_is_noticed(world: World) -> None:
    class Late:
        """A client before whose first transaction another one joins the same label."""

        def __init__(self) -> None:
            self.raced = False

        def __getattr__(self, name: str) -> Any:
            return getattr(world.dynamodb, name)

        def transact_write_items(self, **request: Any) -> Any:
            if not self.raced:
                self.raced = True
                world.join({"other": truth(3)})
            return world.dynamodb.transact_write_items(**request)

    joined = world.join({"m1": truth(3), "m2": truth(4)}, Late())

    assert (joined.joined, joined.repeated, joined.failures) == (1, 1, {})
    assert world.window() == {"n": 2, "p1_35": 1, "p1_45": 1}


def test_a_store_that_stays_busy_sends_the_labels_back(world: World) -> None:
    class Busy:
        def __getattr__(self, name: str) -> Any:
            return getattr(world.dynamodb, name)

        def transact_write_items(self, **_: Any) -> Any:
            told = {"Error": {"Code": "TransactionCanceledException", "Message": "TransactionConflict"}}
            raise world.dynamodb.exceptions.TransactionCanceledException(told, "TransactWriteItems")

    assert world.join({"m1": truth(3)}, Busy()).failures == {"m1": "the store was busy"}
    assert world.window() == {}


def test_a_full_batch_takes_more_than_one_transaction(aws: Aws) -> None:
    world = World(aws, count=100)

    joined = world.join({f"m{number}": truth(number, number % 2) for number in range(100)})

    assert joined.joined == 100
    assert world.window()["n"] == 100


def test_a_fault_at_any_call_counts_every_label_once_after_a_retry(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ground_truth, "BATCH", 2)
    messages = {f"m{number}": truth(number, number % 2) for number in range(3)}

    def scenario() -> Scenario:
        world = World(aws)

        def check() -> None:
            assert world.window() == {"n": 3, "p0_5": 1, "p1_15": 1, "p0_25": 1}

        return Scenario(("dynamodb",), lambda dynamodb: world.join(messages, dynamodb), check)

    assert converge(aws, scenario) == ["BatchGetItem", "TransactWriteItems", "TransactWriteItems"]


def test_a_missing_grant_is_not_taken_for_a_busy_store(world: World) -> None:
    class Denied:
        def __getattr__(self, name: str) -> Any:
            return getattr(world.dynamodb, name)

        def transact_write_items(self, **_: Any) -> Any:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": ""}}, "TransactWriteItems")

    with pytest.raises(ClientError):
        world.join({"m1": truth(3)}, Denied())


def test_the_performance_is_told_once_there_are_enough_labels(world: World) -> None:
    world.join({f"m{number}": truth(number, int(number > 4)) for number in range(10)})
    windows = {"flights#2013-08-15", "flights#2013-08-16"}

    def values(metric: str, minimum: int) -> list[float]:
        return performance.values(
            world.dynamodb, world.windows, windows, task="binary", metric=metric, minimum_sample=minimum
        )

    assert values("roc_auc", 10) == [1.0]
    assert values("roc_auc", 11) == []
    assert values("brier", 10) == [pytest.approx(0.085, abs=0.01)]


@pytest.fixture
def estimates(aws: Aws) -> World:
    return World(aws, task="regression")


def test_a_value_counts_by_its_error(estimates: World) -> None:
    joined = estimates.join({"m1": truth(0, -1.95), "m2": truth(9, 2), "m3": truth(3, 0.35)})

    assert (joined.joined, joined.failures) == (3, {})
    assert estimates.window() == {"n": 3, "over_35": 1, "under_2": 1, "exact": 1}


def test_a_repeated_value_counts_once_and_another_one_fails(estimates: World) -> None:
    estimates.join({"m1": truth(3, 12.1)})

    joined = estimates.join({"m2": truth(3, 12.1), "m3": truth(3, 12.2)})

    assert (joined.repeated, joined.failures) == (1, {"m3": "the prediction has another label already"})
    assert estimates.window()["n"] == 1


@pytest.mark.parametrize("label", [0, 0.0, -0.0, 7, 1e-130, -1e125, 0.1 + 0.2])
def test_every_number_that_the_store_holds_is_a_value(estimates: World, label: float) -> None:
    first, second = (estimates.join({"m1": truth(3, label)}) for _ in range(2))

    assert (first.joined, second.repeated) == (1, 1)


@pytest.mark.parametrize("label", ["12", True, None, [1], float("nan"), float("inf"), 1e300, 10**400, 1e-200])
def test_what_is_no_finite_number_is_no_value(estimates: World, label: object) -> None:
    joined = estimates.join({"poison": truth(3, label), "good": truth(4, 1.5)})

    assert joined.failures == {"poison": "label is not a finite number"}
    assert joined.joined == 1
