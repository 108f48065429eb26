"""Our contestant of ``bench/memory.py``: one step over a table larger than the memory that the engine may use."""

from __future__ import annotations

import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from pydantic import TypeAdapter

from bench.peers.reporting import reported
from config.checks import Check
from config.line import FeatureView, Line
from runtime import curation, engine, features, inspection
from runtime.datasets import Choice, Joined
from runtime.engine import Connection, Query, literal

STATEMENTS = {
    "devices": "SELECT device, COUNT(*) AS readings, AVG(v1) AS mean FROM raw.readings GROUP BY device",
    "readings": "SELECT r.*, d.mean, r.v1 - LAG(r.v1) OVER (PARTITION BY r.device ORDER BY r.seen_at, r.id) AS change "
    "FROM raw.readings AS r JOIN devices AS d ON d.device = r.device",
}
CHECKS = [
    {"check": "unique", "columns": ["id"], "severity": "error"},
    {"check": "unique", "columns": ["device", "seen_at"], "severity": "warning"},
    {"check": "range", "column": "v1", "minimum": 0, "maximum": 2, "severity": "error"},
    {"check": "not_null", "column": "device", "severity": "error"},
]
VIEW = FeatureView(entity=["device"], event_time="seen_at")


def copied(connection: Connection, query: Query, target: Path) -> None:
    options = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, FILE_SIZE_BYTES '512MB'"
    target.mkdir(parents=True)
    connection.execute(f"COPY ({query.text}) TO {literal(str(target))} ({options})", dict(query.parameters))


def curate(connection: Connection, out: Path) -> int:
    """Make the tables of ``STATEMENTS``: an aggregate, a join and a window over everything."""
    for table in curation.made(connection, line="bench", statements=STATEMENTS, sources={"readings"}):
        copied(connection, engine.query(connection, table.sql, parameters={}, file=table.file), out / table.name)
        connection.execute(f"CREATE VIEW {table.name} AS FROM read_parquet({literal(f'{out / table.name}/*')})")
    return int(engine.rows(connection, "SELECT count(*) FROM readings")[0][0])


def inspect(connection: Connection, out: Path) -> int:
    """Test keys of one and of two columns, a range and nulls."""
    del out
    connection.execute("CREATE VIEW readings AS FROM raw.readings")
    checks = [TypeAdapter(Check).validate_python(check) for check in CHECKS]
    return inspection.inspect(connection, "readings", checks)[0].total_rows


def join(connection: Connection, out: Path) -> int:
    """Sort a feature view's history, write it, and join it to the questions as it was known."""
    connection.execute("CREATE VIEW readings AS FROM raw.readings")
    sql = "SELECT device, seen_at, v1, v2, v3, v4, v5 FROM readings"
    query, _ = features.build(connection, line="bench", name="history", view=VIEW, sql=sql, parameters={})
    copied(connection, query, out / "history")
    connection.execute('DROP TABLE "history (ordered)"')
    connection.execute(f"CREATE VIEW history AS FROM read_parquet({literal(f'{out}/history/*')})")
    connection.execute("CREATE TABLE spine AS FROM raw.questions")
    choice = Choice(request=[], views={"history": None})
    joined = Joined(connection, definition(), choice, task="none", subject="questions")
    return sum(chunk.num_rows for chunk in joined.chunks(["id", "asked_at"]))


def scan(connection: Connection, out: Path) -> int:
    """Read every column once."""
    del out
    engine.rows(
        connection, "SELECT sum(id), sum(device), max(epoch(seen_at)), sum(v1 + v2 + v3 + v4 + v5) FROM raw.readings"
    )
    return int(engine.rows(connection, "SELECT count(*) FROM raw.readings")[0][0])


def definition() -> Line:
    """Return the definition that the join reads: the view's entity and event time."""
    dataset = {"id": "id", "event_time": "asked_at", "label": "label", "request": ["device"]}
    whole = {
        "line": "bench",
        "question": "Does the join fit?",
        "sources": {"readings": {"columns": {"id": "BIGINT"}}},
        "parameters": {"day": {"type": "date", "default": "2013-01-01"}},
        "features": {"history": VIEW.model_dump()},
        "dataset": {**dataset, "split": {part: ["day", "day"] for part in ("train", "validation", "test")}},
        "training": {"variants": [{"name": "none"}]},
        "scoring": {"date": "day"},
    }
    return Line.model_validate(whole)


@contextmanager
def spilling(folder: Path, told: dict[str, Any]) -> Iterator[None]:
    """Tell the most that the engine had on disk at once, in MB."""
    done, most = threading.Event(), [0]

    def watch() -> None:
        while not done.wait(0.05):
            with suppress(OSError):  # a file went meanwhile
                most[0] = max(most[0], sum(file.stat().st_size for file in folder.glob("duckdb_temp*")))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
        told["spilled MB"] = most[0] // 1_000_000


def main() -> None:
    step, folder, memory = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    with (
        tempfile.TemporaryDirectory() as out,
        reported() as told,
        engine.connect(memory=memory, folder=Path(out)) as connection,
    ):
        connection.execute("CREATE SCHEMA raw")
        for name in ("readings", "questions"):
            file = literal(str(folder / f"{name}.parquet"))
            connection.execute(f"CREATE VIEW raw.{name} AS FROM read_parquet({file})")
        with spilling(Path(out), told):
            step_of = {"scan": scan, "curate": curate, "inspect": inspect, "join": join}[step]
            told["rows"] = step_of(connection, Path(out))


if __name__ == "__main__":
    main()
