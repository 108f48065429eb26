from __future__ import annotations

import os
from pathlib import Path

import pytest

from cli.cdk import call_cdk, command, environment
from config.errors import LineError


def test_without_a_line_up_there_is_nothing_to_deploy_to(tmp_path: Path) -> None:
    with pytest.raises(LineError) as caught:
        call_cdk(["deploy"], tmp_path)
    assert str(caught.value) == (
        "no `line up` is running, to which `line cdk` deploys: start `line up --empty`, or deploy to AWS with "
        "`make cdk`"
    )


def test_without_the_cli_its_mend_is_told(tmp_path: Path) -> None:
    with pytest.raises(LineError, match=r"the CDK CLI is not installed: `make setup` installs it$"):
        command(["deploy"], tmp_path)


def test_nothing_of_a_real_account_reaches_the_cli(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "real")
    given = environment("http://127.0.0.1:1", "eu-central-1", key="k", scratch=tmp_path)
    assert [name for name, value in given.items() if value == "real"] == []
    assert (given["AWS_ENDPOINT_URL"], given["AWS_REGION"], given["AWS_ACCESS_KEY_ID"]) == (
        "http://127.0.0.1:1",
        "eu-central-1",
        "k",
    )
    assert os.access(given["CDK_DOCKER"], os.X_OK)
