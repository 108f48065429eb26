"""The environments of the account, as their stacks, their ledgers and this repository's history tell of them."""

from __future__ import annotations

import datetime as dt
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from cli.env_cost import predicted
from cli.env_list import lasting
from config.errors import LineError
from config.loading import ROOT
from config.naming import stack_name
from console.place import Place
from runtime import ledger
from runtime.cost.actual import Spent, spent
from runtime.cost.estimate import NOT_COUNTED, Estimate
from runtime.environments import Standing, standing
from runtime.records import Deploy

_POOL = ThreadPoolExecutor(4, thread_name_prefix="environments")
_DAYS_OF_DEPLOYS = 90
_DAYS_OF_COST = 30


@dataclass(frozen=True)
class Seen:
    """An environment; ``ends`` says when it expires, ``drift`` how far its last deploy is behind the repository."""

    standing: Standing
    age: str
    ends: str
    is_late: bool
    is_here: bool
    """Whether it is the one that this console looks at."""
    deployed: str = ""
    drift: str = ""
    broken: Sequence[str] = field(default_factory=list)
    """Stacks that are in a state of failure."""


@dataclass(frozen=True)
class Cost:
    """What an environment costs by its templates, and what is not counted."""

    estimate: Estimate
    not_counted: Sequence[str] = NOT_COUNTED


@dataclass(frozen=True)
class Account:
    """The environments of the account and region by name; ``notes`` are about all of them."""

    each: Sequence[Seen]
    notes: Sequence[str] = ()


def environments(place: Place) -> Account:
    """Return every environment; where extensions may not be read, when each expires by its last deploy."""
    there, notes = place.kept("environments", lambda: _standing(place))
    now = dt.datetime.now(dt.UTC)
    return Account(list(_POOL.map(lambda one: _seen(place, one, now), there)), notes)


def _standing(place: Place) -> tuple[list[Standing], list[str]]:
    cloudformation, ssm = place.client("cloudformation"), place.client("ssm")
    try:
        return standing(cloudformation, ssm), []
    except ClientError as error:
        if error.operation_name != "GetParametersByPath":
            raise
        return standing(cloudformation, None), [f"by how much `line env extend` put expiry off is not known: {error}"]


def _seen(place: Place, one: Standing, now: dt.datetime) -> Seen:
    is_late = one.expires is not None and one.expires <= now
    ends = "never" if one.expires is None else "expired" if is_late else f"in {lasting(one.expires - now)}"
    deployed, drift = place.kept(f"drift/{one.name}", lambda: _drift(place, one, now), seconds=60.0)
    return Seen(
        standing=one,
        age=lasting(now - one.created),
        ends=ends,
        is_late=is_late,
        is_here=one.name == place.environment,
        deployed=deployed,
        drift=drift,
        broken=[
            f"{stack.name} {stack.status}"
            for stack in one.stacks
            if "FAILED" in stack.status or "ROLLBACK" in stack.status
        ],
    )


def _drift(place: Place, one: Standing, now: dt.datetime) -> tuple[str, str]:
    """Return the last deploy that its ledger knows, and how far it is behind; what cannot be read is said."""
    try:
        deploy = _last_deploy(place, one, now)
    except (ClientError, BotoCoreError, KeyError, LineError) as error:
        return "", f"its deploys cannot be read: {error}"
    if deploy is None:
        return "", f"its ledger knows no deploy of the last {_DAYS_OF_DEPLOYS} days"
    told = f"{deploy.status} {deploy.at:%Y-%m-%d %H:%M}, commit {deploy.commit[:10]}"
    return told, behind(deploy.commit, one.ref or "HEAD")


def _last_deploy(place: Place, one: Standing, now: dt.datetime) -> Deploy | None:
    name = stack_name(one.name)
    if not any(stack.name == name for stack in one.stacks):
        raise LineError("it has no foundation")
    (stack,) = place.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
    since = now - dt.timedelta(days=_DAYS_OF_DEPLOYS)
    found = ledger.deploys(place.client("dynamodb"), outputs["LedgerTable"], one.name, since)
    return max(found, key=lambda deploy: deploy.at, default=None)


def behind(commit: str, ref: str) -> str:
    """Say how many commits of a ref of this repository are not in what was deployed."""
    for name in (ref, f"origin/{ref}"):
        done = subprocess.run(
            ["git", "rev-list", "--count", "--end-of-options", f"{commit}..{name}"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
        if done.returncode == 0:
            count, known = int(done.stdout), "this repository" if ref == "HEAD" else ref
            return f"as {known} is" if count == 0 else f"{count} commit{'s' if count > 1 else ''} behind {known}"
    return "its commit is not in this repository: fetch, to see how far it is behind"


def cost_of(place: Place, name: str) -> Cost:
    """Return what an environment costs by what is deployed of it; raises LineError where it cannot be told."""
    return Cost(place.kept(f"cost/{name}", lambda: predicted(place.client, _one(place, name)), seconds=300.0))


def spent_by(place: Place, name: str) -> Spent:
    """Return what an environment did cost by Cost Explorer, of which each answer costs 0.01 USD: it is kept an hour."""
    if place.is_embedded:
        raise LineError(
            "the embedded AWS sends no bill: look at an environment on AWS with `line console --environment`"
        )
    _one(place, name)
    return place.kept(
        f"spent/{name}",
        lambda: spent(place.client("ce"), environment=name, days=_DAYS_OF_COST),
        seconds=3600.0,
    )


def _one(place: Place, name: str) -> Standing:
    there, _ = place.kept("environments", lambda: _standing(place))
    found = next((one for one in there if one.name == name), None)
    if found is None:
        raise LineError(f"environment {name!r} does not stand here, expected one of {_listed(there)}: choose one")
    return found


def _listed(there: Sequence[Standing]) -> str:
    return ", ".join(one.name for one in there) or "none"
