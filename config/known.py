"""What a prediction request may leave out, because the online store knows it: ``delivery.known`` in line.yaml."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

NOW = "now"


def check(known: Mapping[str, str], *, event_time: str, request: Sequence[str], views: Mapping[str, list[str]]) -> None:
    """Raise ValueError for a column that is none of a request's, a source that is none, or a circle of them.

    ``views`` are the dataset's feature views with the columns of their entities.
    """
    entities = list(dict.fromkeys(column for columns in views.values() for column in columns))
    columns = list(dict.fromkeys([event_time, *request, *entities]))
    for column, source in known.items():
        key, view = f"delivery.known.{column}", source.partition(".")[0]
        if column not in columns:
            raise ValueError(f"{key}: {column!r} is no column of a request, expected one of {', '.join(columns)}")
        if column == event_time:
            if source != NOW:
                raise ValueError(f"{key}: {source!r} is not allowed for the event time, expected {NOW}")
        elif view not in views or not source.partition(".")[2]:
            allowed = ", ".join(f"{name}.<column>" for name in views) or "no column, since no view is joined"
            raise ValueError(f"{key}: {source!r} is no column of a joined view, expected one of {allowed}")
    _check_found(known, set(columns) - set(known), event_time, views)


def _check_found(known: Mapping[str, str], given: set[str], event_time: str, views: Mapping[str, list[str]]) -> None:
    left = {column: source.partition(".")[0] for column, source in known.items() if column != event_time}
    while found := {column for column, view in left.items() if given.issuperset(views[view])}:
        given |= found
        left = {column: view for column, view in left.items() if column not in found}
    for column, view in left.items():
        lacking = ", ".join(name for name in views[view] if name not in given)
        raise ValueError(
            f"delivery.known.{column}: view {view!r} is found by {lacking}, which a request may leave out too: "
            "let one of them be given"
        )
