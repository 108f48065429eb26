"""Delivers a run's predictions into a table of a SQL database."""

from __future__ import annotations

import sys

# isort: off
import jobs.packages  # noqa: F401 (installs what the others import, so it stands first)

# isort: on
import pyarrow as pa
import pyarrow.parquet as pq

from jobs.main import Context, run_job
from runtime.delivery import formats, sql_table
from runtime.paths import connection_name
from runtime.receipts import Receipt
from runtime.sources import endpoints
from runtime.sources.endpoints import Endpoint


def main() -> int:
    return run_job(
        "delivery",
        lambda arguments: f"delivery-{arguments.channel}",
        work,
        required=["channel", "database_connection", "table"],
    )


def work(context: Context) -> Receipt:
    given = context.arguments
    outputs = sql_table.deliver(_endpoint(context), given.table, _predictions(context))
    where = {"kind": "sql", "connection": given.database_connection, "table": given.table}
    return Receipt(station="delivery", status="succeeded", outputs={**where, **outputs})


def _endpoint(context: Context) -> Endpoint:
    given = context.arguments
    name = connection_name(given.environment, given.line, given.database_connection, given.channel)
    found = endpoints.resolve(
        context.client("glue"), context.client("secretsmanager"), connection=given.database_connection, name=name
    )
    assert isinstance(found, Endpoint)  # noqa: S101 (the stack lets no other kind be delivered into)
    return found


def _predictions(context: Context) -> pa.RecordBatchReader:
    """Return the run's predictions a batch at a time, from a copy on disk."""
    file = context.folder / "predictions.parquet"
    context.s3.download_file(context.paths.lake, context.paths.predictions_as("parquet"), str(file))
    stored = pq.ParquetFile(file)
    return pa.RecordBatchReader.from_batches(stored.schema_arrow, stored.iter_batches(batch_size=formats.BATCH))


if __name__ == "__main__" and (code := main()):
    sys.exit(code)
