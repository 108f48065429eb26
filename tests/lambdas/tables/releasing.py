"""A line whose releases can be prepared step by step, with artefacts that need no training."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from runtime import endpoint, promotion, receipts, registry
from runtime.endpoint import Hosting
from runtime.manifest import Location, Manifest, digest
from runtime.paths import RunPaths
from runtime.promotion import Champion
from runtime.receipts import Receipt
from runtime.registry import Registered
from tests.lambdas.inside import Inside

NAME = "local-flights"
"""Of the endpoint and of the model package group."""
FILES = ("model.skops",)
HOSTING: dict[str, Any] = {
    "role": "arn:aws:iam::123456789012:role/endpoint",
    "image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/jobs:1",
    "memory_mb": 2048,
    "max_concurrency": 5,
    "instance_type": "ml.m6i.large",
    "instance_count": 1,
    "kms_key": "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000",
}


@dataclass
class Line:
    """One line's lake, models, ledger and endpoint."""

    aws: Inside
    kind: str = "serverless"
    lake: str = field(init=False)
    models: str = field(init=False)
    ledger: str = field(init=False)
    key: str = field(init=False)

    def __post_init__(self) -> None:
        self.lake, self.models, self.ledger = self.aws.bucket(), self.aws.bucket(), self.aws.table("pk", "sk")
        made = self.aws.client("kms").create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
        self.key = made["KeyMetadata"]["Arn"]
        self.aws.client("sagemaker").create_model_package_group(ModelPackageGroupName=NAME)

    def variables(self, **more: str) -> dict[str, str]:
        return self.aws.environment(
            LAKE_BUCKET=self.lake,
            LEDGER_TABLE=self.ledger,
            MODEL_PACKAGE_GROUP=NAME,
            ENDPOINT_NAME=NAME,
            ENDPOINT_KIND=self.kind,
            SIGNING_KEY=self.key,
            IMAGE_URI=HOSTING["image"],
            **more,
        )

    def paths(self, run: str) -> RunPaths:
        return RunPaths(lake=self.lake, line="flights", run=run)

    def trained(self, run: str, champion: Champion | None = None) -> None:
        """Leave an artefact, and what the evaluation says of it."""
        s3, location = self.aws.client("s3"), Location(self.models, self.paths(run).candidate("small"))
        files = {name: f"{name} of {run}".encode() for name in FILES}
        digests = {name: digest(body) for name, body in files.items()}
        seal = Manifest("flights", run, "small", digests, {}, {}, {}, {"roc_auc": 0.8}, ("x",)).encoded()
        for name, body in {**files, "manifest.json": seal}.items():
            s3.put_object(Bucket=self.models, Key=location.key(name), Body=body)
        outputs = {
            "variant": "small",
            "artefact": location.uri,
            "manifest_sha256": digest(seal),
            "metrics": {"roc_auc": 0.8},
            "champion": {"version": champion.version, "metrics": dict(champion.metrics)} if champion else None,
        }
        receipts.write(s3, self.paths(run), "training", Receipt("training", "succeeded", outputs=outputs))

    def gated(self, run: str) -> None:
        """Leave what the gate leaves of a candidate that is to be promoted."""
        told = Receipt("release", "succeeded", outputs={"decision": "promote", "at": "2026-01-01T00:00:00+00:00"})
        receipts.write(self.aws.client("s3"), self.paths(run), "release-gate", told)

    def registered(self, run: str, champion: Champion | None = None, approval: str = "automatic") -> Registered:
        """Register what a run trained."""
        self.trained(run, champion)
        self.gated(run)
        s3 = self.aws.client("s3")
        receipt = receipts.read(s3, self.paths(run), "training")
        assert receipt is not None
        return registry.register(
            s3=s3,
            sagemaker=self.aws.client("sagemaker"),
            kms=self.aws.client("kms"),
            signing_key=self.key,
            group=NAME,
            image=HOSTING["image"],
            trained=receipt.outputs,
            approval=approval,
        )

    def deployed(self, package: Registered) -> str:
        """Put a version into service, without it being the champion; returns its configuration."""
        return endpoint.deploy(
            self.aws.client("sagemaker"),
            endpoint=NAME,
            hosting=Hosting(kind=self.kind, **HOSTING),
            model_data=package.model_data,
            environment={"MODEL_VERSION": str(package.version), "MANIFEST_SHA256": package.manifest_sha256},
        )

    def released(self, run: str, before: Champion | None = None) -> Champion:
        """Bring a run's version into production; returns the champion that it is."""
        package = self.registered(run, before)
        new = Champion(
            version=package.version,
            model_package_arn=package.model_package_arn,
            artefact=package.artefact,
            manifest_sha256=package.manifest_sha256,
            run=run,
            variant="small",
            endpoint=NAME,
            endpoint_config=self.deployed(package),
            metrics={"roc_auc": 0.8},
            signature=package.signature,
        )
        dynamodb = self.aws.client("dynamodb")
        promotion.promote(dynamodb, self.ledger, "flights", new, expected=before.version if before else None)
        found = promotion.champion(dynamodb, self.ledger, "flights")
        assert found is not None
        return found
