"""The release's handlers in the state machine's order, each in a process of its own with its own role."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runtime import promotion
from tests.lambdas.processes import call
from tests.local.embedded import role
from tests.runtime.released import GATE, IMAGE, Embedded, Releasing, embedded, releasing


@pytest.fixture(scope="module")
def aws() -> Iterator[Embedded]:
    with embedded() as found:
        role(found.aws, "handlers")
        yield found


@pytest.fixture
def line(aws: Embedded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Releasing:
    return releasing(aws, tmp_path, monkeypatch)


def handled(line: Releasing, name: str, event: dict[str, Any], **variables: str) -> dict[str, Any]:
    world = line.world
    known = {
        "LAKE_BUCKET": world.paths.lake,
        "MODELS_BUCKET": world.models,
        "LEDGER_TABLE": line.ledger,
        "ENDPOINT_NAME": line.name,
        "MODEL_PACKAGE_GROUP": line.name,
        "IMAGE_URI": IMAGE,
        "SIGNING_KEY": line.signing_key,
        "ENDPOINT_KIND": "serverless",
        "APPROVAL": "automatic",
    }
    own = line.aws.aws.environment(f"arn:aws:iam::{line.aws.aws.account}:role/handlers")
    called = call(f"lambdas.release.{name}", event, {**own, **known, **variables})
    assert called.answer, called.error
    answer: dict[str, Any] = called.answer
    return answer


def test_a_run_becomes_the_champion_step_by_step(line: Releasing) -> None:
    line.trained("run-1")
    run = {"line": line.world.paths.line, "run": "run-1"}

    gate = handled(line, "gate", run, GATES=json.dumps([GATE]), MARGIN="0.0", METRIC="roc_auc")
    package = handled(line, "register", run)
    deployment = handled(
        line,
        "deploy",
        {**run, **package},
        ENDPOINT_ROLE=f"arn:aws:iam::{line.aws.aws.account}:role/endpoint",
        MEMORY_MB="2048",
        MAX_CONCURRENCY="5",
        INSTANCE_TYPE="ml.m6i.large",
        INSTANCE_COUNT="1",
        ROLLOUT="{}",
        ALARMS="[]",
        SHADOW="{}",
        SHADOW_ALARMS="[]",
        VPC="{}",
        TAGS='{"line": "flights"}',
        KMS_KEY="arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000",
    )
    verification = {"status": "Waiting"}
    while verification["status"] == "Waiting":
        time.sleep(0.2)
        verification = handled(line, "verify", {**run, **package, **deployment, "action": "run"})

    champion = promotion.champion(line.aws.client("dynamodb"), line.ledger, line.world.paths.line)
    assert (gate["decision"], verification) == ("promote", {"status": "InService", "message": ""})
    assert deployment == {
        "endpoint": line.name,
        "endpoint_config": champion.endpoint_config if champion else None,
        "phase": "watched",
        "wait": 0,
    }
    assert champion is not None
    assert (champion.version, champion.model_package_arn) == (package["version"], package["model_package_arn"])
    assert champion.endpoint_config == deployment["endpoint_config"]
