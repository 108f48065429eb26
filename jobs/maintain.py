"""Maintains the tables of a line: expires, compacts, removes what nothing refers to; started by a schedule."""

from __future__ import annotations

import datetime as dt
import sys
import tempfile
import traceback
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from config.environment import Snapshots
from jobs.main import Context, PartsError, run_job
from runtime import captured, holders, maintenance, unforeseen
from runtime.captured import Loaded
from runtime.maintenance import Done, Keeper
from runtime.receipts import Receipt

REQUIRED = ("ledger_table", "model_group", "state_machine", "retention", "dry_run")


def main() -> int:
    return run_job("maintenance", "maintenance", work, required=REQUIRED)


def work(context: Context) -> Receipt:
    """Load what was captured, then maintain every table; one that fails does not keep the others from it."""
    done, failures = [], dict[str, Exception]()
    loaded = None
    try:
        loaded = _load(context)
    except Exception as error:  # noqa: BLE001 (it is told when the tables are done)
        failures[captured.TABLE] = error
    for table, outcome in _outcomes(context):
        if isinstance(outcome, Done):
            print(outcome)
            done.append(outcome)
        else:
            failures[table] = outcome
    for failure in failures.values():
        traceback.print_exception(failure)
    if failures:
        raise PartsError("; ".join(f"{table}: {unforeseen.told(failure)}" for table, failure in failures.items()))
    return Receipt(
        station="maintenance",
        status="succeeded",
        outputs={
            "dry_run": context.arguments.dry_run == "yes",
            "captured": asdict(loaded) if loaded else None,
            "tables": [asdict(table) for table in done],
        },
    )


def _load(context: Context) -> Loaded:
    """Bring the table of captured events up to date; in a dry run, count the objects that wait for it."""
    loader = captured.Loader(
        catalog=context.catalog,
        s3=context.s3,
        lake=context.arguments.lake_bucket,
        line=context.arguments.line,
        table=context.table(captured.TABLE),
        run=context.paths.run,
    )
    if context.arguments.dry_run == "yes":
        return Loaded(objects=len(loader.waiting()), rows=0)
    loaded = loader.load()
    print(loaded)
    return loaded


def _outcomes(context: Context) -> Iterator[tuple[str, Done | Exception]]:
    arguments, keeper = context.arguments, _keeper(context)
    busy = maintenance.under_way(context.client("stepfunctions"), arguments.state_machine)
    names = maintenance.tables(
        context.s3,
        context.catalog,
        lake=arguments.lake_bucket,
        database=arguments.database,
        line=arguments.line,
    )
    for name in names:
        try:
            if arguments.dry_run == "yes":
                yield name, keeper.look(name, busy=busy)
            else:
                with tempfile.TemporaryDirectory() as folder:
                    yield (
                        name,
                        keeper.maintain(name, order=_order(context, name), folder=Path(folder), busy=busy),
                    )
        except Exception as error:  # noqa: BLE001 (it is told when the other tables are done)
            yield name, error


def _keeper(context: Context) -> Keeper:
    arguments, now = context.arguments, dt.datetime.now(dt.UTC)
    retention = Snapshots.model_validate_json(arguments.retention)
    line = holders.Line(
        name=arguments.line,
        lake=arguments.lake_bucket,
        ledger=arguments.ledger_table,
        group=arguments.model_group,
        s3=context.s3,
        dynamodb=context.client("dynamodb"),
        sagemaker=context.client("sagemaker"),
    )
    return Keeper(
        catalog=context.catalog,
        s3=context.s3,
        lake=arguments.lake_bucket,
        line=arguments.line,
        retention=retention,
        holders=holders.holders(line, now=now, dataset_days=retention.dataset_days),
        now=now,
    )


def _order(context: Context, name: str) -> list[str]:
    """Return how a table's rows are sorted: a feature view's by entity and event time, others as they come."""
    table = name.rpartition(".")[2].removeprefix(f"{context.arguments.line}_")
    view = context.bundle.definition.features.get(table)
    return [*view.entity, view.event_time] if view else []


if __name__ == "__main__" and (code := main()):
    sys.exit(code)
