"""Skipping a station that is fresh: the run takes over what an earlier run's station left, and says so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from runtime import freshness, receipts
from runtime.components import World, agrees, depends
from runtime.freshness import Known, Verdict
from runtime.paths import RunPaths
from runtime.plan import Plan


def look(*, world: World, plan: Plan, paths: RunPaths, station: str, given: dict[str, Any], forced: bool) -> Verdict:
    """Decide whether a station of a run may be skipped; if so its receipts are there afterwards.

    If not, what it depends on is kept beside the run, for ``settle`` to remember when it ends well, and the record of
    its last good run is taken away.
    """
    now = depends(station, plan=plan, given=given, world=world, left=lambda name: receipts.read(world.s3, paths, name))
    known = freshness.known(world.dynamodb, world.ledger_table, paths.line, station)
    verdict = freshness.judge(now.components, known, forced=forced, unknown=now.unknown)
    if verdict.fresh:
        verdict = _taken_over(world, paths, station, verdict)
    good = Known(run=paths.run, components=now.components)
    _put(world.s3, paths.lake, paths.components(station), good.components)
    if not verdict.fresh:
        freshness.forget(world.dynamodb, world.ledger_table, paths.line, station)
    return verdict


def settle(*, s3: Any, dynamodb: Any, ledger_table: str, paths: RunPaths, station: str) -> None:
    """Remember a station of a run that ended well as its last good one."""
    try:
        body = s3.get_object(Bucket=paths.lake, Key=paths.components(station))["Body"].read()
    except s3.exceptions.NoSuchKey:  # a run that began before this was there
        return
    good = Known(run=paths.run, components=json.loads(body))
    freshness.remember(dynamodb, ledger_table, paths.line, station, good)


def _taken_over(world: World, paths: RunPaths, station: str, verdict: Verdict) -> Verdict:
    """Copy what the earlier run's station left, its receipt last."""
    before = replace(paths, run=verdict.run)
    receipt = receipts.read(world.s3, before, station)
    if receipt is None:
        return Verdict(fresh=False, why=f"the receipt of {verdict.run} is gone")
    if not agrees(station, world=world, line=paths.line, receipt=receipt):
        return Verdict(fresh=False, why=f"another model is in service than after {verdict.run}")
    for key in _parts(world.s3, before, station):
        target = paths.prefix + key.removeprefix(before.prefix)
        world.s3.copy_object(Bucket=paths.lake, Key=target, CopySource={"Bucket": paths.lake, "Key": key})
    fresh = replace(receipt, status="skipped", seconds=0.0, message=f"fresh: {verdict.why}")
    receipts.write(world.s3, paths, station, fresh)
    return verdict


def _parts(s3: Any, paths: RunPaths, station: str) -> Iterator[str]:
    """Yield the keys of what a station left beside its receipt: its jobs' receipts, and the records of scoring."""
    wanted = [paths.receipt(f"{station}-").removesuffix(".json")]
    wanted += [paths.predictions_as(""), paths.receipt("profile")] if station == "scoring" else []
    for prefix in wanted:
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=paths.lake, Prefix=prefix)
        yield from (item["Key"] for page in pages for item in page.get("Contents", []))


def _put(s3: Any, bucket: str, key: str, value: Any) -> None:
    body = json.dumps(dict(value), sort_keys=True).encode()
    s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json")
