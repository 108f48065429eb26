"""Entities as whole numbers that sort as the entities do, alike for examples and for the rows of a feature view.

A single column of whole numbers, dates or moments is its own number. Anything else is numbered by its place among the
examples' distinct entities; a view's row of an entity that no example has gets -1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]

ABSENT = -1


class Numbering:
    """The numbers of the entities that some examples have; no column may hold a null."""

    def __init__(self, columns: Sequence[pa.Array]) -> None:
        self._is_plain = len(columns) == 1 and _is_whole(columns[0].type)
        self._columns = [] if self._is_plain else [_Column(column) for column in columns]
        self._levels: list[Integers] = []
        if self._is_plain:
            self.codes = whole(columns[0])
            return
        codes = self._columns[0].places(columns[0])
        for known, column in zip(self._columns[1:], columns[1:], strict=True):
            level, codes = np.unique(codes * len(known) + known.places(column), return_inverse=True)
            self._levels.append(level)
        self.codes = codes.astype(np.int64)

    def of(self, columns: Sequence[pa.Array]) -> Integers:
        """Return the number of each row of a view, ``ABSENT`` for an entity that no example has."""
        if self._is_plain:
            return whole(columns[0])
        starts = _starts(columns)
        firsts = [column.take(pa.array(starts)) for column in columns]
        codes = self._columns[0].places(firsts[0])
        for known, level, column in zip(self._columns[1:], self._levels, firsts[1:], strict=True):
            places = known.places(column)
            sought = codes * len(known) + places
            found = np.minimum(np.searchsorted(level, sought), len(level) - 1)
            codes = np.where((codes >= 0) & (places >= 0) & (level[found] == sought), found, ABSENT)
        return np.repeat(codes, np.diff(starts, append=len(columns[0])))

    @property
    def has_absent(self) -> bool:
        """Whether ``of`` can give ``ABSENT``."""
        return not self._is_plain


class _Column:
    """The distinct values of one column of the examples' entities, in order."""

    def __init__(self, values: pa.Array) -> None:
        distinct = values.unique()
        self._values = distinct.take(pc.sort_indices(distinct))
        self._numbers = whole(self._values) if _is_whole(values.type) else None

    def __len__(self) -> int:
        return len(self._values)

    def places(self, values: pa.Array) -> Integers:
        """Return where each value stands among the distinct ones, ``ABSENT`` for one that is not among them."""
        if self._numbers is not None:
            sought = whole(values)
            found = np.minimum(np.searchsorted(self._numbers, sought), len(self._numbers) - 1)
            return np.where(self._numbers[found] == sought, found, ABSENT)
        low, high = self._between(values)
        near = self._values.slice(low, high - low)
        found = pc.index_in(values, value_set=near).cast(pa.int64())
        return np.where(found.is_null().to_numpy(zero_copy_only=False), ABSENT, _numbers(found.fill_null(0)) + low)

    def _between(self, values: pa.Array) -> tuple[int, int]:
        """Return the stretch of the distinct values that can hold these: a view's batch spans few of its entities."""
        bounds = pc.min_max(values) if _has_order(values.type) else None
        if bounds is None:
            return 0, len(self._values)
        low = self._bisect(bounds["min"], right=False)
        return low, max(self._bisect(bounds["max"], right=True), low)

    def _bisect(self, value: Any, *, right: bool) -> int:
        low, high = 0, len(self._values)
        while low < high:
            middle = (low + high) // 2
            at = self._values[middle]
            goes_up = pc.less_equal(at, value) if right else pc.less(at, value)
            low, high = (middle + 1, high) if goes_up.as_py() else (low, middle)
        return low


def whole(column: pa.Array) -> Integers:
    """Return a column of whole numbers, dates or moments as integers."""
    if pa.types.is_boolean(column.type) or pa.types.is_integer(column.type):
        return _numbers(column.cast(pa.int64()))
    return _numbers(column.view(pa.int32() if pa.types.is_date32(column.type) else pa.int64()).cast(pa.int64()))


def _numbers(column: pa.Array) -> Integers:
    values: Integers = column.to_numpy(zero_copy_only=False)
    return values


def _is_whole(kind: pa.DataType) -> bool:
    types = pa.types
    return bool(
        (types.is_integer(kind) and kind != pa.uint64())
        or types.is_boolean(kind)
        or types.is_date32(kind)
        or types.is_timestamp(kind)
    )


def _has_order(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _starts(columns: Sequence[pa.Array]) -> Integers:
    """Return the rows at which another entity begins."""
    size = len(columns[0])
    differs = np.zeros(max(size - 1, 0), dtype=bool)
    for column in columns:
        changed = pc.not_equal(column.slice(1), column.slice(0, max(size - 1, 0)))
        differs |= changed.to_numpy(zero_copy_only=False).astype(bool)
    starts: Integers = np.flatnonzero(differs) + 1
    return np.concatenate(([0], starts)).astype(np.int64) if size else starts
