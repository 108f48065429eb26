"""The Spark of a Glue job, where the line's engine is Spark; what it shares with the executors lies in the lake."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.main import Context
from runtime.cluster import Cluster
from runtime.engine import Connection
from runtime.paths import executors_prefix


@contextmanager
def cluster(context: Context, connection: Connection) -> Iterator[Cluster | None]:
    """Give a station Spark, or None where the line's engine is DuckDB; what it left in the lake is deleted after."""
    if context.arguments.engine != "spark":
        yield None
        return
    lake = None
    if context.endpoint is None:  # on AWS executors are other machines
        arguments = context.arguments
        prefix = executors_prefix(arguments.database, arguments.line, arguments.run)
        lake = Lake(context.s3, arguments.lake_bucket, prefix)
    found = Cluster(connection, context.folder, lake)
    try:
        yield found
    finally:
        found.close()
        if lake:
            lake.clear()


@dataclass(frozen=True)
class Lake:
    """Files below a prefix of the lake's bucket."""

    s3: Any
    bucket: str
    prefix: str

    def put(self, folder: Path, name: str) -> str:
        for file in sorted(folder.iterdir()):
            self.s3.upload_file(str(file), self.bucket, f"{self.prefix}{name}/{file.name}")
        return self.place(name)

    def place(self, name: str) -> str:
        return f"s3://{self.bucket}/{self.prefix}{name}"

    def get(self, name: str, folder: Path) -> None:
        for key in self._keys(f"{self.prefix}{name}/"):
            if key.endswith(".parquet"):
                self.s3.download_file(self.bucket, key, str(folder / key.rpartition("/")[2]))

    def clear(self) -> None:
        """Delete everything: it was for one run."""
        for key in self._keys(self.prefix):
            self.s3.delete_object(Bucket=self.bucket, Key=key)

    def _keys(self, prefix: str) -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]
