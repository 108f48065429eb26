import datetime as dt
import json
from typing import Any

import pytest

from config.metrics import Task
from runtime import ground_truth
from runtime.delivery import lookup
from runtime.monitoring import items, marks, windows
from runtime.monitoring.store import Store
from tests.moto_server import Aws, Scenario, converge
from tests.runtime.delivery.deliveries import record

DAY = "2013-08-15"
LATER, STILL_LATER = "2013-08-17T00:00:00+00:00", "2013-08-18T00:00:00+00:00"


class World:
    """Predictions UA-0 … UA-9 with the scores 0.05, 0.15 … 0.95, and no label yet."""

    def __init__(self, aws: Aws, count: int = 10, task: Task = "binary") -> None:
        self.aws, self.dynamodb = aws, aws.client("dynamodb")
        self.store = Store(self.dynamodb, aws.table("prediction_key"), aws.table("window", "part"), "flights", task)
        self.predict(*(record(number, score=(number + 0.5) / count) for number in range(count)))

    def predict(self, *records: dict[str, Any]) -> None:
        lookup.put(self.dynamodb, self.store.predictions, records, store=self.store)

    def join(self, *bodies: str, dynamodb: Any = None, start: int = 0) -> ground_truth.Joined:
        store = Store(dynamodb or self.dynamodb, *self._place)
        messages = {f"m{number}": body for number, body in enumerate(bodies, start=start)}
        return ground_truth.join(store, messages=messages, sleep=lambda _: None)

    @property
    def _place(self) -> Any:
        return self.store.predictions, self.store.windows, self.store.line, self.store.task

    def window(self, day: str = DAY) -> dict[str, int]:
        return dict(windows.read(self.store, f"{day}T00:00Z").counters.get("", {}))

    def item(self, prediction_id: str) -> Any:
        return items.read(prediction_id, marks.read(self.store, [prediction_id]).get(prediction_id))


@pytest.fixture
def world(aws: Aws) -> World:
    return World(aws)


@pytest.fixture(scope="module")
def same(aws: Aws) -> World:
    """One world for tests that leave it as it is."""
    return World(aws)


def truth(number: int, label: Any = 1, **other: Any) -> str:
    return json.dumps({"prediction_id": f"flights:UA-{number}:{DAY}", "label": label, **other})


def reasons(joined: ground_truth.Joined) -> dict[str, list[str]]:
    return {message: [refusal.reason for refusal in refusals] for message, refusals in joined.refused.items()}


def test_a_label_is_set_and_counted(world: World) -> None:
    joined = world.join(truth(3, 1), truth(7, 0))

    assert (joined.counts, joined.refused, joined.again) == ({"joined": 2}, {}, {})
    assert world.window() == {"n": 2, "p1_35": 1, "p0_75": 1}
    assert list(windows.starts(world.store, dirty=True)) == [f"{DAY}T00:00Z"]


@pytest.mark.parametrize("other", [{}, {"time": "2013-08-15T23:00:00-01:00"}, {"time": "2013-08-15"}])
def test_an_id_is_enough_and_a_time_says_which_prediction_of_it(world: World, other: dict[str, str]) -> None:
    joined = world.join(json.dumps({"id": "UA-3", "label": 1, **other}))

    if other.get("time", "").endswith("-01:00"):  # it is the next day in UTC, of which there is no prediction yet
        assert joined.counts == {"unmatched": 1}
    else:
        assert joined.counts == {"joined": 1}
        assert world.window() == {"n": 1, "p1_35": 1}


def test_a_repeated_label_counts_once_and_is_done(world: World) -> None:
    first = world.join(truth(3), truth(3))
    second = world.join(truth(3))

    assert (first.counts, first.refused) == ({"joined": 1, "repeated": 1}, {})
    assert (second.counts, second.refused) == ({"repeated": 1}, {})
    assert world.window() == {"n": 1, "p1_35": 1}


def test_many_labels_come_in_one_message_and_a_wrong_one_does_not_stop_the_others(world: World) -> None:
    joined = world.join(json.dumps({"labels": [json.loads(truth(n, n % 2)) for n in range(4)] + [{"id": "UA-5"}]}))

    assert joined.counts == {"joined": 4}
    assert reasons(joined) == {"m0": ["label is not 0 or 1"]}
    assert [refusal.given for refusal in joined.refused["m0"]] == [{"id": "UA-5"}]
    assert world.window()["n"] == 4


def test_another_label_for_the_same_prediction_is_refused_unless_it_was_known_later(world: World) -> None:
    world.join(truth(3, 1))

    joined = world.join(truth(3, 0), truth(4, 0), truth(4, 1))

    told = ["the prediction has another label already, and this one was not known later"]
    assert reasons(joined) == {"m0": told, "m2": told}
    assert world.window() == {"n": 2, "p1_35": 1, "p0_45": 1}


def test_a_label_that_changes_takes_its_old_counts_back_exactly(world: World) -> None:
    world.join(truth(3, 1), truth(4, 1))

    changed = world.join(truth(3, 0, known_at=LATER))

    assert changed.counts == {"changed": 1}
    assert world.window() == {"n": 2, "p0_35": 1, "p1_45": 1}


def test_a_change_holds_in_whichever_order_it_comes(world: World) -> None:
    world.join(truth(3, 0, known_at=STILL_LATER))

    joined = world.join(truth(3, 1, known_at=LATER), truth(3, 1), truth(3, 0, known_at=LATER))

    assert joined.counts == {"superseded": 2, "repeated": 1}
    assert world.window() == {"n": 1, "p0_35": 1}


def test_a_business_outcome_is_summed_in_millionths_and_taken_back(world: World) -> None:
    world.join(truth(3, 1, outcome=0.1), truth(4, 1, outcome=-2.5), truth(5, 1))
    world.join(truth(4, 1, outcome=0.2, known_at=LATER))

    counts = world.window()
    assert (counts["n"], counts["outcome_n"], counts["outcome_micro"]) == (3, 2, 300_000)


def test_a_label_that_comes_before_its_prediction_is_kept_and_counted_when_that_comes(world: World) -> None:
    joined = world.join(truth(99, 1))

    assert (joined.counts, joined.refused, joined.again) == ({"unmatched": 1}, {}, {})
    assert world.window() == {}
    assert world.item(f"flights:UA-99:{DAY}").unmatched_since
    world.predict(record(99, score=0.61))
    assert world.window() == {"n": 1, "p1_61": 1}
    assert not world.item(f"flights:UA-99:{DAY}").unmatched_since


def test_a_label_that_names_an_id_only_waits_for_its_first_prediction(world: World) -> None:
    body = json.dumps({"id": "UA-99", "label": 1})

    assert world.join(body, body).counts == {"unmatched": 1, "repeated": 1}
    world.predict(record(99, score=0.61))

    assert world.window() == {"n": 1, "p1_61": 1}
    assert world.join(body).counts == {"repeated": 1}
    found = lookup.find(world.dynamodb, world.store.predictions, "flights", "UA-99")
    assert found == record(99, score=0.61)


def test_a_repeated_message_is_about_the_prediction_that_it_was_about_at_first(world: World) -> None:
    body = json.dumps({"id": "UA-3", "label": 1})
    world.join(body, start=5)
    world.predict({**record(3, at="2026-01-02T00:00:00Z"), "prediction_id": "flights:UA-3:2013-08-16"})

    assert world.join(body, start=5).counts == {"repeated": 1}
    assert world.join(body, start=6).counts == {"joined": 1}  # another message, about the newest
    assert (world.window(), world.window("2013-08-16")) == ({"n": 1, "p1_35": 1}, {"n": 1, "p1_50": 1})


def test_an_earlier_prediction_of_an_id_still_gets_its_label(world: World) -> None:
    world.predict({**record(3, at="2026-01-02T00:00:00Z"), "prediction_id": "flights:UA-3:2013-08-16"})

    joined = world.join(truth(3), json.dumps({"prediction_id": "flights:UA-3:2013-08-16", "label": 0}))

    assert joined.counts == {"joined": 2}
    assert (world.window(), world.window("2013-08-16")) == ({"n": 1, "p1_35": 1}, {"n": 1, "p0_50": 1})


def test_a_prediction_made_again_does_not_count_its_label_again(world: World) -> None:
    world.join(truth(3))
    world.predict(record(3, at="2026-01-02T00:00:00Z", score=0.9))

    assert world.join(truth(3)).counts == {"repeated": 1}
    assert world.window() == {"n": 1, "p1_35": 1}


def test_a_prediction_made_again_before_its_label_is_the_one_that_counts(world: World) -> None:
    world.predict(record(3, at="2026-01-02T00:00:00Z", score=0.9))
    world.predict(record(3, at="2026-01-01T12:00:00Z", score=0.1))
    world.join(truth(3))

    assert world.window() == {"n": 1, "p1_90": 1}


FUTURE = (dt.datetime.now(dt.UTC) + dt.timedelta(days=2)).isoformat()
SKEWED = (dt.datetime.now(dt.UTC) + dt.timedelta(hours=5)).isoformat()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("{", "the body is not JSON"),
        ("[" * 100_000, "the body is not JSON"),
        ("x" * 1024 * 1024, "the body is not JSON"),
        ("[1]", "the body is not a JSON object"),
        ('{"labels": []}', "labels is not a list of 1 to 100 labels"),
        ('{"labels": {"id": "UA-3", "label": 1}}', "labels is not a list of 1 to 100 labels"),
        (json.dumps({"labels": [{"id": "UA-3", "label": 1}] * 101}), "labels is not a list of 1 to 100 labels"),
        ('{"labels": [3]}', "a label is not a JSON object"),
        (truth(3, 2), "label is not 0 or 1"),
        (truth(3, "1"), "label is not 0 or 1"),
        (truth(3, True), "label is not 0 or 1"),
        (truth(3, float("nan")), "label is not 0 or 1"),
        (truth(3, outcome=float("nan")), "outcome is not a finite number"),
        (truth(3, outcome=float("inf")), "outcome is not a finite number"),
        (truth(3, outcome=10**400), "outcome is not a finite number"),
        (truth(3, outcome="9"), "outcome is not a finite number"),
        (truth(3, known_at="yesterday"), "known_at is not an ISO 8601 moment"),
        (truth(3, known_at=1376555400), "known_at is not an ISO 8601 moment"),
        (truth(3, known_at=FUTURE), "known_at lies more than a day in the future"),
        (truth(3, known_at="9999-12-31T23:59:59-12:00"), "known_at is not an ISO 8601 moment"),
        (json.dumps({"label": 1}), "neither prediction_id nor id is given as text"),
        (json.dumps({"label": 1, "id": 3}), "neither prediction_id nor id is given as text"),
        (json.dumps({"label": 1, "id": "UA-3", "time": "noon"}), "time is not an ISO 8601 moment"),
        (json.dumps({"label": 1, "id": "\ud800"}), "the id is not text that can be written"),
        (json.dumps({"label": 1, "id": "é" * 513}), "the id has more than 1024 bytes"),
        (json.dumps({"label": 1, "prediction_id": 3}), "prediction_id is not text"),
        (json.dumps({"label": 1, "prediction_id": "UA-3"}), "prediction_id is not <line>:<id>:<date>"),
        (json.dumps({"label": 1, "prediction_id": "flights:3:someday"}), "prediction_id is not <line>:<id>:<date>"),
        (json.dumps({"label": 1, "prediction_id": "trains:1:2013-08-15"}), "prediction_id is of another line"),
    ],
)
def test_a_message_that_is_no_label_is_refused_alone(same: World, body: str, reason: str) -> None:
    joined = same.join(body, truth(3))

    assert (reasons(joined), joined.again) == ({"m0": [reason]}, {})
    assert joined.counts["joined"] + joined.counts["repeated"] == 1


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+00:00", "9999-12-31T23:00:00+00:00"])
def test_ancient_and_future_times_are_kept_and_change_no_other_window(world: World, moment: str) -> None:
    joined = world.join(json.dumps({"id": "UA-3", "label": 1, "time": moment}))
    assert joined.counts == {"unmatched": 1}

    prediction = f"flights:UA-3:{moment[:10]}"
    world.predict({**record(3, at="2026-01-02T00:00:00Z"), "prediction_id": prediction, "event_time": moment})

    assert (world.window(), world.window(moment[:10])) == ({}, {"n": 1, "p1_50": 1})
    assert windows.end_of(f"{moment[:10]}T00:00Z", 24).year in (1, 9999)


def test_a_clock_that_goes_ahead_by_hours_is_no_fault(world: World) -> None:
    assert world.join(truth(3, known_at=SKEWED)).counts == {"joined": 1}


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
                world.join(truth(3))
            return world.dynamodb.transact_write_items(**request)

    joined = world.join(truth(3), truth(4), dynamodb=Late())

    assert (joined.counts, joined.again) == ({"joined": 1, "repeated": 1}, {})
    assert world.window() == {"n": 2, "p1_35": 1, "p1_45": 1}


def test_a_store_that_stays_busy_sends_the_labels_back(world: World) -> None:
    class Busy:
        def __getattr__(self, name: str) -> Any:
            return getattr(world.dynamodb, name)

        def transact_write_items(self, **_: Any) -> Any:
            told = {"Error": {"Code": "TransactionCanceledException", "Message": "TransactionConflict"}}
            raise world.dynamodb.exceptions.TransactionCanceledException(told, "TransactWriteItems")

    assert world.join(truth(3), dynamodb=Busy()).again == {"m0": "the store was busy"}
    assert world.window() == {}


def test_a_full_batch_takes_more_than_one_transaction(aws: Aws) -> None:
    world = World(aws, count=100)

    joined = world.join(*(truth(number, number % 2) for number in range(100)))

    assert (joined.counts, joined.refused, joined.again) == ({"joined": 100}, {}, {})
    assert world.window()["n"] == 100


def test_a_label_of_a_regression_is_a_number_and_counts_by_its_error(aws: Aws) -> None:
    world = World(aws, task="regression")

    joined = world.join(truth(3, 2.35), truth(4, 1.0), truth(5, -0.0))

    assert joined.counts == {"joined": 3}
    assert world.window() == {"n": 3, "under_35": 1, "under_-31": 1, "over_-31": 1}


@pytest.mark.parametrize("label", [True, "1", None, float("nan"), float("inf"), 1e300, 10**400])
def test_a_label_of_a_regression_that_nothing_could_count_is_refused(aws: Aws, label: Any) -> None:
    world = World(aws, count=1, task="regression")

    assert reasons(world.join(truth(3, label))) == {"m0": ["label is not a finite number"]}


@pytest.mark.thorough
def test_a_fault_at_any_call_counts_each_label_once_after_a_retry(aws: Aws) -> None:
    bodies = [truth(0, 0), truth(1, 1), json.dumps({"id": "UA-2", "label": 1})]
    bodies += [json.dumps({"id": "UA-77", "label": 1}), truth(78), "poison"]

    def scenario() -> Scenario:
        world = World(aws, count=3)

        def check() -> None:
            assert world.window() == {"n": 3, "p0_16": 1, "p1_50": 1, "p1_83": 1}
            assert len(windows.starts(world.store, dirty=True)) == 1
            world.predict(record(77, score=0.99), record(78, score=0.98))
            assert world.window()["n"] == 5

        return Scenario(("dynamodb",), lambda dynamodb: world.join(*bodies, dynamodb=dynamodb), check)

    calls = ["BatchGetItem", "UpdateItem", "BatchGetItem", "TransactWriteItems", "UpdateItem"]
    assert converge(aws, scenario) == calls


def test_what_is_refused_is_put_aside_with_its_reason_and_nothing_else_is(world: World) -> None:
    sqs = world.aws.client("sqs")
    queue = sqs.create_queue(QueueName="aside")["QueueUrl"]
    mixed = json.dumps({"labels": [json.loads(truth(1)), {"id": "UA-5", "label": 7}]})
    bodies = {"m0": "poison", "m1": truth(3), "m2": mixed}
    joined = ground_truth.join(world.store, messages=bodies)

    ground_truth.put_aside(sqs, queue, bodies, joined)

    found = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, MessageAttributeNames=["All"])["Messages"]
    told = sorted(
        (
            one["MessageAttributes"]["message_id"]["StringValue"],
            one["Body"],
            one["MessageAttributes"]["reason"]["StringValue"],
        )
        for one in found
    )
    assert told == [
        ("m0", "poison", "the body is not JSON"),
        ("m2", json.dumps({"labels": [{"id": "UA-5", "label": 7}]}), "label is not 0 or 1"),
    ]
    assert joined.again == {}


def test_what_cannot_be_put_aside_comes_again(world: World) -> None:
    bodies = {"m0": "poison"}
    joined = ground_truth.join(world.store, messages=bodies)

    ground_truth.put_aside(world.aws.client("sqs"), "http://127.0.0.1:1/nowhere", bodies, joined)

    assert list(joined.again) == ["m0"]
