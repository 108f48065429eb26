from __future__ import annotations

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from cli.main import app
from config.loading import ROOT

RUNNER = CliRunner(env={"COLUMNS": "200", "TERMINAL_WIDTH": "200"})
HEAVY = ("moto", "boto3", "duckdb", "pandas", "pydantic", "aws_cdk")


@pytest.mark.parametrize(
    "arguments",
    [["--help"], *([name, "--help"] for name in ("run", "up", "validate", "sql", "new", "approve", "rollback"))],
)
def test_every_command_explains_itself(arguments: list[str]) -> None:
    result = RUNNER.invoke(app, arguments)
    assert result.exit_code == 0
    assert "Usage:" in result.stdout


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from typer.testing import CliRunner; from cli.main import app;"
        "CliRunner().invoke(app, ['--help']); print([m for m in sys.argv[1:] if m in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", code, *HEAVY], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert found.stdout.strip() == "[]"


def test_the_version_is_the_packages() -> None:
    assert RUNNER.invoke(app, ["--version"]).stdout == "line 0.1.0\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["run", "nope"],
            "error: line 'nope' is unknown, expected one of {lines}: "
            "correct the name or make it with `line new nope`\n",
        ),
        (
            ["run", "flights", "-p", "score_date"],
            "error: --parameter: 'score_date' has no value, expected NAME=VALUE: correct it\n",
        ),
        (
            ["run", "flights", "-p", "score_date=tomorrow"],
            "error: --parameter: parameter 'score_date': 'tomorrow' is not a date: correct its value\n",
        ),
        (
            ["run", "flights", "--raw", "/nowhere"],
            "error: --raw: '/nowhere' is not a folder, expected one with <source>/<file>.csv: correct it\n",
        ),
        (["validate", "nope"], "error: line 'nope' is unknown, expected one of {lines}: correct the name\n"),
        (["sql", "nope"], "error: line 'nope' is unknown, expected one of {lines}: correct the name\n"),
        (
            ["sql", "flights", "--engine", "polars"],
            "error: --engine: 'polars' is no engine, expected duckdb or spark: correct it\n",
        ),
        (
            ["up", "flights", "--empty"],
            "error: --empty deploys nothing, and lines are named (flights): leave one of them out\n",
        ),
        (
            ["up", "--environment", "dev"],
            "error: --environment names the account of an empty embedded AWS: give --empty, too\n",
        ),
        (["up", "nope"], "error: line 'nope' is unknown, expected one of {lines}: correct the name\n"),
        (
            ["new", "No-Name"],
            "error: 'No-Name' is not a line's name, expected a lowercase letter and up to 19 lowercase letters "
            "or digits: choose another\n",
        ),
        (
            ["new", "flights"],
            "error: lines/flights exists already: choose another name or remove the folder\n",
        ),
    ],
)
def test_a_usage_error_is_one_line_and_status_2(arguments: list[str], message: str) -> None:
    from config.loading import line_names

    result = RUNNER.invoke(app, arguments)
    assert (result.exit_code, result.stderr, result.stdout) == (2, message.format(lines=", ".join(line_names())), "")


@pytest.mark.parametrize("arguments", [["nothing"], ["run"], ["run", "flights", "--port", "99999"], ["run", "--nope"]])
def test_arguments_that_no_command_takes_are_status_2(arguments: list[str]) -> None:
    assert RUNNER.invoke(app, arguments).exit_code == 2
