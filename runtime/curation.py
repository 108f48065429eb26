"""Curated tables: each SELECT of a line, run in the order in which they read each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from config.bundle import path_of
from config.errors import LineError
from runtime import engine
from runtime.engine import Connection, closest, listed
from runtime.references import referenced
from runtime.sources.loaded import SCHEMA


def file_of(line: str, kind: str, name: str) -> str:
    """Return where a user finds a SELECT: ``lines/<line>/<kind>/<name>.sql``."""
    return path_of(Path("lines") / line, kind, name).as_posix()


@dataclass(frozen=True)
class Made:
    """A curated table in the order of making: its SELECT, what it reads and the parameters that it names."""

    name: str
    sql: str
    file: str
    sources: tuple[str, ...]
    """As SQL writes them: ``raw.<source>``."""
    tables: tuple[str, ...]
    parameters: tuple[str, ...]


def made(connection: Connection, *, line: str, statements: Mapping[str, str], sources: set[str]) -> list[Made]:
    """Return the curated tables so that each comes after those it reads.

    Raises LineError for a table that does not exist and for tables that read each other in a circle.
    """
    raw = {f"{SCHEMA}.{source}" for source in sources}
    found: dict[str, Made] = {}
    for table, sql in sorted(statements.items()):
        file = file_of(line, "curation", table)
        names = referenced(connection, sql, file)
        for name in sorted(names - raw - set(statements)):
            hint = (
                " (closest: " + repr(f"{SCHEMA}.{name}") + ")"
                if name in sources
                else closest(name, [*raw, *statements])
            )
            raise LineError(
                f"{file}: there is no table {name!r}, expected one of {listed(raw | set(statements))}{hint}: "
                "correct the name"
            )
        if table in names:
            raise LineError(f"{file}: {table} reads itself: read its source as {SCHEMA}.<source>")
        found[table] = Made(
            name=table,
            sql=sql,
            file=file,
            sources=tuple(sorted(names & raw)),
            tables=tuple(sorted(names - raw)),
            parameters=tuple(sorted(engine.statement(connection, sql, file).named_parameters)),
        )
    try:
        ordered = TopologicalSorter({one.name: one.tables for one in found.values()}).static_order()
        return [found[name] for name in ordered]
    except CycleError as error:
        circle = list(reversed(error.args[1]))
        raise LineError(
            f"{file_of(line, 'curation', circle[0])}: reads itself in a circle ({' → '.join(circle)}): "
            "move what they share into a table of its own"
        ) from None


def curate(
    connection: Connection,
    *,
    line: str,
    statements: Mapping[str, str],
    sources: set[str],
    parameters: Mapping[str, object],
) -> list[str]:
    """Create every curated table in the database and return their names in the order of their making."""
    tables = made(connection, line=line, statements=statements, sources=sources)
    for table in tables:
        engine.create(connection, name=table.name, sql=table.sql, parameters=parameters, file=table.file)
    return [table.name for table in tables]
