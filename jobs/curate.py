"""The curation station: raw files become curated tables, published only when their inspection lets them."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from jobs.main import Context, run_job
from runtime import curation, engine, inspection, sources
from runtime.receipts import Receipt
from runtime.sources import Loaded


def work(context: Context) -> Receipt:
    """Curate every table of the line, audit each and publish them together."""
    from jobs.publishing import Station, tables_of

    bundle, line = context.bundle, context.arguments.line
    station = Station(context=context, name="curation")
    with engine.connect() as connection:
        loaded = _load(context, connection)
        engine.seal(connection)
        names = curation.curate(
            connection,
            line=line,
            statements=bundle.curation,
            sources=set(loaded),
            parameters=context.parameters,
        )
        for name in names:
            station.audit(name, engine.arrow(connection, name))
    status = station.publish()
    return Receipt(
        station="curation",
        status=status,
        message=station.message(),
        inspections=inspection.recorded(station.results),
        outputs={
            "tables": tables_of(station, names),
            "sources": {name: _told(source) for name, source in loaded.items()},
        },
    )


def _load(context: Context, connection: engine.Connection) -> dict[str, Loaded]:
    loaded = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, source in context.bundle.definition.sources.items():
            files = sources.download(
                context.s3,
                bucket=context.arguments.raw_bucket,
                line=context.arguments.line,
                source=name,
                folder=Path(folder),
            )
            loaded[name] = sources.load(connection, name, source, files)
    return loaded


def _told(source: Loaded) -> dict[str, object]:
    objects = [{"uri": file.uri, "version": file.version, "etag": file.etag} for file in source.files]
    return {"files": len(source.files), "rows": source.rows, "fingerprint": source.fingerprint, "objects": objects}


def main() -> int:
    return run_job("curation", "curation", work)


if __name__ == "__main__" and (code := main()):
    sys.exit(code)
