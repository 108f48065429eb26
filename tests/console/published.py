"""A line whose tables are published in an environment on AWS, as moto has one, and the console that looks at it."""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import boto3
import pyarrow as pa
import pytest
from starlette.testclient import TestClient

from cli.deployed import Deployed
from cli.order import Order
from config.bundle import Bundle
from config.naming import stack_name
from console.app import build
from console.guard import Secret
from console.place import Place
from runtime import publication
from runtime.publication import Publication
from tests.moto_server import REGION, Aws
from tests.runtime.lake import Lake
from tests.runtime.shelved import ORDERS, at, history
from tests.runtime.shop import bundle

PORT = 8400
HOME = f"http://127.0.0.1:{PORT}"
HABITS = history(("ann", at(1), 1.0), ("ann", at(6, 1), 9.0), ("ann", at(30), 99.0))["habits"]


@dataclass
class Published:
    """An environment with one line, and a browser without a window that was let in."""

    aws: Aws
    environment: str
    lake: Lake
    order: Order
    place: Place
    http: TestClient
    secret: Secret

    @classmethod
    def make(
        cls,
        aws: Aws,
        line: Bundle | None = None,
        views: Mapping[str, pa.Table] | None = None,
        orders: Sequence[tuple[Any, ...]] = ORDERS,
        **outputs: str,
    ) -> Published:
        environment, whole = f"e{uuid.uuid4().hex[:8]}", line or bundle()
        lake = Lake(aws, line=whole.definition.line)
        tables = {"orders": _orders(orders), **({"habits": HABITS} if views is None else views)}
        snapshots = {}
        for name, content in tables.items():
            lake.create(name, content.schema)
            snapshots[name] = lake.publish(content, name)
        s3 = aws.plain("s3")
        for station, names in (("curation", {"orders"}), ("features", set(snapshots) - {"orders"})):
            told = Publication("run-1", {name: snapshots[name] for name in sorted(names)})
            publication.write(s3, lake.bucket, lake.line, station, told)
        _stack(aws, stack_name(environment), {"LakeBucket": lake.bucket, "Database": lake.database, **outputs})
        _stack(aws, stack_name(environment, lake.line), {"StateMachineArn": "arn", **outputs})
        session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)
        place, secret = Place(environment, Deployed(session, environment)), Secret()
        http = TestClient(build(place, port=PORT, secret=secret), base_url=HOME, headers={"Origin": HOME})
        assert http.get(f"/?key={secret.value}", follow_redirects=False).status_code == 303
        order = Order(line=lake.line, bundle=whole, given={}, environment=environment)
        place._kept[f"order/{lake.line}"] = (math.inf, order)  # for good: no folder of the repository has this line
        return cls(aws, environment, lake, order, place, http, secret)

    def get(self, path: str) -> str:
        return self.http.get(path).text

    def post(self, path: str, **given: Any) -> str:
        return self.http.post(path, data=given).text


@pytest.fixture(scope="module")
def publish(aws: Aws) -> Iterator[Callable[..., Published]]:
    """Publish lines where sessions of boto3 find the AWS of the tests, as AWS_ENDPOINT_URL lets them."""
    made: list[Published] = []

    def one(*given: Any, **outputs: Any) -> Published:
        made.append(Published.make(aws, *given, **outputs))
        return made[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", aws.endpoint)
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
            patch.delenv(name, raising=False)
        yield one
        for each in made:
            each.place.close()


def _orders(rows: Sequence[tuple[Any, ...]]) -> pa.Table:
    columns = list(zip(*rows, strict=True))
    names = ("id", "placed", "customer", "price", "returned")
    kinds = (pa.int32(), pa.timestamp("us"), pa.string(), pa.float64(), pa.bool_())
    made = [pa.array(column).cast(kind) for column, kind in zip(columns, kinds, strict=True)]
    return pa.table(dict(zip(names, made, strict=True)))


def _stack(aws: Aws, name: str, outputs: Mapping[str, str]) -> None:
    template = {
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {key: {"Value": value} for key, value in outputs.items()},
    }
    aws.plain("cloudformation").create_stack(StackName=name, TemplateBody=json.dumps(template))
