import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.asof import NOTHING, positions

Pair = tuple[str | None, str | None]

KEYS = st.sampled_from(["a", "b", "", "zz"])
ENTITIES = st.tuples(KEYS, KEYS)
MOMENTS = st.one_of(st.integers(-3, 8), st.integers(-(2**60), 2**60))


def join(examples: list[tuple[Pair, int]], view: list[tuple[Pair, int]], ttl: int | None = None) -> list[int]:
    found = positions(
        entities=_columns(examples),
        moments=np.array([moment for _, moment in examples], dtype=np.int64),
        view_entities=_columns(view),
        view_moments=np.array([moment for _, moment in view], dtype=np.int64),
        ttl=ttl,
    )
    return [int(position) for position in found]


def _columns(rows: list[tuple[Pair, int]]) -> list[pa.ChunkedArray]:
    return [pa.chunked_array([pa.array([entity[i] for entity, _ in rows], pa.string())]) for i in range(2)]


def oracle(examples: list[tuple[Pair, int]], view: list[tuple[Pair, int]], ttl: int | None) -> list[int]:
    answers = []
    for entity, moment in examples:
        known = [
            (seen, row)
            for row, (other, seen) in enumerate(view)
            if None not in entity and other == entity and seen <= moment and (ttl is None or moment - seen <= ttl)
        ]
        answers.append(max(known)[1] if known else NOTHING)
    return answers


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.tuples(st.one_of(KEYS, st.none()), KEYS), MOMENTS), max_size=8),
    st.lists(st.tuples(ENTITIES, MOMENTS), max_size=10, unique=True),
    st.one_of(st.none(), st.integers(0, 5)),
    st.booleans(),
)
def test_each_example_finds_what_a_plain_search_finds(
    examples: list[tuple[Pair, int]], view: list[tuple[Pair, int]], ttl: int | None, is_sorted: bool
) -> None:
    view = sorted(view) if is_sorted else view
    assert join(examples, view, ttl) == oracle(examples, view, ttl)


@pytest.mark.parametrize(("seen", "found"), [(9, 0), (10, 0), (11, NOTHING)])
def test_what_is_known_at_the_very_moment_counts_and_what_comes_later_does_not(seen: int, found: int) -> None:
    assert join([(("a", "b"), 10)], [(("a", "b"), seen)]) == [found]


@pytest.mark.parametrize(("seen", "found"), [(4, NOTHING), (5, 0)])
def test_a_row_is_usable_until_its_time_to_live_has_passed(seen: int, found: int) -> None:
    assert join([(("a", "b"), 10)], [(("a", "b"), seen)], ttl=5) == [found]
