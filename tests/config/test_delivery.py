from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from config.delivery import Delivery
from config.filters import NUMBERS, TEXTS, check
from config.mistakes import told
from config.strict import Strict
from runtime.delivery.schema import PredictionRecord


class Page(Strict):
    """What holds ``delivery``, as line.yaml does."""

    delivery: Delivery


def mistakes(**delivery: Any) -> list[str]:
    with pytest.raises(ValidationError) as error:
        Page.model_validate({"delivery": delivery})
    return told(error.value, Page)


def test_files_may_be_switched_or_listed() -> None:
    assert [channel.model_dump() for channel in Delivery.model_validate({"files": True}).files] == [
        {"name": "files", "format": "jsonl"}
    ]
    assert Delivery.model_validate({"files": False}).files == []
    listed = Delivery.model_validate({"files": [{"name": "desk", "format": "csv"}, {"name": "lab"}]})
    assert [(channel.name, channel.format) for channel in listed.files] == [("desk", "csv"), ("lab", "jsonl")]


def test_scoring_writes_the_formats_that_the_channels_need() -> None:
    table = {"name": "warehouse", "connection": "db", "table": "ops.predictions"}
    assert Delivery.model_validate({"files": False}).formats == ["jsonl"]
    assert Delivery.model_validate({"files": [{"name": "desk", "format": "csv"}]}).formats == ["csv", "jsonl"]
    assert Delivery.model_validate({"tables": [table]}).formats == ["jsonl", "parquet"]


def test_a_consumer_is_a_name_or_a_name_with_a_filter() -> None:
    policy = {"score": [{"numeric": [">=", 0.5]}]}
    given = {"topics": [{"name": "decisions", "consumers": ["operations", {"name": "late", "filter": policy}]}]}
    (topic,) = Delivery.model_validate(given).topics
    assert [(consumer.name, consumer.filter) for consumer in topic.consumers] == [
        ("operations", None),
        ("late", policy),
    ]
    assert (
        Delivery.model_validate(topic_again := Delivery.model_validate(given).model_dump()).model_dump() == topic_again
    )


@pytest.mark.parametrize(
    ("delivery", "sentence"),
    [
        (
            {"topic": {"consumers": ["operations", "crew"]}},
            "delivery: topic: there may now be any number of topics, each with a name: "
            "write `topics: [{name: decisions, consumers: [operations, crew]}]` instead",
        ),
        ({"files": "yes"}, "delivery.files: 'yes' is not allowed: input should be a valid list"),
        (
            {"files": [{"name": "desk", "format": "xml"}]},
            "delivery.files[0].format: 'xml' is not allowed, expected jsonl, csv or parquet",
        ),
        (
            {"files": [{"name": "desk", "path": "x"}]},
            "delivery.files[0].path: unknown key, expected one of name, format: correct or remove it",
        ),
        (
            {"files": True, "topics": [{"name": "files"}]},
            "delivery: the channel name 'files' is used 2 times, expected distinct names",
        ),
        (
            {"files": [{"name": "rest"}]},
            "delivery: the channel name 'rest' is taken by one that every line has: choose another",
        ),
        (
            {"topics": [{"name": "a", "consumers": ["x"]}, {"name": "b", "consumers": ["x"]}]},
            "delivery: topics: the consumer 'x' is named 2 times, expected distinct names",
        ),
        (
            {"topics": [{"name": "a", "consumers": [{"name": "x", "filter": {"colour": ["red"]}}]}]},
            "delivery.topics[0].consumers[0].filter: 'colour' is not a field of a prediction, "
            f"expected one of {', '.join((*TEXTS, *NUMBERS))}",
        ),
        (
            {"topics": [{"name": "a", "consumers": [{"name": "x", "filters": {}}]}]},
            "delivery.topics[0].consumers[0].filters: unknown key, expected one of name, filter: correct or remove it",
        ),
        (
            {"tables": [{"name": "w", "connection": "db", "table": "predictions"}]},
            "delivery.tables[0].table: 'predictions' is not allowed: string should match pattern "
            "'^[a-z_][a-z0-9_]{0,62}\\.[a-z_][a-z0-9_]{0,62}$'",
        ),
    ],
)
def test_a_mistake_is_one_sentence_with_its_mend(delivery: dict[str, Any], sentence: str) -> None:
    assert mistakes(**delivery) == [sentence]


def test_filters_know_the_fields_of_the_record() -> None:
    fields = {field.alias or name: field.annotation for name, field in PredictionRecord.model_fields.items()}
    assert sorted(fields) == sorted((*TEXTS, *NUMBERS))


@pytest.mark.parametrize(
    "policy",
    [
        {"score": [{"numeric": [">=", 0.5, "<", 0.9]}, 1], "line": ["flights"]},
        {"id": [{"prefix": "UA-"}, {"anything-but": {"suffix": "x"}}], "run": [{"exists": True}]},
        {"model_version": [{"anything-but": [1, 2]}]},
    ],
)
def test_a_policy_that_sns_takes_passes(policy: dict[str, list[Any]]) -> None:
    check(policy)


@pytest.mark.parametrize(
    ("policy", "problem"),
    [
        ({}, "it is empty, expected at least one field: leave it out to get every prediction"),
        ({"score": []}, "score: it has no condition, expected at least one"),
        ({"score": ["0.5"]}, "score: '0.5' can never match: the field holds a number"),
        ({"id": [5]}, "id: 5 can never match: the field holds text"),
        (
            {"score": [{"prefix": "0"}]},
            "score: {'prefix': '0'} is no condition on a number, expected a value or one of "
            "anything-but, exists, numeric",
        ),
        ({"score": [{"numeric": [">"]}]}, "score: {'numeric': ['>']} has a value that numeric does not take"),
        (
            {"score": [{"numeric": [">", 0.9, "<", 0.1]}]},
            "score: {'numeric': ['>', 0.9, '<', 0.1]} has a value that numeric does not take",
        ),
        ({"id": [{"exists": "yes"}]}, "id: {'exists': 'yes'} has a value that exists does not take"),
        ({name: ["x"] for name in TEXTS[:6]}, "it has 6 fields, expected at most 5"),
        (
            {"id": [str(i) for i in range(151)]},
            "its conditions make 151 combinations, expected at most 150",
        ),
    ],
)
def test_a_policy_that_sns_would_refuse_is_told(policy: dict[str, list[Any]], problem: str) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011 (it is compared whole)
        check(policy)
    assert str(error.value) == problem
