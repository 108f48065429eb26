"""``line env deployed``: tells an environment's ledger of a deploy, with the commits that came with it."""

from __future__ import annotations

import datetime as dt
import json
import os
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from cli.came_with import came_with, full, head
from cli.session import session
from config.errors import LineError
from config.loading import ROOT, load_environment, standing_names
from config.naming import slug
from runtime import chronicle, events
from runtime.records import Commit

_BUILDS = ("GITHUB_RUN_ID", "CODEBUILD_BUILD_ID")
_AGAIN = ("GITHUB_RUN_ATTEMPT",)
"""What an automation calls the build that it is at, and the attempt at it."""


def tell_deploy(
    name: str, *, commit: str | None, since: str | None, failed: bool, id_: str | None, as_json: bool, root: Path = ROOT
) -> int:
    """Tell of a deploy of an environment; returns the exit status."""
    known = commit or head(root)
    if known is None:
        raise LineError(
            "what was deployed is unknown: this is no git repository, and --commit names none: name the commit"
        )
    commits, why = _commits(name, known, since, root)
    detail = chronicle.deployed(
        environment=name,
        id_=id_ or build(name, os.environ) or uuid.uuid4().hex,
        at=dt.datetime.now(dt.UTC),
        status="failed" if failed else "succeeded",
        commit=_whole(known, root),
        commits=commits,
    )
    put(session_of(name).client("events"), detail)
    if as_json:
        print(json.dumps(detail, indent=2))
        return 0
    count = f"{len(commits)} commit{'' if len(commits) == 1 else 's'}"
    print(f"{name}: told of a deploy that {detail['status']}, of {detail['commit'][:12]} with {count}{why}")
    return 0


def tell_here(client: Any, *, failed: bool = False, root: Path = ROOT) -> None:
    """Tell the embedded AWS's ledger of what was just deployed into it, where git knows what that is."""
    commit = head(root)
    if commit is None:
        return
    with suppress(LineError):  # a deploy that failed before there was a bus
        detail = chronicle.deployed(
            environment="local",
            id_=uuid.uuid4().hex,
            at=dt.datetime.now(dt.UTC),
            status="failed" if failed else "succeeded",
            commit=commit,
            commits=came_with(commit, since=None, merges=False, root=root),
        )
        put(client, detail)


def put(client: Any, detail: Mapping[str, Any]) -> None:
    """Put the event of a deploy onto its environment's bus; raises LineError where there is none, or it may not."""
    bus = slug(str(detail["environment"]))
    try:
        events.put(client, [events.entry(bus=bus, detail_type=events.ENVIRONMENT_DEPLOYED, detail=detail)])
    except (ClientError, BotoCoreError, RuntimeError) as error:
        raise LineError(
            f"environment {detail['environment']!r} cannot be told of its deploy ({error}): its bus {bus} comes with "
            "its first deploy, and who tells needs events:PutEvents on it"
        ) from None


def build(name: str, variables: Mapping[str, str]) -> str:
    """Return an id of the deploy that the build has which makes it, so that it counts once; nothing by hand.

    >>> build("dev", {"GITHUB_RUN_ID": "17", "GITHUB_RUN_ATTEMPT": "2"})
    'dev-17-2'
    """
    said = [variables[key] for key in (*_BUILDS, *_AGAIN) if variables.get(key)]
    return "-".join([name, *said]) if said else ""


def session_of(name: str) -> Any:
    """Return the caller's session, in the region of an environment that stands for good."""
    if name not in standing_names() or os.environ.get("AWS_ENDPOINT_URL"):
        return session()
    import boto3

    return boto3.Session(region_name=load_environment(name).region)


def _commits(name: str, commit: str, since: str | None, root: Path) -> tuple[list[Commit], str]:
    """Return the commits, and why they are not all: a deploy is told of even where git knows little of it."""
    merges = name in standing_names()
    try:
        return came_with(commit, since=since, merges=merges, root=root), ""
    except LineError as error:
        try:
            return came_with(commit, since=None, merges=merges, root=root), f", what else came is unknown: {error}"
        except LineError:
            return [], f", which is all that is known: {error}"


def _whole(commit: str, root: Path) -> str:
    try:
        return full(commit, root)
    except LineError:
        return commit
