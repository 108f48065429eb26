"""Parquet files on this machine: DuckDB writes and reads them, Iceberg is told what they hold.

Rows never pass through Python: DuckDB streams a query into files and reads files as a view, so that memory stays
bounded whatever the size of a table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.io.pyarrow import (
    compute_statistics_plan,
    data_file_statistics_from_parquet_metadata,
    parquet_path_to_id_mapping,
)
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.schema import Schema
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.types import ListType, MapType, NestedField, StructType

from config.errors import LineError
from runtime import engine
from runtime.column_types import sql
from runtime.engine import Connection, Query, literal, quoted

_FORMAT = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, RETURN_STATS"
_LARGEST_FILE = "512MB"


def write(
    connection: Connection, query: Query, *, columns: pa.Schema, schema: Schema, folder: Path, stem: str, partition: str
) -> list[Path]:
    """Write what a query gives as files of the ``columns``, with the field ids of the Iceberg schema.

    With ``partition``, a column, each file holds one of its values. No row gives no file. Raises LineError naming the
    query's file when a row cannot be computed or a value does not fit its column.
    """
    chosen = ", ".join(_cast(field) for field in columns)
    ids = ", ".join(f"{quoted(name)}: {_ids(schema.find_field(name))}" for name in columns.names)
    target = folder / stem
    options = f"PARTITION_BY ({quoted(partition)}), WRITE_PARTITION_COLUMNS true" if partition else ""
    options = options or f"FILE_SIZE_BYTES '{_LARGEST_FILE}'"
    target.mkdir(parents=True)
    rows = f"SELECT {chosen} FROM ({query.text}\n)"  # noqa: S608 (quoted names, the line's own SELECT)
    copy = f"COPY ({rows}) TO {literal(str(target))} ({_FORMAT}, {options}, FIELD_IDS {{{ids}}})"
    try:
        told = engine.rows(connection, copy, query.parameters)
    except duckdb.Error as error:
        raise LineError(engine.mistake(error, query.file)) from None
    files = [Path(str(row[0])) for row in told if row[1]]
    return [file.rename(folder / f"{stem}-{i:05}.parquet") for i, file in enumerate(sorted(files))]


def view(
    connection: Connection, name: str, *, columns: pa.Schema, files: Sequence[Path], where: Mapping[str, str]
) -> None:
    """Make the files' rows the relation ``name``; a column that a file lacks is null in its rows.

    ``where`` keeps the rows in which columns have these values, written as text.
    """
    if files:
        held = {column for file in files for column in pq.read_schema(file).names}
        chosen = ", ".join(_cast(field) if field.name in held else _null(field) for field in columns)
        paths = ", ".join(literal(str(file)) for file in files)
        rows = f"SELECT {chosen} FROM read_parquet([{paths}], union_by_name = true, hive_partitioning = false)"  # noqa: S608
        kept = [f"CAST({quoted(column)} AS VARCHAR) = {literal(value)}" for column, value in where.items()]
        rows += f" WHERE {' AND '.join(kept)}" if kept else ""
    else:
        rows = f"SELECT {', '.join(_null(field) for field in columns)} WHERE false"
    connection.execute(f"CREATE OR REPLACE VIEW {quoted(name)} AS {rows}")


def described(file: Path, uri: str, metadata: TableMetadata) -> DataFile:
    """Return what Iceberg keeps of a file that was uploaded to a URI: rows, sizes, bounds, its partition."""
    schema, footer = metadata.schema(), pq.read_metadata(file)
    statistics = data_file_statistics_from_parquet_metadata(
        parquet_metadata=footer,
        stats_columns=compute_statistics_plan(schema, metadata.properties),
        parquet_column_mapping=parquet_path_to_id_mapping(schema),
    )
    return DataFile.from_args(
        content=DataFileContent.DATA,
        file_path=uri,
        file_format=FileFormat.PARQUET,
        partition=statistics.partition(metadata.spec(), schema),
        file_size_in_bytes=file.stat().st_size,
        sort_order_id=None,
        spec_id=metadata.default_spec_id,
        equality_ids=None,
        key_metadata=None,
        **statistics.to_serialized_dict(),
    )


def _cast(field: Any) -> str:
    return f"CAST({quoted(field.name)} AS {sql(field.type)}) AS {quoted(field.name)}"


def _null(field: Any) -> str:
    return f"CAST(NULL AS {sql(field.type)}) AS {quoted(field.name)}"


def _ids(field: NestedField) -> str:
    """Return a column's field id, and those of what it holds, as COPY takes them."""
    kind, inner = field.field_type, []
    if isinstance(kind, StructType):
        inner = [f"{quoted(part.name)}: {_ids(part)}" for part in kind.fields]
    elif isinstance(kind, ListType):
        inner = [f"element: {_ids(kind.element_field)}"]
    elif isinstance(kind, MapType):
        inner = [f"key: {_ids(kind.key_field)}", f"value: {_ids(kind.value_field)}"]
    if not inner:
        return str(field.field_id)
    return "{" + ", ".join([f"__duckdb_field_id: {field.field_id}", *inner]) + "}"
