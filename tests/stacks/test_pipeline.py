"""The pipeline of those without GitHub: what it runs in which order, and what each of its roles may do."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, get_args

import aws_cdk as cdk
import pytest
from cfnlint.api import lint  # type: ignore[import-untyped]
from cfnlint.config import ManualArgs  # type: ignore[import-untyped]

import app
from config.account import Source, bootstrap_roles
from config.environment import Environment
from config.loading import load_environment
from stacks.account import add_account
from stacks.checks import check
from stacks.pipeline import ORDER, PipelineStack

Json = dict[str, Any]

SOURCES = {
    "connection": Source(
        kind="connection",
        connection_arn="arn:aws:codeconnections:eu-central-1:111111111111:connection/0a1b2c3d-0000-4000-8000-000000000000",
        repository="acme/line",
    ),
    "codecommit": Source(kind="codecommit", repository="line"),
    "s3": Source(kind="s3", bucket="acme-sources", key="line.zip"),
}
ENVIRONMENTS = [load_environment(name) for name in ORDER]


def home() -> Environment:
    return load_environment("dev")


def made(kind: str) -> cdk.App:
    built = app.new_app(builtin_cloud_formation_validation=False)
    PipelineStack(
        built,
        "Pipeline",
        source=SOURCES[kind],
        home=home(),
        environments=ENVIRONMENTS,
        env=cdk.Environment(account=home().account, region=home().region),
        termination_protection=True,
    )
    return built


@cache
def template(kind: str = "connection") -> Json:
    found: Json = json.loads((Path(made(kind).synth().directory) / "Pipeline.template.json").read_text())
    return found


def of(kind: str, source: str = "connection") -> dict[str, Json]:
    resources = template(source)["Resources"].items()
    return {name: resource["Properties"] for name, resource in resources if resource["Type"] == kind}


def stages() -> dict[str, list[Json]]:
    (pipeline,) = of("AWS::CodePipeline::Pipeline").values()
    return {stage["Name"]: stage["Actions"] for stage in pipeline["Stages"]}


def commands(project: str) -> list[str]:
    (found,) = [one for name, one in of("AWS::CodeBuild::Project").items() if name.startswith(project)]
    told: list[str] = json.loads(found["Source"]["BuildSpec"])["phases"]["build"]["commands"]
    return told


def statements(role: str) -> list[Json]:
    """Return what a project's role may do."""
    return [
        statement
        for policy in of("AWS::IAM::Policy").values()
        if policy["Roles"][0]["Ref"].startswith(role)
        for statement in policy["PolicyDocument"]["Statement"]
    ]


def test_a_commit_goes_through_every_environment_and_asks_before_all_but_the_first() -> None:
    assert {name: [action["Name"] for action in actions] for name, actions in stages().items()} == {
        "Source": ["Source"],
        "Build": ["Build"],
        "Dev": ["Deploy"],
        "Qa": ["Approve", "Deploy"],
        "Prod": ["Approve", "Deploy"],
    }


def test_checks_and_synthesis_are_the_make_targets_of_the_readme() -> None:
    assert commands("Build")[:3] == ["make lint", "make test", 'make assembly ENVS="dev qa prod"']


def test_every_environment_is_deployed_from_the_one_assembly_whose_digest_was_taken() -> None:
    for name in ORDER:
        deploy = stages()[name.capitalize()][-1]
        assert deploy["InputArtifacts"] == [{"Name": "Sources"}, {"Name": "Assembly"}]
        assert {one["name"]: one["value"] for one in json.loads(deploy["Configuration"]["EnvironmentVariables"])} == {
            "ENV": name,
            "DIGEST": "#{Build.DIGEST}",
        }
        check, last = commands(f"Deploy{name.capitalize()}")
        assert check.endswith('echo "$DIGEST  assembly.tar" | sha256sum --check --strict')
        assert last == 'COMMIT="$CODEBUILD_RESOLVED_SOURCE_VERSION" make deploy'


def test_a_role_reaches_the_bootstrap_roles_of_its_own_environment_only() -> None:
    for environment in ENVIRONMENTS:
        assumed = [
            one for one in statements(f"Deploy{environment.name.capitalize()}") if one["Action"] == "sts:AssumeRole"
        ]
        assert [one["Resource"] for one in assumed] == [bootstrap_roles(environment)]
    assert [one for one in statements("Build") if one["Action"] == "sts:AssumeRole"] == []


def test_no_role_has_an_action_with_a_wildcard() -> None:
    policies = [of("AWS::IAM::Policy", kind) for kind in SOURCES]
    actions = [
        action
        for found in policies
        for policy in found.values()
        for statement in policy["PolicyDocument"]["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    ]
    assert actions
    assert [action for action in actions if "*" in action] == []


@pytest.mark.parametrize(
    "kind", ["codecommit", *(pytest.param(kind, marks=pytest.mark.thorough) for kind in ("connection", "s3"))]
)
def test_cfn_lint_is_clean(kind: str) -> None:
    assert [str(match) for match in lint(json.dumps(template(kind)), config=ManualArgs(regions=["eu-central-1"]))] == []


def test_no_pack_finds_anything_that_was_not_accepted() -> None:
    built = made("codecommit")
    add_account(built, environment=home(), synthesizer=cdk.DefaultStackSynthesizer())
    assert [str(one) for one in check(built) if not one.reason] == []


def test_every_kind_of_source_is_tried() -> None:
    assert sorted(SOURCES) == sorted(get_args(Source.model_fields["kind"].annotation))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"kind": "connection"}, "a source of kind connection needs connection_arn and repository: give it"),
        ({"kind": "codecommit"}, "a source of kind codecommit needs repository: give it"),
        ({"kind": "s3", "bucket": "b"}, "a source of kind s3 needs key: give it"),
    ],
)
def test_a_source_that_is_not_complete_is_told(given: Json, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Source(**given)


@pytest.mark.parametrize(
    ("context", "told"),
    [
        ({"pipeline": "dev"}, "config/account.yaml: pipeline is missing, expected where commits come from: "),
        ({"pipeline": "dev", "env": "dev"}, "context: pipeline='dev' names an environment's account by itself: "),
        ({"account": "dev", "branch": "a"}, "context: account='dev' names an environment's account by itself: "),
        ({"account": "nowhere"}, "environment 'nowhere' is unknown, expected one of "),
        ({"account": "branch"}, "environment 'branch' is the pattern of every branch's own, "),
    ],
)
def test_a_context_that_does_not_fit_is_told_in_one_line(
    context: dict[str, str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.main(app.new_app(outdir=str(tmp_path), context=context)) == 1
    err = capsys.readouterr().err
    assert err.startswith(told)
    assert err.count("\n") == 1
