"""Where each column of a dataset comes from: the view or spine, its SELECT, the curated tables, the sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from config.bundle import Bundle
from runtime import engine
from runtime.curation import file_of
from runtime.datasets import Choice
from runtime.references import referenced
from runtime.sources.loaded import SCHEMA
from runtime.spine import spine_file


@dataclass(frozen=True)
class Origin:
    """A SELECT, and what it reads."""

    file: str
    tables: list[str]
    sources: list[str]
    """Those behind the tables, and behind the tables that these read."""


@dataclass(frozen=True)
class Explained:
    """One column; ``column`` is None for a view of which nobody knows the columns yet."""

    name: str
    source: str
    origin: Origin
    entity: list[str] = field(default_factory=list)
    event_time: str | None = None
    ttl_hours: float | None = None
    snapshot: int | None = None
    type: str | None = None
    null_rate: float | None = None


def origins(bundle: Bundle, choice: Choice) -> dict[str, Origin]:
    """Return the origin of the spine, as ``request``, and of each chosen view."""
    line = bundle.definition.line
    with engine.connect(threads=1) as connection:
        reads = {
            table: referenced(connection, sql, file_of(line, "curation", table))
            for table, sql in bundle.curation.items()
        }
        found = {}
        statements = {"request": (spine_file(line), bundle.spine)}
        statements |= {view: (file_of(line, "features", view), bundle.features[view]) for view in choice.views}
        for name, (file, sql) in statements.items():
            tables = sorted(referenced(connection, sql, file))
            found[name] = Origin(file=file, tables=tables, sources=sorted(_sources(tables, reads, set())))
    return found


def explain(
    bundle: Bundle,
    choice: Choice,
    *,
    snapshots: Mapping[str, int],
    columns: Mapping[str, Sequence[str]],
    manifest: Mapping[str, Any] | None = None,
) -> list[Explained]:
    """Return every column of a dataset; ``columns`` are those of each view, ``manifest`` that of the built dataset."""
    line, known = bundle.definition, origins(bundle, choice)
    rates = manifest["null_rates"] if manifest else {}
    types = {column["name"]: column["type"] for column in manifest["columns"]} if manifest else {}
    found = [
        Explained(
            name=name,
            source="request",
            origin=known["request"],
            event_time=line.dataset.event_time,
            type=types.get(name),
            null_rate=rates.get(name),
        )
        for name in choice.request
    ]
    for view, chosen in choice.views.items():
        definition = line.features[view]
        for column in chosen or columns.get(view) or ["*"]:
            name = f"{view}__{column}"
            found.append(
                Explained(
                    name=name,
                    source=view,
                    origin=known[view],
                    entity=definition.entity,
                    event_time=definition.event_time,
                    ttl_hours=definition.ttl_hours,
                    snapshot=snapshots.get(view),
                    type=types.get(name),
                    null_rate=rates.get(name),
                )
            )
    return found


def _sources(tables: Sequence[str], reads: Mapping[str, set[str]], seen: set[str]) -> set[str]:
    """Return the raw sources below some tables."""
    found: set[str] = set()
    for table in tables:
        if table.startswith(f"{SCHEMA}."):
            found.add(table.removeprefix(f"{SCHEMA}."))
        elif table not in seen:
            found |= _sources(sorted(reads.get(table, set())), reads, seen | {table})
    return found
