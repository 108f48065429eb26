"""Partial counts of a window: small items that are written once, never changed, and merged by who reads them.

A window is the partition ``<line>#<start>``. ``input#<hash>`` sketches some captured events, ``input#run-<run>`` what a
run scored, ``outcome#<hash>`` counts some labels. A partial is written in one transaction with the marks of what it
counts. Beside them the partition ``<line>`` has an item per window, named by its start, that says which windows there
are and, by ``dirty``, of which something has come since they were last judged.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import uuid
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from runtime.monitoring import sketch
from runtime.monitoring.joins import Counters
from runtime.monitoring.sketch import Sketch
from runtime.monitoring.store import Store, expiry

INPUT, OUTCOME, RUN = "input#", "outcome#", "input#run-"
VERDICT = "verdict"
KEPT = 2
"""How many times as long as predictions partials are kept: what a late label takes back is still there."""
VERDICT_DAYS = 1100


@dataclass(frozen=True)
class Partial:
    """One partial: a sketch (with the artefact whose reference it was made by), or counters per slice."""

    part: str
    n: int
    sketch: Sketch | None = None
    artefact: str = ""
    counters: Counters | None = None
    at: str = ""


def key(line: str, start: str) -> str:
    """Return the partition of a window.

    >>> key("flights", "2013-08-15T00:00Z")
    'flights#2013-08-15T00:00Z'
    """
    return f"{line}#{start}"


def named(prefix: str, keys: Iterable[str]) -> str:
    """Return the name of the partial that counts what has these keys, in whichever order they are given."""
    told = "\n".join(sorted(keys)).encode(errors="surrogatepass")
    return f"{prefix}{hashlib.sha256(told).hexdigest()[:32]}"


def put(store: Store, start: str, partial: Partial, now: dt.datetime, *, again: bool = False) -> dict[str, Any]:
    """Return the ``Put`` of a partial; unless it may be written ``again``, it fails where it is there already."""
    item: dict[str, Any] = {
        "window": {"S": key(store.line, start)},
        "part": {"S": partial.part},
        "n": {"N": str(partial.n)},
        "line": {"S": store.line},
        "at": {"S": partial.at or now.isoformat()},
        "expires": {"N": str(expiry(now, KEPT * store.keep_days))},
    }
    if partial.sketch is not None:
        item |= {"sketch": {"B": sketch.pack(partial.sketch)}, "artefact": {"S": partial.artefact}}
    if partial.counters is not None:
        item["counters"] = {"B": zlib.compress(json.dumps(partial.counters, sort_keys=True).encode())}
    condition = {} if again else {"ConditionExpression": "attribute_not_exists(part)"}
    return {"TableName": store.windows, "Item": item, **condition}


def touch(store: Store, starts: Iterable[str], now: dt.datetime) -> None:
    """Say that something came for some windows. It is said after it came, and again by who tries again."""
    for start in sorted(set(starts)):
        store.dynamodb.update_item(
            TableName=store.windows,
            Key={"window": {"S": store.line}, "part": {"S": start}},
            UpdateExpression="SET dirty = :token, expires = :expires",
            ExpressionAttributeValues={
                ":token": {"S": uuid.uuid4().hex},
                ":expires": {"N": str(expiry(now, VERDICT_DAYS))},
            },
        )


def query(
    dynamodb: Any, table: str, partition: str, *, prefix: str = "", between: tuple[str, str] | None = None
) -> Iterator[dict[str, Any]]:
    """Yield the items of a partition whose sort key begins with a prefix or lies between two, in its order."""
    values: dict[str, Any] = {":window": {"S": partition}}
    condition = "#window = :window"
    if prefix:
        condition, values = f"{condition} AND begins_with(part, :prefix)", values | {":prefix": {"S": prefix}}
    if between:
        condition = f"{condition} AND part BETWEEN :from AND :until"
        values |= {":from": {"S": between[0]}, ":until": {"S": between[1]}}
    pages = dynamodb.get_paginator("query").paginate(
        TableName=table,
        KeyConditionExpression=condition,
        ExpressionAttributeNames={"#window": "window"},
        ExpressionAttributeValues=values,
        ConsistentRead=True,
    )
    for page in pages:
        yield from page["Items"]


def of(raw: Mapping[str, Any]) -> Partial:
    """Return a partial from its item."""
    counters = None
    if "counters" in raw:
        told = json.loads(zlib.decompress(raw["counters"]["B"]))
        counters = {place: Counter(counts) for place, counts in told.items()}
    return Partial(
        part=raw["part"]["S"],
        n=int(raw["n"]["N"]),
        sketch=sketch.unpack(raw["sketch"]["B"]) if "sketch" in raw else None,
        artefact=raw.get("artefact", {}).get("S", ""),
        counters=counters,
        at=raw["at"]["S"],
    )


def added(counters: Iterable[Counters]) -> Counters:
    """Return the sum of counters; what was taken back wholly is left out."""
    total: Counters = {}
    for each in counters:
        for place, counts in each.items():
            total.setdefault(place, Counter()).update(counts)
    kept = {place: Counter({name: n for name, n in counts.items() if n}) for place, counts in total.items()}
    return {place: counts for place, counts in kept.items() if counts}
