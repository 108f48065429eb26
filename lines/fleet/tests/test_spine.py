from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb
import pytest

from config.bundle import Bundle


def _one(database: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    rows: list[tuple[Any, ...]] = database.execute(query).fetchall()
    return rows[0]


def test_weeks_that_are_not_over_have_no_label(
    database: duckdb.DuckDBPyConnection, parameters: Mapping[str, Any]
) -> None:
    latest = "SELECT max(event_time)::DATE, max(event_time) FILTER (WHERE label IS NOT NULL)::DATE + 7 FROM spine"
    assert _one(database, latest) == (parameters["score_date"], parameters["score_date"])


def test_the_label_is_next_mondays_last_week(database: duckdb.DuckDBPyConnection) -> None:
    """What the spine counts forwards, the curation counts backwards a week later."""
    compared = _one(
        database,
        """
        SELECT count(*), max(abs(label - minutes_7d / 60)), count(*) FILTER (WHERE label = 0)
        FROM spine JOIN plane_weeks AS later
            ON spine.tailnum = later.tailnum AND spine.event_time + INTERVAL 7 DAY = later.planned_at
        WHERE label IS NOT NULL
        """,
    )
    assert (compared[0] > 20_000, compared[1], compared[2] > 1000) == (True, pytest.approx(0, abs=1e-9), True)


def test_the_spine_has_every_column_that_the_line_names(database: duckdb.DuckDBPyConnection, bundle: Bundle) -> None:
    dataset = bundle.definition.dataset
    entities = {column for view in bundle.definition.features.values() for column in view.entity}
    named = {dataset.id, dataset.event_time, dataset.label, *dataset.request, *entities}
    assert set(database.table("spine").columns) == named


def test_a_plan_has_enough_planes(database: duckdb.DuckDBPyConnection, parameters: Mapping[str, Any]) -> None:
    assert _one(database, f"SELECT count(*) FROM spine WHERE event_time::DATE = '{parameters['score_date']}'") == (801,)
