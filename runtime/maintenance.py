"""Maintenance of a line's tables: what nobody needs any more goes, what was written in many files becomes few.

Each step can be taken again after it was killed anywhere, and none hurts who reads or writes at the same time: an
expired snapshot is one that no ref, no model, no dataset, no run and no published set names; its files are deleted a
grace period later; compaction gives way to a run.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.exceptions import CommitFailedException, NoSuchTableError
from pyiceberg.table import Table
from pyiceberg.table.update import RemoveSnapshotRefUpdate, RemoveSnapshotsUpdate

from config.environment import Snapshots
from runtime import compaction, sweeping
from runtime.commits import commit, from_the_newest
from runtime.retention import AUDIT, abandoned, kept
from runtime.sweeping import Notes

_MANY = ("dataset ", "model ", "run ")


@dataclass(frozen=True)
class Done:
    """What became of one table; counts are of what was done, or in a dry run of what would be."""

    table: str
    kept: int
    kept_by: Mapping[str, int] = field(default_factory=dict)
    """Who keeps how many snapshots; one may be kept by several."""
    expired: int = 0
    compacted: int = 0
    """Files that were rewritten into ``compacted_into``."""
    compacted_into: int = 0
    removed: int = 0
    removed_bytes: int = 0
    waiting: int = 0
    """Files that nothing refers to, deleted once the grace period has passed."""

    def __str__(self) -> str:
        by = keepers(self.kept_by)
        return (
            f"{self.table}: {self.kept} snapshots kept ({by}), {self.expired} expired; "
            f"{self.compacted} files rewritten into {self.compacted_into}; "
            f"{self.removed} files removed ({self.removed_bytes} bytes), {self.waiting} waiting"
        )


def keepers(kept_by: Mapping[str, int]) -> str:
    """Return who keeps snapshots in few words.

    >>> keepers({"branch main": 1, "model 3": 1, "model 4": 2})
    'branch main, 2 models'
    """
    kinds = Counter(f"{who.split()[0]}s" if who.startswith(_MANY) else who for who in kept_by)
    return ", ".join(f"{count} {kind}" if kind.endswith("s") else kind for kind, count in kinds.items())


@dataclass(frozen=True)
class Keeper:
    """What maintains tables: where they are, who holds what, and how long what is kept."""

    catalog: GlueCatalog
    s3: Any
    lake: str
    line: str
    retention: Snapshots
    holders: Mapping[int, Sequence[str]]
    now: dt.datetime

    @property
    def grace(self) -> dt.timedelta:
        return dt.timedelta(hours=self.retention.grace_hours)

    def maintain(self, name: str, *, order: Sequence[str], folder: Path, busy: bool = False) -> Done:
        """Compact, expire and sweep one table (its name in the catalog); ``busy`` while a run is under way.

        ``order`` are the columns by which its rows are sorted, none for the order that they have.
        """
        expired = from_the_newest(lambda: self.catalog.load_table(name), self._expire)
        rewritten = compaction.Compaction() if busy else self._compact(name, order, folder)
        sweep, table = self._sweep(name)
        self._notes(name).write(sweep.seen)
        sweeping.delete(self.s3, self.lake, sweep.due)
        return self._done(name, table, expired, rewritten, sweep)

    def look(self, name: str, *, busy: bool = False) -> Done:
        """Return what ``maintain`` would do now, and change nothing."""
        table = self.catalog.load_table(name)
        expired = self._expired(table)
        stay = {snapshot.snapshot_id for snapshot in table.metadata.snapshots} - set(expired)
        sweep, _ = self._sweep(name, stay)
        return self._done(name, table, expired, compaction.Compaction() if busy else compaction.plan(table), sweep)

    def _compact(self, name: str, order: Sequence[str], folder: Path) -> compaction.Compaction:
        def step(table: Table) -> compaction.Compaction:
            planned = compaction.plan(table)
            compaction.compact(table, planned, order=order, folder=folder)
            return planned

        try:
            return from_the_newest(lambda: self.catalog.load_table(name), step)
        except CommitFailedException:  # it is being written to: the next pass is soon enough
            return compaction.Compaction()

    def _expired(self, table: Table) -> list[int]:
        stay = kept(table.metadata, self.holders, self.retention, self.now)
        return [snapshot.snapshot_id for snapshot in table.metadata.snapshots if snapshot.snapshot_id not in stay]

    def _expire(self, table: Table) -> list[int]:
        left = abandoned(table.metadata, self.grace, self.now)
        updates: list[Any] = [RemoveSnapshotRefUpdate.model_validate({"ref-name": AUDIT})] if left else []
        expired = self._expired(table)
        if expired:
            updates.append(RemoveSnapshotsUpdate.model_validate({"snapshot-ids": expired}))
        if updates:
            commit(table, updates)
        return expired

    def _sweep(self, name: str, stay: set[int] | None = None) -> tuple[sweeping.Sweep, Table]:
        prefix = self.catalog.load_table(name).location().partition("://")[2].partition("/")[2]
        files = sweeping.listed(self.s3, self.lake, f"{prefix}/")
        table = self.catalog.load_table(name)
        noted = self._notes(name).read()
        return sweeping.plan(files, sweeping.referenced(table, stay), noted, now=self.now, grace=self.grace), table

    def _notes(self, name: str) -> Notes:
        return Notes(self.s3, self.lake, f"maintenance/{self.line}/{name.rpartition('.')[2]}.json")

    def _done(
        self,
        name: str,
        table: Table,
        expired: Sequence[int],
        rewritten: compaction.Compaction,
        sweep: sweeping.Sweep,
    ) -> Done:
        stay = kept(table.metadata, self.holders, self.retention, self.now)
        return Done(
            table=name.rpartition(".")[2].removeprefix(f"{self.line}_"),
            kept=len(stay),
            kept_by=dict(sorted(Counter(who for names in stay.values() for who in names).items())),
            expired=len(expired),
            compacted=rewritten.files,
            compacted_into=rewritten.files_after,
            removed=len(sweep.due),
            removed_bytes=sum(sweep.due.values()),
            waiting=len(sweep.waiting),
        )


def under_way(stepfunctions: Any, machine: str) -> bool:
    """Whether a run of the line is under way: compaction would have it fail when it publishes."""
    found = stepfunctions.list_executions(stateMachineArn=machine, statusFilter="RUNNING", maxResults=1)
    return bool(found["executions"])


def tables(s3: Any, catalog: GlueCatalog, *, lake: str, database: str, line: str) -> list[str]:
    """Return the catalog's name of every table of a line that lies in the lake, declared or not.

    Found by their folders, since a catalog tells its tables only to whom it may tell all of them.
    """
    prefix = f"warehouse/{database}/{line}_"
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=lake, Prefix=prefix, Delimiter="/")
    folders = [found["Prefix"] for page in pages for found in page.get("CommonPrefixes", [])]
    names = [f"{database}.{folder.rstrip('/').rpartition('/')[2]}" for folder in folders]
    return [name for name in names if _exists(catalog, name)]


def _exists(catalog: GlueCatalog, name: str) -> bool:
    try:
        catalog.load_table(name)
    except NoSuchTableError:
        return False
    return True
