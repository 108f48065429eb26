"""``line env``: the environments of branches."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Environments in the account that AWS_PROFILE and AWS_REGION name.")


@app.command()
def destroy(
    which: Annotated[
        str, typer.Argument(metavar="REF|ID", help="The branch, e.g. feature/prices, or the environment's own id.")
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for the environment's name.")] = False,
    minutes: Annotated[
        int, typer.Option(metavar="MINUTES", min=0, help="How long to wait for what AWS is at work on.")
    ] = 60,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document, and nothing else, on stdout.")
    ] = False,
) -> None:
    """Remove everything that a branch's environment owns: its stacks, and what runs and services made beside them.

    In whatever state it is, and as often as it is asked for; an environment that stands for good is refused. Shows what
    goes and asks for the environment's name first. For example: `line env destroy feature/prices`. Exit status: 0 when
    nothing is left, 1 when something is (it says what, and why), 2 for a usage error.
    """
    from cli.ending import ended
    from cli.env_destroy import destroy_environment

    raise typer.Exit(ended(lambda: destroy_environment(which, yes=yes, minutes=minutes, as_json=as_json)))
