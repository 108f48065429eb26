"""The features station: views of curated snapshots, published offline, and their newest rows online.

A view whose SELECT, parameters and curated tables are what they were when it was published stays as it is.
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import jobs.packages  # noqa: F401 (installs what the others import, so it stands first)
from jobs.engine import distributed
from jobs.main import Context, run_job
from jobs.raw import Raw
from runtime import engine, features, freshness, inspection, online
from runtime.curation import file_of
from runtime.engine import Connection
from runtime.receipts import Receipt
from runtime.windows import scoring_window

if TYPE_CHECKING:
    from jobs.distributed import Distributed
    from jobs.inputs import Curated
    from jobs.publishing import Station


def work(context: Context) -> Receipt:
    """Build what is not fresh, audit each view, publish them together, then bring the online store up to date."""
    from jobs.inputs import Curated
    from jobs.publishing import Station

    views = context.bundle.definition.features
    with engine.connect(folder=context.folder) as connection:
        engine.seal(connection, context.folder)
        curated = Curated(context, connection)
        features.check_names(views, curated.snapshots, context.paths.line)
        station = Station(context=context, name="features", connection=connection, elsewhere=curated.snapshots)
        given: dict[str, int] = {}
        spark = distributed(context, Raw(context, connection))
        for name in views:
            if not _make(context, connection, station, curated, name=name, given=given, spark=spark):
                break
        status = station.publish()
        as_of = scoring_window(context.bundle.definition, context.parameters).end
        served = _serve(context, connection, station, as_of) if status != "halted" else dict.fromkeys(views, 0)
    outputs = {
        name: {**told, "online": served.get(name, 0), **_left_out(given, name, told)}
        for name, told in station.outputs().items()
    }
    return Receipt(
        station="features",
        status=status,
        message=station.message(),
        inspections=inspection.recorded(station.results),
        outputs={"views": outputs, "as_of": as_of.isoformat()},
    )


def _make(
    context: Context,
    connection: Connection,
    station: Station,
    curated: Curated,
    *,
    name: str,
    given: dict[str, int],
    spark: Distributed | None,
) -> bool:
    """Make a view unless it is fresh; returns False when its columns would break those who read it.

    ``given`` learns how many rows its SELECT gave.
    """
    view, sql = context.bundle.definition.features[name], context.bundle.features[name]
    file = file_of(context.paths.line, "features", name)
    reads = features.sources_of(connection, sql=sql, file=file, curated=set(curated.snapshots))
    named = engine.statement(connection, sql, file).named_parameters
    fingerprint = freshness.fingerprint(
        statement=f"{sql}\n{view.entity} {view.event_time}",
        parameters=context.used(sorted(named)),
        inputs={table: str(curated.snapshots[table]) for table in sorted(reads)},
        code=context.arguments.code,
    )
    if station.reuse(name, fingerprint):
        return True
    if spark is not None:
        for table in reads:
            spark.table(table, curated.snapshots[table])
        sql = spark.query(name).text
    else:
        curated.attach(reads)
    query, given[name] = features.build(
        connection, line=context.paths.line, name=name, view=view, sql=sql, parameters=context.parameters
    )
    return station.audit(name, query, fingerprint)


def _left_out(given: Mapping[str, int], name: str, told: Mapping[str, Any]) -> dict[str, int]:
    """Return how many rows of a view's SELECT were left out, as no example could find them; nothing if it is fresh."""
    return {"left_out": given[name] - told["rows"] - told.get("quarantined", 0)} if name in given else {}


def _serve(context: Context, connection: Connection, station: Station, as_of: dt.datetime) -> dict[str, int]:
    """Put each entity's newest row of every view online; return how many entities each view has there."""
    client, served = context.client("dynamodb"), {}
    version = online.moment(dt.datetime.now(dt.UTC))
    for name, view in context.bundle.definition.features.items():
        station.attach(name)
        items = features.newest(connection, name=name, view=view, as_of=as_of, version=version)
        served[name] = online.write_newest(client, context.arguments.online_table, items)
    online.bring_up_to(client, context.arguments.online_table, as_of)
    return served


def main() -> int:
    return run_job("features", "features", work, required=("online_table",))


if __name__ == "__main__" and (code := main()):
    sys.exit(code)
