"""A commit to an Iceberg table that counts only when nobody else has committed a snapshot or moved a ref meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal, TypeVar

from pyiceberg.exceptions import CommitFailedException
from pyiceberg.table import Table
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.update import TableUpdate, ValidatableTableRequirement

ATTEMPTS = 5

T = TypeVar("T")


class Unmoved(ValidatableTableRequirement):
    """The table's snapshots are the same, and every branch and tag is where it was."""

    type: Literal["assert-unmoved"] = "assert-unmoved"
    refs: dict[str, int]
    snapshots: list[int]

    def validate(self, base_metadata: TableMetadata | None) -> None:  # type: ignore[override]  # pydantic's older name
        if base_metadata is None or Unmoved.of(base_metadata) != self:
            raise CommitFailedException("Requirement failed: a snapshot has come or gone, or a branch or tag has moved")

    @classmethod
    def of(cls, metadata: TableMetadata) -> Unmoved:
        return cls(
            refs={name: ref.snapshot_id for name, ref in metadata.refs.items()},
            snapshots=[snapshot.snapshot_id for snapshot in metadata.snapshots],
        )


def commit(table: Table, updates: Iterable[TableUpdate]) -> None:
    """Commit updates that were made for the table as it was loaded; raises CommitFailedException when it is no more so.

    An AWS call that fails leaves it open whether the commit has landed: load the table again to know.
    """
    requirements: Any = (
        Unmoved.of(table.metadata),
    )  # the Glue catalog asks any requirement, its type lists known ones
    table.catalog.commit_table(table, requirements, tuple(updates))


def from_the_newest(load: Callable[[], Table], step: Callable[[Table], T]) -> T:
    """Take a step on the table as it is now, again from its newest state when another writer came first."""
    for _ in range(ATTEMPTS - 1):
        try:
            return step(load())
        except CommitFailedException:
            continue
    return step(load())
