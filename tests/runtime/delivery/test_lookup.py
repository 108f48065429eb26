from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.delivery import lookup, records
from runtime.delivery.proxy import Refused
from runtime.monitoring import marks
from runtime.monitoring.store import Store
from tests.moto_server import Aws, Scenario, converge
from tests.runtime.delivery.deliveries import record, scored


@pytest.fixture
def table(aws: Aws) -> str:
    return aws.table("prediction_key")


def test_a_prediction_is_found_by_its_id(aws: Aws, table: str) -> None:
    dynamodb = aws.client("dynamodb")

    lookup.put(dynamodb, table, [record(1, score=1.0), record(2)])

    assert lookup.find(dynamodb, table, "flights", "UA-1") == record(1, score=1.0)


@pytest.mark.parametrize("unknown", ["UA-2", "", "x" * 2000])
def test_an_unknown_id_is_a_404_with_a_mend(aws: Aws, table: str, unknown: str) -> None:
    with pytest.raises(Refused) as refused:
        lookup.find(aws.client("dynamodb"), table, "flights", unknown)

    assert refused.value.status == 404
    assert str(refused.value) == (
        "line 'flights' has no prediction of this id: check the id or ask for one (POST /predictions)"
    )


def test_an_older_prediction_never_replaces_a_newer_one(aws: Aws, table: str) -> None:
    dynamodb = aws.client("dynamodb")
    newer, older = record(1, at="2026-01-02T00:00:00Z"), record(1, at="2026-01-01T23:30:00-00:15")
    lookup.put(dynamodb, table, [newer])

    superseded = lookup.put(dynamodb, table, [older, record(2)])

    assert superseded == 1
    assert lookup.find(dynamodb, table, "flights", "UA-1") == newer
    assert lookup.find(dynamodb, table, "flights", "UA-2") == record(2)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 59)), min_size=1, max_size=8), st.randoms())
def test_the_newest_wins_in_any_order(aws: Aws, found: list[tuple[int, int]], random: Any) -> None:
    dynamodb, table = aws.client("dynamodb"), aws.table("prediction_key")
    made = [record(number, at=f"2026-01-01T00:00:{second:02}+00:00") for number, second in found]
    newest = {item["id"]: item for item in sorted(made, key=records.recency)}
    random.shuffle(made)
    cut = random.randint(0, len(made))

    lookup.put(dynamodb, table, made[:cut])
    lookup.put(dynamodb, table, made[cut:])

    assert {id_: lookup.find(dynamodb, table, "flights", id_) for id_ in newest} == newest


def test_a_run_of_more_than_one_transaction_is_delivered_whole(aws: Aws, table: str) -> None:
    dynamodb, paths = aws.client("dynamodb"), scored(aws, 120)

    delivered = lookup.deliver(
        s3=aws.client("s3"), paths=paths, store=Store(dynamodb, table, windows="", line="flights")
    )

    assert delivered == {"count": 120, "superseded": 0}
    assert dynamodb.scan(TableName=table, Select="COUNT")["Count"] == 240  # each as the newest of its id, and itself


def test_a_prediction_made_again_keeps_its_label(aws: Aws, table: str) -> None:
    dynamodb = aws.client("dynamodb")
    lookup.put(dynamodb, table, [record(1)])
    dynamodb.update_item(
        TableName=table,
        Key=lookup.key("flights", "UA-1"),
        UpdateExpression="SET label = :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
    )

    lookup.put(dynamodb, table, [record(1, at="2026-01-02T00:00:00Z")])

    assert dynamodb.get_item(TableName=table, Key=lookup.key("flights", "UA-1"))["Item"]["label"] == {"N": "1"}


@pytest.mark.thorough
def test_a_fault_at_any_call_leaves_every_prediction_there_once_after_a_retry(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marks, "LIMIT", 8)

    def scenario() -> Scenario:
        paths, table = scored(aws, 5), aws.table("prediction_key")

        def check() -> None:
            items = aws.client("dynamodb").scan(TableName=table)["Items"]
            assert sorted(item["id"]["S"] for item in items) == sorted([f"UA-{number}" for number in range(5)] * 2)

        return Scenario(
            ("s3", "dynamodb"),
            lambda s3, dynamodb: lookup.deliver(s3=s3, paths=paths, store=Store(dynamodb, table, "", "flights")),
            check,
        )

    calls = ["GetObject", "BatchGetItem", *["TransactWriteItems"] * 2, "BatchGetItem", "TransactWriteItems"]
    assert converge(aws, scenario) == calls
