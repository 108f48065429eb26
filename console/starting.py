"""What a person starts and stops from the console: a run of a line, once for each form."""

from __future__ import annotations

import json
from collections.abc import Mapping

from botocore.exceptions import ClientError

from config.errors import LineError
from config.loading import environment_names, line_names, load_bundle, load_environment
from config.parameters import Parameter, resolve
from console.actions import Action, Field, Given, Progress
from console.place import Place
from runtime.events import STATIONS
from runtime.paths import raw_prefix

PREFIX = "parameter."
FORCE = "force"
_TYPES = {"date": "date", "integer": "number", "number": "text", "string": "text", "boolean": "text"}


def _describe(place: Place, given: Given) -> str:
    line = _line(given)
    outputs = place.outputs(line)
    if place.is_embedded:
        _need_raw(place, line, outputs["RawBucket"])
    return (
        f"A run of {line} starts in environment {place.environment}, with these parameters. What is fresh is skipped; "
        "a model that passes its gates may be released, and predictions are delivered."
    )


def _asks(place: Place, given: Given) -> list[Field]:
    """Return a field for each parameter of the line's own file, with its value in this environment."""
    line = _line(given)
    declared, values = _declared(place, line)
    fields = [
        Field(
            name=f"{PREFIX}{name}",
            label=name,
            value=given.get(f"{PREFIX}{name}", values[name]),
            type=_TYPES[parameter.type],
            hint=": ".join(filter(None, [parameter.type, parameter.description])),
        )
        for name, parameter in declared.items()
    ]
    stations = ", ".join(STATIONS)
    return [*fields, Field(FORCE, "Not to be skipped", given.get(FORCE, ""), hint=f"stations, of {stations}")]


def _perform(place: Place, given: Given, progress: Progress) -> str:
    line = _line(given)
    outputs = place.outputs(line)
    declared, values = _declared(place, line)
    chosen = {
        name: given[f"{PREFIX}{name}"].strip()
        for name in declared
        if f"{PREFIX}{name}" in given and given[f"{PREFIX}{name}"].strip() != values[name]
    }
    resolve(declared, chosen)
    force = given.get(FORCE, "").replace(",", " ").split()
    for station in force:
        if station not in STATIONS:
            raise LineError(f"{station!r} is not a station, expected one of {', '.join(STATIONS)}: correct it")
    run = f"console-{progress.key}"
    progress.phase = f"starting {run}"
    place.client("stepfunctions").start_execution(
        stateMachineArn=outputs["StateMachineArn"],
        name=run,
        input=json.dumps({"line": line, "parameters": chosen, "force": force}),
    )
    progress.link = f"/lines/{line}/runs/{run}"
    return f"{run} has started."


RUN = Action(
    kind="run",
    title="Run the line now",
    describe=_describe,
    perform=_perform,
    button="Start the run",
    asks=_asks,
)


def _describe_stop(place: Place, given: Given) -> str:
    line, run = _line(given), given.get("run", "")
    if _status(place, line, run) != "RUNNING":
        raise LineError(f"run {run!r} of line {line!r} has ended already: there is nothing to stop")
    return (
        f"Run {run} of {line} is stopped where it is. What it has published stays, jobs that it waits for are ended; "
        "nothing after them happens. Another run may be started at once."
    )


def _stop(place: Place, given: Given, progress: Progress) -> str:
    line, run = _line(given), given.get("run", "")
    if _status(place, line, run) != "RUNNING":
        return f"{run} had ended already."
    progress.link = f"/lines/{line}/runs/{run}"
    place.client("stepfunctions").stop_execution(
        executionArn=arn_of(place, line, run), error="Stopped", cause=f"stopped in the console by {place.who()}"
    )
    return f"{run} is stopped."


STOP = Action(
    kind="stop",
    title="Stop the run",
    describe=_describe_stop,
    perform=_stop,
    button="Stop it",
    is_dangerous=True,
)


def arn_of(place: Place, line: str, run: str) -> str:
    """Return the ARN of a run's execution."""
    machine = place.outputs(line)["StateMachineArn"]
    return f"{machine.replace(':stateMachine:', ':execution:')}:{run}"


def _status(place: Place, line: str, run: str) -> str:
    try:
        told = place.client("stepfunctions").describe_execution(executionArn=arn_of(place, line, run))
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("ExecutionDoesNotExist", "InvalidArn"):
            raise
        raise LineError(f"line {line!r} has no run {run!r}: choose one of its runs") from None
    return str(told["status"])


def _line(given: Given) -> str:
    line = given.get("line", "")
    if not line:
        raise LineError("no line is named: choose one on the page of lines")
    return line


def _declared(place: Place, line: str) -> tuple[Mapping[str, Parameter], dict[str, str]]:
    """Return the parameters that the repository declares for a line, and the texts of their values here."""
    if line not in line_names():
        return {}, {}
    declared = load_bundle(line).definition.parameters
    known = place.environment in environment_names()
    own = load_environment(place.environment).parameters.get(line, {}) if known else {}
    return declared, {name: _text(value) for name, value in resolve(declared, own).items()}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _need_raw(place: Place, line: str, bucket: str) -> None:
    """In the embedded AWS raw files are put by ``line run``: without any, a run could only halt."""
    if line not in line_names():
        return
    for name, source in load_bundle(line).definition.sources.items():
        if source.kind != "s3":
            continue
        found = place.client("s3").list_objects_v2(Bucket=bucket, Prefix=raw_prefix(line, name), MaxKeys=1)
        if not found.get("Contents"):
            raise LineError(
                f"source {name!r} of line {line!r} has no raw file here yet: `line run {line}` makes its sample and "
                "runs it; from then on it may be started here"
            )
