"""``line env workbench``: the spaces of an environment's workbench, and how they go before their stack does."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

from botocore.exceptions import BotoCoreError, ClientError

from cli.deployed import Deployed, deployed
from cli.ending import UsageError
from cli.models import console, table
from config.errors import LineError
from config.loading import load_environment
from runtime.teardown.pace import within
from runtime.workbench import Space, clear, spaces

FAILED = 1

STACK = "workbench"
"""Its stack is named as a line's would be, and no line may have the name."""


def show_workbench(name: str, *, as_json: bool) -> int:
    """Print the spaces of an environment's workbench; returns the exit status."""
    place, domain = _domain(name)
    try:
        found = spaces(place.client("sagemaker"), domain)
    except (ClientError, BotoCoreError) as error:
        raise _unread(name, error) from None
    if as_json:
        told = [{**asdict(one), "since": one.since.isoformat() if one.since else None} for one in found]
        print(json.dumps({"environment": name, "domain": domain, "spaces": told}, indent=2))
    else:
        _show(name, found)
    return 0


def clear_workbench(name: str, *, yes: bool, minutes: int) -> int:
    """Delete every app and space of an environment's workbench, once somebody agreed; returns the exit status."""
    if not yes and not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask on whether the spaces are to go: give --yes if they are")
    place, domain = _domain(name)
    sagemaker = place.client("sagemaker")
    try:
        found = spaces(sagemaker, domain)
        for one in found:
            _say(f"  space {one.name} of {one.owner}, {one.storage_gb} GB")
        if found and not yes:
            _say(f"what is on their disks and not pushed is lost; type the environment's name ({name}): ", end="")
            if (given := sys.stdin.readline().strip()) != name:
                raise LineError(f"the spaces of {name!r} stay: the name that was given is {given!r}")
        left = clear(sagemaker, domain, pace=within(60.0 * minutes), tell=_say)
    except (ClientError, BotoCoreError) as error:
        raise _unread(name, error) from None
    for thing in left:
        _say(f"left: {thing}: ask again later")
    print(f"workbench of {name}: {len(found)} spaces, {len(left)} things left")
    return FAILED if left else 0


def _domain(name: str) -> tuple[Deployed, str]:
    if load_environment(name).workbench is None:
        raise LineError(
            f"environment {name!r} has no workbench: add `workbench` to config/environments/{name}.yaml and deploy"
        )
    place = deployed(name)
    return place, place.outputs(STACK)["DomainId"]


def _unread(name: str, error: Exception) -> LineError:
    return LineError(
        f"the workbench of {name!r} could not be reached ({error}): see that the credentials of AWS_PROFILE are those "
        "of its account, have not expired and may list and delete SageMaker's spaces and apps, and ask again"
    )


def _show(name: str, found: list[Space]) -> None:
    made = table(f"Workbench of {name}", ("owner", "space", "app", "state", "machine", "disk, GB"), right=("disk, GB",))
    for one in found:
        state = f"runs since {one.since:%Y-%m-%d %H:%M}" if one.since else "stopped"
        made.add_row(one.owner, one.name, one.app, state, one.instance, str(one.storage_gb))
    console().print(made)


def _say(text: str, end: str = "\n") -> None:
    print(text, file=sys.stderr, end=end, flush=True)
