"""Which environment a command asks for: ``-c env=<name>`` or ``-c branch=<ref>``, with what else belongs to it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from config.environment import KEEPS_DATA, PATTERN, Environment
from config.errors import LineError
from config.loading import ROOT, load_branch, load_environment, standing_names


def chosen(context: Callable[[str], object], *, owner: str = "", account: str = "", root: Path = ROOT) -> Environment:
    """Return the environment that the CDK context ``env``, ``branch``, ``owner`` and ``removal`` ask for.

    ``owner`` is whoever deploys, for a branch where the context does not say; ``account`` is that of the credentials
    (CDK_DEFAULT_ACCOUNT), empty where there are none. Raises LineError when neither or both are given, for a name or a
    ref that is none, for credentials of another account, and for data that would be let go by one key alone.
    """
    name, ref = _text(context, "env"), _text(context, "branch")
    choices = f"-c env=<one of {', '.join(standing_names(root))}> or -c branch=<git ref>"
    if name is None and ref is None:
        raise LineError(f"context: no environment is named, expected {choices}: give one of them")
    if name is not None and ref is not None:
        raise LineError(f"context: env={name!r} and branch={ref!r} exclude each other, expected {choices}: give one")
    if name == PATTERN:
        raise LineError(
            f"environment {name!r} is the pattern of every branch's own, expected {choices}: name the branch"
        )
    if ref is not None:
        environment = load_branch(ref, _text(context, "owner") or owner, root)
    else:
        environment = load_environment(str(name), root)
    _check_account(environment, account)
    _check_removal(environment, _text(context, "removal"))
    return environment


def _text(context: Callable[[str], object], key: str) -> str | None:
    given = context(key)
    if given is not None and not isinstance(given, str):
        raise LineError(f"context: {key}={given!r} is no text: give -c {key}=<text>")
    return given


def _check_account(environment: Environment, account: str) -> None:
    if account and account != environment.account:
        file = environment.name if environment.branch is None else PATTERN
        raise LineError(
            f"environment {environment.name!r} is in account {environment.account}, and these credentials are of "
            f"account {account}: use a profile of {environment.account} or correct config/environments/{file}.yaml"
        )


def _check_removal(environment: Environment, removal: str | None) -> None:
    """Data that is kept goes by two keys only: ``retain_data: false`` in the file, and the name on the command line."""
    name = environment.name
    if removal is not None and removal != name:
        raise LineError(
            f"context: removal={removal!r} is not the environment's name, expected {name}: "
            "write it out, or leave -c removal away to keep the data"
        )
    if removal is not None and environment.retain_data:
        raise LineError(
            f"context: removal={removal!r} is one key of two, and config/environments/{name}.yaml says "
            "retain_data: true: turn it to false as well, or leave -c removal away"
        )
    if removal is None and name in KEEPS_DATA and not environment.retain_data:
        raise LineError(
            f"config/environments/{name}.yaml: retain_data: false is one key of two that let {name}'s data go: "
            f"turn it back to true, or give -c removal={name} as well"
        )
