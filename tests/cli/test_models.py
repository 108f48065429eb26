from __future__ import annotations

import datetime as dt
import json
import uuid
from typing import Any

import pytest

from cli import compare, models
from cli.ending import UsageError
from cli.models import Known
from runtime import events, ledger, promotion
from runtime.attempts import Tracker
from runtime.promotion import Champion
from runtime.versions import versions
from tests.moto_server import Aws, aws

__all__ = ["aws"]
LINE = "flights"


class Site:
    """A line's registry and ledger, as a ``line up`` holds them."""

    def __init__(self, aws: Aws) -> None:
        self.dynamodb, self.sagemaker = aws.client("dynamodb"), aws.client("sagemaker")
        self.outputs = {"LedgerTable": aws.table("pk", "sk"), "ModelPackageGroup": f"group-{uuid.uuid4().hex[:8]}"}
        self.sagemaker.create_model_package_group(ModelPackageGroupName=self.outputs["ModelPackageGroup"])

    def register(self, run: str, approval: str = "Approved", variant: str = "small") -> None:
        self.sagemaker.create_model_package(
            ModelPackageGroupName=self.outputs["ModelPackageGroup"],
            ModelApprovalStatus=approval,
            CustomerMetadataProperties={
                "run": run,
                "variant": variant,
                "artefact": f"s3://models/{run}",
                "validation_roc_auc": "0.71",
            },
        )

    def attempt(self, run: str, variant: str, *, ends: bool = True, **learnt: Any) -> None:
        tracker = Tracker(self.dynamodb, self.outputs["LedgerTable"], LINE, run, variant)
        if not ends:
            tracker.begin(dt.datetime.now(dt.UTC))
            return
        with tracker.tracked() as told:
            told.update(learnt)

    def champion(self, version: int, expected: int | None) -> None:
        made = Champion(
            version=version,
            model_package_arn="arn",
            artefact=f"s3://models/run-{version}",
            manifest_sha256="sha",
            run=f"run-{version}",
            variant="small",
            endpoint="e",
            endpoint_config="c",
            metrics={"roc_auc": 0.7},
        )
        promotion.promote(self.dynamodb, self.outputs["LedgerTable"], LINE, made, expected=expected)

    def known(self) -> Known:
        return models.read(self.sagemaker, self.dynamodb, self.outputs, LINE)


@pytest.fixture
def site(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Site:
    made = Site(aws)
    for module in (models, compare):
        monkeypatch.setattr(module, "known", lambda line, root=None: made.known())
    return made


def test_a_version_has_one_of_six_statuses(site: Site) -> None:
    for number, approval in enumerate(["Approved"] * 4 + ["PendingManualApproval", "Rejected"], start=1):
        site.register(f"run-{number}", approval)
    site.champion(1, expected=None)
    site.champion(2, expected=1)
    promotion.roll_back(site.dynamodb, site.outputs["LedgerTable"], LINE, number=2, to=1, who="ann")
    site.champion(3, expected=1)
    found = versions(
        site.sagemaker,
        site.dynamodb,
        group=site.outputs["ModelPackageGroup"],
        table=site.outputs["LedgerTable"],
        line=LINE,
    )
    assert [(one.version, one.status) for one in found] == [
        *[(6, "rejected"), (5, "pending"), (4, "approved"), (3, "production"), (2, "rolled back"), (1, "former")]
    ]
    assert (found[3].run, found[3].variant, found[3].metrics, found[3].test) == (
        *("run-3", "small"),
        *({"roc_auc": 0.71}, {"roc_auc": 0.7}),
    )


def test_versions_and_attempts_are_shown(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.register("run-1")
    site.champion(1, expected=None)
    site.attempt("run-1", "small", metrics={"roc_auc": 0.71})
    failing = Tracker(site.dynamodb, site.outputs["LedgerTable"], LINE, "run-1", "large").tracked()
    with pytest.raises(ZeroDivisionError), failing:
        _ = 1 / 0
    assert models.show_models(LINE, tried=True, as_json=False) == 0
    out = capsys.readouterr().out
    assert "production" in out
    assert "run-1/large: ZeroDivisionError at " in out


def test_an_attempt_that_runs_in_a_run_that_has_ended_was_lost(site: Site) -> None:
    site.attempt("run-1", "small", ends=False)
    assert [one.status for one in site.known().attempts] == ["running"]
    detail = {"line": LINE, "run": "run-1", "at": "2026-01-01T00:00:00+00:00", "status": "failed"}
    event = {"detail-type": events.RUN_FINISHED, "detail": detail}
    ledger.record(site.dynamodb, site.outputs["LedgerTable"], event)
    assert [one.status for one in site.known().attempts] == ["lost"]


def test_everything_is_one_document(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.register("run-1")
    site.attempt("run-1", "small", curves={"loss": {"steps": [1], "values": [2.5]}})
    assert models.show_models(LINE, tried=True, as_json=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["line"], told["versions"][0]["status"]) == (LINE, "approved")
    assert told["attempts"][0]["curves"] == {"loss": {"steps": [1], "values": [2.5]}}


@pytest.fixture
def two(site: Site) -> Site:
    site.register("run-1")
    for run, variant, rate, auc in (("run-1", "small", 0.1, 0.71), ("run-2", "large", 0.2, 0.75)):
        site.attempt(
            run,
            variant,
            parameters={"rate": rate, "depth": 3},
            metrics={"roc_auc": auc, "brier": auc - 0.6},
            code={"bundle": "one", "commit": run},
            dataset={"fingerprint": "f", "snapshots": {"orders": 7}},
            curves={"loss": {"steps": [0, 1, 2], "values": [1.0, 0.5, rate]}},
        )
    return site


def test_attempts_and_versions_are_compared(two: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert compare.compare(LINE, ["1", "run-2/large"], as_json=True) == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert told["differing"] == {
        "parameters": {"rate": {"1": 0.1, "run-2/large": 0.2}},
        "data": {},
        "code": {"commit": {"1": "run-1", "run-2/large": "run-2"}},
    }
    assert told["better"] == {"metrics": {"roc_auc": "run-2/large", "brier": "1"}, "test": {}}


def test_what_is_compared_stands_side_by_side(two: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert compare.compare(LINE, ["small", "large"], as_json=False) == 0
    out = capsys.readouterr().out
    assert "0.75 ◂ better" in out
    assert "█▄▁ 0.1" in out
    assert "data: the same" in out
    assert "depth" not in out


def test_what_is_not_there_is_told_with_what_is(two: Site) -> None:
    with pytest.raises(UsageError) as error:
        compare.compare(LINE, ["1", "huge"], as_json=False)
    assert str(error.value) == (
        "'huge' is neither a version nor an attempt of line 'flights', expected something like "
        "1, run-2/large, run-1/small: `line models flights --attempts` lists them all"
    )


def test_one_alone_cannot_be_compared(two: Site) -> None:
    with pytest.raises(UsageError, match="only 1 is named, expected two or more to compare"):
        compare.compare(LINE, ["1"], as_json=False)


def test_a_line_that_is_none_is_told() -> None:
    with pytest.raises(UsageError, match="line 'nothing' is unknown, expected one of"):
        models.show_models("nothing", tried=False, as_json=False)
