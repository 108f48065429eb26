from __future__ import annotations

import json
from pathlib import Path

import pytest

import app
from config.loading import line_names, standing_names


@pytest.mark.parametrize(
    ("context", "message"),
    [
        (
            {"env": "nowhere"},
            f"environment 'nowhere' is unknown, expected one of {', '.join(standing_names())}: "
            "correct the name or add config/environments/nowhere.yaml",
        ),
        (
            {"env": "local", "lines": "flights,nothing"},
            f"line 'nothing' is unknown, expected one of {', '.join(line_names())}: "
            "correct the name or make it with `line new nothing`",
        ),
    ],
)
def test_an_unknown_name_is_told_in_one_line(
    context: dict[str, str],
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert app.main(app.new_app(outdir=str(tmp_path), context=context)) == 1
    assert capsys.readouterr().err == f"{message}\n"
    assert list(tmp_path.glob("*.template.json")) == []


@pytest.mark.parametrize("context", [{}, {"env": "dev", "branch": "feature/a"}, {"branch": "refs/pull/7/merge"}])
def test_a_context_that_names_no_environment_ends_the_app_with_one_line(
    context: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.main(app.new_app(outdir=str(tmp_path), context=context)) == 1
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert told.startswith(("context: ", "branch "))
    assert list(tmp_path.glob("*.template.json")) == []


def test_credentials_of_another_account_end_the_app_with_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDK_DEFAULT_ACCOUNT", "999999999999")
    assert app.main(app.new_app(outdir=str(tmp_path), context={"env": "prod"})) == 1
    assert "these credentials are of account 999999999999" in capsys.readouterr().err


def test_feature_flags_are_those_of_cdk_json_whoever_calls_the_app() -> None:
    made = app.new_app()
    assert made.node.try_get_context("@aws-cdk/aws-iam:minimizePolicies") is True


def test_the_cli_is_pinned_exactly() -> None:
    root = Path(app.__file__).parent
    wanted = json.loads((root / "package.json").read_text())["devDependencies"]["aws-cdk"]
    locked = json.loads((root / "package-lock.json").read_text())["packages"]["node_modules/aws-cdk"]["version"]
    assert wanted == locked
    assert wanted.startswith("2.")  # 3.0.0 was published by accident and refuses today's assemblies
