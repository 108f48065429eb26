"""Our point-in-time join: the dataset builder's, chunk by chunk."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "bench" / "peers")]

import pyarrow as pa

from bench.peers.reporting import reported
from config.line import FeatureView, Line
from runtime import engine, parts
from runtime.datasets import Choice, Joined
from runtime.windows import Window, midnight


def line(tables: int, ttl_days: int) -> Line:
    """Return the definition that the join reads: its views' entities, event times and times to live."""
    views = {
        f"view{i}": FeatureView(entity=["entity"], event_time="event_time", ttl_hours=24 * ttl_days)
        for i in range(tables)
    }
    dataset = {"id": "id", "event_time": "event_time", "label": "label", "request": ["entity"]}
    whole = {
        "line": "bench",
        "question": "How quick is the join?",
        "sources": {"labels": {"columns": {"id": "VARCHAR"}}},
        "parameters": {"day": {"type": "date", "default": "2024-01-01"}},
        "features": {name: view.model_dump() for name, view in views.items()},
        "dataset": {**dataset, "split": {part: ["day", "day"] for part in ("train", "validation", "test")}},
        "training": {"variants": [{"name": "none"}]},
        "scoring": {"date": "day"},
    }
    return Line.model_validate(whole)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    for name in ("tables", "features", "ttl_days"):
        parser.add_argument(name, type=int)
    parser.add_argument("--memory", default=engine.MEMORY)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    with reported() as told, tempfile.TemporaryDirectory() as out:
        connection = engine.connect(memory=arguments.memory)
        for i in range(arguments.tables):
            connection.execute(f"CREATE VIEW view{i} AS FROM '{arguments.folder}/view{i}.parquet'")
        connection.execute(f"CREATE TABLE spine AS FROM '{arguments.folder}/labels.parquet'")
        definition = line(arguments.tables, arguments.ttl_days)
        choice = Choice(request=[], views={f"view{i}": None for i in range(arguments.tables)})
        joined = Joined(connection, definition, choice, task="none", subject="labels")
        chunks = joined.chunks(["id", "event_time"])
        if arguments.write:
            days = [midnight(definition.parameters["day"].default).replace(year=year) for year in (2000, 2100)]
            window = Window(*days)
            names = [column.name for column in joined.columns]
            parts.write(chunks, Path(out), windows={"all": window}, event_time="event_time", label=None, counted=names)
        else:
            whole = pa.concat_tables(chunks)
            told["rows"] = whole.num_rows
        told["found"] = sum(ages.found for ages in joined.ages.values())


if __name__ == "__main__":
    main()
