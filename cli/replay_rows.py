"""The past of a line as rows to be scored: a program beside ``line replay`` that writes a file for each day.

A row is an example of the spine with what was known of its entities at its own moment, as a job gives it to a model,
and its label with the moment from which it was known. Days are written in order, a month read at a time, and never far
ahead of who reads them, so that neither memory nor disk grows with how much is replayed.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import math
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from config.errors import LineError
from config.loading import load_bundle

AHEAD = 40
"""How many days are written before anybody has read them."""
_DONE = 0
_MISTAKE = 65  # as cli.children.TOLD, which this process does not import


@dataclass(frozen=True)
class Wanted:
    """What to write: the rows of a line from the first day on until the day before ``last``, or a share of them."""

    line: str
    first: str
    last: str
    sample: float
    folder: str
    endpoint: str
    region: str
    lake: str
    database: str
    parameters: dict[str, str]

    def text(self) -> str:
        return json.dumps(asdict(self))


def months(first: dt.date, last: dt.date) -> Iterator[tuple[dt.date, dt.date]]:
    """Yield the stretches of whole months, or what of them lies between two days.

    >>> [f"{start:%m-%d} {end:%m-%d}" for start, end in months(dt.date(2013, 1, 30), dt.date(2013, 2, 3))]
    ['01-30 02-01', '02-01 02-03']
    """
    while first < last:
        end = min((first.replace(day=1) + dt.timedelta(days=32)).replace(day=1), last)
        yield first, end
        first = end


def file_of(folder: Path, day: dt.date) -> Path:
    """Return where a day's rows lie, one JSON object a line."""
    return folder / f"{day.isoformat()}.jsonl"


def chosen(id_: str, share: float) -> bool:
    """Whether a row is in the sample: always the same answer for an id.

    >>> chosen("a", 1.0), chosen("a", 0.0)
    (True, False)
    """
    return int(hashlib.sha256(id_.encode()).hexdigest()[:8], 16) < share * 0x1_0000_0000


def write(wanted: Wanted) -> None:
    """Write every day, in order; an empty file for a day without rows."""
    import boto3

    from config.parameters import resolve
    from runtime import engine, spine, tables
    from runtime.builder import Request
    from runtime.datasets import Choice, Joined
    from runtime.features import sources_of
    from runtime.library import Library
    from runtime.paths import warehouse
    from runtime.windows import Window, midnight

    def client(service: str) -> Any:
        make: Any = boto3.client
        return make(service, endpoint_url=wanted.endpoint, region_name=wanted.region)

    bundle = load_bundle(wanted.line)
    line = bundle.definition
    values = resolve(line.parameters, wanted.parameters)
    task = Request.of(bundle, values).task
    catalog = tables.catalog(
        warehouse=warehouse(wanted.lake), region=wanted.region, endpoint=wanted.endpoint, glue=client("glue")
    )
    library = Library.of(catalog, client("s3"), lake=wanted.lake, database=wanted.database, line=wanted.line)
    folder = Path(wanted.folder)
    keep = [line.dataset.id, line.dataset.event_time, line.dataset.label]
    keep += [line.dataset.label_known_at] if line.dataset.label_known_at else []
    with tempfile.TemporaryDirectory() as scratch, closing(engine.connect(folder=Path(scratch))) as connection:
        curated = set(library.snapshots) - set(line.features)
        reads = sources_of(connection, sql=bundle.spine, file=spine.spine_file(wanted.line), curated=curated)
        library.attach(connection, reads | set(line.dataset.features), Path(scratch))
        for first, last in months(dt.date.fromisoformat(wanted.first), dt.date.fromisoformat(wanted.last)):
            window = Window(start=midnight(first), end=midnight(last))
            views = line.dataset.features
            spine.build(connection, bundle=bundle, parameters=values, windows=[window], views=views, task=task)
            joined = Joined(connection, line, Choice.of(line), task=task, subject=spine.spine_file(wanted.line))
            names = [column.name for column in joined.columns]
            writer = _Writer(folder, first, last)
            for chunk in joined.chunks(list(dict.fromkeys(keep))):
                for row in chunk.to_pylist():
                    if chosen(row[line.dataset.id], wanted.sample):
                        writer.add(row[line.dataset.event_time], _row(row, line.dataset, names))
            writer.close()


def _row(row: dict[str, Any], dataset: Any, names: list[str]) -> dict[str, Any]:
    known_at = row.get(dataset.label_known_at) if dataset.label_known_at else None
    return {
        "id": row[dataset.id],
        "event_time": _utc(row[dataset.event_time]),
        "label": row[dataset.label],
        "known_at": _utc(known_at) if known_at is not None else None,
        "inputs": {name: _plain(row[name]) for name in names},
    }


def _utc(moment: Any) -> str:
    if not isinstance(moment, dt.datetime):  # a DATE
        moment = dt.datetime(moment.year, moment.month, moment.day, tzinfo=dt.UTC)
    aware: dt.datetime = moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)
    return aware.isoformat()


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


class _Writer:
    """Writes rows that come in the order of their days; a day's file is there once it is whole."""

    def __init__(self, folder: Path, first: dt.date, last: dt.date) -> None:
        self._folder, self._day, self._last = folder, first, last
        self._lines: list[str] = []

    def add(self, moment: dt.datetime, row: dict[str, Any]) -> None:
        self._on_to(moment.astimezone(dt.UTC).date())
        self._lines.append(json.dumps(row))

    def close(self) -> None:
        self._on_to(self._last)

    def _on_to(self, day: dt.date) -> None:
        while self._day < day:
            while len(list(self._folder.glob("*.jsonl"))) >= AHEAD:
                time.sleep(0.05)
            path = file_of(self._folder, self._day)
            fresh = path.with_suffix(".new")
            fresh.write_text("".join(f"{line}\n" for line in self._lines), encoding="utf-8")
            fresh.rename(path)
            self._lines = []
            self._day += dt.timedelta(days=1)


def main() -> int:
    try:
        write(Wanted(**json.loads(sys.argv[1])))
    except LineError as error:
        print(error, flush=True)
        return _MISTAKE
    return _DONE


if __name__ == "__main__":
    sys.exit(main())
