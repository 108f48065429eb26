"""The project's own app deploys whole, and what runs is what was synthesized."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import build, new_app
from local.deployment import Deployment
from local.resources.catalogue import IGNORED_TYPES
from local.server import EmbeddedAws
from local.template import Template

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
