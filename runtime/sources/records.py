"""The records of a text file one by one, with their lines: the slow reading, for files in which something is wrong.

What is no text, or no record, is rejected with its line, its reason and its raw text; everything else is written to a
clean file, from which DuckDB reads it. Memory stays bounded by the longest record.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa

from config.errors import LineError
from runtime.sources.loaded import File

LONGEST = 1 << 20
"""Bytes that a record may have."""

_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_UNCLOSED = "a quote is opened and never closed"

csv.field_size_limit(LONGEST)


@dataclass(frozen=True)
class Record:
    """One record: its first line, its raw text, and its values or the reason why it has none."""

    line: int
    raw: str
    values: list[str] | None
    reason: str = ""


@dataclass(frozen=True)
class Slow:
    """A file read record by record: ``clean`` (line, raw, values) and ``rejects`` (line, reason, raw) are CSV files."""

    clean: Path
    rejects: Path
    records: int
    rejected: int


Parser = Callable[["Lines"], Iterator[Record]]


def opened(file: File) -> BinaryIO:
    """Open a file's bytes, decompressed."""
    stream: Any = pa.input_stream(str(file.path), compression=file.compression)
    return io.BufferedReader(stream)


def as_utf8(file: File, encoding: str) -> File:
    """Return a file whose text is UTF-8; raises LineError when it is not encoded as declared."""
    if encoding == "utf-8":
        return file
    path = file.path.with_name(f"{file.path.name}.utf8")
    decoder = codecs.getincrementaldecoder(encoding)()
    done = 0
    try:
        with opened(file) as source, path.open("w", encoding="utf-8", newline="") as target:
            while chunk := source.read(1 << 20):
                target.write(decoder.decode(chunk))
                done += len(chunk)
            target.write(decoder.decode(b"", final=True))
    except UnicodeDecodeError as error:
        raise LineError(
            f"{file.uri}: is not {encoding} text near byte {done + error.start}: {error.reason}: "
            "convert the file or correct the source's encoding in line.yaml"
        ) from None
    except (OSError, EOFError, pa.ArrowInvalid) as error:
        raise _broken(file, error) from None
    return replace(file, path=path, compression=None)


def header(file: File) -> list[str]:
    """Return the first record of a CSV file; raises LineError when it is none."""
    with opened(file) as stream:
        first = next(csv_records(Lines(stream, file), width=None), None)
    if first is None:
        return []
    if first.values is None:
        raise LineError(f"{file.uri}: line {first.line}: {first.reason}: correct the header")
    return first.values


def read_slowly(file: File, parser: Parser, *, is_first_enough: bool) -> Slow:
    """Read a file record by record; with ``is_first_enough`` only as far as the first that is rejected."""
    clean, rejects = (file.path.with_name(f"{file.path.name}.{kind}") for kind in ("clean", "rejects"))
    records = rejected = 0
    with opened(file) as stream, _writing(clean) as good, _writing(rejects) as bad:
        to_good, to_bad = (csv.writer(target, quoting=csv.QUOTE_ALL) for target in (good, bad))
        for record in parser(Lines(stream, file)):
            records += 1
            if record.values is not None:
                to_good.writerow([record.line, record.raw, *record.values])
                continue
            rejected += 1
            to_bad.writerow([record.line, record.reason, record.raw])
            if is_first_enough:
                break
    return Slow(clean=clean, rejects=rejects, records=records, rejected=rejected)


class Lines:
    """A file's lines with their numbers, some of which may be put back."""

    def __init__(self, stream: BinaryIO, file: File) -> None:
        self._stream, self._file = stream, file
        self._number = 0
        self._back: deque[tuple[int, bytes]] = deque()

    def take(self) -> tuple[int, bytes] | None:
        """Return the next line and its number, or None at the end."""
        if self._back:
            return self._back.popleft()
        try:
            data = self._stream.readline(LONGEST)
            if data and not self._number:
                data = self._without_mark(data)
        except (OSError, EOFError, pa.ArrowInvalid) as error:
            raise _broken(self._file, error) from None
        if not data:
            return None
        self._number += 1
        return self._number, data

    def put_back(self, lines: list[tuple[int, bytes]]) -> None:
        self._back.extendleft(reversed(lines))

    def _without_mark(self, data: bytes) -> bytes:
        if data.startswith(_MARKS):
            raise LineError(
                f"{self._file.uri}: is UTF-16 text, as its byte order mark tells, expected utf-8: "
                "convert the file or give the source its encoding in line.yaml"
            )
        return data.removeprefix(codecs.BOM_UTF8) or b"\n"


def csv_records(lines: Lines, width: int | None) -> Iterator[Record]:
    """Yield a CSV file's records, the header among them; each must have ``width`` values.

    A record that is wrong costs its first line only: what looked like its other lines is read again.
    """
    while (first := lines.take()) is not None:
        number, data = first
        text = decoded(data)
        if isinstance(text, Unreadable):
            yield Record(number, text.raw, None, text.reason)
            continue
        if not text.strip("\r\n") and width != 1:
            continue
        taken, found = _values(lines, text)
        if isinstance(found, list) and width is not None and len(found) != width:
            found = f"has {len(found)} {'value' if len(found) == 1 else 'values'}, expected {width}"
        if isinstance(found, str):
            lines.put_back(taken)
            yield Record(number, text.rstrip("\r\n"), None, found)
        else:
            raw = text + b"".join(data for _, data in taken).decode()
            yield Record(number, raw.rstrip("\r\n"), found or [""])


def json_records(lines: Lines) -> Iterator[Record]:
    """Yield the lines of a file of JSON lines; whether they are JSON is for DuckDB to say."""
    while (first := lines.take()) is not None:
        number, data = first
        text = decoded(data)
        if isinstance(text, Unreadable):
            yield Record(number, text.raw, None, text.reason)
        elif text.strip():
            yield Record(number, text.strip(), [])


@dataclass(frozen=True)
class Unreadable:
    """A line that is no text: how it looks, and why."""

    raw: str
    reason: str


def decoded(data: bytes) -> str | Unreadable:
    """Return a line as text."""
    raw = data.decode("utf-8", "backslashreplace").rstrip("\r\n")
    if len(data) >= LONGEST:
        return Unreadable(raw[:200], f"is longer than {LONGEST} bytes")
    if b"\0" in data:
        return Unreadable(raw.replace("\0", "\\x00"), "holds a NUL byte")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        return Unreadable(raw, f"byte 0x{data[error.start]:02x} is not utf-8 text")


def _values(lines: Lines, text: str) -> tuple[list[tuple[int, bytes]], list[str] | str]:
    """Return the further lines that a record takes, and its values or what is wrong with it."""
    taken: list[tuple[int, bytes]] = []
    while True:
        try:
            return taken, next(csv.reader([text], strict=True))
        except csv.Error as error:
            if "unexpected end" not in str(error):
                return taken, _UNCLOSED if taken else f"is no CSV: {error}"
        while True:  # only a line with a quote can close the record
            more = lines.take()
            if more is not None:
                taken.append(more)
            further = decoded(more[1]) if more is not None else None
            if not isinstance(further, str) or len(text) > LONGEST:
                return taken, _UNCLOSED
            text += further
            if '"' in further:
                break


def _writing(path: Path) -> Any:
    return path.open("w", encoding="utf-8", newline="")


def _broken(file: File, error: Exception) -> LineError:
    first = next(iter(str(error).splitlines()), type(error).__name__).rstrip(".")
    return LineError(f"{file.uri}: cannot be decompressed: {first}: upload the complete file")
