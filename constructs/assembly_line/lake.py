"""What the jobs of a line may do in the lake: its tables, the receipts of its runs, its datasets."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_iam as iam

from assembly_line.permissions import allow_read, allow_tables, allow_write
from assembly_line.shared import Shared


def allow_lake(role: iam.Role, *, shared: Shared, line: str, tables: bool, datasets: bool = False) -> None:
    """Let a job read the line's tables and receipts and write receipts; also write ``tables``, and use ``datasets``."""
    built = [f"datasets/{line}/"] if datasets else []
    warehouse, runs, published = f"warehouse/{shared.database}/{line}_", f"runs/{line}/", f"published/{line}/"
    reports = [f"reports/{line}/"] if tables else []  # who writes tables inspects them
    allow_tables(role, Stack.of(role), database=shared.database, line=line, write=tables)
    allow_read(role, shared.lake, warehouse, runs, published, *reports, *built)
    allow_write(role, shared.lake, runs, *reports, *built)
    if tables:  # metadata that a commit made obsolete is deleted with it
        allow_write(role, shared.lake, warehouse, manage=True)
        allow_write(role, shared.lake, published)


def allow_runs(role: iam.Role, *, shared: Shared, line: str) -> None:
    """Let a job read what the line's runs left for it, and write its receipt."""
    allow_read(role, shared.lake, f"runs/{line}/")
    allow_write(role, shared.lake, f"runs/{line}/")


def allow_published(role: iam.Role, *, shared: Shared, line: str) -> None:
    """Let a job read what another line has published: its tables, and which snapshots of them belong together."""
    allow_tables(role, Stack.of(role), database=shared.database, line=line)
    allow_read(role, shared.lake, f"warehouse/{shared.database}/{line}_", f"published/{line}/")
