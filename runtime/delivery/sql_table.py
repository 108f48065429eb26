"""Delivery into a SQL table: staged, then merged by prediction id in one transaction.

A reader sees the table before or after a delivery, never between; a delivery that ends anywhere, or is done again,
changes nothing more; an older run never replaces what a newer one said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pyarrow as pa

from config.errors import LineError
from runtime.delivery.sql_statements import COLUMNS, STAGING, Statements
from runtime.sources.endpoints import Endpoint

INSERTED = 500
"""Rows of one INSERT, where there is no COPY from a client."""

Watch = Callable[[str], None]
"""Told the name of each step before it is done."""

_MENDS = {
    "08": "see that the database is up and that its network lets the job in",
    "28": "correct the user and the password in the connection's secret",
    "3D": "correct the connection's database",
    "3F": "create the schema, or correct the table's name",
    "42501": "let the connection's user use the schema, and create the table or insert, delete and select",
    "57": "the database was stopped or ended the session: start the run again",
    "40": "another session was in the way: start the run again",
}


def deliver(
    endpoint: Endpoint, table: str, batches: pa.RecordBatchReader, *, watch: Watch = lambda _: None
) -> dict[str, Any]:
    """Merge batches of predictions (columns ``formats.COLUMNS``) into ``schema.table``, made when it is missing.

    Returns how many were staged and how many of them a newer run had told already. Raises LineError; no text of it
    holds a value of a prediction.
    """
    schema, _, name = table.partition(".")
    sql = Statements("redshift" if endpoint.engine == "redshift" else "postgresql", schema, name)
    subject = f"delivery: table {table!r}: connection {endpoint.connection!r}"
    with _session(endpoint, subject, watch) as session:
        found = dict(session.rows("look", sql.columns()))
        if not found:
            session.do("create", sql.create())
        elif wrong := "; ".join(sql.unfit(found)):
            raise LineError(f"{subject}: {wrong}: change the table, or name another and let it be made")
        session.do("stage", sql.stage())
        count = session.load(sql, batches)
        if repeated := session.rows("repeated", sql.repeated())[0][0]:
            raise LineError(
                f"{subject}: {repeated} prediction ids are there more than once: add "
                "{check: unique, columns: [id], severity: error} under tests.predictions in line.yaml"
            )
        session.do("lock", sql.lock())
        superseded = int(session.rows("superseded", sql.superseded())[0][0])
        session.do("drop older", sql.drop_older())
        session.do("drop replaced", sql.drop_replaced())
        session.do("fill", sql.fill())
        session.commit()
    return {"count": count, "superseded": superseded}


class _Session:
    """One transaction of one connection."""

    def __init__(self, connection: Any, cursor: Any, watch: Watch) -> None:
        self._connection, self._cursor, self._watch = connection, cursor, watch

    def do(self, step: str, sql: str) -> None:
        self._watch(step)
        self._cursor.execute(sql)

    def rows(self, step: str, sql: str) -> list[tuple[Any, ...]]:
        self.do(step, sql)
        found: list[tuple[Any, ...]] = self._cursor.fetchall()
        return found

    def load(self, sql: Statements, batches: pa.RecordBatchReader) -> int:
        """Fill the staging table, by COPY or by INSERT; returns how many rows."""
        counted = _Counted(batches)
        if sql.engine == "postgresql":
            self._watch("load")
            self._cursor.adbc_ingest(STAGING, counted.reader, mode="append", temporary=True)
            return counted.rows
        for batch in counted.reader:
            for first in range(0, batch.num_rows, INSERTED):
                self.do("load", sql.insert(batch.slice(first, INSERTED).to_pylist()))
        return counted.rows

    def commit(self) -> None:
        self._watch("commit")
        self._connection.commit()


class _Counted:
    """Batches as they pass, counted, with the types of the table's columns."""

    def __init__(self, batches: pa.RecordBatchReader) -> None:
        self.rows = 0
        self._batches = batches
        fields = [pa.field(name, _wide(batches.schema.field(name).type)) for name in COLUMNS]
        self._schema = pa.schema(fields)
        self.reader = pa.RecordBatchReader.from_batches(self._schema, self._counted())

    def _counted(self) -> Iterator[pa.RecordBatch]:
        for batch in self._batches:
            self.rows += batch.num_rows
            yield batch.select(COLUMNS).cast(self._schema)


def _wide(kind: pa.DataType) -> pa.DataType:
    """The type that COPY sends: the database's own are 64 bits wide and know microseconds."""
    if pa.types.is_integer(kind):
        return pa.int64()
    return pa.timestamp("us", "UTC") if pa.types.is_timestamp(kind) else kind


@contextmanager
def _session(endpoint: Endpoint, subject: str, watch: Watch) -> Iterator[_Session]:
    """Open a connection whose work is taken back unless it is committed; its errors become LineErrors."""
    from adbc_driver_postgresql import dbapi

    step = "connect"

    def watched(name: str) -> None:
        nonlocal step
        step = name
        watch(name)

    try:
        with closing(dbapi.connect(endpoint.uri)) as connection, closing(connection.cursor()) as cursor:
            yield _Session(connection, cursor, watched)
    except dbapi.Error as error:
        raise LineError(f"{subject}: {_told(error, step)}") from None


def _told(error: Any, step: str) -> str:
    """Say what the database refused, without its message: that may hold values."""
    state = str(getattr(error, "sqlstate", None) or "")
    mend = next((mend for code, mend in _MENDS.items() if code and state.startswith(code)), "")
    if not state:
        return f"the step {step!r} failed without an answer: {_MENDS['08']}"
    return f"the database refused the step {step!r} with SQLSTATE {state}: {mend or 'see the log of the database'}"
