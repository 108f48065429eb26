"""The change of an Iceberg table's columns, in the same commit as the content that needs it.

``main`` is read with the table's current schema by Athena and others, so new columns may become current only together
with the snapshot that holds them: an audit branch gets its columns beside those that readers see.
"""

from __future__ import annotations

import pyarrow as pa
from pyiceberg.table import Transaction
from pyiceberg.table.update import SetCurrentSchemaUpdate

from runtime.schemas import SEVERITIES, changes, plain


def evolve(transaction: Transaction, schema: pa.Schema) -> None:
    """Give the table the columns of an agreed schema; whoever calls this has made sure that each change may be.

    Added and wider columns keep what the table holds. One that is gone or has another type is taken away, and comes
    back as a column of its own: files that are already there have null in it.
    """
    found = changes(schema, plain(transaction.table_metadata.schema().as_arrow()), "")
    broken = {change.column.split(".")[0] for change in found if SEVERITIES[change.kind] == "error"}
    if broken:
        with transaction.update_schema(allow_incompatible_changes=True) as update:
            for column in sorted(broken):
                update.delete_column((column,))
    if found:
        with transaction.update_schema() as update:
            update.union_by_name(schema)


def show(transaction: Transaction, schema_id: int) -> None:
    """Let readers see the columns of an earlier schema, or of the snapshot that they are about to see."""
    if transaction.table_metadata.current_schema_id != schema_id:
        transaction._stage((SetCurrentSchemaUpdate.model_validate({"schema-id": schema_id}),))  # no public way is there
