"""The features station: views of curated snapshots, published offline, and their newest rows online."""

from __future__ import annotations

import datetime as dt
import sys

from jobs.main import Context, run_job
from runtime import engine, features, inspection, online
from runtime.curation import file_of
from runtime.receipts import Receipt
from runtime.windows import scoring_window


def work(context: Context) -> Receipt:
    """Build every view, audit each, publish them together, then bring the online store up to date."""
    from jobs.inputs import attach, curated_snapshots
    from jobs.publishing import Station, tables_of

    bundle, line = context.bundle, context.arguments.line
    station = Station(context=context, name="features")
    curated = curated_snapshots(context)
    views = bundle.definition.features
    features.check_names(views, curated, line)
    left_out: dict[str, int] = {}
    as_of = scoring_window(bundle.definition, context.parameters).end
    with engine.connect() as connection:
        reads: set[str] = set()
        for name in views:
            file = file_of(line, "features", name)
            reads |= features.sources_of(connection, sql=bundle.features[name], file=file, curated=set(curated))
        attach(context, connection, curated, reads)
        engine.seal(connection)
        for name, view in views.items():
            left_out[name] = features.build(
                connection,
                line=line,
                name=name,
                view=view,
                sql=bundle.features[name],
                parameters=context.parameters,
            )
            station.audit(name, engine.arrow(connection, name))
        status = station.publish()
        served = dict.fromkeys(views, 0)
        if status != "halted":
            client, version = context.client("dynamodb"), online.moment(dt.datetime.now(dt.UTC))
            for name, view in views.items():
                items = features.newest(connection, name=name, view=view, as_of=as_of, version=version)
                served[name] = online.write_newest(client, context.arguments.online_table, items)
            online.bring_up_to(client, context.arguments.online_table, as_of)
    outputs = {
        name: {**told, "online": served[name], "left_out": left_out[name]}
        for name, told in tables_of(station, list(views)).items()
    }
    return Receipt(
        station="features",
        status=status,
        message=station.message(),
        inspections=inspection.recorded(station.results),
        outputs={"views": outputs, "as_of": as_of.isoformat()},
    )


def main() -> int:
    return run_job("features", "features", work, required=("online_table",))


if __name__ == "__main__" and (code := main()):
    sys.exit(code)
