"""Whatever runs, tags, models and maintenance do in any order: what is held stays readable, what is not goes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from runtime import sweeping
from tests.moto_server import Aws
from tests.runtime.lake import Lake, rows

GRACE = 24


@pytest.mark.thorough
def test_what_is_held_stays_readable_and_what_nobody_holds_goes(aws: Aws) -> None:
    class Table(RuleBasedStateMachine):
        """A table, and what each snapshot must hold for as long as somebody may read it."""

        published = Bundle("published")
        names = Bundle("names")

        def __init__(self) -> None:
            super().__init__()
            self.lake, self.hours, self.next = Lake(aws), 0.0, 0
            self.content: dict[int, list[int]] = {}
            self.models: dict[int, list[str]] = {}
            self.tags: dict[str, int] = {}

        @initialize(target=published)
        def create(self) -> Any:
            self.lake.create()
            return self.publish()

        @rule(target=published)
        def publish(self) -> int:
            self.next += 1
            snapshot = self.lake.publish(rows(self.next))
            self.content[snapshot] = [self.next]
            return snapshot

        @rule(target=published)
        def append(self) -> int:
            self.next += 1
            before = self.lake.ids()
            snapshot = self.lake.append(rows(self.next))
            self.content[snapshot] = [*before, self.next]
            return snapshot

        @rule()
        def halt(self) -> None:
            self.lake.audit(rows(-1))

        @rule()
        def die(self) -> None:
            self.next += 1
            self.lake.put(f"data/orphan-{self.next}.parquet")

        @rule(snapshot=published)
        def register(self, snapshot: int) -> None:
            if self.exists(snapshot):
                self.models[snapshot] = ["model"]

        @rule(snapshot=published)
        def reject(self, snapshot: int) -> None:
            self.models.pop(snapshot, None)

        @rule(target=names, snapshot=published)
        def tag(self, snapshot: int) -> str:
            name = f"tag {self.next} {len(self.tags)}"
            if self.exists(snapshot):
                self.lake.table().manage_snapshots().create_tag(snapshot, name).commit()
                self.tags[name] = snapshot
            return name

        @rule(name=consumes(names))
        def untag(self, name: str) -> None:
            if self.tags.pop(name, None):
                self.lake.table().manage_snapshots().remove_tag(name).commit()

        @rule(hours=st.sampled_from([1, GRACE, 10 * GRACE]), last=st.integers(1, 3), busy=st.booleans())
        def maintain(self, hours: int, last: int, busy: bool) -> None:
            self.hours += hours
            self.lake.maintain(hours=self.hours, keep_last=last, grace_hours=GRACE, holders=self.models, busy=busy)

        def exists(self, snapshot: int) -> bool:
            return self.lake.table().snapshot_by_id(snapshot) is not None

        @invariant()
        def whatever_is_held_is_readable(self) -> None:
            if self.content:
                assert self.lake.ids() == self.content[max(self.content, key=lambda number: max(self.content[number]))]
            for snapshot in {*self.models, *self.tags.values()}:
                assert self.lake.ids(snapshot) == self.content[snapshot]

        def teardown(self) -> None:
            if not self.content:
                return
            for _ in range(4):  # compact, expire what it replaced, note its files, remove them
                self.hours += 10 * GRACE
                self.lake.maintain(hours=self.hours, holders=self.models)
            self.whatever_is_held_is_readable()
            table = self.lake.table()
            assert self.lake.files() == sweeping.referenced(table)
            held = {*self.models, *self.tags.values(), table.metadata.current_snapshot_id}
            assert {snapshot.snapshot_id for snapshot in table.metadata.snapshots} == held

    run_state_machine_as_test(
        Table,
        settings=settings(
            max_examples=4,
            stateful_step_count=8,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
        ),
    )
