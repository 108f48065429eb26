"""The SQL that a database is sent: written once, in DuckDB's dialect as all SQL of a line, emitted for the engine.

Parameters become typed literals of the syntax tree; no text is ever pasted. Whether a backslash escapes depends on an
engine and its settings, so quotes, backslashes and control characters are written as CHR(n): a literal that holds none
of them means the same everywhere.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping

import sqlglot
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import SqlglotError

from config.errors import LineError
from config.parameters import Value
from config.sources import DatabaseSource
from runtime.engine import listed

DIALECTS = {
    "postgresql": "postgres",
    "redshift": "redshift",
    "mysql": "mysql",
    "sqlserver": "tsql",
    "oracle": "oracle",
    "snowflake": "snowflake",
}
"""sqlglot's name of each engine."""

_PLAIN = re.compile(r"[^'\"\\\x00-\x1f\x7f]+")
_FOLDED = re.compile(r"[a-z_][a-z0-9_]*")
_WRITES = (exp.DML, exp.DDL, exp.Into, exp.Command, exp.Lock)


def select(name: str, source: DatabaseSource, engine: str, parameters: Mapping[str, Value], subject: str) -> str:
    """Return the SELECT of a source's declared columns; raises LineError for a query that is not one."""
    if source.query is None:
        parts = [_identifier(part, engine) for part in reversed((source.table or name).split("."))]
        origin: exp.Expression = exp.Table(**dict(zip(("this", "db", "catalog"), parts, strict=False)))
    else:
        origin = exp.Subquery(
            this=_parsed(source.query, parameters, f"{subject}.query"), alias=exp.to_identifier("source")
        )
    columns = [
        exp.alias_(exp.Column(this=_identifier(column, engine)), column, quoted=True) for column in source.columns
    ]
    return exp.select(*columns).from_(origin).sql(dialect=DIALECTS[engine])


def version(source: DatabaseSource, engine: str, parameters: Mapping[str, Value], subject: str) -> str | None:
    """Return the SELECT that tells whether the source changed, or None when it has none."""
    if source.version is None:
        return None
    return _parsed(source.version, parameters, f"{subject}.version").sql(dialect=DIALECTS[engine])


def literal(value: Value) -> exp.Expression:
    """Return a value as a typed literal.

    >>> literal("O'Hare").sql(dialect="postgres")
    "('O' || CHR(39) || 'Hare')"
    """
    match value:
        case bool():
            return exp.Boolean(this=value)
        case int() | float():
            return exp.paren(exp.Literal.number(value)) if value < 0 else exp.Literal.number(value)
        case dt.date():
            return exp.cast(exp.Literal.string(value.isoformat()), "DATE")
    pieces: list[exp.Expression] = []
    at = 0
    for match in _PLAIN.finditer(value):
        pieces += [exp.Chr(expressions=[exp.Literal.number(ord(odd))]) for odd in value[at : match.start()]]
        pieces.append(exp.Literal.string(match[0]))
        at = match.end()
    pieces += [exp.Chr(expressions=[exp.Literal.number(ord(odd))]) for odd in value[at:]]
    if len(pieces) < 2:
        return pieces[0] if pieces else exp.Literal.string("")
    joined = pieces[0]
    for piece in pieces[1:]:
        joined = exp.DPipe(this=joined, expression=piece, safe=True)
    return exp.paren(joined)


def _parsed(sql: str, parameters: Mapping[str, Value], subject: str) -> exp.Query:
    try:
        statements = sqlglot.parse(sql, read="duckdb")
    except SqlglotError as error:
        first = str(error).splitlines()[0].replace("\x1b[4m", "").replace("\x1b[0m", "").rstrip(".")
        raise LineError(f"{subject}: {first}: correct the SELECT") from None
    kinds = [type(statement).__name__.upper() for statement in statements if statement is not None]
    statement = statements[0] if len(statements) == 1 else None
    if not isinstance(statement, exp.Query) or statement.find(*_WRITES) is not None:
        raise LineError(
            f"{subject}: holds {', '.join(kinds) or 'nothing'}, expected one SELECT that writes nothing: "
            "remove the rest"
        )

    def bound(node: exp.Expression) -> exp.Expression:
        if not isinstance(node, exp.Placeholder | exp.Parameter):
            return node
        if node.name not in parameters:
            raise LineError(
                f"{subject}: ${node.name} is not a declared parameter, expected one of {listed(parameters)}: "
                "correct the name or declare it under parameters in line.yaml"
            )
        return literal(parameters[node.name])

    return statement.transform(bound)  # type: ignore[return-value]  # a query stays one


def _identifier(name: str, engine: str) -> exp.Identifier:
    """Return a name, quoted as the engine folds one that is written plainly; any other is meant as it stands."""
    identifier = exp.to_identifier(name)
    if _FOLDED.fullmatch(name):
        identifier = Dialect.get_or_raise(DIALECTS[engine]).normalize_identifier(exp.to_identifier(name, quoted=False))
    identifier.set("quoted", True)
    return identifier
