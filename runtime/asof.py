"""The point-in-time join, as positions: which row of a view was the newest that an example could know.

Every (entity, moment) becomes one whole number that sorts as the pair does, so that one binary search finds all
answers; views are stored sorted, so that most often nothing is left to sort.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Integers = npt.NDArray[np.int64]

NOTHING = -1


def positions(
    *,
    entities: Sequence[pa.ChunkedArray],
    moments: Integers,
    view_entities: Sequence[pa.ChunkedArray],
    view_moments: Integers,
    ttl: int | None = None,
) -> Integers:
    """Return for each example the view's row of its entity with the newest moment not after its own, else ``NOTHING``.

    Moments are microseconds; a row older than ``ttl`` of them is of no use. An example whose entity has a null finds
    nothing. The view has no null and no pair of entity and moment twice.
    """
    if len(view_moments) == 0 or len(moments) == 0:
        return np.full(len(moments), NOTHING)
    codes, view_codes = _codes(entities, view_entities)
    known = np.unique(view_moments)
    keys = codes * len(known) + (np.searchsorted(known, moments, side="right") - 1)
    view_keys = view_codes * len(known) + np.searchsorted(known, view_moments)
    order = None if _is_sorted(view_keys) else np.argsort(view_keys, kind="stable")
    found = np.searchsorted(view_keys if order is None else view_keys[order], keys, side="right") - 1
    rows = np.maximum(found, 0) if order is None else order[np.maximum(found, 0)]
    usable = (found >= 0) & (codes >= 0) & (view_codes[rows] == codes) & (view_moments[rows] <= moments)
    if ttl is not None:
        usable &= moments - view_moments[rows] <= ttl
    return np.where(usable, rows, NOTHING)


def _codes(entities: Sequence[pa.ChunkedArray], view_entities: Sequence[pa.ChunkedArray]) -> tuple[Integers, Integers]:
    """Number the entities of both sides alike; -1 where one has a null."""
    count = len(view_entities[0])
    total = np.zeros(count + len(entities[0]), dtype=np.int64)
    null = np.zeros(len(total), dtype=bool)
    for mine, theirs in zip(entities, view_entities, strict=True):
        both = pa.chunked_array([*theirs.chunks, *mine.chunks], type=theirs.type).combine_chunks()
        encoded = pc.dictionary_encode(both)
        encoded = encoded.combine_chunks() if isinstance(encoded, pa.ChunkedArray) else encoded
        indices = encoded.indices.fill_null(NOTHING).to_numpy(zero_copy_only=False).astype(np.int64)
        null |= indices == NOTHING
        total = _compact(total * max(len(encoded.dictionary), 1) + indices)
    total[null] = NOTHING
    return total[count:], total[:count]


def _compact(codes: Integers) -> Integers:
    """Keep the product of many columns' codes from overflowing; the order of the codes stays."""
    if codes.max(initial=0) < 1 << 31:
        return codes
    return np.unique(codes, return_inverse=True)[1].astype(np.int64)


def _is_sorted(keys: Integers) -> bool:
    return bool((keys[1:] >= keys[:-1]).all())
