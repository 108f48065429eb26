# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "duckdb==2.0.0", "pyspark==4.1.1", "pyarrow==26.0.1", "pandas==3.0.0", "pydantic>=2.14", "pyyaml>=6",
#     "sqlglot==30.30.0",
# ]
# ///
"""The flights' curation on Spark, local[2]: the line's own SELECT, translated as `engine: spark` has it."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent.parent)]

from reporting import reported

from config.loading import load_bundle
from runtime import dialect, spark, spark_sources

folder = sys.argv[1]
bundle = load_bundle("flights")
parameters = {name: one.default for name, one in bundle.definition.parameters.items()}
columns = {name: source.all_columns for name, source in bundle.definition.sources.items()}
statements = dialect.statements(bundle, parameters, columns)
session = spark.session(memory="8g")
with tempfile.TemporaryDirectory() as target, reported() as told:
    for name, declared in columns.items():
        raw = spark_sources.Raw(format="parquet", files={(): [str(f) for f in sorted(Path(folder, name).iterdir())]})
        spark_sources.register(session, name, raw=raw, columns=declared)
    tables = dialect.schema(columns, statements)
    for one in statements:
        if one.kind == "curation":
            spark.compute(session, one, tables=tables, parameters=parameters, folder=target)
    told["rows"] = session.table("flights").count()
session.stop()
