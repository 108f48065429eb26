"""A lake with tables that change as runs change them, made with Iceberg's own library alone."""

from __future__ import annotations

import datetime as dt
import tempfile
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.io.pyarrow import _dataframe_to_data_files
from pyiceberg.table import Table

from config.environment import Snapshots
from runtime import tables
from runtime.maintenance import Done, Keeper
from tests.moto_server import REGION, Aws


def rows(*numbers: int) -> pa.Table:
    tags = pa.array([[{"n": n}] if n % 2 else None for n in numbers], pa.list_(pa.struct([("n", pa.int64())])))
    return pa.table({"id": pa.array(numbers, pa.int64()), "tags": tags})


@dataclass
class Lake:
    aws: Aws
    bucket: str = ""
    database: str = field(default_factory=lambda: f"db_{uuid.uuid4().hex[:8]}")
    line: str = "shop"

    def __post_init__(self) -> None:
        self.bucket = self.bucket or self.aws.bucket()
        self.aws.client("glue").create_database(DatabaseInput={"Name": self.database})

    def catalog(self, endpoint: str = "") -> GlueCatalog:
        return tables.catalog(
            warehouse=f"s3://{self.bucket}/warehouse",
            region=REGION,
            endpoint=endpoint or self.aws.endpoint,
            glue=None if endpoint else self.aws.plain("glue"),
        )

    def name(self, table: str = "orders") -> str:
        return f"{self.database}.{self.line}_{table}"

    def table(self, table: str = "orders") -> Table:
        return self.catalog().load_table(self.name(table))

    def create(self, table: str = "orders", schema: pa.Schema | None = None) -> Table:
        location = f"s3://{self.bucket}/warehouse/{self.name(table).replace('.', '/')}"
        return self.catalog().create_table(
            self.name(table), schema=schema or rows().schema, location=location, properties=tables.PROPERTIES
        )

    def audit(self, content: pa.Table, table: str = "orders", said: Mapping[str, str] | None = None) -> int:
        """Put whole new content on the audit branch, as a run does, and return its snapshot."""
        found = self.table(table)
        if found.current_snapshot() is None:
            found.append(content.slice(0, 0))
        found.manage_snapshots().create_branch(found.refs()["main"].snapshot_id, "audit").commit()
        with found.transaction() as transaction:
            update = transaction.update_snapshot(snapshot_properties=dict(said or {}), branch="audit").overwrite()
            for task in found.scan().use_ref("audit").plan_files():
                update.delete_data_file(task.file)
            for file in _dataframe_to_data_files(found.metadata, content, found.io, update.commit_uuid):
                update.append_data_file(file)
            update.commit()
        return update.snapshot_id

    def publish(self, content: pa.Table, table: str = "orders", said: Mapping[str, str] | None = None) -> int:
        snapshot = self.audit(content, table, said)
        self.table(table).manage_snapshots().set_current_snapshot(snapshot).remove_branch("audit").commit()
        return snapshot

    def append(self, content: pa.Table, table: str = "orders") -> int:
        """Add rows in a file of their own, and return the snapshot."""
        found = self.table(table)
        found.append(content)
        return found.refs()["main"].snapshot_id

    def put(self, path: str, table: str = "orders") -> str:
        """Leave a file that nothing refers to, of four bytes, and return its key."""
        key = f"warehouse/{self.name(table).replace('.', '/')}/{path}"
        self.aws.client("s3").put_object(Bucket=self.bucket, Key=key, Body=b"half")
        return key

    def read(self, snapshot: int | None = None, table: str = "orders") -> list[dict[str, Any]]:
        """Return the ids that a snapshot holds, in order, each with its row."""
        found: list[dict[str, Any]] = self.table(table).scan(snapshot_id=snapshot).to_arrow().to_pylist()
        return sorted(found, key=lambda row: row["id"])

    def ids(self, snapshot: int | None = None, table: str = "orders") -> list[int]:
        return [row["id"] for row in self.read(snapshot, table)]

    def files(self, table: str = "orders") -> set[str]:
        prefix = f"warehouse/{self.name(table).replace('.', '/')}/"
        pages = self.aws.client("s3").get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return {found["Key"] for page in pages for found in page.get("Contents", []) if found["Key"][-1] != "/"}

    def keeper(
        self,
        *,
        hours: float = 0,
        holders: Mapping[int, Sequence[str]] | None = None,
        endpoint: str = "",
        **retention: Any,
    ) -> Keeper:
        """Return what maintains the tables ``hours`` from now."""
        through = Aws(endpoint or self.aws.endpoint)
        return Keeper(
            catalog=self.catalog(endpoint),
            s3=through.client("s3"),
            lake=self.bucket,
            line=self.line,
            retention=Snapshots(**{"keep_days": 0, "keep_last": 1, "grace_hours": 24, **retention}),
            holders=holders or {},
            now=dt.datetime.now(dt.UTC) + dt.timedelta(hours=hours),
        )

    def maintain(self, table: str = "orders", *, order: Sequence[str] = (), busy: bool = False, **keeper: Any) -> Done:
        with tempfile.TemporaryDirectory() as folder:
            return self.keeper(**keeper).maintain(self.name(table), order=order, folder=Path(folder), busy=busy)
