"""The SQL of a delivery into a table: one transaction in which every statement runs in PostgreSQL and in Redshift."""

# ruff: noqa: S608 (names are quoted and literals escaped here)

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Engine = Literal["postgresql", "redshift"]

STAGING = "assembly_line_staged"
"""A temporary table: no other session sees it, and it is gone with its own."""

_TEXT, _LONG, _REAL, _MOMENT = "text", "long", "real", "moment"
_COLUMNS = {
    "schema": _LONG,
    "prediction_id": _TEXT,
    "line": _TEXT,
    "run": _TEXT,
    "model_version": _LONG,
    "id": _TEXT,
    "event_time": _MOMENT,
    "score": _REAL,
    "at": _MOMENT,
}
COLUMNS = tuple(_COLUMNS)
"""The fields of the record."""

_TYPES: Mapping[Engine, Mapping[str, str]] = {
    "postgresql": {_TEXT: "text", _LONG: "bigint", _REAL: "double precision", _MOMENT: "timestamptz"},
    "redshift": {_TEXT: "varchar(4096)", _LONG: "bigint", _REAL: "double precision", _MOMENT: "timestamptz"},
}
_TAKEN: Mapping[str, tuple[str, ...]] = {
    _TEXT: ("text", "character varying"),
    _LONG: ("bigint", "integer", "numeric"),
    _REAL: ("double precision", "numeric"),
    _MOMENT: ("timestamp with time zone",),
}
"""The types of a table of the user's own that hold a field without loss, as information_schema names them."""


@dataclass(frozen=True)
class Statements:
    """The statements for one target, in the order of their methods."""

    engine: Engine
    schema: str
    table: str

    @property
    def target(self) -> str:
        return f"{_quoted(self.schema)}.{_quoted(self.table)}"

    def columns(self) -> str:
        """Ask for name and type of each column that the target has: none when it is not there."""
        return (
            "SELECT column_name, data_type FROM information_schema.columns "
            f"WHERE table_schema = {literal(self.schema, self.engine)} AND table_name = "
            f"{literal(self.table, self.engine)}"
        )

    def create(self) -> str:
        return (
            f"CREATE TABLE IF NOT EXISTS {self.target} ({self._declared()}, PRIMARY KEY ({_quoted('prediction_id')}))"
        )

    def stage(self) -> str:
        return f"CREATE TEMPORARY TABLE {STAGING} ({self._declared()})"

    def insert(self, rows: Sequence[Mapping[str, Any]]) -> str:
        """Put rows into the staging table, for a database that takes no COPY from a client."""
        values = ", ".join(f"({', '.join(literal(row[name], self.engine) for name in COLUMNS)})" for row in rows)
        return f"INSERT INTO {STAGING} ({_listed(COLUMNS)}) VALUES {values}"

    def repeated(self) -> str:
        """Count the prediction ids that are staged more than once."""
        key = _quoted("prediction_id")
        return f"SELECT count(*) FROM (SELECT {key} FROM {STAGING} GROUP BY {key} HAVING count(*) > 1) AS repeated_ids"

    def lock(self) -> str:
        """Let one delivery at a time decide which predictions are the newest; PostgreSQL's readers go on."""
        return f"LOCK TABLE {self.target}" + (" IN SHARE ROW EXCLUSIVE MODE" if self.engine == "postgresql" else "")

    def superseded(self) -> str:
        """Count the staged predictions of which a later run has already told something newer."""
        run = _quoted("run")
        return f"SELECT count(*) {self._newer()} AND kept.{run} <> staged.{run}"

    def drop_older(self) -> str:
        """Take out of the staging table what the target has already, or has newer."""
        key = _quoted("prediction_id")
        return f"DELETE FROM {STAGING} WHERE {key} IN (SELECT staged.{key} {self._newer()})"

    def drop_replaced(self) -> str:
        """Take out of the target what is about to be told anew."""
        key = _quoted("prediction_id")
        return f"DELETE FROM {self.target} WHERE {key} IN (SELECT {key} FROM {STAGING})"

    def fill(self) -> str:
        names = _listed(COLUMNS)
        return f"INSERT INTO {self.target} ({names}) SELECT {names} FROM {STAGING}"

    def unfit(self, found: Mapping[str, str]) -> Iterator[str]:
        """Yield what is wrong with the columns of a target that is there already."""
        for name, kind in _COLUMNS.items():
            if name not in found:
                yield f"column {name!r} is missing, expected {_TYPES[self.engine][kind]}"
            elif found[name] not in _TAKEN[kind]:
                yield f"column {name!r} is {found[name]}, expected {_TYPES[self.engine][kind]}"

    def _newer(self) -> str:
        """What is staged and kept as new or newer: by the later moment, then the later run, as in every channel."""
        key, at, run = _quoted("prediction_id"), _quoted("at"), _quoted("run")
        return (
            f"FROM {STAGING} AS staged JOIN {self.target} AS kept ON kept.{key} = staged.{key} "
            f"WHERE (kept.{at} > staged.{at} OR (kept.{at} = staged.{at} AND kept.{run} >= staged.{run}))"
        )

    def _declared(self) -> str:
        kinds = _TYPES[self.engine]
        return ", ".join(f"{_quoted(name)} {kinds[kind]} NOT NULL" for name, kind in _COLUMNS.items())


def literal(value: object, engine: Engine) -> str:
    """Return a value as a literal; in Redshift's texts a backslash begins an escape. Raises ValueError for a NUL.

    >>> literal("it's", "postgresql"), literal("a\\\\b", "redshift"), literal(0.1, "redshift")
    ("'it''s'", "'a\\\\\\\\b'", '0.1')
    """
    if isinstance(value, int | float):
        return repr(value)
    text = value.isoformat() if isinstance(value, dt.datetime) else str(value)
    if "\0" in text:
        raise ValueError("a text holds the character NUL, which no column can")
    escaped = text.replace("\\", "\\\\") if engine == "redshift" else text
    return "'" + escaped.replace("'", "''") + "'"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(_quoted, names))
