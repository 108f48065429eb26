"""Who still needs which snapshot: the documents of a line that name one.

Published sets, manifests of datasets and of models, and receipts of runs name snapshots in forms of their own. A
snapshot's id is a random number of 63 bits, so any such number in a document counts as naming the snapshot.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from config.errors import LineError
from runtime import manifest, promotion
from runtime.manifest import Location

RUNS_UNDER_WAY = dt.timedelta(days=1)
"""How long a run may take: the receipts of one that is younger hold what they name."""
OWN_RUN = "maintenance"
"""The run under which maintenance leaves its receipts; they name snapshots and hold none."""


@dataclass(frozen=True)
class Line:
    """A line's places, and clients that may read them."""

    name: str
    lake: str
    ledger: str
    group: str
    """Its model package group."""
    s3: Any
    dynamodb: Any
    sagemaker: Any


def holders(line: Line, *, now: dt.datetime, dataset_days: float) -> dict[int, list[str]]:
    """Return who names which snapshot: id → names such as ``model 3``, in order.

    Raises LineError for a model in the registry whose manifest is missing: what it needs cannot be told, so nothing
    may be thrown away.
    """
    found: dict[int, set[str]] = defaultdict(set)
    for name, document in _documents(line, now=now, dataset_days=dataset_days):
        for number in _numbers(document):
            found[number].add(name)
    return {number: sorted(names) for number, names in found.items()}


def _documents(line: Line, *, now: dt.datetime, dataset_days: float) -> Iterator[tuple[str, Any]]:
    for key, _ in _objects(line, f"published/{line.name}/"):
        yield f"published by {key.rsplit('/', 1)[1].removesuffix('.json')}", _json(line, key)
    for key, _ in _objects(line, f"held/{line.name}/"):
        document = _json(line, key)
        if document is not None and document["until"] > now.strftime("%Y-%m-%dT%H:%M:%SZ"):
            yield f"environment {key.rsplit('/', 1)[1].removesuffix('.json')}", document
    for key, at in _objects(line, f"datasets/{line.name}/"):
        if key.endswith("/manifest.json") and now - at < dt.timedelta(days=dataset_days):
            yield f"dataset {key.split('/')[2]}", _json(line, key)
    for key, at in _objects(line, f"runs/{line.name}/"):
        run = key.split("/")[2]
        if key.endswith(".json") and run != OWN_RUN and now - at < RUNS_UNDER_WAY:
            yield f"run {run}", _json(line, key)
    for name, artefact in _models(line):
        read = manifest.read(line.s3, Location.of(artefact))
        if read is None:
            raise LineError(
                f"{name} of line {line.name!r}: its manifest {artefact}{manifest.NAME} is missing, so the data that it "
                "needs is unknown: restore it, or reject the version in the registry"
            )
        yield name, read[0].dataset


def _models(line: Line) -> Iterator[tuple[str, str]]:
    """Yield name and artefact of every registered model that may be in service again, and of the champion."""
    champion = promotion.champion(line.dynamodb, line.ledger, line.name)
    if champion is not None:
        yield "champion", champion.artefact
    pages = line.sagemaker.get_paginator("list_model_packages").paginate(ModelPackageGroupName=line.group)
    for package in (package for page in pages for package in page["ModelPackageSummaryList"]):
        if package.get("ModelApprovalStatus") == "Rejected":
            continue
        whole = line.sagemaker.describe_model_package(ModelPackageName=package["ModelPackageArn"])
        archived = whole.get("ModelLifeCycle", {}).get("Stage", "").lower() == "archived"
        artefact = whole.get("CustomerMetadataProperties", {}).get("artefact")
        if artefact and not archived:
            yield f"model {package['ModelPackageArn'].rsplit('/', 1)[1]}", artefact


def _objects(line: Line, prefix: str) -> Iterator[tuple[str, dt.datetime]]:
    for page in line.s3.get_paginator("list_objects_v2").paginate(Bucket=line.lake, Prefix=prefix):
        for found in page.get("Contents", []):
            yield found["Key"], found["LastModified"]


def _json(line: Line, key: str) -> Any:
    try:
        body = line.s3.get_object(Bucket=line.lake, Key=key)["Body"].read()
    except line.s3.exceptions.NoSuchKey:  # it went since it was listed
        return None
    return json.loads(body)


def _numbers(document: Any) -> Iterator[int]:
    """Yield every whole number in a document, one that is written as text too.

    >>> list(_numbers({"tables": {"orders": {"snapshot": 7}}, "note": ["8", "x", True]}))
    [7, 8]
    """
    match document:
        case bool() | None:
            return
        case int():
            yield document
        case str() if document.isdecimal():
            yield int(document)
        case Mapping():
            for value in document.values():
                yield from _numbers(value)
        case list() | tuple():
            for value in document:
                yield from _numbers(value)
