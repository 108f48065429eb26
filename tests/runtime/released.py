"""A line ready to be released, in an embedded AWS whose endpoints really serve."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from local.images import Image
from local.server import EmbeddedAws
from runtime import artefact, endpoint, receipts, registry, release
from runtime.endpoint import Hosting
from runtime.manifest import Location
from runtime.paths import RunPaths
from runtime.receipts import Receipt
from runtime.registry import Registered
from tests.lambdas.processes import ROOT
from tests.local.embedded import role
from tests.moto_server import Aws
from tests.runtime.modelled import World, world

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/jobs:1"
GATE = {"metric": "roc_auc", "minimum": 0.6, "maximum": None, "severity": "error"}


@dataclass(frozen=True)
class Embedded(Aws):
    """The embedded AWS in the place of a moto server."""

    aws: EmbeddedAws

    def client(self, service: str) -> Any:
        return self.aws.client(service)


@contextmanager
def embedded() -> Iterator[Embedded]:
    with EmbeddedAws() as aws:
        aws.images.publish(IMAGE, Image(directory=ROOT, entrypoint=["python", "-m", "jobs"]))
        role(aws, "endpoint")
        yield Embedded(endpoint=aws.endpoint, aws=aws)


@dataclass(frozen=True)
class Releasing:
    """What a line's release works with; every name is this line's own."""

    aws: Embedded
    world: World
    ledger: str
    signing_key: str

    @property
    def name(self) -> str:
        """Of the endpoint and of the model package group."""
        return f"local-{self.world.paths.line}"

    @property
    def sagemaker(self) -> Any:
        return self.aws.client("sagemaker")

    def paths(self, run: str) -> RunPaths:
        return RunPaths(lake=self.world.paths.lake, line=self.world.paths.line, run=run)

    def trained(self, run: str, *, roc_auc: float = 0.8, champion: int | None = None) -> None:
        """Leave what training leaves: an artefact, and a receipt that says how good it is."""
        made = self.world.candidate()
        location = Location(bucket=self.world.models, prefix=self.paths(run).candidate("small"))
        sealed = artefact.save(self.world.s3, location, made.files, replace(made.manifest, run=run))
        outputs = {
            "variant": "small",
            "artefact": location.uri,
            "manifest_sha256": sealed,
            "metrics": {"roc_auc": roc_auc},
            "champion": {"version": champion, "metrics": {"roc_auc": 0.8}} if champion else None,
        }
        receipts.write(self.world.s3, self.paths(run), "training", Receipt("training", "succeeded", outputs=outputs))

    def gate(self, run: str, **changes: Any) -> dict[str, Any]:
        given: dict[str, Any] = {"bars": [GATE], "metric": "roc_auc", "margin": 0.0, **changes}
        return release.gate(
            s3=self.world.s3,
            dynamodb=self.aws.client("dynamodb"),
            paths=self.paths(run),
            ledger_table=self.ledger,
            **given,
        )

    @property
    def dynamodb(self) -> Any:
        return self.aws.client("dynamodb")

    @property
    def kms(self) -> Any:
        return self.aws.client("kms")

    def register(self, run: str, *, approval: str = "automatic") -> Registered:
        return registry.register(
            s3=self.world.s3,
            sagemaker=self.sagemaker,
            kms=self.kms,
            signing_key=self.signing_key,
            group=self.name,
            image=IMAGE,
            trained=release.training(self.world.s3, self.paths(run)),
            approval=approval,
        )

    def held(self, run: str, package: Registered) -> str:
        return release.held(
            s3=self.world.s3,
            dynamodb=self.dynamodb,
            paths=self.paths(run),
            ledger_table=self.ledger,
            package=package,
        )

    def deploy(self, registered: Registered, **changes: Any) -> str:
        return endpoint.deploy(
            self.sagemaker,
            endpoint=self.name,
            hosting=hosting(self.aws, **changes),
            model_data=registered.model_data,
            environment={"MODEL_VERSION": str(registered.version), "MANIFEST_SHA256": registered.manifest_sha256},
        )

    def verify(self, run: str, registered: Registered, config: str, **changes: Any) -> dict[str, str]:
        """Verify as the state machine does: again and again while it is Waiting."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            told = release.verify(
                s3=self.world.s3,
                dynamodb=self.aws.client("dynamodb"),
                sagemaker=self.sagemaker,
                kms=self.kms,
                paths=self.paths(run),
                ledger_table=self.ledger,
                signing_key=self.signing_key,
                endpoint_name=self.name,
                model_package_arn=registered.model_package_arn,
                endpoint_config=config,
                **{"hosted": True, **changes},
            )
            if told["status"] != "Waiting":
                return told
            time.sleep(0.1)
        raise AssertionError(f"endpoint {self.name} did not settle")

    def receipt(self, run: str) -> Receipt:
        found = receipts.read(self.world.s3, self.paths(run), "release")
        assert found is not None
        return found


def releasing(aws: Embedded, root: Path, patch: pytest.MonkeyPatch) -> Releasing:
    patch.syspath_prepend(root)
    key = aws.client("kms").create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    made = Releasing(aws=aws, world=world(aws, root), ledger=aws.table("pk", "sk"), signing_key=key)
    made.sagemaker.create_model_package_group(ModelPackageGroupName=made.name)
    return made


def hosting(aws: Embedded, **changes: Any) -> Hosting:
    given: dict[str, Any] = {
        "role": f"arn:aws:iam::{aws.aws.account}:role/endpoint",
        "image": IMAGE,
        "kind": "serverless",
        "memory_mb": 2048,
        "max_concurrency": 5,
        "instance_type": "ml.m6i.large",
        "instance_count": 1,
        "kms_key": "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000",
        **changes,
    }
    return Hosting(**given)
