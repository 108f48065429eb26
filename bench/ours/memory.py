"""One step on a table of so many megabytes with so many for the engine: ``memory.py curate 256 1024``."""

from __future__ import annotations

import datetime as dt
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT)]

from pydantic import TypeAdapter
from pyiceberg.io.pyarrow import _pyarrow_to_schema_without_ids
from pyiceberg.schema import assign_fresh_schema_ids

from bench.peers.reporting import reported
from config.checks import Check
from config.line import FeatureView
from runtime import engine, features, inspection, parquet
from runtime.engine import Query
from runtime.schemas import stored
from runtime.view_history import History

ROW_BYTES = 64
"""What a row of the table takes in the engine's memory: five columns and a key of text."""
TABLE = """
    SELECT
        CAST(r AS BIGINT) AS id,
        'entity-' || CAST(hash(r) % 500000 AS VARCHAR) AS entity,
        TIMESTAMPTZ '2013-01-01' + to_microseconds(CAST(hash(r * 7) % 31536000000000 AS BIGINT)) AS moment,
        (hash(r * 3) % 1000000) / 1000.0 AS price,
        (hash(r * 5) % 1000000) / 1000.0 AS weight,
        CAST(hash(r * 11) % 5 AS INTEGER) AS grade
    FROM range({rows}) AS t(r)
"""
TESTS = [
    {"check": "key", "columns": ["id"], "severity": "error"},
    {"check": "unique", "columns": ["entity", "moment"], "severity": "warning"},
    {"check": "not_null", "column": "price", "severity": "error"},
    {"check": "range", "column": "price", "minimum": 0, "maximum": 1000, "severity": "error"},
    {"check": "accepted_values", "column": "grade", "values": [0, 1, 2, 3, 4], "severity": "error"},
    {"check": "pattern", "column": "entity", "pattern": "entity-[0-9]+", "severity": "error"},
]


def written(connection: engine.Connection, query: Query, folder: Path, name: str) -> None:
    """Write a query's rows as a table's files and make them the relation ``name``."""
    columns = stored(engine.schema(connection, query), name)
    schema = assign_fresh_schema_ids(_pyarrow_to_schema_without_ids(columns))
    files = parquet.write(
        connection, query, columns=columns, schema=schema, folder=folder, stem=f"{name}-files", partition=""
    )
    parquet.view(connection, name, columns=columns, files=files, where={})


def main() -> None:
    step, memory, megabytes = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    rows = megabytes * 1_000_000 // ROW_BYTES
    with tempfile.TemporaryDirectory() as name, engine.connect(memory=f"{memory}MB", folder=Path(name)) as connection:
        folder = Path(name)
        written(connection, Query(TABLE.format(rows=rows)), folder, "raw")
        if step == "join":
            view = FeatureView(entity=["entity"], event_time="moment")
            sql = "SELECT entity, moment, price, weight, grade FROM raw"
            built, _ = features.build(connection, line="bench", name="history", view=view, sql=sql, parameters={})
            written(connection, built, folder, "history")
        with reported(rows=rows) as told:
            match step:
                case "curate":
                    number = "row_number() OVER (PARTITION BY entity ORDER BY moment)"
                    sorted_rows = f"SELECT *, {number} AS n FROM raw ORDER BY entity, moment"
                    written(connection, Query(sorted_rows), folder, "curated")
                case "inspect":
                    checks = TypeAdapter(list[Check]).validate_python(TESTS)
                    results = inspection.inspect(connection, "raw", checks)
                    told["failed"] = sum(not result.passed for result in results)
                case _:
                    told["found"] = _join(connection)


def _join(connection: engine.Connection) -> int:
    """Join a hundred thousand examples with the history; return how many found something."""
    from runtime.asof import Sought, microseconds

    moment = dt.datetime(2013, 7, 1, tzinfo=dt.UTC)
    examples = engine.fetched(
        connection, "SELECT entity, $at AS moment FROM raw WHERE id % 97 = 0 LIMIT 100000", {"at": moment}
    ).combine_chunks()
    sought = Sought([examples["entity"].combine_chunks()], microseconds(examples["moment"].combine_chunks()))
    history = History(relation="history", entity=["entity"], event_time="moment", values=["price", "weight", "grade"])
    columns, _ = history.joined(connection, sought)
    return len(columns[0]) - int(columns[0].null_count)


if __name__ == "__main__":
    main()
