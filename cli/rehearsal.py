"""A line's SQL rehearsed over empty tables: unknown tables, columns, types and parameters show without any data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing

import duckdb

from config.bundle import Bundle
from config.checks import References
from config.errors import LineError
from config.line import Line
from config.parameters import resolve
from runtime import engine, inspection
from runtime.curation import file_of, made
from runtime.given import Given
from runtime.references import referenced
from runtime.sources.loaded import SCHEMA


def rehearse(bundle: Bundle) -> list[str]:
    """Return what is wrong with the line's SQL, and where line.yaml names columns that no SELECT gives."""
    with closing(engine.connect(threads=1)) as connection:
        return list(_mistakes(connection, bundle))


def _mistakes(connection: duckdb.DuckDBPyConnection, bundle: Bundle) -> Iterator[str]:
    line = bundle.definition
    parameters = resolve(line.parameters, {})
    definition = f"lines/{line.line}/line.yaml"
    connection.execute(f"CREATE SCHEMA {SCHEMA}")
    for source, declared in line.sources.items():
        try:
            columns = ", ".join(f"{engine.quoted(name)} {kind}" for name, kind in declared.all_columns.items())
            connection.execute(f"CREATE TABLE {SCHEMA}.{engine.quoted(source)} ({columns})")
        except duckdb.Error as error:
            yield f"{definition}: sources.{source}.columns: {str(error).splitlines()[0]}: correct the type"
    rehearsal = _Rehearsal(connection, parameters)
    yield from rehearsal.curation(line, bundle.curation)
    for view, sql in bundle.features.items():
        yield from rehearsal.create(view, sql, file=file_of(line.line, "features", view))
    yield from rehearsal.create("spine", bundle.spine, file=f"lines/{line.line}/spine.sql")
    for mistake in _unknown_columns(connection, bundle, rehearsal.made):
        yield f"{definition}: {mistake}"
    yield from _impossible_tests(connection, bundle, rehearsal.made)


class _Rehearsal:
    """The tables that could be made so far."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, parameters: Mapping[str, object]) -> None:
        self._connection = connection
        self._parameters = parameters
        self.made: set[str] = set()

    def create(self, name: str, sql: str, *, file: str) -> list[str]:
        """Create a table; returns its mistake, if it has one."""
        try:
            engine.create(self._connection, name=name, sql=sql, parameters=self._parameters, file=file)
        except LineError as error:
            return [str(error)]
        self.made.add(name)
        return []

    def curation(self, line: Line, statements: Mapping[str, str]) -> list[str]:
        """Create the curated tables, each after those that it reads; returns their mistakes."""
        files = {name: file_of(line.line, "curation", name) for name in statements}
        mistakes = []
        for name, sql in statements.items():
            try:
                referenced(self._connection, sql, files[name])
            except LineError as error:
                mistakes.append(str(error))
        if mistakes:
            return mistakes
        try:
            tables = made(self._connection, line=line.line, statements=statements, sources=set(line.sources))
        except LineError as error:
            return [str(error)]
        return [mistake for table in tables for mistake in self.create(table.name, table.sql, file=table.file)]


def _unknown_columns(connection: duckdb.DuckDBPyConnection, bundle: Bundle, made: set[str]) -> Iterator[str]:
    """Yield where line.yaml names a column that its table does not have."""
    line = bundle.definition
    named: list[tuple[str, str, str]] = []  # key, table, column
    for view, features in line.features.items():
        named += [(f"features.{view}.entity[{i}]", view, column) for i, column in enumerate(features.entity)]
        named.append((f"features.{view}.event_time", view, features.event_time))
    dataset = line.dataset
    named += [(f"dataset.{key}", "spine", getattr(dataset, key)) for key in ("id", "event_time", "label")]
    named += [(f"dataset.request[{i}]", "spine", column) for i, column in enumerate(dataset.request)]
    for view in dataset.features:
        named += [(f"dataset.features: {view}", "spine", column) for column in line.features[view].entity]
    for key, table, column in named:
        known = list(engine.columns(connection, table)) if table in made else [column]
        if column not in known:
            hint = engine.closest(column, known)
            yield f"{key}: {table} has no column {column!r}{hint}, expected one of {', '.join(known)}"


def _impossible_tests(connection: duckdb.DuckDBPyConnection, bundle: Bundle, made: set[str]) -> Iterator[str]:
    """Yield the tests that cannot be run: each is, on its empty table."""
    line = bundle.definition
    given = Given(parameters=resolve(line.parameters, {}))
    if "predictions" in line.tests:
        from runtime.predictions import PREDICTIONS

        connection.register("predictions", PREDICTIONS.empty_table())
        made = made | {"predictions"}
    for table, checks in line.tests.items():
        for i, check in enumerate(checks if table in made else []):
            if isinstance(check, References) and check.table not in made and check.table in bundle.curation:
                continue  # its own SELECT is at fault, which was told
            try:
                inspection.inspect(
                    connection, table, [check], subject=f"lines/{line.line}/line.yaml: tests.{table}", given=given
                )
            except LineError as error:
                yield str(error).replace(f"tests.{table}[0]", f"tests.{table}[{i}]", 1)
