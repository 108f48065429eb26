"""Our curation of the flights: the line's SELECTs as a job runs them, each written as a table's files are."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT)]

import pyarrow.parquet as pq
from pyiceberg.io.pyarrow import _pyarrow_to_schema_without_ids
from pyiceberg.schema import assign_fresh_schema_ids

from bench.peers.reporting import reported
from config.loading import load_bundle
from config.sources import S3Source
from runtime import curation, engine, parquet
from runtime.schemas import stored
from runtime.sources.loaded import File, Object
from runtime.sources.loading import load_files


def main() -> None:
    folder = Path(sys.argv[1])
    bundle = load_bundle("flights")
    parameters = {name: one.default for name, one in bundle.definition.parameters.items()}
    rows = 0
    with tempfile.TemporaryDirectory() as name, engine.connect(folder=Path(name)) as connection, reported() as told:
        for source, declared in bundle.definition.sources.items():
            assert isinstance(declared, S3Source)
            files = [
                File(Object(bucket="raw", key=path.name, etag=""), version="", path=path)
                for path in sorted((folder / source).glob("*.parquet"))
            ]
            load_files(connection, source, declared.model_copy(update={"format": "parquet"}), files)
        for table in curation.made(
            connection, line="flights", statements=bundle.curation, sources=set(bundle.definition.sources)
        ):
            query = engine.query(connection, table.sql, parameters=parameters, file=table.file)
            columns = stored(engine.schema(connection, query), table.name)
            written = parquet.write(
                connection,
                query,
                columns=columns,
                schema=assign_fresh_schema_ids(_pyarrow_to_schema_without_ids(columns)),
                folder=Path(name),
                stem=table.name,
                partition="",
            )
            parquet.view(connection, table.name, columns=columns, files=written, where={})
            rows += sum(pq.read_metadata(file).num_rows for file in written) if table.name == "flights" else 0
        told["rows"] = rows


if __name__ == "__main__":
    main()
