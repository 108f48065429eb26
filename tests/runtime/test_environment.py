from dataclasses import dataclass
from typing import Literal

import pytest

from config.errors import LineError
from runtime import environment


@dataclass(frozen=True)
class Environment:
    lake_bucket: str
    minimum_sample: int
    margin: float
    request: list[str]
    views: dict[str, list[str]]


GIVEN = {
    "LAKE_BUCKET": "lake",
    "MINIMUM_SAMPLE": "200",
    "MARGIN": "0.01",
    "REQUEST": '["carrier"]',
    "VIEWS": '{"weather": ["origin"]}',
    "OTHER": "ignored",
}


def test_each_field_is_read_from_the_variable_of_its_name() -> None:
    assert environment.load(Environment, GIVEN) == Environment(
        lake_bucket="lake", minimum_sample=200, margin=0.01, request=["carrier"], views={"weather": ["origin"]}
    )


def test_the_process_environment_is_read_unless_another_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in GIVEN.items():
        monkeypatch.setenv(name, value)

    assert environment.load(Environment) == environment.load(Environment, GIVEN)


def test_a_missing_variable_is_named() -> None:
    with pytest.raises(LineError) as error:
        environment.load(Environment, _without("MARGIN"))

    assert str(error.value) == "environment variable MARGIN is missing: give it to the function in its construct"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("MINIMUM_SAMPLE", "many", "a whole number"),
        ("MARGIN", "", "a number"),
        ("REQUEST", "carrier", "a JSON list"),
        ("REQUEST", "{}", "a JSON list"),
        ("VIEWS", "[]", "a JSON object"),
    ],
)
def test_a_wrong_value_is_told_with_what_is_expected(name: str, value: str, expected: str) -> None:
    with pytest.raises(LineError) as error:
        environment.load(Environment, {**GIVEN, name: value})

    assert str(error.value) == f"environment variable {name} is {value!r}, expected {expected}: correct its construct"


def test_the_names_are_what_the_infrastructure_must_give() -> None:
    assert environment.names(Environment) == ["LAKE_BUCKET", "MINIMUM_SAMPLE", "MARGIN", "REQUEST", "VIEWS"]


def _without(name: str) -> dict[str, str]:
    return {key: value for key, value in GIVEN.items() if key != name}


@dataclass(frozen=True)
class Choice:
    task: Literal["binary", "regression"]


def test_a_choice_is_one_of_its_texts() -> None:
    assert environment.load(Choice, {"TASK": "regression"}) == Choice("regression")


def test_a_choice_that_is_none_is_told_with_what_is_expected() -> None:
    with pytest.raises(LineError) as error:
        environment.load(Choice, {"TASK": "clustering"})

    assert str(error.value) == (
        "environment variable TASK is 'clustering', expected one of binary, regression: correct its construct"
    )
