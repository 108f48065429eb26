import datetime as dt

import pytest

from config.errors import LineError
from config.line import Line
from config.parameters import Value
from runtime.windows import scoring_window, split_windows
from tests.runtime.shop import LINE, PARAMETERS


def windows(**parameters: Value) -> dict[str, str]:
    found = split_windows(Line.model_validate(LINE), {**PARAMETERS, **parameters})
    return {part: str(window) for part, window in found.items()}


def test_parts_are_half_open_from_midnight_to_midnight_utc() -> None:
    assert windows() == {
        "train": "[2024-01-01 00:00, 2024-01-05 00:00)",
        "validation": "[2024-01-05 00:00, 2024-01-07 00:00)",
        "test": "[2024-01-07 00:00, 2024-01-09 00:00)",
    }


def test_scoring_goes_from_its_date_for_its_hours() -> None:
    window = scoring_window(Line.model_validate(LINE), PARAMETERS)
    assert (window.start, window.end) == (
        dt.datetime(2024, 1, 9, tzinfo=dt.UTC),
        dt.datetime(2024, 1, 9, 12, tzinfo=dt.UTC),
    )


def test_a_part_that_ends_before_it_begins_is_named() -> None:
    with pytest.raises(LineError) as error:
        windows(train_from=dt.date(2024, 1, 5))
    assert str(error.value) == (
        "lines/shop/line.yaml: dataset.split.train: train_from (2024-01-05) is not before "
        "validation_from (2024-01-05): correct one of them"
    )


def test_parts_that_overlap_are_named() -> None:
    line = Line.model_validate(
        {
            **LINE,
            "dataset": {
                **LINE["dataset"],
                "split": {
                    "train": ["train_from", "test_from"],
                    "validation": ["validation_from", "test_from"],
                    "test": ["test_from", "score_date"],
                },
            },
        }
    )
    with pytest.raises(LineError) as error:
        split_windows(line, PARAMETERS)
    assert str(error.value) == (
        "lines/shop/line.yaml: dataset.split.validation: [2024-01-05 00:00, 2024-01-07 00:00) overlaps "
        "train [2024-01-01 00:00, 2024-01-07 00:00): correct the parameters"
    )
