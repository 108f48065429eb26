import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.asof import Rows, Sought, UnsortedError, newest
from runtime.entities import Integers

Pair = tuple[str | None, str | None]

NOTHING = None
KEYS = st.sampled_from(["a", "b", "", "zz", "é"])
ENTITIES = st.tuples(KEYS, KEYS)
MOMENTS = st.one_of(st.integers(-3, 8), st.integers(-(2**57), 2**57))


def join(
    examples: list[tuple[Pair, int]],
    view: list[tuple[Pair, int]],
    ttl: int | None = None,
    *,
    batch: int = 3,
    ties_in_order: bool = False,
) -> list[int | None]:
    """Return for each example the place of the view's row that it finds; the view comes in batches."""
    places = pa.array(range(len(view)), pa.int64())
    batches = [
        Rows(
            entities=_columns(view[start : start + batch]),
            moments=_moments(view[start : start + batch]),
            values=[places.slice(start, batch), places.slice(start, batch).cast(pa.string())],
        )
        for start in range(0, len(view), batch)
    ]
    sought = Sought(_columns(examples), _moments(examples))
    kinds = [pa.int64(), pa.string()]
    (numbers, texts), _ = newest(batches, sought, kinds=kinds, ttl=ttl, ties_in_order=ties_in_order)
    found: list[int | None] = numbers.to_pylist()
    assert texts.to_pylist() == [None if place is None else str(place) for place in found]
    return found


def _columns(rows: list[tuple[Pair, int]]) -> list[pa.Array]:
    return [pa.array([entity[i] for entity, _ in rows], pa.string()) for i in range(2)]


def _moments(rows: list[tuple[Pair, int]]) -> Integers:
    return np.array([moment for _, moment in rows], dtype=np.int64)


def oracle(examples: list[tuple[Pair, int]], view: list[tuple[Pair, int]], ttl: int | None) -> list[int | None]:
    answers: list[int | None] = []
    for entity, moment in examples:
        known = [
            (seen, -row)
            for row, (other, seen) in enumerate(view)
            if None not in entity and other == entity and seen <= moment and (ttl is None or moment - seen <= ttl)
        ]
        answers.append(-max(known)[1] if known else NOTHING)
    return answers


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.tuples(st.one_of(KEYS, st.none()), KEYS), MOMENTS), max_size=8),
    st.lists(st.tuples(ENTITIES, MOMENTS), max_size=10),
    st.one_of(st.none(), st.integers(0, 5)),
    st.integers(1, 4),
)
def test_each_example_finds_what_a_plain_search_finds(
    examples: list[tuple[Pair, int]], view: list[tuple[Pair, int]], ttl: int | None, batch: int
) -> None:
    view = sorted(view, key=_in_order)
    assert join(examples, view, ttl, batch=batch, ties_in_order=True) == oracle(examples, view, ttl)


def _in_order(row: tuple[Pair, int]) -> tuple[list[bytes], int]:
    return [(text or "").encode() for text in row[0]], row[1]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-(2**40), 2**40), MOMENTS), max_size=8),
    st.lists(st.tuples(st.integers(-(2**40), 2**40), MOMENTS), max_size=10, unique=True),
    st.integers(1, 4),
)
def test_entities_may_be_any_whole_numbers(
    examples: list[tuple[int, int]], view: list[tuple[int, int]], batch: int
) -> None:
    view = sorted({*view, *((entity, 0) for entity, _ in examples)})
    batches = [
        Rows(
            entities=[pa.array([entity for entity, _ in part], pa.int64())],
            moments=np.array([moment for _, moment in part], dtype=np.int64),
            values=[pa.array([moment for _, moment in part], pa.int64())],
        )
        for start in range(0, len(view), batch)
        if (part := view[start : start + batch])
    ]
    sought = Sought(
        [pa.array([entity for entity, _ in examples], pa.int64())],
        np.array([moment for _, moment in examples], dtype=np.int64),
    )
    (found,), _ = newest(batches, sought, kinds=[pa.int64()])
    assert found.to_pylist() == [
        max((seen for other, seen in view if other == entity and seen <= moment), default=None)
        for entity, moment in examples
    ]


A: Pair = ("a", "b")
B: Pair = ("b", "b")


@pytest.mark.parametrize(
    "view",
    [
        [(B, 1), (A, 1)],
        [(A, 2), (A, 1)],
        [(A, 1), (A, 1)],
        [(A, 1), (A, 2), (B, 1), (A, 3)],
        [(A, 1), (A, 2), (A, 3), (A, 3)],
    ],
)
def test_rows_that_are_not_sorted_are_noticed(view: list[tuple[Pair, int]]) -> None:
    with pytest.raises(UnsortedError):
        join([(A, 3), (B, 3)], view)


@pytest.mark.parametrize(("seen", "found"), [(9, 0), (10, 0), (11, NOTHING)])
def test_what_is_known_at_the_very_moment_counts_and_what_comes_later_does_not(seen: int, found: int) -> None:
    assert join([(("a", "b"), 10)], [(("a", "b"), seen)]) == [found]


@pytest.mark.parametrize(("seen", "found"), [(4, NOTHING), (5, 0)])
def test_a_row_is_usable_until_its_time_to_live_has_passed(seen: int, found: int) -> None:
    assert join([(("a", "b"), 10)], [(("a", "b"), seen)], ttl=5) == [found]
