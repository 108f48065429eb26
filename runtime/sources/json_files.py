"""Files of JSON lines: one object a line, whose keys are the columns."""

# ruff: noqa: S608 (names are quoted and texts are literals: see runtime/engine.py)

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from config.errors import LineError
from config.sources import S3Source
from runtime.engine import Connection, closest, literal, quoted, rows
from runtime.sources import values
from runtime.sources.csv_files import rejects_of
from runtime.sources.files import PATH, Careful
from runtime.sources.loaded import File
from runtime.sources.records import json_records, read_slowly

_NUMBERS = ("UBIGINT", "BIGINT", "DOUBLE")
_KINDS = {
    "JSON": (),
    "[]": ("ARRAY",),
    "STRUCT": ("OBJECT",),
    "MAP": ("OBJECT",),
    "BOOLEAN": ("BOOLEAN",),
    "DECIMAL": (*_NUMBERS, "VARCHAR"),
}
"""The kinds of JSON value that a type may come from; every other type comes from text."""

_DOC = "doc"
_LINE = "delim = '\x01', quote = '', escape = ''"


@dataclass
class JsonReader:
    """Reads the JSON lines of one source."""

    connection: Connection
    name: str
    source: S3Source

    def check(self, files: Sequence[File]) -> None:
        """Raise LineError for a file in which no row has a declared key: it was renamed or is gone."""
        for file in files:
            self._check(file)

    def columns(self, kinds: dict[str, str]) -> list[values.Column]:
        """Return what every line must be, then the declared columns."""
        return [_column(name, declared, kinds[name]) for name, declared in self.source.columns.items()]

    def view(self, files: Sequence[File]) -> str | None:
        """Text is never as declared without a look."""
        del files
        return None

    def quick(self, files: Sequence[File]) -> str:
        """Return the SELECT of all lines, parsed."""
        of: dict[str | None, list[File]] = {}
        for file in files:
            of.setdefault(file.compression, []).append(file)
        return " UNION ALL ".join(
            f"SELECT TRY_CAST(raw AS JSON) AS {_DOC}, {quoted(PATH)} FROM {_lines(group, compression)} "
            "WHERE trim(raw, ' \t\r') <> ''"
            for compression, group in of.items()
        )

    def careful(self, file: File, *, is_first_enough: bool) -> Careful:
        """Read one file line by line."""
        slow = read_slowly(file, json_records, is_first_enough=is_first_enough)
        columns = "{'line': 'BIGINT', 'raw': 'VARCHAR'}"
        read = (
            f"read_csv({literal(str(slow.clean))}, auto_detect = false, header = false, delim = ',', quote = '\"', "
            f"escape = '\"', columns = {columns})"
        )
        return Careful(
            select=f"SELECT line, raw, CASE WHEN json_valid(raw) THEN CAST(raw AS JSON) END AS {_DOC} FROM {read}",
            rejects=rejects_of(str(slow.rejects)),
            records=slow.records,
        )

    def _check(self, file: File) -> None:
        counted = ", ".join(f"count(json_type({_DOC}, {_pointer(name)}))" for name in self.source.columns)
        try:
            select = self.quick([file])
            found = rows(self.connection, f"SELECT count(*), {counted} FROM ({select})")[0]
        except duckdb.Error:  # what is wrong with it is told when it is read line by line
            return
        for name, count in zip(self.source.columns, found[1:], strict=True):
            if found[0] and not count:
                keys = [
                    key
                    for (key,) in rows(self.connection, f"SELECT DISTINCT unnest(json_keys({_DOC})) FROM ({select})")
                ]
                others = sorted(key for key in keys if key not in self.source.columns)
                raise LineError(
                    f"{file.uri}: column {name!r} is missing; its rows have {', '.join(sorted(keys)) or 'no key'}"
                    f"{closest(name, others)}: restore the key in the file or declare its new name under "
                    f"sources.{self.name}.columns in line.yaml"
                )


def _lines(files: Sequence[File], compression: str | None) -> str:
    paths = ", ".join(literal(str(file.path)) for file in files)
    return (
        f"read_csv([{paths}], auto_detect = false, header = false, {_LINE}, columns = {{'raw': 'VARCHAR'}}, "
        f"filename = {literal(PATH)}, compression = {literal(compression or 'none')})"
    )


def _column(name: str, declared: str, kind: str) -> values.Column:
    pointer = _pointer(name)
    found, text = f"json_type({_DOC}, {pointer})", f"json_extract_string({_DOC}, {pointer})"
    allowed = ", ".join(literal(one) for one in _allowed(kind))
    wrong_kind = f"({found} NOT IN ('NULL', {allowed}))" if allowed else "false"
    if kind == "JSON" or kind.endswith("]") or kind.startswith(("STRUCT", "MAP")):
        value = f"TRY_CAST(json_extract({_DOC}, {pointer}) AS {declared})"
        bad_value = f"({found} <> 'NULL' AND {value} IS NULL)"
    else:
        value = text if kind == "VARCHAR" else f"TRY_CAST({text} AS {declared})"
        bad_value = values.bad(text, kind)
        if kind in ("DOUBLE", "FLOAT"):
            bad_value += f" OR NOT coalesce(isfinite(TRY_CAST({text} AS DOUBLE)), true)"
    document = (
        f"({_DOC} IS NULL OR json_type({_DOC}) <> 'OBJECT' "
        f"OR len(json_keys({_DOC})) <> len(list_distinct(json_keys({_DOC}))))"
    )
    no_document = (
        f"WHEN {_DOC} IS NULL THEN 'is no JSON' WHEN json_type({_DOC}) <> 'OBJECT' THEN 'is no JSON object but ' || "
        f"json_type({_DOC}) WHEN {document} THEN 'has a key twice'"
    )
    what = f"{literal(f'column {name!r}: ')} || {values.shown(text)} || ' is ' || {found}"
    return values.Column(
        name=name,
        value=value,
        bad=f"({document} OR coalesce({wrong_kind} OR {bad_value}, false))",
        reason=(
            f"CASE {no_document} WHEN {wrong_kind} THEN {what} || {literal(f', not {declared}')} "
            f"ELSE {values.reason(name, text, declared)} END"
        ),
    )


def _allowed(kind: str) -> tuple[str, ...]:
    """Return the kinds of JSON value that a type may come from; none for every kind."""
    if values.is_integer(kind) or kind in ("DOUBLE", "FLOAT"):
        return _NUMBERS
    family = "[]" if kind.endswith("]") else kind.partition("(")[0]
    return _KINDS.get(family, ("VARCHAR",))


def _pointer(name: str) -> str:
    """Return the JSON pointer of a key, which means the key whatever characters it has."""
    return literal("/" + name.replace("~", "~0").replace("/", "~1"))
