"""The types that columns of a table have: what each becomes in Iceberg, its name in SQL, and which holds which."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from runtime.engine import quoted

_STORED = {
    pa.int8(): pa.int32(),
    pa.int16(): pa.int32(),
    pa.uint8(): pa.int32(),
    pa.uint16(): pa.int32(),
    pa.uint32(): pa.int64(),
    pa.uint64(): pa.int64(),
    pa.decimal128(38, 0): pa.int64(),  # DuckDB's HUGEINT, the type of a sum of integers
    pa.large_string(): pa.string(),
    pa.large_binary(): pa.binary(),
}
_NAMES = {
    pa.bool_(): "BOOLEAN",
    pa.int32(): "INTEGER",
    pa.int64(): "BIGINT",
    pa.float32(): "FLOAT",
    pa.float64(): "DOUBLE",
    pa.string(): "VARCHAR",
    pa.binary(): "BLOB",
    pa.date32(): "DATE",
    pa.time64("us"): "TIME",
    pa.timestamp("us"): "TIMESTAMP",
    pa.timestamp("us", "UTC"): "TIMESTAMPTZ",
}
_WIDENS = {(pa.int32(), pa.int64()), (pa.float32(), pa.float64())}

is_struct: Any = pa.types.is_struct
is_map: Any = pa.types.is_map


def is_list(kind: Any) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))


def as_stored(kind: Any) -> Any:
    """Return the type that a table has for a type, inside lists, maps and structs too.

    >>> as_stored(pa.list_(pa.int8()))
    ListType(list<element: int32>)
    """
    if pa.types.is_dictionary(kind):
        return as_stored(kind.value_type)
    if pa.types.is_timestamp(kind):  # Iceberg keeps a moment in UTC, whatever the zone it was written in
        return pa.timestamp("us", "UTC" if kind.tz else None)
    if is_list(kind):
        return pa.list_(pa.field("element", as_stored(kind.value_type)))
    if is_map(kind):
        return pa.map_(as_stored(kind.key_type), as_stored(kind.item_type))
    if is_struct(kind):
        return pa.struct([pa.field(field.name, as_stored(field.type), field.nullable) for field in kind])
    return _STORED.get(kind, kind)


def widens(old: Any, new: Any) -> bool:
    """Whether the new type holds every value of the old one, by Iceberg's rules: files of the old one stay readable.

    >>> widens(pa.int32(), pa.int64()), widens(pa.date32(), pa.timestamp("us")), widens(pa.int32(), pa.float64())
    (True, False, False)
    """
    if pa.types.is_decimal(old) and pa.types.is_decimal(new):
        return bool(old.scale == new.scale and old.precision < new.precision)
    return (old, new) in _WIDENS


def sql(kind: Any) -> str:
    """Return a type's name as a SELECT writes it.

    >>> sql(pa.struct([("at", pa.timestamp("us", "UTC")), ("tags", pa.list_(pa.string()))]))
    'STRUCT("at" TIMESTAMPTZ, "tags" VARCHAR[])'
    """
    if pa.types.is_decimal(kind):
        return f"DECIMAL({kind.precision},{kind.scale})"
    if is_list(kind):
        return f"{sql(kind.value_type)}[]"
    if is_map(kind):
        return f"MAP({sql(kind.key_type)}, {sql(kind.item_type)})"
    if is_struct(kind):
        return f"STRUCT({', '.join(f'{quoted(field.name)} {sql(field.type)}' for field in kind)})"
    return _NAMES.get(kind, str(kind).upper())


def identifier(name: str) -> str:
    """Return a column's name as a SELECT writes it: quoted only where it must be."""
    return name if name.isidentifier() else quoted(name)
