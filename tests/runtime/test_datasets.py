import datetime as dt
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pytest

from config.errors import LineError
from runtime import datasets, engine
from runtime.datasets import Column, Examples
from tests.runtime.shelved import KNOWN, ORDERS, Make, at, attach, history, made
from tests.runtime.shop import LINE, PARAMETERS, SPINE, bundle

__all__ = ["made"]

SPINE_FILE = "lines/shop/spine.sql"


def scored(views: Mapping[str, pa.Table] = KNOWN, orders: list[tuple[Any, ...]] = ORDERS) -> Examples:
    with engine.connect(threads=1) as connection:
        attach(connection, views, orders)
        return datasets.scoring_rows(connection, bundle=bundle(), parameters=PARAMETERS)


def rows_of(table: pa.Table) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in table.to_pylist()]


def test_each_example_has_what_was_known_of_it_at_its_moment(made: Make) -> None:
    parts = made().parts
    assert {part: rows_of(rows) for part, rows in parts.items()} == {
        "train": [
            ("1", at(2), 1, 1.0, "cheap", 1.0, 0.0),
            ("2", dt.datetime(2024, 1, 4, 23, 59, 59, 999999, dt.UTC), 0, 6.0, "dear", None, None),
        ],
        "validation": [("4", dt.datetime(2024, 1, 6, 0, 59, tzinfo=dt.UTC), 1, 6.0, "dear", None, None)],
        "test": [("5", at(8, 1), 0, 7.0, "dear", 9.0, 1.0)],
    }


def test_columns_tell_their_type_and_source(made: Make) -> None:
    assert [Column(**column) for column in made().manifest["columns"]] == [
        Column("price", "number", "request"),
        Column("kind", "category", "request"),
        Column("habits__spent", "number", "habits"),
        Column("habits__dear", "number", "habits"),
    ]


def test_examples_without_a_label_are_left_out_and_counted(made: Make) -> None:
    assert made().manifest["unlabelled"] == 1


def test_a_feature_planted_in_the_future_reaches_no_example(made: Make) -> None:
    moments = [row[1] for part in made().parts.values() for row in rows_of(part)]
    planted = [
        (name, moment + dt.timedelta(microseconds=1), float(i))
        for i, moment in enumerate(moments)
        for name in ("ann", "bob")
    ]
    parts = made(history(*planted)).parts
    assert [row[5] for part in parts.values() for row in rows_of(part)] == [None, 0.0, 1.0, 2.0]


def test_scoring_takes_every_row_of_its_window_without_the_label() -> None:
    found = scored()
    assert rows_of(found.rows) == [("6", at(9), None, "cheap", 9.0, 1.0)]
    assert found.rows.column_names == ["id", "placed", "price", "kind", "habits__spent", "habits__dear"]


def spent(made: Make, label: str) -> dict[str, pa.Table]:
    """Return the dataset of a regression whose label is this expression."""
    definition = {**LINE, "dataset": {**LINE["dataset"], "task": "regression"}}
    spine = SPINE.replace(", returned FROM", f", {label} AS returned FROM")
    return made(line=bundle(definition=definition, spine=spine)).parts


@pytest.mark.parametrize("label", ["price - 2.5", "CAST(price - 2.5 AS DECIMAL(9, 1))", "CAST(price - 2.5 AS VARCHAR)"])
def test_the_label_of_a_regression_is_any_number(made: Make, label: str) -> None:
    parts = spent(made, label)
    assert {part: rows["returned"].to_pylist() for part, rows in parts.items()} == {
        "train": [-1.5, 3.5],
        "validation": [3.5, 3.5],
        "test": [4.5],
    }


def test_a_whole_number_too_large_for_a_double_is_a_label_all_the_same(made: Make) -> None:
    assert spent(made, "9007199254740993 + id")["test"]["returned"].to_pylist() == [9007199254740998.0]


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("price / 0", "a row has the label inf, expected a finite number or null: correct the SELECT"),
        ("CAST('nan' AS DOUBLE)", "a row has the label nan, expected a finite number or null: correct the SELECT"),
        (
            "'much'",
            "the label is no number (Conversion Error: Could not convert string 'much' to DOUBLE "
            "when casting from source column returned), expected a finite number or null",
        ),
    ],
)
def test_a_label_that_is_no_finite_number_is_no_label_of_a_regression(made: Make, label: str, said: str) -> None:
    with pytest.raises(LineError) as error:
        spent(made, label)
    assert str(error.value) == f"{SPINE_FILE}: {said}"


def test_scoring_and_training_give_the_same_columns(made: Make) -> None:
    assert scored().columns == [Column(**column) for column in made().manifest["columns"]]


def test_a_part_without_rows_is_named(made: Make) -> None:
    with pytest.raises(LineError) as error:
        made(orders=[order for order in ORDERS if order[0] != 5])
    assert str(error.value) == (
        "lines/shop/line.yaml: dataset.split.test: no labelled row of the spine lies in "
        "[2024-01-07 00:00, 2024-01-09 00:00): correct the parameters or the sources"
    )


@pytest.mark.parametrize(
    ("spine", "message"),
    [
        (
            SPINE.replace("kind", "kinds"),
            f"{SPINE_FILE}: gives no column 'kind', expected it for dataset.request[1] in line.yaml, "
            "found id, placed, customer, price, kinds, returned (closest: 'kinds'): add it to the SELECT",
        ),
        (
            SPINE.replace(" customer,", ""),
            f"{SPINE_FILE}: gives no column 'customer', expected it for features.habits.entity in line.yaml, "
            "found id, placed, price, kind, returned: add it to the SELECT",
        ),
        (
            SPINE.replace("SELECT id", "SELECT 1 AS id"),
            f"{SPINE_FILE}: 5 rows have the id '1', expected one row per id: make it distinct",
        ),
        (
            SPINE.replace("SELECT id", "SELECT NULL AS id"),
            f"{SPINE_FILE}: 5 rows have the id null, expected one row per id: make it distinct",
        ),
        (
            SPINE.replace("returned FROM", "2 AS returned FROM"),
            f"{SPINE_FILE}: a row has the label 2, expected 0, 1 or null: correct the SELECT",
        ),
        (
            SPINE.replace("returned FROM", "'yes' AS returned FROM"),
            f"{SPINE_FILE}: the label is no number (Conversion Error: Could not convert string 'yes' to DOUBLE "
            "when casting from source column returned), expected 0, 1 or null",
        ),
        (
            SPINE.replace("placed,", "1 AS placed,", 1),
            f"{SPINE_FILE}: column 'placed' has the type INTEGER, expected a timestamp: cast it",
        ),
        (
            SPINE.replace("price,", "'much' AS price,", 1),
            "lines/shop/line.yaml: dataset: column 'price' has the type string, expected a number: "
            "make it one in its SELECT or list it under dataset.categorical",
        ),
        (
            SPINE.replace("customer,", "[customer] AS customer,", 1),
            f"{SPINE_FILE}: column 'customer' has the type list<l: string>, expected string as in feature view "
            "'habits': cast it",
        ),
    ],
)
def test_a_spine_that_does_not_hold_together_is_named(made: Make, spine: str, message: str) -> None:
    with pytest.raises(LineError) as error:
        made(line=bundle(spine=spine))
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"categorical": ["kind", "habit__dear"]},
            "lines/shop/line.yaml: dataset.categorical[1]: 'habit__dear' is not a column of the dataset, "
            "expected one of price, kind, habits__spent, habits__dear (closest: 'habits__dear'): correct the name",
        ),
        (
            {"request": ["price", "kind", "returned"]},
            "lines/shop/line.yaml: dataset.request: 'returned' is the label, which no model may see: remove it",
        ),
    ],
)
def test_a_definition_that_does_not_hold_together_is_named(
    made: Make, change: dict[str, list[str]], message: str
) -> None:
    with pytest.raises(LineError) as error:
        made(line=bundle(definition={**LINE, "dataset": {**LINE["dataset"], **change}}))
    assert str(error.value) == message
