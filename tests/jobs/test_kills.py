"""Curation killed at each of its writes: a rerun leaves what an undisturbed run leaves, and readers see no mix."""

from __future__ import annotations

import json
import os
import signal
import threading
from dataclasses import dataclass, field

import pytest

from runtime import tables
from runtime.paths import warehouse
from tests.gate import Gate, gate
from tests.jobs import dying
from tests.jobs.workshop import Workshop
from tests.moto_server import REGION, Aws
from tests.runtime.shop import CURATION, orders

TABLES = ("orders", "prices")
OLD, NEW = orders(20), orders(12)

Content = dict[str, str]
"""The rows of each table, as one text each, whatever their order."""


@dataclass
class Reader:
    """Reads the tables of a line; ``seen`` holds every content that it saw."""

    workshop: Workshop
    seen: dict[str, set[str]] = field(default_factory=lambda: {table: set() for table in TABLES})
    together: set[tuple[str, ...]] = field(default_factory=set)
    """What it saw of all tables at once, through what their station published last."""

    def __post_init__(self) -> None:
        self._catalog = tables.catalog(
            warehouse=warehouse(self.workshop.lake), region=REGION, endpoint=self.workshop.aws.endpoint
        )
        self._s3 = self.workshop.aws.client("s3")

    def read(self, table: str, snapshot: int | None = None) -> str:
        rows = tables.read(self._catalog, f"{self.workshop.database}.shop_{table}", snapshot).to_pylist()
        return "\n".join(sorted(map(repr, rows)))

    def content(self) -> Content:
        return {table: self.read(table) for table in TABLES}

    def look(self) -> None:
        for table, rows in self.content().items():
            self.seen[table].add(rows)
        published = self._published()
        if published:
            self.together.add(tuple(self.read(table, published[table]) for table in TABLES))

    def _published(self) -> dict[str, int]:
        try:
            body = self._s3.get_object(Bucket=self.workshop.lake, Key="published/shop/curation.json")["Body"].read()
        except self._s3.exceptions.NoSuchKey:
            return {}
        found: dict[str, int] = json.loads(body)["tables"]
        return found


def shop(aws: Aws, raw: str) -> Workshop:
    made = Workshop(aws)
    made.stage(curation={**CURATION, "prices": "SELECT id, price FROM orders"})
    made.deliver(raw)
    return made


def one_table(aws: Aws) -> Workshop:
    made = Workshop(aws)
    made.deliver(OLD)
    return made


def kill_at(door: Gate, workshop: Workshop, at: int, run: str, only: str = "") -> bool:
    """Run curation until it dies: before its first write (0), or after another; return whether it got that far.

    ``only`` counts no other writes than those that begin so.
    """
    environment = {**Aws(door.endpoint).environment()}
    arrived = threading.Event()

    def killed() -> None:
        arrived.wait()
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)

    door.open(at=max(at - 1, 0), only=only, landed=at > 0, killed=killed)
    process = dying.start("curate", workshop.words(run, {}), environment)
    arrived.set()
    process.join()
    assert process.exitcode == (-signal.SIGKILL if door.closed else 0)
    return door.closed


@pytest.fixture(scope="module")
def contents(aws: Aws) -> dict[str, Content]:
    """What undisturbed runs publish."""
    found = {}
    for raw in (OLD, NEW):
        workshop = shop(aws, raw)
        assert workshop.run("curate")[0] == 0
        found[raw] = Reader(workshop).content()
    return found


def together(contents: dict[str, Content]) -> set[tuple[str, ...]]:
    return {tuple(contents[raw][table] for table in TABLES) for raw in (OLD, NEW)}


def test_readers_see_old_or_new_and_no_mix_after_every_write_of_a_run(aws: Aws, contents: dict[str, Content]) -> None:
    workshop = shop(aws, OLD)
    workshop.run("curate")
    workshop.deliver(NEW)
    reader = Reader(workshop)
    with gate() as door:
        door.open(watching=reader.look)
        process = dying.start("curate", workshop.words("run-2", {}), Aws(door.endpoint).environment())
        process.join()
    assert (process.exitcode, len(door.writes) > 12) == (0, True)
    assert reader.seen == {table: {contents[OLD][table], contents[NEW][table]} for table in TABLES}
    assert reader.together <= together(contents)


@pytest.mark.thorough
def test_a_run_that_is_killed_at_any_write_is_healed_by_the_next(aws: Aws, contents: dict[str, Content]) -> None:
    workshop = one_table(aws)
    workshop.run("curate")
    with gate() as door:
        for at in range(1000):
            raw = NEW if at % 2 == 0 else OLD  # each turn replaces what the one before it published
            workshop.deliver(raw)
            died = kill_at(door, workshop, at, f"killed-{at}")
            assert Reader(workshop).read("orders") in {contents[OLD]["orders"], contents[NEW]["orders"]}
            if died:
                assert workshop.run("curate", f"again-{at}")[1].status in {"succeeded", "flagged"}
            assert Reader(workshop).read("orders") == contents[raw]["orders"], at
            if not died:
                break
    assert at > 10, door.writes


@pytest.mark.thorough
def test_a_first_run_that_is_killed_at_any_write_is_healed_by_the_next(aws: Aws, contents: dict[str, Content]) -> None:
    with gate() as door:
        for at in range(1000):
            workshop = one_table(aws)
            died = kill_at(door, workshop, at, "killed")
            if died:
                workshop.run("curate", "again")
            assert Reader(workshop).read("orders") == contents[OLD]["orders"], at
            if not died:
                break
    assert at > 10, door.writes


@pytest.mark.thorough
def test_tables_that_a_killed_run_published_in_part_are_healed_together(aws: Aws, contents: dict[str, Content]) -> None:
    """Killed after each commit of either table: the other writes show nothing to anybody."""
    workshop = shop(aws, OLD)
    workshop.run("curate")
    with gate() as door:
        for at in range(1, 1000):
            raw = NEW if at % 2 == 1 else OLD
            workshop.deliver(raw)
            died = kill_at(door, workshop, at, f"killed-{at}", "UpdateTable")
            reader = Reader(workshop)
            reader.look()
            assert all(reader.seen[table] <= {contents[OLD][table], contents[NEW][table]} for table in TABLES)
            assert reader.together <= together(contents)
            workshop.run("curate", f"again-{at}")
            assert reader.content() == contents[raw], at
            if not died:
                break
    assert at > 4
