"""What a table may hold, and how its columns may change from one content to the next."""

from __future__ import annotations

import pyarrow as pa

from config.errors import LineError

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
    pa.timestamp("s"): pa.timestamp("us"),
    pa.timestamp("ms"): pa.timestamp("us"),
    pa.timestamp("ns"): pa.timestamp("us"),
}
_WIDENS = {(pa.int32(), pa.int64()), (pa.float32(), pa.float64())}


def stored(content: pa.Table, table: str) -> pa.Table:
    """Return the content in the types that an Iceberg table has; raises LineError for a column that fits none."""
    schema = plain(content.schema)
    for field in schema:
        if pa.types.is_null(field.type) or pa.types.is_interval(field.type) or pa.types.is_duration(field.type):
            raise LineError(
                f"table {table!r}: column {field.name!r} has the type {field.type}, which no table can hold: "
                "cast it, for example to double or varchar"
            )
    return _cast(content, schema, table)


def plain(schema: pa.Schema) -> pa.Schema:
    """Return the schema in the types that a table has, without field ids."""
    kinds = {field.name: field.type for field in schema}
    plain = {name: kind.value_type if pa.types.is_dictionary(kind) else kind for name, kind in kinds.items()}
    return pa.schema([pa.field(name, _STORED.get(kind, kind)) for name, kind in plain.items()])


def agreed(content: pa.Table, existing: pa.Schema, table: str) -> pa.Table:
    """Return the content with the types of the table that it will replace.

    A column may be added and a number may widen; a column that is gone or has another type raises LineError, because
    readers of the table rely on it.
    """
    fields = {field.name: field for field in content.schema}
    for old in existing:
        new = fields.get(old.name)
        if new is None:
            raise LineError(
                f"table {table!r}: column {old.name!r} is gone, but readers of the published table may rely on it: "
                f"keep it (null as {old.name} is enough) or give the table a new name"
            )
        if (new.type, old.type) in _WIDENS:
            fields[old.name] = new.with_type(old.type)
        elif new.type != old.type and (old.type, new.type) not in _WIDENS:
            raise LineError(
                f"table {table!r}: column {old.name!r} has the type {new.type}, expected {old.type} as published: "
                "cast it, or give the column a new name"
            )
    return _cast(content, pa.schema([fields[name] for name in content.column_names]), table)


def is_wider(new: pa.Schema, existing: pa.Schema) -> bool:
    """Whether the table's schema must change before it can hold the new content."""
    return any(
        existing.get_field_index(field.name) < 0 or existing.field(field.name).type != field.type for field in new
    )


def _cast(content: pa.Table, schema: pa.Schema, table: str) -> pa.Table:
    try:
        return content.cast(schema)
    except pa.ArrowInvalid as error:
        raise LineError(f"table {table!r}: {error}: cast the column in its SELECT") from None
