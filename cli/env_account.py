"""The account that ``line env`` looks at, as AWS_PROFILE, AWS_REGION or AWS_ENDPOINT_URL say, and who is in it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from cli.session import session
from config.branches import environment_id, is_branch_id
from config.errors import LineError
from config.loading import standing_names
from runtime.environments import Standing, standing

Clients = Callable[[str], Any]
"""Gives the client of an AWS service."""


@contextmanager
def account() -> Iterator[Clients]:
    """Give the caller's clients; what AWS refuses meanwhile is told in one line."""
    mine = session()
    try:
        yield functools.cache(mine.client)
    except (ClientError, BotoCoreError) as error:
        raise LineError(
            f"the account cannot be read or changed in region {mine.region_name} ({error}): see that AWS_PROFILE "
            "and AWS_REGION are those of the environment, and that the credentials have not expired"
        ) from None


def found(clients: Clients) -> list[Standing]:
    """Return the environments of the account."""
    return standing(clients("cloudformation"), clients("ssm"))


def named(clients: Clients, which: str) -> Standing:
    """Return a branch's environment by its ref or its id; raises LineError where none stands."""
    if which in standing_names():
        raise LineError(f"environment {which!r} stands for good, expected a branch or its environment's id: name one")
    meant = which if is_branch_id(which) else environment_id(which)
    there = {one.name: one for one in found(clients)}
    if meant not in there and environment_id(which) in there:
        meant = environment_id(which)  # a branch may be called like an id
    if meant not in there:
        known = ", ".join(name for name, one in there.items() if not one.protected) or "none"
        raise LineError(
            f"environment {meant!r} of {which!r} does not stand here, expected one of {known}: deploy it with "
            f"`cdk deploy --all -c branch={which}`, or look in its own account and region"
        )
    if there[meant].protected:
        raise LineError(f"environment {meant!r} is protected by tag: choose a branch's")
    return there[meant]
