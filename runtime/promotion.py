"""What is in production: the champion's pointer and the history behind it, moved together by compare-and-swap.

The ledger keeps, per line, one item ``CHAMPION`` and one item ``PRODUCTION#<number>`` per time that a version went into
production. Both are written in one transaction, on the condition that the pointer is still the one that was read. So of
two promoters one wins, and no crash leaves pointer and history different.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from config.errors import LineError

CHAMPION = "CHAMPION"
PRODUCTION = "PRODUCTION#"
_TRIES = 5
"""How often a move is tried again whose transaction was cancelled although nothing forbids it."""


@dataclass(frozen=True)
class Champion:
    """A model version in service; ``version`` is its number in the model package group."""

    version: int
    model_package_arn: str
    artefact: str
    """URI of its folder."""
    manifest_sha256: str
    """What its manifest must hash to: who reads the artefact trusts nothing else."""
    run: str
    variant: str
    endpoint: str
    endpoint_config: str
    """Empty where no endpoint serves: the line's predictions come from batches only."""
    metrics: Mapping[str, float]
    signature: str = ""
    """Empty for a model from before there were signatures: nobody uses it."""
    production: int = field(default=0, compare=False)
    """Number of its item in the history; 0 for a champion from before there was one."""


_NAMES = frozenset(each.name for each in fields(Champion))


@dataclass(frozen=True)
class Production:
    """A time that a version was in production, from ``since`` (ISO 8601, UTC) until the next one."""

    number: int
    champion: Champion
    since: str
    why: str
    who: str
    rolled_back: str = ""
    """When and by whom; empty unless this time ended by a rollback."""


def champion(dynamodb: Any, table: str, line: str) -> Champion | None:
    """Return the champion, or None before the line's first release."""
    item = dynamodb.get_item(TableName=table, Key=_key(line, CHAMPION), ConsistentRead=True).get("Item")
    return _champion(item) if item else None


def champions(dynamodb: Any, table: str, lines: Sequence[str]) -> dict[str, Champion]:
    """Return the champions of at most 100 lines, in one request; a line before its first release is left out."""
    keys = [_key(line, CHAMPION) for line in lines]
    found: list[Mapping[str, Any]] = []
    while keys:
        asked = {table: {"Keys": keys, "ConsistentRead": True}}
        answer = dynamodb.batch_get_item(RequestItems=asked)
        found += answer["Responses"].get(table, [])
        keys = answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", [])
    return {item["pk"]["S"].removeprefix("LINE#"): _champion(item) for item in found}


def history(dynamodb: Any, table: str, line: str) -> list[Production]:
    """Return every time in production, the oldest first."""
    asked: dict[str, Any] = {
        "TableName": table,
        "KeyConditionExpression": "pk = :line AND begins_with(sk, :production)",
        "ExpressionAttributeValues": {":line": {"S": f"LINE#{line}"}, ":production": {"S": PRODUCTION}},
        "ConsistentRead": True,
    }
    found: list[Production] = []
    while True:
        page = dynamodb.query(**asked)
        found += [_production(item) for item in page["Items"]]
        if "LastEvaluatedKey" not in page:
            return found
        asked["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def rolled_back(past: Sequence[Production], artefact: str) -> str:
    """Return when and by whom a model was rolled back, or nothing: it is known by its artefact, which has one run."""
    return next((one.rolled_back for one in past if one.rolled_back and one.champion.artefact == artefact), "")


def former(past: Sequence[Production], current: Champion) -> Production | None:
    """Return the last time in production of another model that was never rolled back, or None."""
    others = (one for one in reversed(past) if one.champion.artefact != current.artefact)
    return next((one for one in others if not rolled_back(past, one.champion.artefact)), None)


def still(dynamodb: Any, table: str, line: str, *, expected: int | None, artefact: str) -> None:
    """Return when a release may begin: the champion is still version ``expected``, or is what is released.

    Raises LineError otherwise, and for a model that was rolled back: nothing older than the champion goes into service.
    """
    current = champion(dynamodb, table, line)
    if current is not None and current.artefact == artefact:
        return
    if (current.version if current else None) != expected:
        raise superseded(current, expected=expected)
    past = history(dynamodb, table, line)
    if told := rolled_back(past, artefact):
        raise refused(next(one.champion.version for one in past if one.champion.artefact == artefact), told)


def promote(
    dynamodb: Any, table: str, line: str, challenger: Champion, *, expected: int | None, why: str = "", who: str = ""
) -> None:
    """Make the challenger champion if the champion is still version ``expected`` (None: there is none).

    Of two promoters that expect the same version exactly one succeeds; the other gets a LineError, and so does one
    whose version was rolled back. Doing it again changes nothing.
    """
    for _ in range(_TRIES):
        current = champion(dynamodb, table, line)
        past = history(dynamodb, table, line)
        if current is not None and _same(current, challenger):
            return
        if (current.version if current else None) != expected:
            raise superseded(current, expected=expected)
        if told := rolled_back(past, challenger.artefact):
            raise refused(challenger.version, told)
        why = why or f"run {challenger.run}"
        if _moved(dynamodb, _onward(table, line, current, challenger, past=past, why=why, who=who or "the run")):
            return
    raise _contended(line)


def roll_back(dynamodb: Any, table: str, line: str, *, number: int, to: int, who: str) -> None:
    """Make the model of time ``to`` champion again in place of that of time ``number``, which is marked.

    Raises LineError when time ``number`` is not the present. Doing it again changes nothing.
    """
    for _ in range(_TRIES):
        current = champion(dynamodb, table, line)
        past = {one.number: one for one in history(dynamodb, table, line)}
        done = current is not None and current.production > number and past[number].rolled_back
        if current is not None and done and current.artefact == past[to].champion.artefact:
            return
        if current is None or current.production != number or to not in past:
            raise moved_on(current, number=number)
        why = f"rollback of version {current.version}"
        items = _onward(table, line, current, past[to].champion, past=list(past.values()), why=why, who=who)
        mark = {
            "TableName": table,
            "Key": _key(line, _sort(number)),
            "UpdateExpression": "SET rolled_back = :told",
            "ConditionExpression": "attribute_exists(pk)",
            "ExpressionAttributeValues": {":told": {"S": f"{_now()} by {who}"}},
        }
        if _moved(dynamodb, [*items, {"Update": mark}]):
            return
    raise _contended(line)


def superseded(current: Champion | None, *, expected: int | None) -> LineError:
    """Return the error of a run whose comparison was with a champion that is none any more."""
    now = f"version {current.version} of run {current.run!r}" if current else "none"
    then = f"version {expected}" if expected is not None else "none"
    return LineError(
        f"release: the champion is {now}, expected {then}, "
        f"which this run's model was compared with: start the run again"
    )


def refused(version: int, told: str) -> LineError:
    """Return the error of a release of a version that was rolled back."""
    return LineError(
        f"release: version {version} was rolled back {told}, so it does not go into production again: "
        "train another (`line run LINE --force training`)"
    )


def moved_on(current: Champion | None, *, number: int) -> LineError:
    """Return the error of a rollback from something that is not in production any more."""
    now = f"number {current.production} (version {current.version})" if current else "empty"
    return LineError(
        f"release: production is {now}, expected number {number}, which was to be rolled back: "
        "look at what is in production and roll back again if it must be"
    )


def _onward(
    table: str,
    line: str,
    current: Champion | None,
    new: Champion,
    *,
    past: Sequence[Production],
    why: str,
    who: str,
) -> list[dict[str, Any]]:
    """Return the writes that make ``new`` the champion in place of ``current``, each with its condition."""
    number = max((one.number for one in past), default=0) + 1
    times = []
    if current is not None and not current.production:  # from before there was a history: it becomes its beginning
        times.append(Production(number, current, since="", why="before there was a history", who=""))
        number += 1
    new = replace(new, production=number)
    times.append(Production(number, new, since=_now(), why=why, who=who))
    pointer = {"TableName": table, "Item": {**_key(line, CHAMPION), **_attributes(new)}, **_unmoved(current)}
    fresh = {"TableName": table, "ConditionExpression": "attribute_not_exists(pk)"}
    return [{"Put": pointer}, *({"Put": {**fresh, "Item": _item(line, one)}} for one in times)]


def _unmoved(current: Champion | None) -> dict[str, Any]:
    """Return the condition that the pointer is still this one; its number tells it from an earlier time."""
    if current is None:
        return {"ConditionExpression": "attribute_not_exists(pk)"}
    version = {":version": {"N": str(current.version)}}
    if not current.production:
        condition = "version = :version AND attribute_not_exists(production)"
        return {"ConditionExpression": condition, "ExpressionAttributeValues": version}
    return {
        "ConditionExpression": "version = :version AND production = :production",
        "ExpressionAttributeValues": {**version, ":production": {"N": str(current.production)}},
    }


def _moved(dynamodb: Any, writes: list[dict[str, Any]]) -> bool:
    try:
        dynamodb.transact_write_items(TransactItems=writes)
    except dynamodb.exceptions.TransactionCanceledException:
        return False
    return True


def _same(current: Champion, challenger: Champion) -> bool:
    """Whether the challenger is champion already: an earlier attempt got as far as that."""
    names = ("version", "artefact", "endpoint_config")
    return all(getattr(current, name) == getattr(challenger, name) for name in names)


def _contended(line: str) -> LineError:
    return LineError(f"release: the ledger refused to move the champion of line {line!r} {_TRIES} times: try again")


def _key(line: str, sort: str) -> dict[str, Any]:
    return {"pk": {"S": f"LINE#{line}"}, "sk": {"S": sort}}


def _sort(number: int) -> str:
    return f"{PRODUCTION}{number:08d}"


def _attributes(champion: Champion) -> dict[str, Any]:
    values = asdict(champion)
    metrics = {name: {"N": repr(value)} for name, value in values.pop("metrics").items()}
    numbers = {name: {"N": str(number)} for name in ("version", "production") if (number := values.pop(name))}
    return {**{name: {"S": value} for name, value in values.items()}, **numbers, "metrics": {"M": metrics}}


def _champion(item: Mapping[str, Any]) -> Champion:
    texts = {name: value["S"] for name, value in item.items() if "S" in value and name in _NAMES}
    metrics = {name: float(value["N"]) for name, value in item["metrics"]["M"].items()}
    production = int(item["production"]["N"]) if "production" in item else 0
    return Champion(version=int(item["version"]["N"]), production=production, metrics=metrics, **texts)


def _item(line: str, time: Production) -> dict[str, Any]:
    told = {"since": time.since, "why": time.why, "who": time.who}
    whole = replace(time.champion, production=time.number)
    return {
        **_key(line, _sort(time.number)),
        **_attributes(whole),
        **{name: {"S": text} for name, text in told.items()},
    }


def _production(item: Mapping[str, Any]) -> Production:
    texts = {name: item[name]["S"] if name in item else "" for name in ("since", "why", "who", "rolled_back")}
    found = _champion(item)
    return Production(number=found.production, champion=found, **texts)


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
