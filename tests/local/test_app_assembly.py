"""The project's own app deploys whole, what runs is what was synthesized, and its queues bring everything once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app import build, new_app
from local.deployment import Deployment
from local.resources.catalogue import IGNORED_TYPES
from local.server import EmbeddedAws
from local.template import Template
from runtime import promotion
from runtime.delivery import capture, lookup
from runtime.monitoring import windows
from runtime.monitoring.store import Store
from runtime.promotion import Champion
from tests.local.arrivals import Deployed, mixed
from tests.runtime.delivery import sent

FOUNDATION, FLIGHTS = "AssemblyLine-local-Foundation", "AssemblyLine-local-Flights"


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    app = new_app(outdir=str(tmp_path_factory.mktemp("assembly")))
    build(app, environment="local", lines=["flights"])
    return Path(app.synth().directory)


@pytest.fixture(scope="module")
def aws(assembly: Path) -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as aws:
        aws.deploy(assembly)
        yield aws


@pytest.fixture(scope="module")
def deployment(aws: EmbeddedAws) -> Deployment:
    return aws.deployments[0]


def test_every_resource_of_the_templates_exists(assembly: Path, deployment: Deployment) -> None:
    wanted = {
        (stack, logical_id)
        for stack, template in deployment.templates.items()
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] not in IGNORED_TYPES
    }
    assert {(resource.stack, resource.logical_id) for resource in deployment.resources} == wanted
    assert set(deployment.templates) == {FOUNDATION, FLIGHTS}


@pytest.mark.parametrize(("prefix", "output"), [("Run", "StateMachineArn"), ("Release", "ReleaseMachineArn")])
def test_a_state_machine_is_the_templates_definition_byte_for_byte(
    aws: EmbeddedAws, assembly: Path, deployment: Deployment, prefix: str, output: str
) -> None:
    template = json.loads((assembly / "Flights.template.json").read_text(encoding="utf-8"))
    machines = [name for name, r in template["Resources"].items() if r["Type"] == "AWS::StepFunctions::StateMachine"]
    (name,) = [name for name in machines if name.startswith(prefix)]
    machine = template["Resources"][name]
    exports = aws.deployments[0].exports
    resolving = Template(
        template,
        stack=FLIGHTS,
        account=aws.account,
        region=aws.region,
        attribute=lambda name, attribute: (
            deployment.made[FLIGHTS, name].attribute(attribute) if attribute else deployment.made[FLIGHTS, name].ref
        ),
        export=exports.__getitem__,
        ssm=str,
    )
    running = aws.client("stepfunctions").describe_state_machine(stateMachineArn=deployment.outputs[FLIGHTS][output])
    assert running["definition"] == resolving.resolve(machine["Properties"]["DefinitionString"])


def test_each_handler_has_a_role_of_its_own(aws: EmbeddedAws) -> None:
    functions = aws.client("lambda").list_functions()["Functions"]
    assert len({function["Role"] for function in functions}) == len(functions) > 10


def test_nothing_was_denied_while_deploying(aws: EmbeddedAws) -> None:
    assert aws.grants().denials == []
    assert aws.problems == []


COUNTS = [200, pytest.param(2_000, marks=pytest.mark.thorough)]
"""Messages: 5 in 100 come twice, 1 in 100 is poison, all in an order of chance."""


@pytest.mark.parametrize("count", COUNTS)
def test_captured_predictions_count_once_however_their_queue_brings_them(aws: EmbeddedAws, count: int) -> None:
    """Through the mapping to the deployed function, in a process of its own, with its own role."""
    deployed = Deployed(aws, "lambdas.monitoring.capture")
    release(deployed)

    def prediction(number: int) -> dict[str, Any]:
        return made(number, f"C{count}-", f"2013-08-{1 + number % 7:02}")

    def body(number: int) -> str:
        (found,) = capture.messages(sent.LINE, [capture.event(prediction(number), {"carrier": "UA"}, 12.5)])
        return found

    before = rows(deployed, days := [f"2013-08-{1 + day:02}T00:00Z" for day in range(7)])
    messages, good, poison = mixed(count, body, sent.BAD_EVENTS)
    deployed.take(messages, seconds=120)

    assert deployed.aside() == {text: [reason] for text, reason in poison.items()}
    added = Counter(f"{prediction(number)['event_time'][:10]}T00:00Z" for number in range(good))
    assert rows(deployed, days) == before + added
    assert stored(deployed) >= {json.loads(body(number))["events"][0]["event_id"] for number in range(good)}
    assert (aws.grants().denials, aws.problems) == ([], [])


@pytest.mark.parametrize("count", COUNTS)
def test_labels_join_once_however_their_queue_brings_them(aws: EmbeddedAws, count: int) -> None:
    """The same of ground truth, half of which comes before its prediction."""
    deployed, day = Deployed(aws, "lambdas.monitoring.ground_truth"), f"{1000 + count}-01-01"
    store = store_of(deployed)

    def body(number: int) -> str:
        return json.dumps({"prediction_id": made(number, "L", day)["prediction_id"], "label": number % 2})

    messages, good, poison = mixed(count, body, sent.BAD_LABELS)
    lookup.put(store.dynamodb, store.predictions, [made(number, "L", day) for number in range(0, good, 2)], store=store)
    deployed.take(messages, seconds=240)
    lookup.put(store.dynamodb, store.predictions, [made(number, "L", day) for number in range(1, good, 2)], store=store)

    assert deployed.aside() == {text: [reason] for text, reason in poison.items()}
    counters = windows.read(store, f"{day}T00:00Z").counters[""]
    assert (counters["n"], sum(n for name, n in counters.items() if name.startswith("p1"))) == (good, good // 2)
    assert (aws.grants().denials, aws.problems) == ([], [])


def made(number: int, prefix: str, day: str) -> dict[str, Any]:
    id_ = f"{prefix}{number}"
    told = {"id": id_, "prediction_id": f"{sent.LINE}:{id_}:{day}", "event_time": f"{day}T10:30:00+00:00"}
    return {**sent.record(number), **told}


def store_of(deployed: Deployed) -> Store:
    tables = [deployed.variables[name] for name in ("PREDICTIONS_TABLE", "WINDOWS_TABLE")]
    return Store(deployed.aws.client("dynamodb"), predictions=tables[0], windows=tables[1], line=sent.LINE)


def rows(deployed: Deployed, starts: list[str]) -> Counter[str]:
    """Return how many captured predictions each window counts."""
    return Counter({start: windows.read(store_of(deployed), start).rows for start in starts})


def release(deployed: Deployed) -> None:
    """Have a champion, by whose reference captured events are sketched."""
    dynamodb, table = deployed.aws.client("dynamodb"), deployed.variables["LEDGER_TABLE"]
    if promotion.champion(dynamodb, table, sent.LINE) is None:
        bucket = deployed.variables["MODELS_BUCKET"]
        numbers = {"score": {"kind": "number", "edges": [0.5], "shares": [0.5, 0.5, 0.0]}}
        body = json.dumps(numbers).encode()
        deployed.aws.client("s3").put_object(Bucket=bucket, Key=f"{sent.LINE}/1/reference.json", Body=body)
        champion = Champion(1, "arn", f"s3://{bucket}/{sent.LINE}/1/", "0", "run-1", "deep", sent.LINE, "", {})
        promotion.promote(dynamodb, table, sent.LINE, champion, expected=None)


def stored(deployed: Deployed) -> set[str]:
    """Return the ids of the events that wait for the table of captured predictions."""
    s3, lake = deployed.aws.client("s3"), deployed.variables["LAKE_BUCKET"]
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=lake, Prefix="captured/")
    keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
    bodies = [s3.get_object(Bucket=lake, Key=key)["Body"].read() for key in keys]
    return {json.loads(line)["event_id"] for body in bodies for line in body.splitlines()}
