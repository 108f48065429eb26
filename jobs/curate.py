"""The curation station: sources become curated tables, published only when their inspection lets them.

A table whose SELECT, parameters and inputs are what they were when it was published stays as it is.
"""

from __future__ import annotations

import sys

from jobs.main import Context, run_job
from jobs.raw import Raw
from runtime import curation, engine, freshness, inspection
from runtime.receipts import Receipt


def work(context: Context) -> Receipt:
    """Curate what is not fresh, audit each table and publish them together."""
    from jobs.publishing import Station

    line = context.paths.line
    with engine.connect(folder=context.folder) as connection:
        engine.seal(connection, context.folder)
        raw = Raw(context, connection)
        station = Station(context=context, name="curation", connection=connection)
        made = curation.made(connection, line=line, statements=context.bundle.curation, sources=set(raw.declared))
        inputs = {f"raw.{source}": raw.fingerprint(source) for source in raw.declared}
        for table in made:
            read = {name: inputs[name] for name in (*table.sources, *table.tables)}
            inputs[table.name] = freshness.fingerprint(
                statement=table.sql,
                parameters=context.used(table.parameters),
                inputs=read,
                code=context.arguments.code,
            )
            if station.reuse(table.name, inputs[table.name]):
                continue
            for name in table.sources:
                raw.load(name.removeprefix("raw."))
            for name in table.tables:
                station.attach(name)
            query = engine.query(connection, table.sql, parameters=context.parameters, file=table.file)
            if not station.audit(table.name, query, inputs[table.name]):
                break
        status = station.publish()
    return Receipt(
        station="curation",
        status=status,
        message=station.message(),
        inspections=inspection.recorded(station.results),
        outputs={"tables": station.outputs(), "sources": raw.told()},
    )


def main() -> int:
    return run_job("curation", "curation", work)


if __name__ == "__main__" and (code := main()):
    sys.exit(code)
