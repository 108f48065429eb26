from __future__ import annotations

import datetime as dt

import pytest

from config.errors import LineError
from config.parameters import Parameter, convert, resolve

DECLARED = {
    "rounds": Parameter(type="integer", default=60),
    "day": Parameter(type="date", default="2026-04-01"),
}


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [
        ("integer", "12", 12),
        ("integer", 12, 12),
        ("number", "1.5", 1.5),
        ("number", 2, 2.0),
        ("date", "2026-04-01", dt.date(2026, 4, 1)),
        ("date", dt.date(2026, 4, 1), dt.date(2026, 4, 1)),
        ("string", "12", "12"),
        ("boolean", "true", True),
        ("boolean", False, False),
    ],
)
def test_a_value_is_taken_typed_or_as_text(kind: str, given: object, value: object) -> None:
    assert convert(kind, given) == value
    assert type(convert(kind, given)) is type(value)


@pytest.mark.parametrize(
    ("kind", "given", "message"),
    [
        ("integer", "1.5", "'1.5' is not an integer"),
        ("integer", True, "True is not an integer"),
        ("integer", 1.5, "1.5 is not an integer"),
        ("number", "nan", "'nan' is not a number"),
        ("number", float("inf"), "inf is not a number"),
        ("date", "1 April", "'1 April' is not a date"),
        ("date", dt.datetime(2026, 4, 1, tzinfo=dt.UTC), "2026-04-01 00:00:00+00:00 is not a date"),
        ("string", 1, "1 is not a string"),
        ("boolean", "yes", "'yes' is not a boolean"),
    ],
)
def test_a_value_of_another_type_is_refused(kind: str, given: object, message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 (the whole message is compared)
        convert(kind, given)
    assert str(caught.value) == message


def test_what_is_given_stands_in_place_of_the_default() -> None:
    assert resolve(DECLARED, {"rounds": "5"}) == {"rounds": 5, "day": dt.date(2026, 4, 1)}


def test_a_parameter_that_is_not_declared_is_told_with_those_that_are() -> None:
    with pytest.raises(LineError) as caught:
        resolve(DECLARED, {"round": 5})
    assert str(caught.value) == (
        "parameter 'round' is not declared, expected one of day, rounds: "
        "correct the name or declare it under parameters in line.yaml"
    )


def test_a_value_of_the_wrong_type_is_told_with_the_type() -> None:
    with pytest.raises(LineError) as caught:
        resolve(DECLARED, {"rounds": "many"})
    assert str(caught.value) == "parameter 'rounds': 'many' is not an integer: correct its value"
