from __future__ import annotations

import pytest
from typer.testing import CliRunner

from cli.dataset import load
from cli.main import app
from cli.site import meant
from config.errors import LineError
from tests.moto_server import Aws

RUN = CliRunner()


@pytest.fixture(autouse=True)
def account(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in aws.environment(AWS_REGION="eu-central-1").items():
        monkeypatch.setenv(name, value)


def test_an_environment_without_a_workbench_is_told_how_to_get_one() -> None:
    ended = RUN.invoke(app, ["env", "workbench", "prod"])
    assert ended.exit_code == 1
    assert ended.stderr == (
        "error: environment 'prod' has no workbench: add `workbench` to config/environments/prod.yaml and deploy\n"
    )


def test_a_workbench_that_is_not_deployed_is_told_with_the_mend() -> None:
    ended = RUN.invoke(app, ["env", "workbench", "dev", "--json"])
    assert ended.exit_code == 1
    assert ended.stderr.startswith("error: stack AssemblyLine-dev-Foundation cannot be read in region eu-central-1 (")
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--clear"], "there is no terminal to ask on whether the spaces are to go: give --yes if they are\n"),
        (["--clear", "--json"], "--json tells of spaces, and --clear deletes them: give one of them\n"),
    ],
)
def test_spaces_do_not_go_unasked(arguments: list[str], message: str) -> None:
    ended = RUN.invoke(app, ["env", "workbench", "dev", *arguments])
    assert (ended.exit_code, ended.stderr) == (2, f"error: {message}")


def test_in_a_space_a_notebook_and_a_terminal_read_the_environment_that_it_belongs_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LINE_ENVIRONMENT", "dev")
    with pytest.raises(LineError, match=r"^stack AssemblyLine-dev-Foundation cannot be read in region eu-central-1"):
        load("flights")
    ended = RUN.invoke(app, ["dataset", "build", "flights"])
    assert ended.stderr.startswith("error: stack AssemblyLine-dev-Foundation cannot be read in region eu-central-1")
    monkeypatch.setenv("LINE_ENVIRONMENT", "")
    assert meant() == "local"
