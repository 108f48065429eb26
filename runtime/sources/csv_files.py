"""CSV files: read as text by their headers, so that columns may stand in any order."""

# ruff: noqa: S608 (names are quoted and texts are literals: see runtime/engine.py)

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from config.errors import LineError
from config.sources import S3Source
from runtime.engine import closest, literal, quoted
from runtime.sources import values
from runtime.sources.files import PATH, Careful
from runtime.sources.loaded import File
from runtime.sources.records import Lines, Record, csv_records, header, read_slowly

_QUOTED = "delim = ',', quote = '\"', escape = '\"'"
_NEVER = "\x01"


@dataclass
class CsvReader:
    """Reads the CSV files of one source."""

    name: str
    source: S3Source
    _headers: dict[str, list[str]] = field(default_factory=dict)

    def check(self, files: Sequence[File]) -> None:
        """Raise LineError for a file that lacks a declared column, or has one twice."""
        for file in files:
            self._headers[str(file.path)] = self._checked(file)

    def columns(self, kinds: dict[str, str]) -> list[values.Column]:
        """Return the declared columns, each a text that must be a value of its type."""
        return [
            values.of_text(name, quoted(name), declared, kinds[name]) for name, declared in self.source.columns.items()
        ]

    def view(self, files: Sequence[File]) -> str | None:
        """Text is never as declared without a look."""
        del files
        return None

    def quick(self, files: Sequence[File]) -> str:
        """Return the SELECT of all rows, files with one header together."""
        groups: dict[tuple[tuple[str, ...], str | None], list[File]] = {}
        for file in files:
            groups.setdefault((tuple(self._headers[str(file.path)]), file.compression), []).append(file)
        selected = ", ".join(quoted(name) for name in self.source.columns)
        nulls = ", ".join(literal(text) for text in self.source.null_values)
        return " UNION ALL ".join(
            f"SELECT {selected}, {quoted(PATH)} FROM read_csv({_listed(group)}, auto_detect = false, header = true, "
            f"{_QUOTED}, nullstr = [{nulls}], columns = {_texts(self._names(first))}, filename = {literal(PATH)}, "
            f"compression = {literal(compression or 'none')})"
            for (first, compression), group in groups.items()
        )

    def careful(self, file: File, *, is_first_enough: bool) -> Careful:
        """Read one file record by record."""
        first = self._headers[str(file.path)]
        slow = read_slowly(file, partial(_body, width=len(first)), is_first_enough=is_first_enough)
        named = {"assembly-line.line": "BIGINT", "assembly-line.raw": "VARCHAR"}
        kinds = ", ".join(f"{literal(name)}: {literal(kind)}" for name, kind in named.items())
        texts = _texts(self._names(first)).removeprefix("{")
        read = (
            f"read_csv({literal(str(slow.clean))}, auto_detect = false, header = false, {_QUOTED}, "
            f"nullstr = {literal(_NEVER)}, columns = {{{kinds}, {texts})"
        )
        nulls = ", ".join(literal(text) for text in self.source.null_values)
        selected = "".join(
            f", CASE WHEN {quoted(name)} IN ({nulls}) THEN NULL ELSE {quoted(name)} END AS {quoted(name)}"
            if nulls
            else f", {quoted(name)}"
            for name in self.source.columns
        )
        return Careful(
            select=f'SELECT "assembly-line.line" AS line, "assembly-line.raw" AS raw{selected} FROM {read}',
            rejects=rejects_of(str(slow.rejects)),
            records=slow.records,
        )

    def _names(self, first: Sequence[str]) -> list[str]:
        """Return a header with every name once: columns that are not declared may repeat."""
        return [name if first.count(name) == 1 else f"{name}_{i}" for i, name in enumerate(first)]

    def _checked(self, file: File) -> list[str]:
        first = header(file)
        for column in self.source.columns:
            if column not in first:
                others = [other for other in first if other not in self.source.columns]
                raise LineError(
                    f"{file.uri}: column {column!r} is missing; the file has {', '.join(first)}"
                    f"{closest(column, others)}: restore the column in the file or declare its new name under "
                    f"sources.{self.name}.columns in line.yaml"
                )
            if first.count(column) > 1:
                raise LineError(f"{file.uri}: column {column!r} stands {first.count(column)} times: keep one of them")
        return first


def rejects_of(path: str) -> str:
    """Return the SELECT of what a slow reading rejected."""
    return (
        f"SELECT * FROM read_csv({literal(path)}, auto_detect = false, header = false, {_QUOTED}, "
        f"nullstr = {literal(_NEVER)}, columns = {{'line': 'BIGINT', 'reason': 'VARCHAR', 'raw': 'VARCHAR'}})"
    )


def _body(lines: Lines, width: int) -> Iterator[Record]:
    """Yield a file's records but its header."""
    records = csv_records(lines, width)
    next(records, None)
    yield from records


def _texts(names: Sequence[str]) -> str:
    return "{" + ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names) + "}"


def _listed(files: Sequence[File]) -> str:
    return "[" + ", ".join(literal(str(file.path)) for file in files) + "]"
