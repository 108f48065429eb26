"""The curation station: raw files become curated tables, published only when their inspection lets them."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from jobs.main import Context, run_job
from runtime import curation, engine, inspection
from runtime.receipts import Receipt
from runtime.sources.loaded import Loaded
from runtime.sources.loading import Origins, load_all


def work(context: Context) -> Receipt:
    """Curate every table of the line, audit each and publish them together."""
    from jobs.publishing import Station, tables_of

    bundle, line = context.bundle, context.arguments.line
    station = Station(context=context, name="curation")
    with tempfile.TemporaryDirectory() as folder, engine.connect() as connection:
        loaded = _load(context, connection, Path(folder))
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
            "sources": {name: source.told() for name, source in loaded.items()},
        },
    )


def _load(context: Context, connection: engine.Connection, folder: Path) -> dict[str, Loaded]:
    origins = Origins(
        line=context.arguments.line,
        environment=context.arguments.environment,
        raw_bucket=context.arguments.raw_bucket,
        database=context.arguments.database,
        client=context.client,
        catalog=lambda: context.catalog,
    )
    declared = context.bundle.definition.sources
    return load_all(connection, declared, origins=origins, parameters=context.parameters, folder=folder)


def main() -> int:
    return run_job("curation", "curation", work)


if __name__ == "__main__" and (code := main()):
    sys.exit(code)
