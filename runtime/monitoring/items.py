"""Join items as DynamoDB writes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from runtime.delivery import records
from runtime.monitoring.joins import Counted, Item, Label

Raw = Mapping[str, Mapping[str, Any]]


def of(item: Item, line: str) -> dict[str, Any]:
    """Return an item's attributes; ``unmatched_since`` is there only while it waits for its prediction."""
    made: dict[str, Any] = {
        "prediction_key": {"S": item.key},
        "line": {"S": line},
        "version": {"N": str(item.version)},
        "expires": {"N": str(item.expires)},
    }
    if item.prediction is not None:
        made |= {name: records.typed(item.prediction[name]) for name in records.FIELDS}
    if item.slices is not None:
        made["slices"] = {"M": {name: {"S": value} for name, value in item.slices.items()}}
    if item.label is not None:
        made |= {"label": {"N": repr(item.label.label)}, "label_at": {"S": item.label_at}}
        if item.label.known_at:
            made["known_at"] = {"S": item.label.known_at}
        if item.label.outcome is not None:
            made["outcome"] = {"N": repr(item.label.outcome)}
    if item.counted is not None:
        made["counted"] = {"S": json.dumps(vars(item.counted))}
    if item.captured:
        made["captured"] = {"SS": sorted(item.captured)}
    if item.unmatched_since:
        made["unmatched_since"] = {"S": item.unmatched_since}
    return made


def read(key: str, raw: Raw | None) -> Item:
    """Return the item with a key; one that is not in the table is an empty one."""
    if raw is None:
        return Item(key)
    return Item(
        key=key,
        version=int(raw["version"]["N"]),
        prediction={name: records.value(name, raw[name]) for name in records.FIELDS} if "score" in raw else None,
        slices={name: value["S"] for name, value in raw["slices"]["M"].items()} if "slices" in raw else None,
        label=_label(raw) if "label" in raw else None,
        label_at=raw.get("label_at", {}).get("S", ""),
        counted=Counted(**json.loads(raw["counted"]["S"])) if "counted" in raw else None,
        captured=frozenset(raw.get("captured", {}).get("SS", ())),
        unmatched_since=raw.get("unmatched_since", {}).get("S", ""),
        expires=int(raw["expires"]["N"]),
    )


def _label(raw: Raw) -> Label:
    outcome = raw.get("outcome")
    return Label(
        label=float(raw["label"]["N"]),
        known_at=raw.get("known_at", {}).get("S", ""),
        outcome=None if outcome is None else float(outcome["N"]),
    )
