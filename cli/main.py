"""The ``line`` command. Each command imports its work when it is called, so that ``line --help`` is quick."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="line",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
    help="The data science assembly line: run a line here, through the very templates that AWS would get.",
)

_HIGHEST_PORT = 65535
Port = Annotated[int, typer.Option(help="Port of the embedded AWS on 127.0.0.1; 0 takes a free one.", min=0, max=65535)]
Parameters = Annotated[
    list[str] | None,
    typer.Option(
        "--parameter", "-p", metavar="NAME=VALUE", help="A value for one of the line's parameters; may be repeated."
    ),
]


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"line {version('assembly-line')}")
        raise typer.Exit


@app.callback()
def _line(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


@app.command()
def run(
    line: Annotated[str, typer.Argument(metavar="LINE", help="The line to run: a folder of lines/, e.g. flights.")],
    parameters: Parameters = None,
    raw: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Raw files to run on, as `<source>/<file>.csv`, in place of the line's sample data."
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document, and nothing else, on stdout.")
    ] = False,
    port: Annotated[
        int | None,
        typer.Option(
            help="Start an embedded AWS of this run's own on this port, even while `line up` runs; 0 takes a free one.",
            min=0,
            max=_HIGHEST_PORT,
        ),
    ] = None,
    force: Annotated[
        list[str] | None,
        typer.Option(
            "--force", "-f", metavar="STATION", help="Run this station although it is fresh; may be repeated."
        ),
    ] = None,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=A,B,C",
            help="One run per value, side by side, each in an embedded AWS of its own; repeat for combinations.",
        ),
    ] = None,
    at_once: Annotated[int, typer.Option(help="How many of the varied runs go at the same time.", min=1)] = 2,
) -> None:
    """Run a whole line on its sample data: curation, features, training, release, scoring, delivery, monitoring.

    Synthesizes the stacks, deploys them into an embedded AWS (that of `line up`, when one runs), executes the line's
    state machine, feeds back the ground truth, and shows what came of it. A station whose inputs, code and parameters
    are those of its last good run there is skipped; `line plan LINE` tells which. Exit status: 0 when the run
    succeeded, 1 when it halted or failed, 2 for a usage error.
    """
    from cli.ending import UsageError, ended

    def work() -> int:
        if vary:
            from cli.vary import vary_line

            if force or port is not None:
                raise UsageError("--vary runs in an embedded AWS of each run's own: leave --force and --port out")
            return vary_line(line, given=parameters or [], vary=vary, raw=raw, as_json=as_json, at_once=at_once)
        from cli.run import run_line

        return run_line(line, given=parameters or [], raw=raw, as_json=as_json, port=port, force=force or [])

    raise typer.Exit(ended(work))


@app.command()
def up(
    lines: Annotated[
        list[str] | None, typer.Argument(metavar="[LINE]...", help="The lines to deploy; without one, every line.")
    ] = None,
    port: Port = 4566,
    first: Annotated[str | None, typer.Option("--run", metavar="LINE", help="Run this line once it is up.")] = None,
) -> None:
    """Keep an embedded AWS up with lines deployed in it, until Ctrl-C.

    Prints how to point the AWS CLI, boto3 and curl at it. While it is up, `line run LINE` runs in it, so that tables,
    models and the ledger live on from run to run.
    """
    from cli.ending import ended
    from cli.up import stay_up

    raise typer.Exit(ended(lambda: stay_up(lines or [], port=port, first=first)))


@app.command()
def maintain(
    line: Annotated[str, typer.Argument(metavar="LINE", help="The line whose tables to maintain, e.g. flights.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and change nothing.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document, and nothing else, on stdout.")
    ] = False,
) -> None:
    """Expire snapshots that nobody needs, compact small files, remove what nothing refers to; in a running `line up`.

    Starts the very job that a schedule starts on AWS, and prints what became of each table. Exit status: 0 when it
    succeeded, 1 when it failed.
    """
    from cli.ending import ended
    from cli.maintain import maintain_line

    raise typer.Exit(ended(lambda: maintain_line(line, dry_run=dry_run, as_json=as_json)))


@app.command()
def validate(
    line: Annotated[
        str | None,
        typer.Argument(metavar="[LINE]", help="The line to look at; without one, every line and environment."),
    ] = None,
) -> None:
    """Look for every mistake in a line's folder: line.yaml, its SQL, its Python. Starts nothing, takes a second."""
    from cli.ending import ended
    from cli.validate import validate_lines

    raise typer.Exit(ended(lambda: validate_lines(line)))


@app.command()
def plan(
    line: Annotated[str, typer.Argument(metavar="LINE", help="The line: a folder of lines/, e.g. flights.")],
    parameters: Parameters = None,
    force: Annotated[
        list[str] | None,
        typer.Option("--force", "-f", metavar="STATION", help="A station that the run would not skip."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document, and nothing else.")] = False,
) -> None:
    """Say which stations a run would execute now, and why: what changed since the last good run of each.

    Asks the embedded AWS of a running `line up`; starts nothing and changes nothing.
    """
    from cli.ending import ended
    from cli.plan import plan_line

    raise typer.Exit(ended(lambda: plan_line(line, given=parameters or [], force=force or [], as_json=as_json)))


@app.command()
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name: a lowercase letter, then letters or digits.")],
) -> None:
    """Make a small new line in lines/NAME that validates, runs and is yours to change."""
    from cli.ending import ended
    from cli.new import make_line

    raise typer.Exit(ended(lambda: make_line(name)))


def main() -> None:
    """Console entry point."""
    app()


if __name__ == "__main__":
    main()
