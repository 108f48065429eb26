"""One definition, two engines: a line's portable SELECT as Spark SQL.

DuckDB says which columns of which types a SELECT gives, over empty tables; sqlglot parses it, ``translation.portable``
refuses what is not tried on both engines, ``translation.spark_sql`` writes what remains, and the outermost SELECT casts
every column to the type that it has in DuckDB. So names, types and values agree, or a LineError tells what to mend.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Literal

import sqlglot
from sqlglot import exp
from sqlglot.errors import OptimizeError, ParseError
from sqlglot.optimizer.qualify import qualify

from config.bundle import Bundle
from config.errors import LineError
from runtime import curation, engine
from runtime.sources.loaded import SCHEMA
from runtime.translation import portable
from runtime.translation.asof_join import without_asof
from runtime.translation.kinds import typed
from runtime.translation.spark_sql import PortableSpark
from runtime.translation.types import Refused, spark_type

Columns = Mapping[str, str]
"""Name → DuckDB's type, in order."""


@dataclass(frozen=True)
class Statement:
    """A SELECT of a line, as its file has it and what it gives."""

    kind: Literal["curation", "features"]
    name: str
    file: str
    sql: str
    columns: Columns


def view_name(source: str) -> str:
    """Return the name of a source's view in Spark, whose temporary views have no schema.

    >>> view_name("flights")
    'raw__flights'
    """
    return f"{SCHEMA}__{source}"


def statements(bundle: Bundle, parameters: Mapping[str, object], sources: Mapping[str, Columns]) -> list[Statement]:
    """Return the line's SELECTs, each after those that it reads; raises LineError for one that DuckDB refuses.

    ``sources`` are the columns of the line's sources.
    """
    line = bundle.definition.line
    with closing(engine.connect(threads=1)) as connection:
        connection.execute(f"CREATE SCHEMA {SCHEMA}")
        for source, columns in sources.items():
            declared = ", ".join(f"{engine.quoted(name)} {kind}" for name, kind in columns.items())
            connection.execute(f"CREATE TABLE {SCHEMA}.{engine.quoted(source)} ({declared})")
        names = curation.curate(
            connection, line=line, statements=bundle.curation, sources=set(sources), parameters=parameters
        )
        for name, sql in bundle.features.items():
            file = curation.file_of(line, "features", name)
            engine.create(connection, name=name, sql=sql, parameters=parameters, file=file)
        texts = [("curation", name, bundle.curation[name]) for name in names]
        texts += [("features", name, sql) for name, sql in bundle.features.items()]
        return [
            Statement(
                kind=kind,  # type: ignore[arg-type]
                name=name,
                file=curation.file_of(line, kind, name),
                sql=sql,
                columns=engine.columns(connection, name),
            )
            for kind, name, sql in texts
        ]


def schema(sources: Mapping[str, Columns], known: list[Statement]) -> dict[str, Columns]:
    """Return the columns of every table that a SELECT may read in Spark."""
    return {
        **{view_name(source): columns for source, columns in sources.items()},
        **{statement.name: statement.columns for statement in known},
    }


def to_spark(
    sql: str, *, file: str, tables: Mapping[str, Columns], columns: Columns, parameters: Mapping[str, object]
) -> str:
    """Return the SELECT as Spark SQL whose ``:name`` are bound by ``session.sql(text, args=...)``.

    ``columns`` is what DuckDB says that it gives. Raises LineError that names file, construct and mend.
    """
    try:
        tree: Any = sqlglot.parse_one(sql, dialect="duckdb")
    except ParseError as error:
        first = error.errors[0]
        place = f"{file}:{first['line']}"
        raise portable.refusal(place, f"the SQL near {first['highlight']!r}", portable.FALLBACK) from None
    portable.check(tree, file)
    names: dict[str, object] = {name.lower(): dict(given) for name, given in tables.items()}
    _name_tables(tree)
    _bind(tree, parameters)
    try:
        tree = qualify(tree, schema=names, dialect="duckdb", quote_identifiers=False)
        tree = without_asof(typed(tree, names))
        inner = tree.sql(dialect=PortableSpark, pretty=True, comments=False)
        return _cast_all(inner, [select.alias_or_name for select in tree.selects], columns, file)
    except Refused as refused:
        place = portable.at(file, refused.found)
        raise portable.refusal(place, refused.construct, refused.mend) from None
    except OptimizeError as error:
        raise portable.refusal(file, f"a name ({str(error).splitlines()[0]})", "qualify it with its table") from None


def mistakes(bundle: Bundle, parameters: Mapping[str, object], sources: Mapping[str, Columns]) -> list[str]:
    """Return what of the line's SQL is not portable; each SELECT by its first mistake."""
    known = statements(bundle, parameters, sources)
    tables = schema(sources, known)
    found = []
    for statement in known:
        try:
            to_spark(
                statement.sql, file=statement.file, tables=tables, columns=statement.columns, parameters=parameters
            )
        except LineError as error:
            found.append(str(error))
    return found


def used(sql: str, parameters: Mapping[str, object]) -> dict[str, object]:
    """Return those parameters that a SELECT names."""
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    return {found.name: parameters[found.name] for found in tree.find_all(exp.Placeholder)}


def _name_tables(tree: exp.Expr) -> None:
    for table in list(tree.find_all(exp.Table)):
        if table.db:
            name = exp.to_identifier(view_name(table.name))
            table.set("alias", table.args.get("alias") or exp.TableAlias(this=exp.to_identifier(table.name)))
            table.set("db", None)
            table.set("this", name)


def _bind(tree: exp.Expr, parameters: Mapping[str, object]) -> None:
    """Tell the translation what type a parameter's value has."""
    for found in tree.find_all(exp.Placeholder):
        found.meta["kind"] = type_of(parameters.get(found.name))


def type_of(value: object) -> str:
    """Return the type that DuckDB gives to a value that is bound.

    >>> type_of(dt.date(2013, 1, 1)), type_of(True), type_of(3)
    ('DATE', 'BOOLEAN', 'BIGINT')
    """
    match value:
        case bool():
            return "BOOLEAN"
        case int():
            return "BIGINT"
        case float():
            return "DOUBLE"
        case dt.datetime():
            return "TIMESTAMPTZ" if value.tzinfo else "TIMESTAMP"
        case dt.date():
            return "DATE"
        case _:
            return "VARCHAR"


def _cast_all(inner: str, given: list[str], columns: Columns, file: str) -> str:
    if [name.lower() for name in given] != [name.lower() for name in columns]:
        twice = sorted({name for name in given if [other.lower() for other in given].count(name.lower()) > 1})
        raise portable.refusal(
            file,
            f"a SELECT that gives the columns {', '.join(given)}",
            f"give {', '.join(twice) or 'each'} a name of its own with AS, instead of *",
        )
    casts = [
        f"  CAST(result.{quoted(name)} AS {stored_type(kind, f'{file}: column {name!r}')}) AS {quoted(name)}"
        for name, kind in columns.items()
    ]
    indented = "\n".join(f"  {line}" for line in inner.splitlines())
    return "SELECT\n" + ",\n".join(casts) + f"\nFROM (\n{indented}\n) AS result"


def stored_type(kind: str, subject: str) -> str:
    """Return the type in which Spark holds a column of DuckDB's; raises LineError for one that no table holds.

    >>> stored_type("HUGEINT", "total")
    'BIGINT'
    """
    try:
        return spark_type(exp.DataType.build(kind.strip('"'), dialect="duckdb"))
    except Refused as refused:
        problem = f"{subject} has {refused.construct}, which no table holds: {refused.mend}"
        raise LineError(problem) from None


def quoted(name: str) -> str:
    """Return an identifier as Spark writes it.

    >>> quoted("share of `late`")
    '`share of ``late```'
    """
    return "`" + name.replace("`", "``") + "`"
