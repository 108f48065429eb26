"""Attempts: each training of a variant, kept in the ledger while it runs and for good, whether it ended well or not.

An item's key is ``ATTEMPTS#<line>`` and ``ATTEMPT#<run>#<variant>``. A job that is tried again takes its item over and
counts; what an earlier try, given up for lost, still has to say is then no longer heard.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

from runtime import unforeseen

PREFIX = "ATTEMPT#"

_DOCUMENTS = ("parameters", "metrics", "test", "curves", "dataset", "code")
"""What is kept as JSON text: nobody asks DynamoDB for a part of it."""

_OF_AN_END = ("finished", "seconds", "fit_seconds", "message", "metrics", "test", "curves")

Status = Literal["running", "succeeded", "failed"]


def partition(line: str) -> str:
    """Return the partition of the ledger that a line's attempts have to themselves."""
    return f"ATTEMPTS#{line}"


@dataclass(frozen=True)
class Attempt:
    """One training of a variant or a baseline."""

    run: str
    variant: str
    status: str
    attempt: int = 1
    """Which try it is: more than 1 when the machine of an earlier one was lost."""
    kind: str = "variant"
    started: str = ""
    finished: str = ""
    seconds: float = 0.0
    fit_seconds: float = 0.0
    """Of the seconds, those within the line's train.py."""
    message: str = ""
    """Why it failed."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    """Measured on the validation rows."""
    test: Mapping[str, float] = field(default_factory=dict)
    """Measured on the test rows, where evaluation has added it."""
    curves: Mapping[str, Mapping[str, list[float]]] = field(default_factory=dict)
    """Name -> its ``steps`` and ``values``."""
    dataset: Mapping[str, Any] = field(default_factory=dict)
    """Snapshot ids and fingerprint of the data."""
    code: Mapping[str, str] = field(default_factory=dict)
    """Fingerprints of the line's bundle and of its train.py, and the commit where it is known."""
    image: str = ""
    artefact: str = ""


@dataclass(frozen=True)
class Tracker:
    """Keeps one attempt; ``token`` tells this try from every other of the same run and variant."""

    dynamodb: Any
    table: str
    line: str
    run: str
    variant: str
    token: str = field(default_factory=lambda: os.urandom(8).hex())
    said: dict[str, Any] = field(default_factory=dict)
    """What is known of the attempt so far."""

    @property
    def attempt(self) -> Attempt:
        """The attempt as it was last told."""
        known = {name: self.said[name] for name in Attempt.__dataclass_fields__ if name in self.said}
        return Attempt(run=self.run, variant=self.variant, **known)

    @contextmanager
    def tracked(self, **known: Any) -> Iterator[dict[str, Any]]:
        """Track what happens inside; what it learns of itself is put into the dictionary.

        An error fails the attempt with its message, and goes on.
        """
        began = dt.datetime.now(dt.UTC)
        self.said.update(known, started=began.isoformat())
        learnt = self.said
        learnt["attempt"] = self.begin(began, **known)
        try:
            yield learnt
        except Exception as error:
            learnt["message"] = unforeseen.told(error)[:1000]
            try:
                self._end(began, "failed")
            except (BotoCoreError, ClientError) as unheard:  # the training's own error is the one to be told
                print(f"training: the failed attempt could not be recorded: {unheard}", file=sys.stderr)
            raise
        self._end(began, "succeeded")

    def begin(self, at: dt.datetime, **known: Any) -> int:
        """Say that the attempt runs, in place of an earlier one's say; returns which try it is, from 1."""
        said = {"status": "running", "started": at.isoformat(), "token": self.token, **known}
        names, values = _assignments(said)
        gone = [name for name in _OF_AN_END if name not in said]
        item = self._update(
            UpdateExpression=f"SET {', '.join(f'#{name} = :{name}' for name in said)}, #attempt = "
            f"if_not_exists(#attempt, :zero) + :one REMOVE {', '.join(f'#{name}' for name in gone)}",
            ConditionExpression="attribute_not_exists(pk) OR #token <> :token",  # the same request twice counts once
            ExpressionAttributeNames={**names, "#attempt": "attempt", **{f"#{name}": name for name in gone}},
            ExpressionAttributeValues={**values, ":zero": {"N": "0"}, ":one": {"N": "1"}},
        )
        return int(item["attempt"]["N"])

    def _end(self, began: dt.datetime, status: Status) -> None:
        at = dt.datetime.now(dt.UTC)
        self.said.update(status=status, finished=at.isoformat(), seconds=round((at - began).total_seconds(), 3))
        said = {name: value for name, value in self.said.items() if name not in ("started", "attempt")}
        names, values = _assignments(said)
        self._update(
            UpdateExpression=f"SET {', '.join(f'#{name} = :{name}' for name in said)}",
            ConditionExpression="#token = :token",
            ExpressionAttributeNames={**names, "#token": "token"},
            ExpressionAttributeValues={**values, ":token": {"S": self.token}},
        )

    def _update(self, **asked: Any) -> dict[str, Any]:
        """Change the item and return it; where that was done already, or a later try has taken over, as it is."""
        key = {"pk": {"S": partition(self.line)}, "sk": {"S": f"{PREFIX}{self.run}#{self.variant}"}}
        wanted = {"ReturnValues": "ALL_NEW", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        item: dict[str, Any]
        try:
            item = self.dynamodb.update_item(TableName=self.table, Key=key, **wanted, **asked)["Attributes"]
        except self.dynamodb.exceptions.ConditionalCheckFailedException as error:
            item = error.response["Item"]
        return item


def measured(dynamodb: Any, table: str, line: str, run: str, metrics: Mapping[str, Mapping[str, float]]) -> None:
    """Add to a run's attempts, by variant, what was measured on the test rows; a variant without one is left out."""
    for variant, found in metrics.items():
        try:
            dynamodb.update_item(
                TableName=table,
                Key={"pk": {"S": partition(line)}, "sk": {"S": f"{PREFIX}{run}#{variant}"}},
                UpdateExpression="SET #test = :test",
                ConditionExpression="attribute_exists(pk)",
                ExpressionAttributeNames={"#test": "test"},
                ExpressionAttributeValues={":test": _value("test", dict(found))},
            )
        except dynamodb.exceptions.ConditionalCheckFailedException:
            continue


def attempts(dynamodb: Any, table: str, line: str, run: str = "") -> list[Attempt]:
    """Return a line's attempts, or one run's: the newest run first, each run's in the order of their start."""
    pages = dynamodb.get_paginator("query").paginate(
        TableName=table,
        KeyConditionExpression="pk = :line AND begins_with(sk, :prefix)",
        ExpressionAttributeValues={
            ":line": {"S": partition(line)},
            ":prefix": {"S": f"{PREFIX}{run}#" if run else PREFIX},
        },
        ConsistentRead=True,
    )
    found: dict[str, list[Attempt]] = {}
    for page in pages:
        for item in page["Items"]:
            attempt = _attempt(item)
            found.setdefault(attempt.run, []).append(attempt)
    ordered = [sorted(each, key=lambda attempt: attempt.started) for each in found.values()]
    return [attempt for each in sorted(ordered, key=lambda each: each[0].started, reverse=True) for attempt in each]


def _assignments(said: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    return {f"#{name}": name for name in said}, {f":{name}": _value(name, value) for name, value in said.items()}


def _value(name: str, value: Any) -> dict[str, str]:
    if name in _DOCUMENTS:
        return {"S": json.dumps(value, sort_keys=True, default=str)}
    return {"N": repr(value)} if isinstance(value, int | float) else {"S": str(value)}


def _attempt(item: Mapping[str, Any]) -> Attempt:
    run, _, variant = item["sk"]["S"].removeprefix(PREFIX).rpartition("#")
    given: dict[str, Any] = {"run": run, "variant": variant}
    for name in Attempt.__dataclass_fields__:
        if name in _DOCUMENTS and name in item:
            given[name] = json.loads(item[name]["S"])
        elif name in item:
            value = item[name]
            given[name] = value["S"] if "S" in value else float(value["N"])
    given["attempt"] = int(given.get("attempt", 1))
    return Attempt(**given)
