"""Curation killed at each of its writes: a rerun leaves what an undisturbed run leaves, and readers see no mix."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
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
    """Reads the tables of a line all the time; ``seen`` holds every content that it saw."""

    workshop: Workshop
    seen: dict[str, set[str]] = field(default_factory=lambda: {table: set() for table in TABLES})
    together: set[tuple[str, ...]] = field(default_factory=set)
    """What it saw of all tables at once, through what their station published last."""
    errors: list[Exception] = field(default_factory=list)
    looks: int = 0
    _ended: threading.Event = field(default_factory=threading.Event)

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
        self.looks += 1

    def _published(self) -> dict[str, int]:
        try:
            body = self._s3.get_object(Bucket=self.workshop.lake, Key="published/shop/curation.json")["Body"].read()
        except self._s3.exceptions.NoSuchKey:
            return {}
        found: dict[str, int] = json.loads(body)["tables"]
        return found

    def run(self) -> None:
        while not self._ended.wait(0.05):
            try:
                self.look()
            except Exception as error:  # noqa: BLE001 (a reader never has one: the test says so)
                self.errors.append(error)

    @contextmanager
    def reading(self) -> Iterator[None]:
        thread = threading.Thread(target=self.run)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()


def shop(aws: Aws, raw: str) -> Workshop:
    made = Workshop(aws)
    made.stage(curation={**CURATION, "prices": "SELECT id, price FROM orders"})
    made.deliver(raw)
    return made


def kill_at(door: Gate, workshop: Workshop, at: int, run: str) -> bool:
    """Run curation until it dies: before its first write (0), or after another; return whether it got that far."""
    environment = {**Aws(door.endpoint).environment()}
    arrived = threading.Event()

    def killed() -> None:
        arrived.wait()
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)

    door.open(at=max(at - 1, 0), landed=at > 0, killed=killed)
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


def test_a_run_that_is_killed_at_any_write_shows_no_mix_and_its_rerun_heals(
    aws: Aws, contents: dict[str, Content]
) -> None:
    workshop, at = shop(aws, OLD), 0
    workshop.run("curate")
    reader = Reader(workshop)
    with gate() as door, reader.reading():
        for at in range(1000):
            raw = NEW if at % 2 == 0 else OLD  # each turn replaces what the one before it published
            workshop.deliver(raw)
            died = kill_at(door, workshop, at, f"killed-{at}")
            if died:
                assert workshop.run("curate", f"again-{at}")[1].status in {"succeeded", "flagged"}
            assert reader.content() == contents[raw]
            if not died:
                break
    assert at > 12, door.writes
    assert reader.errors == []
    for table in TABLES:
        assert reader.seen[table] == {contents[OLD][table], contents[NEW][table]}
    assert reader.together <= {tuple(contents[raw][table] for table in TABLES) for raw in (OLD, NEW)}


def test_a_first_run_that_is_killed_at_any_write_is_healed_by_the_next(aws: Aws, contents: dict[str, Content]) -> None:
    with gate() as door:
        for at in range(1000):
            workshop = Workshop(aws)  # of one table
            workshop.deliver(OLD)
            died = kill_at(door, workshop, at, "killed")
            if died:
                workshop.run("curate", "again")
            assert Reader(workshop).read("orders") == contents[OLD]["orders"], at
            if not died:
                break
    assert at > 12, door.writes
