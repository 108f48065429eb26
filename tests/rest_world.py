"""A small line deployed in an embedded AWS with a real endpoint, whose REST API takes API keys."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import numpy as np
from botocore.config import Config
from sklearn.ensemble import HistGradientBoostingClassifier

from cli.site import OwnSite, own_site
from config.bundle import Bundle
from config.loading import load_bundle
from runtime import artefact, endpoint, manifest, online
from runtime.encoding import Column, Encoding
from runtime.endpoint import Hosting
from runtime.manifest import Location, Manifest
from tests.clone import Clone
from tests.local.embedded import wait_for

LINE = "shop"
ROW: dict[str, Any] = {
    "id": "o1",
    "event_time": "2026-04-02T09:30:00Z",
    "customer": "c1",
    "category": "books",
    "price": 12.5,
    "hour": 9,
}
PERSONAL = "personal: [category, share_returned]\n\ndataset:\n"
REST = "rest: {authorization: api_key, rate: 1000, burst: 1000, quota_per_day: 100000}\n  known: {event_time: now}"


@dataclass(frozen=True)
class RestWorld:
    site: OwnSite
    bundle: Bundle
    url: str
    key: str

    @property
    def outputs(self) -> dict[str, str]:
        return self.site.outputs(LINE)

    def client(self, service: str) -> Any:
        """Return a client of the operator."""
        make: Any = boto3.client
        return make(
            service,
            endpoint_url=self.site.endpoint,
            region_name=self.site.region,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}),
        )


@contextmanager
def rest_world(folder: Path) -> Iterator[RestWorld]:
    """Deploy the line ``shop`` with a model in service; one customer is known online."""
    clone = Clone.make(folder)
    clone.new(
        LINE,
        ("line.yaml", "rest: true", REST),
        ("line.yaml", "dataset:\n", PERSONAL),
    )
    bundle = load_bundle(LINE, clone.root)
    with own_site([LINE], port=0, beside=lambda _: None, root=clone.root) as (site, _):
        outputs = site.outputs(LINE)
        _serve(site, outputs)
        _know(site, outputs)
        key = site.client("apigateway").get_api_key(apiKey=outputs["RestKeyId"], includeValue=True)["value"]
        yield RestWorld(site=site, bundle=bundle, url=outputs["RestUrl"].rstrip("/"), key=key)


def _serve(site: OwnSite, outputs: dict[str, str]) -> None:
    """Put a small model into service, as the release station does."""
    sagemaker, s3 = site.client("sagemaker"), site.client("s3")
    told = _variables(site, "lambdas.release.deploy.handler")
    encoding = Encoding(
        columns=(
            Column("category", "category", "request", ("books", "shoes")),
            Column("price", "number", "request"),
            Column("hour", "number", "request"),
            Column("customer_history__orders", "number", "customer_history"),
        ),
        ignored=("customer_history__share_returned",),
    )
    location = Location(outputs["ModelsBucket"], f"{LINE}/run-1/small/")
    files = artefact.packed(_model(encoding), encoding, {}, "small")
    sealed = Manifest(
        line=LINE,
        run="run-1",
        variant="small",
        files={name: manifest.digest(body) for name, body in files.items()},
        dataset={},
        code={},
        parameters={},
        metrics={},
        columns=tuple(encoding.names),
    )
    sha256 = artefact.save(s3, location, files, sealed)
    endpoint.deploy(
        sagemaker,
        endpoint=outputs["EndpointName"],
        hosting=Hosting(
            role=told["ENDPOINT_ROLE"],
            image=told["IMAGE_URI"],
            kind=told["ENDPOINT_KIND"],
            memory_mb=int(told["MEMORY_MB"]),
            max_concurrency=int(told["MAX_CONCURRENCY"]),
            instance_type=told["INSTANCE_TYPE"],
            instance_count=int(told["INSTANCE_COUNT"]),
            kms_key=told["KMS_KEY"],
        ),
        model_data=f"s3://{location.bucket}/{location.archive}",
        environment={"MANIFEST_SHA256": sha256, "MODEL_VERSION": "1"},
    )
    state = wait_for(lambda: _settled(sagemaker, outputs["EndpointName"]), seconds=60)
    assert state.status == "InService", state


def _settled(sagemaker: Any, name: str) -> endpoint.State | None:
    found = endpoint.state(sagemaker, name)
    return None if found is None or found.in_progress else found


def _model(encoding: Encoding) -> Any:
    random = np.random.default_rng(0)
    rows = random.normal(size=(80, len(encoding.columns)))
    rows[:, 0] = np.arange(80) % 2
    model = HistGradientBoostingClassifier(max_iter=5, categorical_features="from_dtype", random_state=0)
    return model.fit(encoding.framed(rows), rows[:, 1] > 0)


def _know(site: OwnSite, outputs: dict[str, str]) -> None:
    moment = online.moment(dt.datetime(2026, 4, 1, tzinfo=dt.UTC))
    features = json.dumps({"orders": 3, "share_returned": 0.5})
    item = online.Item(key=online.key("customer_history", {"customer": "c1"}), event_time=moment, features=features)
    online.write_newest(site.client("dynamodb"), outputs["OnlineTable"], [item])


def _variables(site: OwnSite, handler: str) -> dict[str, str]:
    functions = site.client("lambda").get_paginator("list_functions").paginate()
    (found,) = [
        one["Environment"]["Variables"] for page in functions for one in page["Functions"] if one["Handler"] == handler
    ]
    variables: dict[str, str] = found
    return variables
