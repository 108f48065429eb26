"""``line env``: the environments of branches."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Environments in the account that AWS_PROFILE and AWS_REGION name.")

Which = Annotated[
    str, typer.Argument(metavar="REF|ID", help="The branch, e.g. feature/prices, or the environment's own id.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document, and nothing else, on stdout.")]


@app.command("list")
def list_(
    as_json: AsJson = False,
    cost: Annotated[
        bool, typer.Option("--cost", help="Show what each costs while nothing happens, by its deployed templates.")
    ] = False,
) -> None:
    """Show every environment that stands in the account: its branch, owner, age, expiry and stacks.

    Exit status: 0, 1 when the account cannot be read.
    """
    from cli.ending import ended
    from cli.env_list import list_environments

    raise typer.Exit(ended(lambda: list_environments(as_json=as_json, cost=cost)))


@app.command()
def diff(
    one: Annotated[str, typer.Argument(metavar="ONE", help="An environment: dev, qa, prod, or a branch, e.g. main.")],
    other: Annotated[str, typer.Argument(metavar="OTHER", help="Another one.")],
    *,
    deployed: Annotated[
        bool, typer.Option("--deployed", help="Compare what is deployed of both, too: their stacks' templates.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show in what two environments differ: every setting, defaults included, and with --deployed every resource.

    For example: `line env diff dev prod`, `line env diff dev feature/prices --deployed`. Exit status: 0, 1 when one of
    them cannot be read.
    """
    from cli.ending import ended
    from cli.env_diff import diff_environments

    raise typer.Exit(ended(lambda: diff_environments(one, other, deployed=deployed, as_json=as_json)))


@app.command()
def pin(
    which: Which,
    *,
    lines: Annotated[
        list[str] | None, typer.Option("--line", metavar="LINE", help="Only this line; may be repeated.")
    ] = None,
    release: Annotated[
        bool, typer.Option("--release", help="Unpin it: its runs read its own data again, and its rights end.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Pin a branch's environment to the data that branch.data_from has now: file versions, snapshots of tables.

    Its runs read just these from then on, whatever becomes of the data over there, until it is pinned again. Gives the
    curation job the right to read them, by the parameters of its deployed stack. For example: `line env pin
    feature/prices`. Exit status: 0, 1 when it cannot be pinned.
    """
    from cli.ending import ended
    from cli.env_pin import pin_environment

    raise typer.Exit(ended(lambda: pin_environment(which, lines=lines or [], release=release, as_json=as_json)))


@app.command()
def extend(
    which: Which,
    *,
    days: Annotated[
        int | None, typer.Option(metavar="DAYS", min=1, max=90, help="Days from now; without it, branch.ttl_days.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Let a branch's environment live longer: some days from now. Deploys nothing.

    For example: `line env extend feature/prices --days 14`. Exit status: 0, 1 when there is no such environment.
    """
    from cli.ending import ended
    from cli.env_extend import extend_environment

    raise typer.Exit(ended(lambda: extend_environment(which, days=days, as_json=as_json)))


@app.command()
def deployed(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The environment: dev, qa, prod, or a branch's id.")],
    *,
    commit: Annotated[
        str | None, typer.Option(metavar="COMMIT", help="What was deployed; without it, what is checked out.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="COMMIT", help="What was deployed before: the commits after it came with this deploy."),
    ] = None,
    failed: Annotated[bool, typer.Option("--failed", help="The deploy failed.")] = False,
    id_: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="The deploy's own id: told twice, it counts once.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell an environment's ledger of a deploy, and of the commits that came with it, as git knows them.

    `make deploy` and the workflows do it by themselves. For example: `line env deployed dev --since HEAD~3`. Exit
    status: 0, 1 when the environment cannot be told.
    """
    from cli.ending import ended
    from cli.env_deployed import tell_deploy

    raise typer.Exit(
        ended(lambda: tell_deploy(name, commit=commit, since=since, failed=failed, id_=id_, as_json=as_json))
    )


@app.command()
def destroy(
    which: Which,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for the environment's name.")] = False,
    minutes: Annotated[
        int, typer.Option(metavar="MINUTES", min=0, help="How long to wait for what AWS is at work on.")
    ] = 60,
    as_json: AsJson = False,
) -> None:
    """Remove everything that a branch's environment owns: its stacks, and what runs and services made beside them.

    In whatever state it is, and as often as it is asked for; an environment that stands for good is refused. Shows what
    goes and asks for the environment's name first. For example: `line env destroy feature/prices`. Exit status: 0 when
    nothing is left, 1 when something is (it says what, and why), 2 for a usage error.
    """
    from cli.ending import ended
    from cli.env_destroy import destroy_environment

    raise typer.Exit(ended(lambda: destroy_environment(which, yes=yes, minutes=minutes, as_json=as_json)))


@app.command()
def workbench(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The environment, e.g. dev.")],
    *,
    clear: Annotated[
        bool, typer.Option("--clear", help="Delete every space with its disk, so that the stack can be deleted.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --clear: do not ask for the environment's name.")] = False,
    minutes: Annotated[
        int, typer.Option(metavar="MINUTES", min=0, help="With --clear: how long to wait for what AWS is at work on.")
    ] = 30,
    as_json: AsJson = False,
) -> None:
    """Show the spaces of an environment's workbench: whose each is, and whether it runs; --clear deletes them.

    For example: `line env workbench dev`. Exit status: 0; 1 when something is left or the account cannot be read; 2 for
    a usage error.
    """
    from cli.ending import UsageError, ended
    from cli.env_workbench import clear_workbench, show_workbench

    def go() -> int:
        if clear and as_json:
            raise UsageError("--json tells of spaces, and --clear deletes them: give one of them")
        return clear_workbench(name, yes=yes, minutes=minutes) if clear else show_workbench(name, as_json=as_json)

    raise typer.Exit(ended(go))
