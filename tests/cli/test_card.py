"""``line card`` finds the card of a version and saves it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cli import card
from cli.ending import UsageError
from config.errors import LineError
from runtime import promotion
from runtime.promotion import Champion
from tests.moto_server import Aws


@dataclass(frozen=True)
class Site:
    """A running ``line up``, as far as the command asks it."""

    aws: Aws
    ledger: str
    group: str

    def client(self, service: str) -> Any:
        return self.aws.client(service)

    def outputs(self, _line: str) -> dict[str, str]:
        return {"LedgerTable": self.ledger, "ModelPackageGroup": self.group}


@pytest.fixture
def site(aws: Aws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Site:
    made = Site(aws, aws.table("pk", "sk"), aws.bucket())
    monkeypatch.setattr(card, "running", lambda: made)
    monkeypatch.chdir(tmp_path)
    return made


def released(site: Site) -> str:
    """Register two versions, the second in service; return the bucket of their cards."""
    bucket, group = site.aws.bucket(), site.group
    sagemaker = site.client("sagemaker")
    sagemaker.create_model_package_group(ModelPackageGroupName=group)
    arn = ""
    for run in ("run-1", "run-2"):
        url = f"s3://{bucket}/flights/{run}/deep.tar.gz"
        containers = [{"Image": "image", "ModelDataUrl": url}]
        arn = sagemaker.create_model_package(
            ModelPackageGroupName=group,
            InferenceSpecification={
                "Containers": containers, "SupportedContentTypes": ["a/b"], "SupportedResponseMIMETypes": ["a/b"]
            },
        )["ModelPackageArn"]  # fmt: skip
        site.client("s3").put_object(Bucket=bucket, Key=f"flights/{run}/deep.html", Body=f"card of {run}".encode())
    now = Champion(2, arn, f"s3://{bucket}/flights/run-2/deep/", "ab", "run-2", "deep", "e", "c", {"roc_auc": 0.8})
    promotion.promote(site.client("dynamodb"), site.ledger, "flights", now, expected=None)
    return bucket


def test_the_card_of_the_version_in_service_is_saved(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    released(site)
    assert card.save_card("flights", None, out=None, as_json=False) == 0
    assert capsys.readouterr().out == "flights-version-2.html\n"
    assert Path("flights-version-2.html").read_text() == "card of run-2"


def test_the_card_of_an_earlier_version_is_saved_where_asked(
    site: Site, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    bucket = released(site)
    assert card.save_card("flights", 1, out=tmp_path / "card.html", as_json=True) == 0
    assert json.loads(capsys.readouterr().out) == {
        "line": "flights",
        "version": 1,
        "path": str(tmp_path / "card.html"),
        "card": f"s3://{bucket}/flights/run-1/deep.html",
    }
    assert (tmp_path / "card.html").read_text() == "card of run-1"


def test_a_version_that_was_never_registered_is_told(site: Site) -> None:
    released(site)
    with pytest.raises(LineError) as raised:
        card.save_card("flights", 9, out=None, as_json=False)
    assert str(raised.value) == (
        "line 'flights' has no version 9, expected one that was registered: "
        "leave the version out for the one in service"
    )


def test_a_version_without_a_card_is_told(site: Site) -> None:
    bucket = released(site)
    site.client("s3").delete_object(Bucket=bucket, Key="flights/run-2/deep.html")
    with pytest.raises(LineError, match=r"version 2 of line 'flights' has no model card .* --force training"):
        card.save_card("flights", None, out=None, as_json=False)


@pytest.mark.usefixtures("site")
def test_a_line_with_no_version_is_told() -> None:
    with pytest.raises(LineError, match="line 'flights' has no version in service: let a run pass its gates"):
        card.save_card("flights", None, out=None, as_json=False)


def test_an_unknown_line_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="line 'fligths' is unknown, expected one of "):
        card.save_card("fligths", None, out=None, as_json=False)
