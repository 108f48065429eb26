# /// script
# requires-python = ">=3.11"
# dependencies = ["pyspark==4.1.1"]
# ///
"""The line's SELECTs as we translate them for Spark, on this machine; its start is not timed."""

import json
import shutil
import sys
from pathlib import Path

from pyspark.sql import SparkSession
from reporting import reported

form, folder, out, statements = sys.argv[1:5]
shutil.rmtree(out, ignore_errors=True)
told = json.loads(Path(statements).read_text())
settings = {
    "spark.master": "local[2]",
    "spark.driver.memory": "4g",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.shuffle.partitions": "8",
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
}
builder = SparkSession.builder
for name, value in settings.items():
    builder = builder.config(name, value)
session = builder.getOrCreate()
with reported():
    for name in told["sources"]:
        session.read.parquet(f"{folder}/{name}").createOrReplaceTempView(f"raw__{name}")
    for name, sql in told["spark"].items():
        session.sql(sql).write.parquet(f"{out}/{name}")
        session.read.parquet(f"{out}/{name}").createOrReplaceTempView(name)
session.stop()
