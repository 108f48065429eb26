"""A small AWS in memory, for tests that make many thousand calls: what releases use of S3, DynamoDB, KMS, SageMaker.

It knows no more than that: another call is an AttributeError, another condition a ValueError. ``test_memory.py`` holds
it against moto. Clients can be struck: a process dies before a call, or after its effect.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

ACCOUNT = "arn:aws:sagemaker:us-east-1:123456789012"
Item = dict[str, Any]


class CrashError(Exception):
    """The process died."""


def kind(name: str) -> type[ClientError]:
    """Return an exception such as a client has under ``exceptions``."""
    return type(name, (ClientError,), {})


def error(kind: type[ClientError], code: str, message: str = "") -> ClientError:
    return kind({"Error": {"Code": code, "Message": message}}, "")


@dataclass
class Fault:
    """Strikes call number ``at`` (from 0) of a step, before or after its effect; none when ``at`` is negative.

    With ``meanwhile`` nobody dies: it is what somebody else does just before the call.
    """

    at: int = -1
    after: bool = False
    meanwhile: Callable[[], None] | None = None
    calls: int = 0


@dataclass
class Struck:
    """A client whose calls die as the fault says."""

    client: Any
    fault: Fault

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.client, name)
        if name == "exceptions":
            return found

        def call(**given: Any) -> Any:
            number = self.fault.calls
            self.fault.calls += 1
            struck = number == self.fault.at
            if struck and self.fault.meanwhile is not None:
                self.fault.meanwhile()
                struck = False
            if struck and not self.fault.after:
                raise CrashError(name)
            answer = found(**given)
            if struck:
                raise CrashError(name)
            return answer

        return call


class S3:
    exceptions = SimpleNamespace(NoSuchKey=kind("NoSuchKey"))

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], bytes] = {}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, ContentType: str = "") -> dict[str, Any]:  # noqa: N803
        self.objects[Bucket, Key] = Body
        return {}

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        if (Bucket, Key) not in self.objects:
            raise error(self.exceptions.NoSuchKey, "NoSuchKey", "The specified key does not exist.")
        return {"Body": io.BytesIO(self.objects[Bucket, Key])}

    def delete_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        self.objects.pop((Bucket, Key), None)
        return {}


class DynamoDB:
    """Tables with the keys ``pk`` and ``sk``; the name of a table is only a part of the key."""

    exceptions = SimpleNamespace(TransactionCanceledException=kind("TransactionCanceledException"))

    def __init__(self) -> None:
        self.items: dict[tuple[str, str, str], Item] = {}

    def get_item(self, *, TableName: str, Key: Item, ConsistentRead: bool) -> dict[str, Any]:  # noqa: N803
        assert ConsistentRead
        found = self.items.get(_where(TableName, Key))
        return {"Item": found} if found is not None else {}

    def query(
        self,
        *,
        TableName: str,  # noqa: N803
        KeyConditionExpression: str,  # noqa: N803
        ExpressionAttributeValues: Item,  # noqa: N803
        ConsistentRead: bool,  # noqa: N803
    ) -> dict[str, Any]:
        wanted = re.fullmatch(r"pk = (:\w+) AND begins_with\(sk, (:\w+)\)", KeyConditionExpression)
        assert ConsistentRead
        if wanted is None:
            raise ValueError(KeyConditionExpression)
        pk, prefix = (ExpressionAttributeValues[name]["S"] for name in wanted.groups())
        places = sorted(p for p in self.items if p[:2] == (TableName, pk) and p[2].startswith(prefix))
        return {"Items": [self.items[place] for place in places]}

    def transact_write_items(self, *, TransactItems: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        writes = [next(iter(one.items())) for one in TransactItems]
        places = [_where(write["TableName"], write.get("Item") or write["Key"]) for _, write in writes]
        assert len(set(places)) == len(places)
        for place, (_, write) in zip(places, writes, strict=True):
            if not _holds(self.items.get(place, {}), write):
                raise error(
                    self.exceptions.TransactionCanceledException,
                    "TransactionCanceledException",
                    "ConditionalCheckFailed",
                )
        for place, (kind, write) in zip(places, writes, strict=True):
            self.items[place] = write["Item"] if kind == "Put" else _updated(self.items.get(place, {}), write)
        return {}


def _where(table: str, key: Item) -> tuple[str, str, str]:
    return table, key["pk"]["S"], key["sk"]["S"]


def _holds(item: Item, write: Item) -> bool:
    values = write.get("ExpressionAttributeValues", {})
    parts = write["ConditionExpression"].split(" AND ") if "ConditionExpression" in write else []
    return all(_part(item, part, values) for part in parts)


def _part(item: Item, part: str, values: Item) -> bool:
    if found := re.fullmatch(r"attribute_(not_)?exists\((\w+)\)", part):
        return (found[2] in item) != bool(found[1])
    if found := re.fullmatch(r"(\w+) = (:\w+)", part):
        return bool(item.get(found[1]) == values[found[2]])
    raise ValueError(part)


def _updated(item: Item, write: Item) -> Item:
    found = re.fullmatch(r"SET (\w+) = (:\w+)", write["UpdateExpression"])
    if found is None:
        raise ValueError(write["UpdateExpression"])
    return {**item, **write["Key"], found[1]: write["ExpressionAttributeValues"][found[2]]}


class Kms:
    """Signatures that only this service can make: of a message, under a key."""

    exceptions = SimpleNamespace(KMSInvalidSignatureException=kind("KMSInvalidSignatureException"))

    def sign(self, *, KeyId: str, Message: bytes, MessageType: str, SigningAlgorithm: str) -> dict[str, Any]:  # noqa: N803
        assert (MessageType, SigningAlgorithm) == ("RAW", "ECDSA_SHA_256")
        return {"Signature": hmac.digest(KeyId.encode(), Message, "sha256")}

    def verify(self, *, Signature: bytes, **signed: Any) -> dict[str, Any]:  # noqa: N803
        if self.sign(**signed)["Signature"] != Signature:
            raise error(self.exceptions.KMSInvalidSignatureException, "KMSInvalidSignatureException")
        return {"SignatureValid": True}


class StepFunctions:
    exceptions = SimpleNamespace(ExecutionAlreadyExists=kind("ExecutionAlreadyExists"))

    def __init__(self) -> None:
        self.executions: dict[str, str] = {}

    def start_execution(self, *, stateMachineArn: str, name: str, input: str) -> dict[str, Any]:  # noqa: A002, N803
        assert len(name) <= 80
        if name in self.executions:
            raise error(self.exceptions.ExecutionAlreadyExists, "ExecutionAlreadyExists")
        self.executions[name] = input
        return {"executionArn": f"{stateMachineArn}:{name}"}


@dataclass
class Endpoint:
    status: str
    config: str
    pending: str = ""
    reason: str = ""
    serves: Any = None
    """What the container that answers loaded."""


@dataclass
class SageMaker:
    """Model packages of one group, and endpoints that change only when ``tick`` lets time pass.

    ``load`` starts a container: it gets the model and returns what it loaded, or raises ValueError.
    """

    load: Callable[[Mapping[str, Any]], Any]
    packages: dict[str, dict[str, Any]] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    models: dict[str, dict[str, Any]] = field(default_factory=dict)
    configs: dict[str, dict[str, Any]] = field(default_factory=dict)
    endpoints: dict[str, Endpoint] = field(default_factory=dict)

    def create_model_package(self, *, ClientToken: str, **package: Any) -> dict[str, Any]:  # noqa: N803
        if ClientToken not in self.tokens:
            assert len(package["CustomerMetadataProperties"]) <= 50
            assert all(len(value) <= 256 for value in package["CustomerMetadataProperties"].values())
            group, version = package["ModelPackageGroupName"], len(self.packages) + 1
            arn = f"{ACCOUNT}:model-package/{group}/{version}"
            self.packages[arn] = {**package, "ModelPackageArn": arn, "ModelPackageVersion": version}
            self.tokens[ClientToken] = arn
        return {"ModelPackageArn": self.tokens[ClientToken]}

    def list_model_packages(
        self,
        *,
        ModelPackageGroupName: str,  # noqa: N803
        SortBy: str,  # noqa: N803
        SortOrder: str,  # noqa: N803
        MaxResults: int,  # noqa: N803
    ) -> dict[str, Any]:
        assert (SortBy, SortOrder) == ("CreationTime", "Descending")
        found = [one for one in self.packages.values() if one["ModelPackageGroupName"] == ModelPackageGroupName]
        return {"ModelPackageSummaryList": found[::-1][:MaxResults]}

    def describe_model_package(self, *, ModelPackageName: str) -> dict[str, Any]:  # noqa: N803
        if ModelPackageName not in self.packages:
            raise error(ClientError, "ValidationException", f"ModelPackage {ModelPackageName} does not exist.")
        return self.packages[ModelPackageName]

    def update_model_package(self, *, ModelPackageArn: str, **changes: Any) -> dict[str, Any]:  # noqa: N803
        self.describe_model_package(ModelPackageName=ModelPackageArn).update(changes)
        return {"ModelPackageArn": ModelPackageArn}

    def create_model(self, *, ModelName: str, **model: Any) -> dict[str, Any]:  # noqa: N803
        _new(self.models, ModelName, "model")
        self.models[ModelName] = model
        return {}

    def create_endpoint_config(self, *, EndpointConfigName: str, **config: Any) -> dict[str, Any]:  # noqa: N803
        _new(self.configs, EndpointConfigName, "endpoint configuration")
        self.configs[EndpointConfigName] = config
        return {}

    def create_endpoint(self, *, EndpointName: str, EndpointConfigName: str) -> dict[str, Any]:  # noqa: N803
        _new(self.endpoints, EndpointName, "endpoint")
        self._known(EndpointConfigName)
        self.endpoints[EndpointName] = Endpoint("Creating", EndpointConfigName, pending=EndpointConfigName)
        return {}

    def update_endpoint(self, *, EndpointName: str, EndpointConfigName: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        self._known(EndpointConfigName)
        found = self.endpoints[EndpointName]
        if found.status != "InService":
            raise error(ClientError, "ValidationException", f"Cannot update in-progress endpoint {EndpointName!r}.")
        found.status, found.pending = "Updating", EndpointConfigName
        return {}

    def describe_endpoint(self, *, EndpointName: str) -> dict[str, Any]:  # noqa: N803
        if EndpointName not in self.endpoints:
            raise error(ClientError, "ValidationException", f"Could not find endpoint {EndpointName!r}.")
        found = self.endpoints[EndpointName]
        told: dict[str, Any] = {"EndpointStatus": found.status, "EndpointConfigName": found.config}
        told |= {"FailureReason": found.reason} if found.reason else {}
        return told | ({"PendingDeploymentSummary": {"EndpointConfigName": found.pending}} if found.pending else {})

    def delete_endpoint(self, *, EndpointName: str) -> dict[str, Any]:  # noqa: N803
        del self.endpoints[EndpointName]
        return {}

    def tick(self, *, alarm: bool = False) -> None:
        """Let each update come to its end; an alarm rolls it back."""
        for endpoint in self.endpoints.values():
            if not endpoint.pending:
                continue
            try:
                if alarm:
                    raise ValueError("an alarm went off")
                serves = self.load(self._model(endpoint.pending))
            except ValueError as failure:
                endpoint.reason = str(failure)
                endpoint.status = "InService" if endpoint.serves is not None else "Failed"
            else:
                endpoint.status, endpoint.config, endpoint.serves, endpoint.reason = (
                    "InService",
                    endpoint.pending,
                    serves,
                    "",
                )
            endpoint.pending = ""

    def _model(self, config: str) -> Mapping[str, Any]:
        return self.models[self.configs[config]["ProductionVariants"][0]["ModelName"]]

    def _known(self, config: str) -> None:
        if config not in self.configs:
            raise error(ClientError, "ValidationException", f"Could not find endpoint configuration {config!r}.")


def _new(known: Mapping[str, Any], name: str, what: str) -> None:
    if name in known:
        raise error(ClientError, "ValidationException", f"Cannot create already existing {what} {name!r}.")


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
