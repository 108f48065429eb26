"""A look at a dataset before it is built: how many examples, its first rows, null rates and warnings of a sample.

The examples are made and joined by the builder's own code; only how many are joined is limited, so that it is quick
however many there are.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from config.errors import LineError
from runtime import engine, leakage, parts
from runtime.builder import Builder, Request
from runtime.datasets import Column, Joined
from runtime.engine import Connection, quoted
from runtime.spine import SPINE

ROWS = 20
SAMPLE = 4000
"""How many examples are joined: the first, and others evenly spread over the rest."""
SECONDS = 20.0
_SECONDS_BETWEEN_STOPS = 0.05


@dataclass(frozen=True)
class Preview:
    """What is known of a dataset before it is built."""

    fingerprint: str
    counts: Mapping[str, int]
    """Part → its examples, all of them, with a label where the task wants one."""
    columns: list[Column]
    rows: pa.Table
    """The first examples of the first part: id, event time, label, then every column."""
    sampled: int
    """How many examples the null rates and warnings are of."""
    null_rates: Mapping[str, float]
    warnings: list[dict[str, str]]

    @property
    def examples(self) -> int:
        return sum(self.counts.values())


def preview(builder: Builder, connection: Connection, request: Request, *, seconds: float = SECONDS) -> Preview:
    """Return the look at a dataset; raises LineError where it could not be built either, or after so many seconds.

    The database must have the relations that ``builder.reads`` names; its table of examples is replaced.
    """
    wanted = builder.recipe(connection, request, builder.reads(connection, request))
    with _bounded(connection, seconds):
        subject = builder.examples(connection, request)
        counts = _counts(connection, request)
        _thin(connection, request)
        line = request.bundle.definition
        joined = Joined(connection, line, request.choice, task=request.task, subject=subject)
        label = request.label
        keep = [line.dataset.id, line.dataset.event_time, *([label] if label else [])]
        chunks = list(joined.chunks(keep))
        written = parts.write(
            chunks,
            builder.folder,
            windows=request.windows,
            event_time=line.dataset.event_time,
            label=label,
            counted=[column.name for column in joined.columns],
        )
        warnings = leakage.warnings(request, joined, written)
    builder.check_rows(request, written, subject)
    first = next(iter(request.windows.values()))
    shown = parts.within(pa.concat_tables(chunks), line.dataset.event_time, first)
    sampled = sum(part.rows for part in written.values())
    nulls = {column.name: sum(part.nulls[column.name] for part in written.values()) for column in joined.columns}
    return Preview(
        fingerprint=wanted.fingerprint,
        counts=counts,
        columns=joined.columns,
        rows=(shown if label is None else shown.filter(shown[label].is_valid())).slice(0, ROWS),
        sampled=sampled,
        null_rates={name: count / max(sampled, 1) for name, count in nulls.items()},
        warnings=warnings,
    )


def _counts(connection: Connection, request: Request) -> dict[str, int]:
    """Count the examples of each part."""
    at, label = quoted(request.bundle.definition.dataset.event_time), request.label
    known = "" if label is None else f"{quoted(label)} IS NOT NULL AND "
    within = f"SELECT count(*) FROM {SPINE} WHERE {known}{at} >= $start AND {at} < $end"  # noqa: S608 (quoted names)
    return {
        part: engine.rows(connection, within, {"start": window.start, "end": window.end})[0][0]
        for part, window in request.windows.items()
    }


def _thin(connection: Connection, request: Request) -> None:
    """Leave a sample of the examples that count: the first ones of each part, and of the rest one in so many."""
    at, label = quoted(request.bundle.definition.dataset.event_time), request.label
    known = "true" if label is None else f"{quoted(label)} IS NOT NULL"
    bounds: dict[str, object] = {"rows": ROWS, "sample": SAMPLE}
    begun = []
    for i, window in enumerate(request.windows.values()):
        bounds[f"start{i}"] = window.start
        begun.append(f"({at} >= $start{i})::INT")
    place = f"row_number() OVER (PARTITION BY {' + '.join(begun)} ORDER BY rowid)"
    connection.execute(
        f"CREATE OR REPLACE TABLE {SPINE} AS SELECT * FROM {SPINE} WHERE {known} "  # noqa: S608 (quoted names)
        f"QUALIFY {place} <= $rows OR rowid % greatest(count(*) OVER () // $sample, 1) = 0 ORDER BY rowid",
        bounds,
    )


@contextmanager
def _bounded(connection: Connection, seconds: float) -> Iterator[None]:
    """Stop what the database does after so many seconds, again and again until the block has ended."""
    done, late = threading.Event(), threading.Event()

    def watch() -> None:
        if not done.wait(seconds):
            late.set()
            while not done.wait(_SECONDS_BETWEEN_STOPS):
                connection.interrupt()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    except (duckdb.InterruptException, LineError):  # the spine's own mistakes are told as those of its file
        if not late.is_set():
            raise
        raise LineError(
            f"the preview took longer than {seconds:g} s and was stopped: choose a shorter time range or fewer views, "
            "or build the dataset without it"
        ) from None
    finally:
        done.set()
        watcher.join()
