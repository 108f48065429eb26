"""The features station: views of curated snapshots, published offline, and their newest rows online."""

from __future__ import annotations

import sys

from jobs.main import Context, run_job
from runtime import engine, features, inspection, online
from runtime.curation import file_of
from runtime.receipts import Receipt
from runtime.windows import scoring_window


def work(context: Context) -> Receipt:
    """Build every view, audit each, publish them together, then bring the online store up to date."""
    from jobs.inputs import curated_snapshots, register_curated
    from jobs.publishing import Station, tables_of

    bundle, line = context.bundle, context.arguments.line
    station = Station(context=context, name="features")
    curated = curated_snapshots(context)
    views = bundle.definition.features
    features.check_names(views, curated, line)
    with engine.connect() as connection:
        reads: set[str] = set()
        for name in views:
            file = file_of(line, "features", name)
            reads |= features.sources_of(connection, sql=bundle.features[name], file=file, curated=set(curated))
        register_curated(context, connection, curated, reads)
        engine.seal(connection)
        for name, view in views.items():
            history = features.build(
                connection,
                line=line,
                name=name,
                view=view,
                sql=bundle.features[name],
                parameters=context.parameters,
            )
            station.audit(name, history)
        status = station.publish()
        served = dict.fromkeys(views, 0)
        if status != "halted":
            as_of = scoring_window(bundle.definition, context.parameters).end
            client = context.client("dynamodb")
            for name, view in views.items():
                items = features.newest(connection, name=name, view=view, as_of=as_of)
                served[name] = online.write_newest(client, context.arguments.online_table, items)
    outputs = {name: {**told, "online": served[name]} for name, told in tables_of(station, list(views)).items()}
    return Receipt(
        station="features",
        status=status,
        message=station.message(),
        inspections=inspection.recorded(station.results),
        outputs={"views": outputs},
    )


def main() -> int:
    return run_job("features", "features", work, required=("online_table",))


if __name__ == "__main__" and (code := main()):
    sys.exit(code)
