from __future__ import annotations

import pytest

from cli.github import main


def test_a_place_is_told_as_outputs_of_a_step(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["place", "prod"]) == 0
    assert capsys.readouterr().out == (
        "account=222222222222\nregion=eu-central-1\nrole=arn:aws:iam::222222222222:role/assembly-line-deploys-prod\n"
    )


def test_branches_have_a_role_that_destroys(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["place", "branch"]) == 0
    assert "\ndestroyer=arn:aws:iam::111111111111:role/assembly-line-destroys-branch\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["id", "refs/pull/7/merge"], 1, "error: branch 'refs/pull/7/merge' is a pull request's merge"),
        (["place", "nowhere"], 1, "error: environment 'nowhere' is unknown"),
        (["id"], 2, "error: expected `id REF` or `place ENVIRONMENT`: give one of them"),
        (["name", "x"], 2, "error: expected `id REF` or `place ENVIRONMENT`: give one of them"),
    ],
)
def test_what_cannot_be_told_is_an_error_of_one_line(
    arguments: list[str], status: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == status
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(told)
    assert err.count("\n") == 1
