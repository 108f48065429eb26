"""The ``line`` command. Each command imports its work when it is called, so that ``line --help`` is quick."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli import env

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


app.add_typer(env.app, name="env")


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
    empty: Annotated[bool, typer.Option("--empty", help="Deploy nothing: `line cdk deploy` does.")] = False,
    environment: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="With --empty: the environment whose account and region it is, e.g. branch."),
    ] = None,
) -> None:
    """Keep an embedded AWS up with lines deployed in it, until Ctrl-C.

    Prints how to point the AWS CLI, boto3 and curl at it. While it is up, `line run LINE` runs in it, so that tables,
    models and the ledger live on from run to run.
    """
    from cli.ending import UsageError, ended
    from cli.up import stay_up, stay_up_empty

    def work() -> int:
        if empty:
            if first is not None:
                raise UsageError("--empty deploys nothing that --run could run: leave one of them out")
            return stay_up_empty(lines or [], port=port, environment=environment)
        if environment is not None:
            raise UsageError("--environment names the account of an empty embedded AWS: give --empty, too")
        return stay_up(lines or [], port=port, first=first)

    raise typer.Exit(ended(work))


@app.command()
def console(
    environment: Annotated[
        str, typer.Option(metavar="NAME", help="What to show: `local` is a running `line up`, any other is on AWS.")
    ] = "local",
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.", min=0, max=65535)] = 8400,
    should_open: Annotated[bool, typer.Option("--open/--no-open", help="Open it in a browser.")] = False,
) -> None:
    """Serve the console, a local web page of the lines, runs, datasets, models and throughput, until Ctrl-C.

    It listens on this machine alone and acts with your own rights: the address that it prints holds its key.
    """
    from cli.ending import ended

    def work() -> int:
        from console.serve import serve

        return serve(environment, port=port, should_open=should_open)

    raise typer.Exit(ended(work))


@app.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []})
def cdk(context: typer.Context) -> None:
    """Call the pinned CDK CLI on the embedded AWS of a running `line up`: `line cdk deploy --all -c env=local`.

    Every argument is the CDK CLI's own (`line cdk deploy --help` is its help), and so is the exit status. Begin with
    `line up --empty` and `line cdk bootstrap`. `make cdk` calls the same CLI on AWS.
    """
    from cli.cdk import call_cdk
    from cli.ending import ended

    raise typer.Exit(ended(lambda: call_cdk(context.args)))


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
def redrive(
    line: Annotated[str, typer.Argument(metavar="LINE", help="The line, e.g. flights.")],
    consumer: Annotated[str, typer.Argument(metavar="CONSUMER", help="A consumer of one of its topics.")],
    environment: Annotated[
        str, typer.Option(metavar="NAME", help="Where: `local` is a running `line up`, any other is on AWS.")
    ] = "local",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Move them without asking.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document, and nothing else; asks nothing.")
    ] = False,
) -> None:
    """Show a consumer's dead letters, their age and reason, and move them back to its queue.

    Nothing is moved before you say so; with `--json`, before `--yes`. Mend first what made the consumer fail: what
    fails again comes back. Exit status: 0 when it was shown or moved, 1 when it failed, 2 for a usage error.
    """
    from cli.ending import ended
    from cli.redrive import redrive_line

    raise typer.Exit(
        ended(
            lambda: redrive_line(line, consumer, environment=environment, yes=yes, as_json=as_json, ask=typer.confirm)
        )
    )


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
def openapi(
    line: Annotated[str, typer.Argument(metavar="LINE", help="The line whose REST API is described.")],
    env: Annotated[str, typer.Option(metavar="NAME", help="The environment whose API it is.")] = "local",
    url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Where the API is; without it that of a running `line up`, else /v1."),
    ] = None,
) -> None:
    """Print the OpenAPI document of a line's REST API, which the API itself serves at /openapi.json."""
    from cli.ending import ended
    from cli.openapi import show_openapi

    raise typer.Exit(ended(lambda: show_openapi(line, env, url)))


@app.command()
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name: a lowercase letter, then letters or digits.")],
    template: Annotated[
        str, typer.Option(metavar="TEMPLATE", help="What it begins as: classification, regression or forecast.")
    ] = "classification",
) -> None:
    """Make a small new line in lines/NAME that validates, runs and is yours to change."""
    from cli.ending import ended
    from cli.new import make_line

    raise typer.Exit(ended(lambda: make_line(name, template=template)))


@app.command()
def check(
    line: Annotated[str, typer.Argument(metavar="LINE", help="The line to check, e.g. flights.")],
    scale: Annotated[
        bool, typer.Option("--scale", help="Run it at 1x, 10x and 100x of its data, too; takes minutes.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document, and nothing else.")] = False,
) -> None:
    """Pass a line through its quality gate: mistakes in its folder, ruff, its tests and, with --scale, its growth.

    An error stops the checks after it, a warning flags the line, info proposes a change. Exit status: 0 when there is
    no error, 1 when there is one, 2 for a usage error.
    """
    from cli.check import check_a_line
    from cli.ending import ended

    raise typer.Exit(ended(lambda: check_a_line(line, scale=scale, as_json=as_json)))


@app.command()
def scale(
    line: Annotated[str, typer.Argument(metavar="LINE", help="The line to run, e.g. flights.")],
    factors: Annotated[str, typer.Option(metavar="A,B,C", help="Multiples of its data.")] = "1,10,100",
    parameters: Parameters = None,
    environment: Annotated[
        str, typer.Option("--environment", metavar="NAME", help="The environment whose job sizes and prices count.")
    ] = "local",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document, and nothing else.")] = False,
) -> None:
    """Run a line at 1x, 10x and 100x of its data, and show how time, memory and cost of each station grow.

    Each run has an embedded AWS of its own, one after the other. Growth worse than linear is a warning. Exit status: 0
    when each run succeeded, 1 when one did not, 2 for a usage error.
    """
    from cli.ending import ended
    from cli.scale import scale_line

    raise typer.Exit(
        ended(
            lambda: scale_line(line, factors=factors, given=parameters or [], environment=environment, as_json=as_json)
        )
    )


dataset = typer.Typer(no_args_is_help=True, help="Build datasets as of any moment, and see where columns come from.")
features = typer.Typer(no_args_is_help=True, help="Look after the feature store.")
app.add_typer(dataset, name="dataset")
app.add_typer(features, name="features")

LineName = Annotated[str, typer.Argument(metavar="LINE", help="The line: a folder of lines/, e.g. flights.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document, and nothing else, on stdout.")]
Features = Annotated[
    str | None,
    typer.Option(
        metavar="VIEW[:COLUMN],...", help="Feature views, or single columns of them; without it, dataset.features."
    ),
]
AsOf = Annotated[
    str | None, typer.Option("--as-of", metavar="MOMENT", help="Use nothing that was known later, labels included.")
]
From = Annotated[str | None, typer.Option("--from", metavar="MOMENT", help="The first event time of an example.")]
To = Annotated[str | None, typer.Option("--to", metavar="MOMENT", help="Where event times end (without it).")]
Task = Annotated[
    str | None, typer.Option(metavar="TASK", help="binary, regression, multiclass, or none for no labels.")
]
Examples = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Examples as .csv or .parquet instead of the spine: entities, event times, labels."
    ),
]
ReadIn = Annotated[
    str,
    typer.Option(
        "--environment",
        metavar="NAME",
        envvar="LINE_ENVIRONMENT",
        help="local: the running `line up`; else an environment on AWS, with your own credentials and region.",
    ),
]


@dataset.command("build")
def dataset_build(
    line: LineName,
    *,
    features: Features = None,
    as_of: AsOf = None,
    first: From = None,
    last: To = None,
    task: Task = None,
    parameters: Parameters = None,
    examples: Examples = None,
    name: Annotated[str, typer.Option(help="A name for people, kept in the manifest.")] = "",
    out: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Download it there too.")] = None,
    environment: ReadIn = "local",
    as_json: AsJson = False,
) -> None:
    """Build a dataset: each example with what was known of its entities at its own moment.

    Without options it is the line's own training dataset. A dataset that was built before is found by its fingerprint
    and not built again. Exit status: 0, 1 when it cannot be built, 2 for a usage error.
    """
    from cli.ending import ended

    def work() -> int:
        from cli.asked import Asked
        from cli.dataset import build

        asked = Asked(features=features, as_of=as_of, first=first, last=last, task=task, examples=examples)
        return build(line, asked, given=parameters or [], name=name, out=out, as_json=as_json, environment=environment)

    raise typer.Exit(ended(work))


@dataset.command("explain")
def dataset_explain(
    line: LineName,
    *,
    features: Features = None,
    as_of: AsOf = None,
    first: From = None,
    last: To = None,
    task: Task = None,
    parameters: Parameters = None,
    examples: Examples = None,
    environment: ReadIn = "local",
    as_json: AsJson = False,
) -> None:
    """Show where each column of a dataset comes from: view, SELECT, curated tables, sources, time to live, snapshot.

    Takes the options of `line dataset build` and builds nothing; works without a running `line up` too.
    """
    from cli.ending import ended

    def work() -> int:
        from cli.asked import Asked
        from cli.dataset import explain

        asked = Asked(features=features, as_of=as_of, first=first, last=last, task=task, examples=examples)
        return explain(line, asked, given=parameters or [], as_json=as_json, environment=environment)

    raise typer.Exit(ended(work))


@features.command("verify")
def features_verify(
    line: LineName,
    view: Annotated[str | None, typer.Option(metavar="VIEW", help="Only this feature view.")] = None,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", metavar="MOMENT", help="Compare as of this moment, not that of the last features run."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Prove that the online store of the running `line up` holds the newest usable row of every entity, and no other.

    Exit status: 0 when history and online store agree, 1 when they do not, 2 for a usage error.
    """
    from cli.ending import ended

    def work() -> int:
        from cli.features import verify

        return verify(line, view=view, as_of=as_of, as_json=as_json)

    raise typer.Exit(ended(work))


@app.command()
def inspections(
    line: Annotated[str, typer.Argument(metavar="LINE", help="The line whose reports are shown.")],
    station: Annotated[
        str | None, typer.Option(metavar="STATION", help="Only this station: curation, features or scoring.")
    ] = None,
    run: Annotated[str | None, typer.Option(metavar="RUN", help="This run's reports in place of the newest.")] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the page of one station's report to a file.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the reports as one JSON document.")] = False,
) -> None:
    """Show the newest inspection reports that the running `line up` keeps: expected, observed, since when, how many."""
    from cli.ending import ended
    from cli.inspections import show_reports

    raise typer.Exit(ended(lambda: show_reports(line, station=station, run=run, html=html, as_json=as_json)))


@app.command()
def models(
    line: LineName,
    attempts: Annotated[
        bool, typer.Option("--attempts", help="Every training that was tried, too, the failed ones among them.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show a line's model versions: status, run, variant, metrics; in a running `line up`.

    A version is pending, approved, rejected, in production, formerly so, or rolled back.
    Example: `line models flights --attempts`.
    """
    from cli.ending import ended
    from cli.models import show_models

    raise typer.Exit(ended(lambda: show_models(line, tried=attempts, as_json=as_json)))


@app.command()
def compare(
    line: LineName,
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="A B...", help="Versions (3, or production), attempts (RUN/VARIANT) or variants (their newest)."
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Show models side by side: parameters, data and code that differ, metrics and which is better, curves.

    Example: `line compare flights production shallow`.
    """
    from cli.compare import compare as compare_models
    from cli.ending import ended

    raise typer.Exit(ended(lambda: compare_models(line, models, as_json=as_json)))


@app.command()
def card(
    line: Annotated[str, typer.Argument(metavar="LINE", help="The line whose model is told of, e.g. flights.")],
    version: Annotated[
        int | None,
        typer.Argument(metavar="[VERSION]", help="A registered version; without it, the one in service.", min=1),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to write it; LINE-version-N.html here when not given.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Save the model card of a version that the running `line up` keeps, as one HTML page, and print its path.

    It tells the question, data, features, metrics with intervals, gates, slices, curves and limits. For example
    `line card flights`, or `line card flights 2 --out card.html`.
    """
    from cli.card import save_card
    from cli.ending import ended

    raise typer.Exit(ended(lambda: save_card(line, version, out=out, as_json=as_json)))


@app.command()
def replay(
    line: Annotated[str, typer.Argument(metavar="LINE", help="The line whose past is replayed, e.g. flights.")],
    *,
    first: Annotated[str, typer.Option("--from", metavar="DAY", help="The first day (UTC), e.g. 2013-01-01.")],
    last: Annotated[str, typer.Option("--to", metavar="DAY", help="The last day, included.")],
    speed: Annotated[
        str, typer.Option(metavar="N|max", help="So many times as fast as life: 86400 is a day a second.")
    ] = "max",
    sample: Annotated[float, typer.Option(metavar="SHARE", help="Only this share of the events, e.g. 0.2.")] = 1.0,
    parameters: Parameters = None,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where the report goes; LINE-report.html here when not given.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Stream past days through the line: scores, capture, ground truth when it became known, alarms, retraining.

    Runs in the `line up` that runs, or in an embedded AWS of its own; the line is run once if it has no champion. Its
    endpoint scores each event with the features of its moment, and the embedded AWS's clock goes from day to day, so
    that monitors judge and alarms start trainings as they would have. Replaying days again doubles nothing. Example:
    `line replay flights --from 2013-08-01 --to 2013-10-31 --sample 0.25`
    """
    from cli.ending import ended

    def work() -> int:
        from cli.replay import replay_line
        from cli.replay_past import Stretch

        stretch = Stretch.of(first, last, sample, speed)
        return replay_line(line, stretch, given=parameters or [], output=output, as_json=as_json)

    raise typer.Exit(ended(work))


@app.command()
def cost(
    line: Annotated[str, typer.Argument(metavar="LINE", help="The line: a folder of lines/, e.g. flights.")],
    context: Annotated[
        list[str] | None,
        typer.Option("--context", "-c", metavar="KEY=VALUE", help="`env=NAME` or `branch=REF`, as for `cdk deploy`."),
    ] = None,
    environment: Annotated[str | None, typer.Option("--env", metavar="NAME", help="The same as `-c env=NAME`.")] = None,
    minutes: Annotated[
        list[str] | None,
        typer.Option(metavar="JOB=MINUTES", help="How long a job takes, e.g. `train=20`; may be repeated."),
    ] = None,
    stored_gb: Annotated[float, typer.Option(help="Gigabytes that the environment keeps.", min=0)] = 0,
    measured: Annotated[
        bool, typer.Option("--measured", help="Take what the stations of the last runs took, from the ledger.")
    ] = False,
    actual: Annotated[
        bool, typer.Option("--actual", help="What it did cost in the last days, from AWS Cost Explorer, by station.")
    ] = False,
    days: Annotated[int, typer.Option(help="With --actual: how many days.", min=1, max=365)] = 30,
    as_json: AsJson = False,
) -> None:
    """Estimate what a line costs in an environment: a month in which nothing happens, and one run.

    From the synthesized templates and the prices of config/prices.yaml, by resource and station; what has no price is
    told. For example: `line cost flights -c env=prod --minutes train=20`
    """
    from cli.cost import actual_line, cost_line, place
    from cli.ending import ended

    def work() -> int:
        where = place(context or [], environment)
        if actual:
            return actual_line(line, where=where, days=days, as_json=as_json)
        return cost_line(
            line, where=where, minutes=minutes or [], stored_gb=stored_gb, measured=measured, as_json=as_json
        )

    raise typer.Exit(ended(work))


@app.command()
def report(
    line: Annotated[str, typer.Argument(metavar="LINE", help="The line whose predictions are told of.")],
    *,
    first: Annotated[str | None, typer.Option("--from", metavar="MOMENT", help="Windows from this moment on.")] = None,
    last: Annotated[str | None, typer.Option("--to", metavar="MOMENT", help="Windows before this moment.")] = None,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to write it; LINE-report.html here when not given.")
    ] = None,
    environment: Annotated[
        str,
        typer.Option(metavar="NAME", help="local, or one on AWS, read as AWS_PROFILE and AWS_REGION say."),
    ] = "local",
    as_json: AsJson = False,
) -> None:
    """Show how predictions fared: drift, performance, calibration, data quality, latency, slices and alarms over time.

    One HTML page with charts that needs nothing from elsewhere; without --from it shows the newest thirty days.
    For example: `line report flights --from 2013-08-01 --to 2013-11-01 --output flights.html`
    """
    from cli.ending import ended
    from cli.report import report_line

    raise typer.Exit(
        ended(
            lambda: report_line(line, first=first, last=last, environment=environment, output=output, as_json=as_json)
        )
    )


@app.command()
def ledger(
    line: Annotated[str, typer.Argument(metavar="LINE", help="The line whose story is told.")],
    last: Annotated[int, typer.Option(min=1, metavar="N", help="Only the newest so many moments.")] = 60,
    environment: Annotated[
        str, typer.Option(metavar="NAME", help="Where: `local` is a running `line up`, any other is on AWS.")
    ] = "local",
    backfill: Annotated[
        bool, typer.Option("--backfill", help="Put into the ledger what Step Functions remembers and it lacks.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the moments as one JSON document.")] = False,
) -> None:
    """Tell what happened to a line: runs and what asked for them, tests, versions, alarms, deploys, what people did.

    For example: line ledger flights --last 20; line ledger flights --backfill --environment dev
    """
    from cli.ending import ended
    from cli.ledger import fill_ledger, show_ledger

    if backfill:
        raise typer.Exit(ended(lambda: fill_ledger(line, as_json=as_json, environment=environment)))
    raise typer.Exit(ended(lambda: show_ledger(line, last=last, as_json=as_json, environment=environment)))


@app.command()
def throughput(
    line: Annotated[str | None, typer.Argument(metavar="[LINE]", help="One line; without it, all of them.")] = None,
    environment: Annotated[
        str,
        typer.Option(metavar="NAME", help="local, or one on AWS, read as AWS_PROFILE and AWS_REGION say."),
    ] = "local",
    *,
    first: Annotated[
        str | None, typer.Option("--from", metavar="MOMENT", help="Runs and deploys from then on.")
    ] = None,
    last: Annotated[str | None, typer.Option("--to", metavar="MOMENT", help="Runs and deploys before then.")] = None,
    as_json: AsJson = False,
) -> None:
    """Measure how data become decisions and ideas become changes: lead time, yield, the bottleneck, where ideas wait.

    From the ledger: lead and cycle times, work in progress, first-pass yield, halts by cause, throughput per week, the
    bottleneck and what a faster station would gain; and of deploys lead time for change, frequency, failures and time
    to restore. For example: `line throughput flights --from 2026-01-01`, or `line throughput --environment prod --json`
    """
    from cli.ending import ended
    from cli.throughput import show_throughput

    raise typer.Exit(
        ended(lambda: show_throughput(line, environment=environment, first=first, last=last, as_json=as_json))
    )


@app.command()
def labels(
    line: LineName,
    unmatched: Annotated[
        bool, typer.Option("--unmatched", help="Only the labels that wait for a prediction, the oldest first.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show a line's ground truth: how many labels joined per window, and which wait for their prediction.

    For example: line labels flights --unmatched
    """
    from cli.ending import ended
    from cli.labels import show_labels

    raise typer.Exit(ended(lambda: show_labels(line, only_unmatched=unmatched, as_json=as_json)))


@app.command()
def grants(
    line: LineName,
    unused: Annotated[bool, typer.Option("--unused", help="Only the grants that nothing used.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what each role of a running `line up` may do, how often it was used, and why where it was not.

    For example: line grants flights --unused
    """
    from cli.ending import ended
    from cli.grants import show_grants

    raise typer.Exit(ended(lambda: show_grants(line, only_unused=unused, as_json=as_json)))


@app.command()
def approve(
    line: Annotated[str, typer.Argument(metavar="LINE", help="The line of the version, e.g. flights.")],
    version: Annotated[int, typer.Argument(metavar="VERSION", help="The version that waits for approval.", min=1)],
    *,
    reject: Annotated[bool, typer.Option("--reject", help="Reject it: it is never released.")] = False,
    by: Annotated[str | None, typer.Option(metavar="NAME", help="Who decides; without it, this user.")] = None,
    comment: Annotated[str, typer.Option(metavar="TEXT", help="Why; kept in the registry.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Let a version that waits for approval into production, in the running `line up`; or reject it.

    Follows the release to its end. Example: `line approve flights 4 --by ann --comment "looks right"`. Exit status: 0
    when it is in production (or rejected), 1 when it is not, 2 for a usage error.
    """
    from cli.approve import approve_version
    from cli.ending import ended

    raise typer.Exit(
        ended(lambda: approve_version(line, version, reject=reject, by=by, comment=comment, as_json=as_json))
    )


@app.command()
def rollback(
    line: Annotated[str, typer.Argument(metavar="LINE", help="The line that is to go back, e.g. flights.")],
    by: Annotated[str | None, typer.Option(metavar="NAME", help="Who decides; without it, this user.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Put the version that was in production before back into production, in the running `line up`.

    What is rolled back is never released again; calling it once more goes one version further back. Example:
    `line rollback flights --by ann`. Exit status: 0 when it is done, 1 when it is not, 2 for a usage error.
    """
    from cli.ending import ended
    from cli.rollback import roll_back

    raise typer.Exit(ended(lambda: roll_back(line, by=by, as_json=as_json)))


@app.command()
def propose(
    line: Annotated[str, typer.Argument(metavar="LINE", help="The line whose tests are looked at.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Print, ready for line.yaml, the `info` tests as every kept report would pass them: bounds from history."""
    from cli.ending import ended
    from cli.propose import show_proposals

    raise typer.Exit(ended(lambda: show_proposals(line, as_json=as_json)))


@app.command()
def dqdl(
    line: Annotated[str, typer.Argument(metavar="LINE", help="The line whose tests are exported.")],
    table: Annotated[str | None, typer.Option(metavar="TABLE", help="Only the tests of this table.")] = None,
) -> None:
    """Print a line's tests as rulesets of AWS Glue Data Quality (DQDL). Starts nothing."""
    from cli.dqdl import show_rulesets
    from cli.ending import ended

    raise typer.Exit(ended(lambda: show_rulesets(line, table=table)))


@app.command()
def changes(
    before: Annotated[
        Path, typer.Argument(metavar="BEFORE", help="A cloud assembly: a folder that `cdk synth` wrote.")
    ],
    after: Annotated[Path, typer.Argument(metavar="AFTER", help="The one that would be deployed over it.")],
    run: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="What `line run --json` wrote, to be told with it; may be repeated."),
    ] = None,
    title: Annotated[str, typer.Option(help="The heading.")] = "What changes",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document in place of Markdown.")] = False,
) -> None:
    """Tell what a deployment would change: resources, data that would be lost, privileges that grow. Asks no AWS.

    Prints Markdown, made for a comment on a pull request. A property that cannot be changed in place makes
    CloudFormation delete the old resource; for one that holds data, its policies tell whether the data goes.
    """
    from cli.changes import show_changes
    from cli.ending import ended

    raise typer.Exit(ended(lambda: show_changes(before, after, as_json=as_json, title=title, runs=run or [])))


def main() -> None:
    """Console entry point."""
    app()


if __name__ == "__main__":
    main()
