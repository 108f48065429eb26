"""Our contestant: sources read, each curated table computed after those it reads and written as files of Parquet."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.peers.reporting import reported
from config.loading import load_bundle
from config.parameters import resolve
from runtime import curation, engine
from runtime.engine import literal, quoted
from runtime.sources.loaded import File, Object
from runtime.sources.loading import load_files

form, folder, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
shutil.rmtree(out, ignore_errors=True)
bundle = load_bundle("flights")
parameters = resolve(bundle.definition.parameters, {})
with reported() as told, engine.connect(folder=out) as connection:
    for name, source in bundle.definition.sources.items():
        files = [
            File(Object(bucket="raw", key=path.name, etag="", partition={}), version="", path=path)
            for path in sorted((folder / name).iterdir())
        ]
        load_files(connection, name, source.model_copy(update={"format": form}), files)  # type: ignore[arg-type]
    for table in curation.made(
        connection, line="flights", statements=bundle.curation, sources=set(bundle.definition.sources)
    ):
        query = engine.query(connection, table.sql, parameters=parameters, file=table.file)
        target = out / table.name
        target.mkdir(parents=True)
        options = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, FILE_SIZE_BYTES '512MB'"
        connection.execute(f"COPY ({query.text}) TO {literal(str(target))} ({options})", dict(query.parameters))
        files_of = literal(f"{target}/*.parquet")
        connection.execute(f"CREATE VIEW main.{quoted(table.name)} AS FROM read_parquet({files_of})")
    told["memory"] = engine.MEMORY
