"""Which lines an environment has or had, what their own files say of them, and which of their alarms ring."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import yaml

from config.loading import ROOT
from config.naming import stack_name
from console.place import Place

_MADE_UP = re.compile(r"[0-9A-F]{8}-\w+$")
"""What CloudFormation adds to a name."""


def said_of(line: str) -> dict[str, str]:
    """Return what a line's own file says for people: ``question``, ``schedule``."""
    path = ROOT / "lines" / line / "line.yaml"
    try:
        return _said(str(path), path.stat().st_mtime_ns)
    except OSError:
        return {}


@lru_cache(maxsize=2000)
def _said(path: str, _changed: int) -> dict[str, str]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        told = yaml.load(Path(path).read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 (a SafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError):
        return {"question": "its line.yaml cannot be read: see `line validate`"}
    if not isinstance(told, dict):
        return {}
    return {name: str(told[name]) for name in ("question", "schedule") if told.get(name)}


def told_apart(place: Place) -> tuple[set[str], set[str]]:
    """Return the lines that are deployed, and those that are not any more but ran once.

    A stack's name does not tell every name of a line (``CallCentre``), what its runs left does (``call_centre``).
    """
    stacks = {bare(line): line for line in place.lines()}
    ran = {bare(line): line for line in with_runs(place)}
    deployed = {ran.get(stack, line) for stack, line in stacks.items()}
    return deployed, {line for stack, line in ran.items() if stack not in stacks}


def with_runs(place: Place) -> list[str]:
    """Return the lines of which runs left something in the lake, deployed or not."""

    def ask() -> list[str]:
        lake = place.foundation()["LakeBucket"]
        pages = place.client("s3").get_paginator("list_objects_v2").paginate(Bucket=lake, Prefix="runs/", Delimiter="/")
        return [one["Prefix"].split("/")[1] for page in pages for one in page.get("CommonPrefixes", [])]

    return place.kept("lines with runs", ask, seconds=30.0, stale=60.0)


def ringing(place: Place) -> Mapping[str, Sequence[str]]:
    """Return the alarms in ALARM by the ``bare`` name of their line: an alarm's begins with that of its stack."""
    return place.kept("alarms", lambda: _ringing(place))


def _ringing(place: Place) -> Mapping[str, Sequence[str]]:
    prefix = stack_name(place.environment, "")
    asked = {"AlarmNamePrefix": prefix, "StateValue": "ALARM", "AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}
    names: list[str] = []
    for page in place.client("cloudwatch").get_paginator("describe_alarms").paginate(**asked):
        told = [one for kind in ("MetricAlarms", "CompositeAlarms") for one in page.get(kind, [])]
        names += [one["AlarmName"] for one in told if one["StateValue"] == "ALARM"]
    found: dict[str, list[str]] = {}
    for name in names:
        stack, _, own = name.removeprefix(prefix).partition("-")
        found.setdefault(bare(stack), []).append(_MADE_UP.sub("", own))
    return found


def bare(name: str) -> str:
    """Return a line's name as a stack's name still tells it."""
    return name.replace("_", "").lower()
