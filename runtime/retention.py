"""Which snapshots of a table stay, and who keeps each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from itertools import islice, pairwise

from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.snapshots import ancestors_of

from config.environment import Snapshots

AUDIT = "audit"


def kept(
    metadata: TableMetadata, holders: Mapping[int, Sequence[str]], retention: Snapshots, now: dt.datetime
) -> dict[int, list[str]]:
    """Return every snapshot that stays, and why: a ref, one of the last, its age, who names it (``holders``)."""
    grace = dt.timedelta(hours=retention.grace_hours)
    young = max(dt.timedelta(days=retention.keep_days), grace)
    newest = ancestors_of(metadata.current_snapshot(), metadata)
    last = {snapshot.snapshot_id for snapshot in islice(newest, retention.keep_last)}
    dropped = AUDIT if abandoned(metadata, grace, now) else None
    found: dict[int, list[str]] = {}
    for snapshot in metadata.snapshots:
        number = snapshot.snapshot_id
        why = [
            f"{ref.snapshot_ref_type.value} {name}"
            for name, ref in sorted(metadata.refs.items())
            if ref.snapshot_id == number and name != dropped
        ]
        why += ["one of the last"] if number in last else []
        why += ["seen lately"] if now - _seen(metadata, number, now) < young else []
        why += holders.get(number, [])
        if why:
            found[number] = why
    return found


def abandoned(metadata: TableMetadata, grace: dt.timedelta, now: dt.datetime) -> bool:
    """Whether there is an audit branch that a killed or halted run left: one that still writes is younger than that."""
    audit = metadata.refs.get(AUDIT)
    if audit is None:
        return False
    quiet = now - _moment(metadata.last_updated_ms)  # a branch begins where readers are, so its snapshot tells no age
    return max(quiet, now - _seen(metadata, audit.snapshot_id, now)) >= grace


def _seen(metadata: TableMetadata, number: int, now: dt.datetime) -> dt.datetime:
    """Return when readers of ``main`` saw a snapshot last; one that they never saw counts from its making."""
    if number == metadata.current_snapshot_id:
        return now
    log = metadata.snapshot_log
    ends = [after.timestamp_ms for entry, after in pairwise(log) if entry.snapshot_id == number]
    snapshot = metadata.snapshot_by_id(number)
    assert snapshot is not None  # noqa: S101 (a ref or the metadata names it)
    return _moment(max([*ends, snapshot.timestamp_ms]))


def _moment(milliseconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC)
