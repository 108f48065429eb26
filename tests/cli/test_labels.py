"""``line labels``: what joined per window, and what waits for its prediction, from the tables themselves."""

import json
from typing import Any

import pytest

from cli import labels
from runtime import ground_truth
from runtime.delivery import lookup
from runtime.monitoring import unmatched, windows
from runtime.monitoring.store import Store
from tests.moto_server import Aws
from tests.runtime.delivery.deliveries import record


def indexed(aws: Aws) -> Store:
    """Return a store whose table of predictions has the index of what waits."""
    store = Store(aws.client("dynamodb"), aws.table("prediction_key"), aws.table("window", "part"), "flights")
    keys = ("line", "unmatched_since")
    store.dynamodb.update_table(
        TableName=store.predictions,
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in keys],
        GlobalSecondaryIndexUpdates=[
            {
                "Create": {
                    "IndexName": unmatched.INDEX,
                    "KeySchema": [
                        {"AttributeName": n, "KeyType": k} for n, k in zip(keys, ("HASH", "RANGE"), strict=True)
                    ],
                    "Projection": {"ProjectionType": "ALL"},
                }
            }
        ],
    )
    return store


@pytest.fixture
def store(aws: Aws) -> Store:
    made = indexed(aws)
    lookup.put(made.dynamodb, made.predictions, [record(1), record(2)], store=made)
    given: list[dict[str, Any]] = [
        {"prediction_id": "flights:UA-1:2013-08-15", "label": 1},
        {"prediction_id": "flights:UA-9:2013-08-15", "label": 1},
        {"id": "UA-8", "label": 0},
    ]
    ground_truth.join(made, messages={"m": json.dumps({"labels": given})})
    return made


def test_what_joined_and_what_waits_is_told(store: Store) -> None:
    found = labels.read(store)

    assert found.joined == {"2013-08-15T00:00Z": 1}
    assert sorted(one["about"] for one in found.waiting) == ["flights#UA-8", "flights:UA-9:2013-08-15"]
    assert labels.read(store, only_unmatched=True).joined == {}


def test_what_has_found_its_prediction_waits_no_more(store: Store) -> None:
    lookup.put(store.dynamodb, store.predictions, [record(8), record(9)], store=store)

    assert labels.read(store).waiting == []
    assert unmatched.look(store) == 0


def test_a_second_look_counts_what_was_kept_by_who_may_not_count(store: Store) -> None:
    lookup.put(store.dynamodb, store.predictions, [record(9)])  # as the handler of requests does
    assert len(labels.read(store).waiting) == 2

    assert unmatched.look(store) == 1
    assert unmatched.look(store) == 1
    assert windows.read(store, "2013-08-15T00:00Z").counters[""]["n"] == 2
