"""What a workflow asks: ``python -m cli.github id REF`` and ``python -m cli.github place ENVIRONMENT``.

Each prints ``name=value`` lines, as a step's outputs are written. ``id`` needs nothing installed but Python, so that
the group in which deploy and destroy wait for each other is known before anything else is done.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from config.branches import environment_id
from config.errors import LineError


def identity(ref: str) -> dict[str, str]:
    """Return the id of a branch's environment; raises LineError for what is no branch."""
    return {"id": environment_id(ref)}


def place(environment: str) -> dict[str, str]:
    """Return the account and region of an environment, and the role with which a workflow deploys it.

    ``branch`` is the environment of every branch, for which there is a role that destroys, too. Raises LineError for an
    unknown environment.
    """
    from config.account import role_name
    from config.loading import load_environment

    found = load_environment(environment)
    roles = f"arn:aws:iam::{found.account}:role/"
    destroyer = {} if found.protected else {"destroyer": roles + role_name(environment, "destroys")}
    return {
        "account": found.account,
        "region": found.region,
        "role": roles + role_name(environment),
        **destroyer,
    }


_QUESTIONS: dict[str, Callable[[str], dict[str, str]]] = {"id": identity, "place": place}


def main(arguments: list[str]) -> int:
    """Print the answer; returns the exit status: 2 for an unknown question, 1 for one without an answer."""
    match arguments:
        case [question, about] if question in _QUESTIONS:
            try:
                answer = _QUESTIONS[question](about)
            except LineError as error:
                print(f"error: {error}", file=sys.stderr)
                return 1
        case _:
            print("error: expected `id REF` or `place ENVIRONMENT`: give one of them", file=sys.stderr)
            return 2
    for name, value in answer.items():
        print(f"{name}={value}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
