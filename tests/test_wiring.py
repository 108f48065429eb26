"""What the templates promise is what the code keeps: handlers, their variables, events and jobs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from config.loading import ROOT
from jobs import arguments
from jobs.__main__ import JOBS
from jobs.maintain import REQUIRED
from runtime import backfill, events
from runtime.receipts import Receipt
from tests.stacks.synthesis import Assembly, Json, definition, resolved, states, synthesized

IMPORTER = """
import importlib, json, sys
from runtime import environment
found = {}
for module in json.load(sys.stdin):
    variables = module["variables"]
    import os
    os.environ.update(variables)
    imported = importlib.import_module(module["name"])
    assert callable(imported.handler)
    assert imported.__file__.startswith(sys.argv[1]), imported.__file__
    found[module["name"]] = sorted(environment.names(imported.Environment))
    for name in variables:
        os.environ.pop(name, None)
json.dump(found, sys.stdout)
"""
OF_THE_ACCOUNT = {"lambdas.janitor.tick"}
"""Handlers in no environment; tests/constructs/test_janitor.py and tests/stacks/test_account.py see to them."""
CLOUD = {"AWS_DEFAULT_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}


@pytest.fixture
def local() -> Assembly:
    return synthesized("local")


def functions(local: Assembly) -> dict[str, Json]:
    """Return the functions of every stack by their handler's module, functions of the template resolved.

    Those that only an endpoint on instances has come from the assembly of prod.
    """
    return {
        resource["Properties"]["Handler"].removesuffix(".handler"): resource["Properties"]
        for assembly in (synthesized("prod"), local)
        for stack in assembly.templates
        for resource in resolved(assembly, stack)["Resources"].values()
        if resource["Type"] == "AWS::Lambda::Function"
    }


def code(local: Assembly) -> Path:
    """Return the staged folder from which every function is made."""
    keys = {json.dumps(function["Code"]["S3Key"]) for function in functions(local).values()}
    assert len(keys) == 1
    return local.directory / f"asset.{json.loads(keys.pop()).removesuffix('.zip')}"


def test_every_handler_imports_from_what_is_shipped_and_reads_the_variables_that_it_is_given(local: Assembly) -> None:
    given = {module: properties["Environment"]["Variables"] for module, properties in functions(local).items()}
    asked = [{"name": module, "variables": variables} for module, variables in given.items()]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-P", "-c", IMPORTER, str(code(local))],
        input=json.dumps(asked),
        env={**CLOUD, "PYTHONPATH": str(code(local)), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {module: sorted(variables) for module, variables in given.items()}


def test_every_handler_of_the_house_is_wired(local: Assembly) -> None:
    root = code(local)
    modules = {
        ".".join(path.relative_to(root).with_suffix("").parts)
        for path in root.glob("lambdas/*/*.py")
        if "def handler(" in path.read_text(encoding="utf-8")
    }
    assert set(functions(local)) | OF_THE_ACCOUNT == modules


def announced(detail_type: str) -> Json:
    """Return an event as it arrives at a rule, its detail built by the one who sends it."""
    common: Any = {"line": "flights", "run": "run-1", "station": "curation", "at": events.now()}
    receipt = Receipt(station="curation", status="succeeded")
    detail: dict[str, Any] = {
        events.STATION_STARTED: events.started(**common),
        events.RUN_STARTED: events.started(**{**common, "station": events.WHOLE_RUN}),
        events.STATION_FINISHED: events.finished(**common, receipt=receipt),
        events.RUN_FINISHED: events.run_finished(
            line="flights", run="run-1", status="succeeded", message="", at=events.now()
        ),
    }[detail_type]
    entry = events.entry(bus="bus", detail_type=detail_type, detail=detail)
    return {"source": entry["Source"], "detail-type": entry["DetailType"], "detail": json.loads(entry["Detail"])}


def matches(pattern: Json, event: Json) -> bool:
    """Tell whether an event matches a pattern of plain values."""
    return all(
        matches(wanted, event.get(key, {})) if isinstance(wanted, dict) else event.get(key) in wanted
        for key, wanted in pattern.items()
    )


@pytest.mark.parametrize("detail_type", events.DETAIL_TYPES)
def test_every_rule_hears_every_event_that_a_line_sends(local: Assembly, detail_type: str) -> None:
    rules = local.properties("AWS::Events::Rule").values()
    patterns = [
        rule["EventPattern"] for rule in rules if events.SOURCE in rule.get("EventPattern", {}).get("source", [])
    ]
    assert patterns
    assert all(matches(pattern, announced(detail_type)) for pattern in patterns)


def test_the_states_that_announce_send_what_the_runtime_builds(local: Assembly) -> None:
    for name, state, _ in states(definition(local)):
        if "events:putEvents" in str(state.get("Resource")):
            (entry,) = state["Parameters"]["Entries"]
            detail = {key.removesuffix(".$"): value for key, value in entry["Detail"].items()}
            assert entry["Source"] == events.SOURCE, name
            assert detail.keys() == events.started(line="", run="", station="", at="").keys(), name
            assert detail["line"] == "flights", name


def test_the_states_name_the_stations_of_the_ledger(local: Assembly) -> None:
    said = [
        state["Parameters"]["Entries"][0]["Detail"]["station"]
        for _, state, _ in states(definition(local))
        if "events:putEvents" in str(state.get("Resource"))
    ]
    assert said == [events.WHOLE_RUN, *events.STATIONS]


def test_the_states_have_the_names_by_which_a_ledger_is_filled_again(local: Assembly) -> None:
    names = {name for name, _, _ in states(definition(local))}
    assert set(backfill.STARTS) | set(backfill.ENDS) | {backfill.FAILURE, backfill.FINISH} <= names


def batch_commands(local: Assembly) -> dict[str, list[str]]:
    """Return each container job's arguments by its kind, with a run's parameters put in."""
    given = {"Ref::run": "run-1", "Ref::parameters": '{"score_date": "2013-08-15"}', "Ref::variant": "deep"}
    given["Ref::dry_run"] = "no"
    commands = [
        resource["Properties"]["ContainerProperties"]["Command"]
        for resource in resolved(local, "Flights")["Resources"].values()
        if resource["Type"] == "AWS::Batch::JobDefinition"
    ]
    return {command[0]: [given.get(word, word) for word in command[1:]] for command in commands}


def glue_arguments(local: Assembly) -> Iterator[tuple[str, list[str]]]:
    """Yield the script of each Glue job and its arguments, with a run's put in."""
    for resource in resolved(local, "Flights")["Resources"].values():
        if resource["Type"] == "AWS::Glue::Job":
            script = resource["Properties"]["Command"]["ScriptLocation"].rsplit("/", 1)[1]
            pairs = {**resource["Properties"]["DefaultArguments"], "--run": "run-1", "--parameters": "{}"}
            text = (local.directory / f"asset.{script}").read_text(encoding="utf-8")
            yield text, [word for pair in pairs.items() for word in pair]


@pytest.mark.parametrize(
    ("kind", "required"),
    [
        ("dataset", []),
        ("train", ["variant"]),
        ("evaluate", ["ledger_table"]),
        ("score", ["ledger_table", "signing_key"]),
        ("maintain", REQUIRED),
    ],
)
def test_a_container_job_is_given_what_it_asks_for(local: Assembly, kind: str, required: Sequence[str]) -> None:
    told = arguments.parse(batch_commands(local)[kind], required)
    assert (told.line, told.run, told.environment) == ("flights", "run-1", "local")
    assert told.parameters == {"score_date": "2013-08-15"}
    assert told.bundle.startswith("s3://")


def test_a_glue_job_is_given_what_it_asks_for(local: Assembly) -> None:
    required: dict[str, list[str]] = {"curate": [], "features": ["online_table"]}
    scripts = {(ROOT / "jobs" / f"{script}.py").read_text(encoding="utf-8"): script for script in required}
    told = {
        scripts[text]: arguments.parse(words, required[scripts[text]]).line for text, words in glue_arguments(local)
    }
    assert told == {"curate": "flights", "features": "flights"}


def test_a_container_job_is_a_command_of_the_image(local: Assembly) -> None:
    assert {*batch_commands(local), "serve"} == set(JOBS)  # the endpoint says serve


def test_what_a_run_calls_exists(local: Assembly) -> None:
    """Each Lambda task names a function of the template, and its payload names the line and the run."""
    for name, state, _ in states(definition(local)):
        if "lambda:invoke" in str(state.get("Resource")):
            payload = state["Parameters"]["Payload"]
            assert payload["line"] == "flights", name
            assert payload["run.$"] == "$$.Execution.Name", name
