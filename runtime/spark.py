"""The second engine: Spark, set so that values are those of DuckDB, and what it finds wrong as one line.

pyspark is imported here only, and only when a session is asked for: whatever runs DuckDB never needs it.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from config.errors import LineError
from runtime import dialect
from runtime.dialect import Columns, Statement

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_LTZ",
    "spark.sql.ansi.enabled": "true",  # an overflow or a bad cast fails, as in DuckDB, instead of becoming null
    "spark.sql.caseSensitive": "false",
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
}
"""What values depend on; set on whatever session there is."""

_LOCAL = {
    "spark.master": "local[*]",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.catalogImplementation": "in-memory",
    "spark.sql.shuffle.partitions": "8",
}


def missing() -> str:
    """Return what this machine lacks for Spark, or nothing."""
    if find_spec("pyspark") is None:
        return "pyspark is not installed: install it with `uv sync --inexact --group spark`"
    if shutil.which("java") is None and not os.environ.get("JAVA_HOME"):
        return "there is no Java: install version 17, for example `apt-get install openjdk-17-jre-headless`"
    return ""


def session(*, memory: str = "2g") -> SparkSession:
    """Return the session of the job's cluster, or one on this machine; raises LineError where Spark cannot run.

    ``memory`` is what a session on this machine may use.
    """
    if lack := missing():
        raise LineError(f"engine: 'spark' cannot run here, {lack}; or let the line's engine be duckdb")
    from pyspark.sql import SparkSession

    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL)  # it prints each error that is raised anyway
    builder = SparkSession.builder.appName("assembly-line")
    if "GLUE_VERSION" not in os.environ and SparkSession.getActiveSession() is None:
        local = {**_LOCAL, "spark.driver.memory": memory, "spark.sql.warehouse.dir": tempfile.gettempdir()}
        for name, value in local.items():
            builder = builder.config(name, value)
    found = builder.getOrCreate()
    for name, value in SETTINGS.items():
        found.conf.set(name, value)
    found.sparkContext.setLogLevel("OFF")
    return found


def compute(
    session: SparkSession,
    statement: Statement,
    *,
    tables: Mapping[str, Columns],
    parameters: Mapping[str, object],
    folder: str,
) -> list[str]:
    """Write what a SELECT gives as Parquet files (zstd) below ``folder``, a path or an s3:// prefix; return the files.

    From then on they are the view of its name: who reads it does not compute it again. ``tables`` are the columns of
    everything that it reads (``dialect.schema``), which are views of the session by then. Raises LineError for what is
    not portable or fails.
    """
    text = dialect.to_spark(
        statement.sql, file=statement.file, tables=tables, columns=statement.columns, parameters=parameters
    )
    place = f"{folder.rstrip('/')}/{statement.name}"
    with failing(statement.file):
        made = session.sql(text, args=dialect.used(statement.sql, parameters))
        made.write.mode("overwrite").parquet(place)
        stored = session.read.schema(made.schema).parquet(place)
        stored.createOrReplaceTempView(statement.name)
        return sorted(stored.inputFiles())


@contextmanager
def failing(file: str) -> Iterator[None]:
    """Turn what Spark finds wrong into a LineError of one line that names the file."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        yield
    except (PySparkException, Py4JError) as error:
        raise LineError(f"{file}: Spark: {told(_messages(error))}: correct the SELECT or the data") from None


def _messages(error: Exception) -> list[str]:
    """Return what was found wrong, outermost first: of an error within a task Spark keeps the cause in Java."""
    cause = vars(error).get("java_exception")
    found = [] if cause is not None else [str(error)]
    while cause is not None:
        found.append(str(cause.getMessage()))
        cause = cause.getCause()
    return found


def told(messages: Sequence[str]) -> str:
    """Return the two outermost sentences that tell something, of Spark's many lines.

    >>> told(["[DIVIDE_BY_ZERO] Division by zero. Use `try_divide` to tolerate it. SQLSTATE: 22012\\n== SQL =="])
    'Division by zero'
    """
    sentences = []
    for message in messages:
        first = next((line.strip() for line in message.splitlines() if line.strip().startswith("[")), "")
        if first:
            sentences.append(first.partition("] ")[2].partition(". ")[0].partition(" SQLSTATE")[0].rstrip(". "))
    lines = messages[0].splitlines() if messages else []
    return ": ".join(sentences[:2]) or (lines[0] if lines else "it failed")
