"""What a table may hold, and how its columns may change from one published content to the next.

A column that is added and a number that widens are ``info``; a column that is gone or has another type breaks those who
read the table: ``error``, unless line.yaml says under ``accepted_changes`` that just this is meant.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal

import pyarrow as pa

from config.checks import Severity
from config.errors import LineError
from runtime.column_types import as_stored, identifier, is_list, is_map, is_struct, sql, widens
from runtime.inspection import Result

Kind = Literal["added", "widened", "narrowed", "dropped", "retyped", "nullability"]
SEVERITIES: dict[Kind, Severity] = {
    "added": "info",
    "widened": "info",
    "narrowed": "info",  # the table keeps its wider type
    "dropped": "error",
    "retyped": "error",
    "nullability": "warning",
}
DROPPED = "dropped"
"""What ``accepted_changes`` says of a column that goes on purpose."""


@dataclass(frozen=True)
class Change:
    """How a column differs from the published one; a nested one is named by its path, e.g. ``address.city``."""

    table: str
    column: str
    kind: Kind
    severity: Severity
    was: str
    """The published type in SQL; nothing for an added column."""
    now: str
    """The new type in SQL; nothing for a dropped column."""
    keep: str = ""
    """What the SELECT may say so that readers see the column as it was; nothing when they do."""
    accepted: bool = False
    """Whether line.yaml accepts it."""

    @property
    def accept(self) -> str:
        """What line.yaml may say to make a breaking change on purpose."""
        return f"accepted_changes: {{{_yaml(self.table)}: {{{_yaml(self.column)}: {_yaml(self.now or DROPPED)}}}}}"

    @property
    def proposal(self) -> str:
        """What to write, and where, to mend or to mean a breaking change."""
        if self.accepted:
            return ""
        return f"{self.keep}, or in line.yaml {self.accept}" if self.severity == "error" else self.keep

    def result(self) -> Result:
        """Return the change as the finding of an inspection, which acts by its severity."""
        return Result(
            table=self.table,
            check="schema",
            column=self.column,
            severity=self.severity,
            passed=self.accepted,
            failed_rows=0,
            total_rows=0,
            expected=f"{self.was} as published" if self.was else "no column",
            observed=f"{self.now or 'no column'} ({self.kind}{', accepted' if self.accepted else ''})",
            why="readers of the published table rely on it" if self.severity == "error" else "",
            proposal=self.proposal,
            test=f"{self.table} schema {self.column}",
        )

    def __str__(self) -> str:
        found = f"is {self.now}, expected {self.was} as published" if self.now else f"is gone, expected {self.was}"
        return f"table {self.table!r}: column {self.column!r} {found}: write {self.proposal}"


def changes(
    new: pa.Schema, published: pa.Schema, table: str, accepted: Mapping[str, str] | None = None
) -> list[Change]:
    """Return how the new content's columns differ from the published ones, in the order of the columns.

    ``accepted`` is what line.yaml accepts for this table: column → its new type in SQL, or ``dropped``. The order of
    columns is no difference, because a table keeps the order that it has.
    """
    accepted = {column: _word(kind) for column, kind in (accepted or {}).items()}
    found = []
    for path, kind, was, now in _differences((), _struct(published), _struct(new)):
        column = ".".join(path)
        meant = SEVERITIES[kind] == "error" and accepted.get(column) == _word(sql(now) if now else DROPPED)
        found.append(
            Change(
                table=table,
                column=column,
                kind=kind,
                severity="info" if meant else SEVERITIES[kind],
                was=sql(was) if was else "",
                now=sql(now) if now else "",
                keep=_keep(path, kind, published, new),
                accepted=meant,
            )
        )
    return found


def agreed_schema(new: pa.Schema, published: pa.Schema) -> pa.Schema:
    """Return the columns that the table has once it holds the new content.

    The published ones come first, as wide as either content needs them; what is gone is left out, and what has another
    type has the new one: whether that may be is for ``changes`` to say.
    """
    return pa.schema(list(_merged(_struct(published), _struct(new))))


def stored(columns: pa.Schema, table: str) -> pa.Schema:
    """Return columns in the types that an Iceberg table has; raises LineError for one that fits none."""
    schema = plain(columns)
    for field in schema:
        if pa.types.is_null(field.type) or pa.types.is_interval(field.type) or pa.types.is_duration(field.type):
            raise LineError(
                f"table {table!r}: column {field.name!r} has the type {field.type}, which no table can hold: "
                "cast it, for example to double or varchar"
            )
    return schema


def plain(schema: pa.Schema) -> pa.Schema:
    """Return the schema in the types that a table has, without field ids."""
    return pa.schema([pa.field(field.name, as_stored(field.type)) for field in schema])


def _differences(path: tuple[str, ...], old: Any, new: Any) -> Iterator[tuple[tuple[str, ...], Kind, Any, Any]]:
    """Yield path, kind, old and new type of every difference between two types."""
    if is_struct(old) and is_struct(new):
        fields = {field.name: field for field in new}
        for field in old:
            here = (*path, field.name)
            if field.name not in fields:
                yield here, "dropped", field.type, None
                continue
            found = fields.pop(field.name)
            yield from _differences(here, field.type, found.type)
            if found.nullable and not field.nullable:
                yield here, "nullability", field.type, found.type
        for name, field in fields.items():
            yield (*path, name), "added", None, field.type
    elif is_list(old) and is_list(new):
        yield from _differences((*path, "element"), old.value_type, new.value_type)
    elif is_map(old) and is_map(new):
        yield from _differences((*path, "key"), old.key_type, new.key_type)
        yield from _differences((*path, "value"), old.item_type, new.item_type)
    elif old != new:
        yield path, "widened" if widens(old, new) else "narrowed" if widens(new, old) else "retyped", old, new


def _merged(old: Any, new: Any) -> Any:
    if is_struct(old) and is_struct(new):
        before, after = {field.name: field for field in old}, {field.name: field for field in new}
        kept = [
            pa.field(name, _merged(field.type, after[name].type), field.nullable or after[name].nullable)
            for name, field in before.items()
            if name in after
        ]
        return pa.struct([*kept, *(field for name, field in after.items() if name not in before)])
    if is_list(old) and is_list(new):
        return pa.list_(pa.field("element", _merged(old.value_type, new.value_type)))
    if is_map(old) and is_map(new):
        return pa.map_(_merged(old.key_type, new.key_type), _merged(old.item_type, new.item_type))
    return old if widens(new, old) else new


def _keep(path: Sequence[str], kind: Kind, published: pa.Schema, new: pa.Schema) -> str:
    """Return the item of the SELECT that gives the column as it was published."""
    name = path[0]
    if kind in {"added", "narrowed"}:
        return ""
    column = identifier(name)
    was = as_stored(published.field(name).type)
    if kind == "nullability":
        return f"coalesce({column}, <value>) AS {column}"
    if name in new.names:
        return f"CAST({column} AS {sql(was)}) AS {column}"
    strangers = [
        field.name for field in new if field.name not in published.names and as_stored(field.type) == was
    ]  # a column of the same type that came as this one went is probably this one
    renamed = get_close_matches(name, strangers, n=1, cutoff=0.5)
    return f"{identifier(renamed[0])} AS {column}" if renamed else f"CAST(NULL AS {sql(was)}) AS {column}"


def _struct(schema: pa.Schema) -> Any:
    return as_stored(pa.struct(list(schema)))


def _yaml(word: str) -> str:
    return word if word.isidentifier() else json.dumps(word, ensure_ascii=False)


def _word(kind: str) -> str:
    return "".join(kind.split()).upper()
