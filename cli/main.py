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
) -> None:
    """Run a whole line on its sample data: curation, features, training, release, scoring, delivery, monitoring.

    Synthesizes the stacks, deploys them into an embedded AWS (that of `line up`, when one runs), executes the line's
    state machine, feeds back the ground truth, and shows what came of it. Exit status: 0 when the run succeeded, 1 when
    it halted or failed, 2 for a usage error.
    """
    from cli.ending import ended
    from cli.run import run_line

    raise typer.Exit(ended(lambda: run_line(line, given=parameters or [], raw=raw, as_json=as_json, port=port)))


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
def sql(
    line: Annotated[str, typer.Argument(metavar="LINE", help="The line whose SQL is wanted.")],
    table: Annotated[
        str | None, typer.Argument(metavar="[TABLE]", help="One curated table or feature view; without one, all.")
    ] = None,
    engine: Annotated[
        str | None, typer.Option(metavar="ENGINE", help="duckdb or spark; without it, the line's own.")
    ] = None,
) -> None:
    """Print a line's SELECTs in the order in which they run, as DuckDB has them or translated for Spark."""
    from cli.ending import ended
    from cli.sql import show_sql

    raise typer.Exit(ended(lambda: show_sql(line, table, engine)))


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
