"""Ground truth from the line's own tables: labels that the spine knows by now, of predictions that were delivered."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from jobs.inputs import attach_all, snapshots_of
from jobs.main import Context
from runtime import engine, spine, tables
from runtime.engine import quoted
from runtime.features import sources_of
from runtime.monitoring import labels
from runtime.spine import SPINE
from runtime.windows import Window, scoring_window

_PREDICTIONS = "predictions"


def send(context: Context, snapshot: int) -> int:
    """Send each label that became known up to the end of what is scored, of predictions of the last ``keep_days`` in a
    snapshot of the predictions' table; return how many. Sent again by the next run, each still counts once.
    """
    found = list(_known(context, snapshot))
    labels.send(context.client("sqs"), context.arguments.ground_truth_queue, found)
    return len(found)


def _known(context: Context, snapshot: int) -> Iterator[Mapping[str, Any]]:
    line, dataset = context.bundle.definition, context.bundle.definition.dataset
    scored = scoring_window(line, context.parameters)
    since = scored.start - dt.timedelta(days=line.monitoring.ground_truth.keep_days)
    as_of = scored.end if dataset.label_known_at is not None else None
    until = scored.end if as_of is not None else scored.start  # without such a column, what is over is known
    curated, views = snapshots_of(context, "curation", "tables"), snapshots_of(context, "features", "views")
    with engine.connect(folder=context.folder) as connection:
        engine.seal(connection, context.folder)
        file = spine.spine_file(line.line)
        needed = sources_of(connection, sql=context.bundle.spine, file=file, curated=set(curated))
        attach_all(context, connection, {**curated, **views}, needed)
        spine.build(
            connection,
            bundle=context.bundle,
            parameters=context.parameters,
            windows=[Window(start=since, end=until)],
            views=dataset.features,
            task=dataset.task,
            as_of=as_of,
        )
        name = context.table(_PREDICTIONS)
        tables.attach(context.catalog, name, snapshot, connection=connection, name=_PREDICTIONS, folder=context.folder)
        known = quoted(dataset.label_known_at) if dataset.label_known_at is not None else "NULL"
        label, identity, at = (quoted(column) for column in (dataset.label, dataset.id, dataset.event_time))
        rows = engine.rows(
            connection,
            f"SELECT prediction_id, s.{label}, CAST({known} AS TIMESTAMPTZ) FROM {SPINE} AS s "  # noqa: S608 (quoted)
            f"JOIN {_PREDICTIONS} AS p ON p.id = s.{identity} AND p.event_time = s.{at} "
            f"WHERE s.{label} IS NOT NULL ORDER BY prediction_id",
        )
    for prediction_id, value, moment in rows:
        known_at = {} if moment is None else {"known_at": moment.astimezone(dt.UTC).isoformat()}
        yield {"prediction_id": prediction_id, "label": int(value) if dataset.task == "binary" else value, **known_at}
