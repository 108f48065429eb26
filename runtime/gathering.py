"""The values that a join finds, put at the places of their examples while they stream by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from runtime.entities import Booleans, Integers


class Gathered:
    """``size`` places for the values of some columns; a place that nothing is put at stays null."""

    def __init__(self, size: int, kinds: Sequence[pa.DataType]) -> None:
        self._filled: Booleans = np.zeros(size, dtype=bool)
        self._columns: list[_Column] = [
            _Numbers(self._filled, kind) if _is_number(kind) else _Others(size, kind) for kind in kinds
        ]

    def add(self, places: Integers, found: Integers, values: Sequence[pa.Array]) -> None:
        """Put row ``found[i]`` of the values at ``places[i]``; no place is filled twice."""
        if len(places):
            self._filled[places] = True
            for column, array in zip(self._columns, values, strict=True):
                column.add(places, found, array)

    def columns(self) -> list[pa.Array]:
        """Return the columns; ends the gathering."""
        return [column.array() for column in self._columns]


class _Column(Protocol):
    def add(self, places: Integers, found: Integers, values: pa.Array) -> None: ...

    def array(self) -> pa.Array: ...


class _Numbers:
    """Numbers of a fixed width, in one array from the start."""

    def __init__(self, filled: Booleans, kind: pa.DataType) -> None:
        self._filled, self._kind = filled, kind
        self._values: Any = np.zeros(len(filled), dtype=kind.to_pandas_dtype())
        self._null: Booleans | None = None

    def add(self, places: Integers, found: Integers, values: pa.Array) -> None:
        if values.null_count:
            if self._null is None:
                self._null = np.zeros(len(self._filled), dtype=bool)
            self._null[places] = values.is_null().to_numpy(zero_copy_only=False)[found]
            values = values.fill_null(0)
        self._values[places] = values.to_numpy()[found]

    def array(self) -> pa.Array:
        known = self._filled if self._null is None else self._filled & ~self._null
        validity = None if known.all() else pa.py_buffer(np.packbits(known, bitorder="little"))
        return pa.Array.from_buffers(self._kind, len(known), [validity, pa.py_buffer(self._values)])


class _Others:
    """Texts and whatever else, in pieces that are put in order at the end."""

    def __init__(self, size: int, kind: pa.DataType) -> None:
        self._size, self._kind = size, kind
        self._places: list[Integers] = []
        self._pieces: list[pa.Array] = []

    def add(self, places: Integers, found: Integers, values: pa.Array) -> None:
        self._places.append(places)
        self._pieces.append(values.take(pa.array(found)))

    def array(self) -> pa.Array:
        if not self._pieces:
            return pa.nulls(self._size, self._kind)
        where = np.full(self._size, -1, dtype=np.int64)
        given = np.concatenate(self._places)
        where[given] = np.arange(len(given))
        taken = pc.take(pa.chunked_array(self._pieces, self._kind), pa.array(where, mask=where < 0))
        return taken.combine_chunks() if isinstance(taken, pa.ChunkedArray) else taken


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_float32(kind) or pa.types.is_float64(kind))
