"""Files of labels that are dropped in the raw bucket, as messages for the line's queue.

A file has one label an object or row: JSON lines (``.jsonl``, ``.json``, ``.ndjson``) with what a label message may
say, or CSV (``.csv``) with a header that names the same. A line that is no label is told of by its number, and stops no
other.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from config.metrics import Task
from runtime.monitoring import labels

MOST_TOLD = 100
"""Lines that are told of one by one; of the others it is told how many."""
_NUMBERS = ("label", "outcome")
_TEXTS = ("prediction_id", "id", "time", "known_at")


@dataclass
class Dropped:
    """What became of a file: how many labels were sent, in how many messages, and by line why others were not."""

    sent: int = 0
    messages: int = 0
    wrong: dict[int, str] = field(default_factory=dict)
    more_wrong: int = 0


def prefix(line: str) -> str:
    """Key prefix in the raw bucket of a line's files of labels."""
    return f"ground_truth/{line}/"


def send(
    *, s3: Any, sqs: Any, bucket: str, key: str, queue: str, line: str, task: Task, now: dt.datetime | None = None
) -> Dropped:
    """Send the labels of a file; a file that is sent again gives the same messages, whose labels count once."""
    result, moment = Dropped(), now or dt.datetime.now(dt.UTC)
    body = s3.get_object(Bucket=bucket, Key=key)["Body"]
    batch: list[Mapping[str, Any]] = []
    text = io.TextIOWrapper(io.BufferedReader(_Readable(body)), encoding="utf-8-sig", errors="surrogateescape")
    for number, given in _each(key, text):
        try:
            if isinstance(given, str):
                raise ValueError(given)
            labels.told(given, line, task, moment)
        except ValueError as error:
            if len(result.wrong) < MOST_TOLD:
                result.wrong[number] = str(error)
            else:
                result.more_wrong += 1
            continue
        batch.append(given)
        if len(batch) == labels.MOST:
            _flush(result, sqs, queue, batch)
    _flush(result, sqs, queue, batch)
    return result


def _flush(result: Dropped, sqs: Any, queue: str, batch: list[Mapping[str, Any]]) -> None:
    result.messages += labels.send(sqs, queue, batch)
    result.sent += len(batch)
    batch.clear()


def _each(key: str, text: Iterable[str]) -> Iterator[tuple[int, Any]]:
    """Yield each line's number, from 1, and what it says; a text in place of an object says what is wrong with it."""
    if key.lower().endswith(".csv"):
        yield from _rows(text)
    elif key.lower().endswith((".jsonl", ".json", ".ndjson")):
        for number, one in enumerate(text, start=1):
            if one.strip():
                yield number, _parsed(one)
    else:
        yield 1, "the file's name ends in none of .jsonl, .ndjson, .json and .csv"


def _parsed(text: str) -> Any:
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        return "the line is not JSON"
    return given if isinstance(given, dict) else "the line is not a JSON object"


def _rows(text: Iterable[str]) -> Iterator[tuple[int, Any]]:
    reader = csv.reader(text)
    try:
        header = [name.strip() for name in next(reader, [])]
        if "label" not in header or not {"id", "prediction_id"} & set(header):
            yield 1, "the header names no label, or neither prediction_id nor id"
            return
        for row in reader:
            if row:
                wrong = f"{len(row)} fields, expected {len(header)} as in the header"
                yield reader.line_num, _label(dict(zip(header, row, strict=True))) if len(row) == len(header) else wrong
    except csv.Error:
        yield reader.line_num, "the line is not CSV, and the lines after it were not read"


def _label(row: Mapping[str, str]) -> Any:
    """Return a row as a label message says it: an empty field says nothing."""
    found: dict[str, Any] = {name: row[name] for name in _TEXTS if row.get(name)}
    for name in _NUMBERS:
        if row.get(name):
            try:
                value = float(row[name])
            except ValueError:
                return f"{name} is not a number"
            found[name] = int(value) if value.is_integer() else value
    return found


class _Readable(io.RawIOBase):
    """An object's body as a stream of bytes."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        read: bytes = self._body.read(len(buffer))
        buffer[: len(read)] = read
        return len(read)
