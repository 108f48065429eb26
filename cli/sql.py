"""``line sql``: a line's SELECTs in the order in which they run, as an engine gets them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import get_args

from cli.ending import UsageError
from config.bundle import Bundle
from config.engine import Engine, engine_of
from config.errors import LineError
from config.loading import ROOT, environment_names, line_names, load_bundle, load_environment
from config.parameters import resolve
from runtime import dialect


def show_sql(line: str, table: str | None, engine: str | None) -> int:
    """Print each statement, or that of one table, on stdout; raises LineError for what the engine cannot run."""
    if line not in line_names():
        names = ", ".join(line_names()) or "none"
        raise UsageError(f"line {line!r} is unknown, expected one of {names}: correct the name")
    if engine is not None and engine not in get_args(Engine):
        raise UsageError(f"--engine: {engine!r} is no engine, expected {' or '.join(get_args(Engine))}: correct it")
    bundle = load_bundle(line)
    parameters = resolve(bundle.definition.parameters, {})
    sources = {name: source.all_columns for name, source in bundle.definition.sources.items()}
    known = dialect.statements(bundle, parameters, sources)
    if table is not None and table not in {statement.name for statement in known}:
        names = ", ".join(statement.name for statement in known)
        raise UsageError(f"line {line!r} has no table {table!r}, expected one of {names}: correct the name")
    tables = dialect.schema(sources, known)
    chosen = engine or engine_of(bundle.definition)
    for statement in known:
        if table not in (None, statement.name):
            continue
        text = statement.sql.strip().rstrip(";")
        if chosen == "spark":
            text = dialect.to_spark(
                statement.sql, file=statement.file, tables=tables, columns=statement.columns, parameters=parameters
            )
        sys.stdout.write(f"-- {statement.file} ({chosen})\n{text};\n\n")
    return 0


def portability_mistakes(bundle: Bundle, root: Path = ROOT) -> list[str]:
    """Return what Spark cannot run, of a line whose engine it is, by itself or in some environment."""
    if "spark" not in _engines(bundle, root):
        return []
    sources = {name: source.all_columns for name, source in bundle.definition.sources.items()}
    return dialect.mistakes(bundle, resolve(bundle.definition.parameters, {}), sources)


def _engines(bundle: Bundle, root: Path) -> set[Engine]:
    found = {engine_of(bundle.definition)}
    for name in environment_names(root):
        try:
            found.add(engine_of(bundle.definition, load_environment(name, root)))
        except LineError:
            continue  # told where environments are looked at
    return found
