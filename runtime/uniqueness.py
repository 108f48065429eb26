"""The exact test for values that stand twice: a sort of the key column and a comparison of neighbours.

A vectorised sort of ten million numbers takes a tenth of a second, where grouping them takes several. Only the key is
fetched, in batches, as 64-bit numbers: an integer as it is, anything else as its hash. Two keys can share a hash, so
the rows whose hashes repeat are then grouped by the keys themselves. Memory is bounded: a large table is looked at in
parts by the hash of its key, so that equal keys meet in one part, and a part that fills up drops its repetitions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from runtime import engine
from runtime.criteria import whole
from runtime.engine import Connection, quoted
from runtime.kinds import INTEGERS

CAPACITY = 16_000_000
"""Keys in memory at the same time: 128 MB."""
HASH = "hash"
"""The engine's function for a 64-bit hash of a key."""
_BATCH = 1_000_000
_FEW = 2048
"""Repeated keys that are looked up by a list; with more of them every key is grouped, which spills."""


def repetitions(
    connection: Connection,
    relation: str,
    columns: Sequence[str],
    *,
    kinds: Mapping[str, str],
    total: int,
    samples: int,
    capacity: int = CAPACITY,
) -> tuple[int, list[dict[str, Any]]]:
    """Return how many rows repeat the key of another (all but one of each key), and a few such keys.

    ``total`` is how many rows the relation has. A row with a null in its key repeats nothing.
    """
    plain = len(columns) == 1 and kinds[columns[0]] in INTEGERS
    key = f"{quoted(columns[0])}::BIGINT" if plain else f"{HASH}({', '.join(map(quoted, columns))})"
    source = f"FROM {quoted(relation)} WHERE {whole(columns)}"
    parts = max(1, -(-total // (capacity // 2)) if total > capacity else 1)
    failed, repeated = 0, []
    for part in range(parts):
        only = f" AND hash({key}) % {parts} = {part}" if parts > 1 else ""
        surplus, values = _repeated(
            connection,
            f"SELECT {key} AS k {source}{only}",
            size=min(total, capacity),
            signed=plain,
        )
        failed += surplus
        repeated.append(values if not plain else values[:samples])
    keys = np.concatenate(repeated) if repeated else np.empty(0, np.uint64)
    if not len(keys):
        return 0, []
    return _looked_up(
        connection, columns, key=key, keys=keys, source=source, samples=samples, known=failed if plain else None
    )


def _repeated(connection: Connection, query: str, *, size: int, signed: bool) -> tuple[int, Any]:
    """Return how many of a query's numbers repeat another, and which numbers do, in order."""
    buffer = np.empty(size, np.int64 if signed else np.uint64)
    filled, surplus = 0, 0
    found: list[Any] = []
    for numbers in _numbers(connection, query, buffer.dtype):
        rest = numbers
        while len(rest):
            if filled == len(buffer):
                filled, more, values = _compacted(buffer, filled)
                surplus += more
                found.append(values)
                if filled > len(buffer) // 2:  # far more different keys than were foreseen
                    buffer = np.concatenate([buffer, np.empty_like(buffer)])
            taken = rest[: len(buffer) - filled]
            buffer[filled : filled + len(taken)] = taken
            filled, rest = filled + len(taken), rest[len(taken) :]
    _, more, values = _compacted(buffer, filled)
    return surplus + more, np.unique(np.concatenate([*found, values]))


def _compacted(buffer: Any, filled: int) -> tuple[int, int, Any]:
    """Sort what is in the buffer and leave each number once; return how many are left, were dropped, and repeat."""
    numbers = buffer[:filled]
    numbers.sort()
    same = numbers[1:] == numbers[:-1]
    dropped = int(np.count_nonzero(same))
    if not dropped:
        return filled, 0, buffer[:0].copy()
    values = np.unique(numbers[1:][same])
    left = numbers[np.concatenate([[True], ~same])]
    buffer[: len(left)] = left
    return len(left), dropped, values


def _numbers(connection: Connection, query: str, kind: Any) -> Iterator[Any]:
    """Yield a query's numbers, batch by batch, as views of Arrow's memory (its ``to_numpy`` would import pandas)."""
    for batch in connection.sql(query).to_arrow_reader(_BATCH):
        column = batch.column(0)
        yield np.frombuffer(column.buffers()[1], dtype=kind, count=len(column), offset=column.offset * kind.itemsize)


def _looked_up(
    connection: Connection,
    columns: Sequence[str],
    *,
    key: str,
    keys: Any,
    source: str,
    samples: int,
    known: int | None,
) -> tuple[int, list[dict[str, Any]]]:
    """Group the rows whose numbers repeat by the keys themselves: which of them really do?"""
    names = ", ".join(map(quoted, columns))

    def grouped(few: Any) -> str:
        among = f" AND {key} IN ({', '.join(map(str, few.tolist()))})" if len(few) <= _FEW else ""
        return f"SELECT {names}, count(*) AS rows {source}{among} GROUP BY ALL HAVING count(*) > 1"

    if known is None:
        counted = engine.fetched(connection, f"SELECT coalesce(sum(rows - 1), 0)::BIGINT AS n FROM ({grouped(keys)})")  # noqa: S608
        known = int(counted["n"][0].as_py())
    few = keys if len(keys) <= _FEW else keys[:samples]
    shown: list[dict[str, Any]] = engine.fetched(connection, f"{grouped(few)} ORDER BY ALL LIMIT {samples}").to_pylist()
    return known, shown
