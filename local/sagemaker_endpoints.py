"""SageMaker endpoints: a model server per variant; a new configuration is up before the old one is taken down.

moto 5.2.5 calls every endpoint InService at once, lacks UpdateEndpoint, and overwrites what exists
(``sagemaker/models.py:3614``).
"""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult
from moto.sagemaker import responses
from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.models import FakeEndpoint, FakeEndpointConfig

from config.errors import LineError
from local import endpoint_invocations
from local.fidelity import Row
from local.model_packages import PackagesBackend
from local.model_server import LONGEST_START, Container, ModelServer

if TYPE_CHECKING:
    from local.server import EmbeddedAws

FIDELITY = [
    Row("SageMaker", "models, endpoint configurations, endpoints", "approximated", "a server process per variant"),
    Row("SageMaker", "endpoint statuses, blue/green update, rollback, FailureReason, state change events", "real"),
    Row("SageMaker", "serverless and instance variants, weights", "approximated", "the same process for either kind"),
    Row("SageMaker", "data capture, canary traffic shifting, automatic scaling, asynchronous inference", "absent"),
    Row("SageMaker", "processing and transform jobs", "absent", "Step Functions refuses to wait for one"),
]

IN_PROGRESS = ("Creating", "Updating", "RollingBack", "Deleting")


class EndpointsBackend(PackagesBackend):
    """moto's SageMaker, whose endpoints serve."""

    __module__ = PackagesBackend.__module__  # moto finds the service's urls.py through it

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.serving: dict[str, list[ModelServer]] = {}
        self._swapping = threading.Lock()

    def create_model(self, model_name: str, *args: Any, **options: Any) -> Any:
        """Create a model; one of that name is not replaced."""
        if model_name in self._models:
            raise ValidationError(f"Cannot create already existing model {self._models[model_name].arn!r}.")
        return super().create_model(model_name, *args, **options)

    def create_endpoint_config(self, endpoint_config_name: str, *args: Any, **options: Any) -> Any:
        """Create a configuration; one of that name is not replaced."""
        if endpoint_config_name in self.endpoint_configs:
            existing = self.endpoint_configs[endpoint_config_name].endpoint_config_arn
            raise ValidationError(f"Cannot create already existing endpoint configuration {existing!r}.")
        return super().create_endpoint_config(endpoint_config_name, *args, **options)

    def create_endpoint(self, endpoint_name: str, endpoint_config_name: str, tags: Any) -> FakeEndpoint:
        """Start the servers of a new endpoint; it is Creating until they answer."""
        if endpoint_name in self.endpoints:
            raise ValidationError(f"Cannot create already existing endpoint {self.endpoints[endpoint_name].arn!r}.")
        endpoint = super().create_endpoint(endpoint_name, endpoint_config_name, tags)
        self._roll_out(endpoint, endpoint_config_name, "Creating")
        return endpoint

    def update_endpoint(self, endpoint_name: str, endpoint_config_name: str) -> FakeEndpoint:
        """Start the servers of another configuration and swap when they answer: moto lacks the call."""
        self.describe_endpoint(endpoint_name)
        self.describe_endpoint_config(endpoint_config_name)
        endpoint = self.endpoints[endpoint_name]
        if endpoint.endpoint_status in IN_PROGRESS:
            raise ValidationError(f"Cannot update in-progress endpoint {endpoint.arn!r}.")
        self._roll_out(endpoint, endpoint_config_name, "Updating")
        return endpoint

    def delete_endpoint(self, endpoint_name: str) -> None:
        """Delete the endpoint and end its servers."""
        super().delete_endpoint(endpoint_name)
        with self._swapping:
            old = self.serving.pop(endpoint_name, [])
        for server in old:
            server.stop()

    def _roll_out(self, endpoint: Any, config_name: str, status: str) -> None:
        config = self.describe_endpoint_config(config_name)
        variants = {v["VariantName"]: (v, self._container(v["ModelName"])) for v in config["ProductionVariants"]}
        endpoint.endpoint_status = status
        endpoint.pending_deployment_summary = {"EndpointConfigName": config_name}
        threading.Thread(target=self._swap, args=(endpoint, config_name, config, variants), daemon=True).start()

    def _swap(
        self,
        endpoint: Any,
        config_name: str,
        config: Mapping[str, Any],
        variants: Mapping[str, tuple[Mapping[str, Any], Container]],
    ) -> None:
        try:
            new = self._servers(endpoint.endpoint_name, variants)
        except Exception as error:  # noqa: BLE001 -- whatever keeps a server from starting is the endpoint's failure
            why = str(error) if isinstance(error, LineError) else f"{type(error).__name__}: {error}"
            serves = endpoint.endpoint_name in self.serving  # a failed update leaves the old configuration in service
            self._settle(endpoint, "InService" if serves else "Failed", failure=why[:1024])
            return
        with self._swapping:
            deleted = self.endpoints.get(endpoint.endpoint_name) is not endpoint
            old = new if deleted else self.serving.get(endpoint.endpoint_name, [])
            if not deleted:
                self.serving[endpoint.endpoint_name] = new
        if not deleted:
            endpoint.endpoint_config_name = config_name
            endpoint.production_variants = endpoint._process_production_variants(config["ProductionVariants"])
            self._settle(endpoint, "InService", failure=None)
        for server in old:
            server.retire()

    def _servers(self, endpoint: str, variants: Mapping[str, tuple[Mapping[str, Any], Container]]) -> list[ModelServer]:
        servers: list[ModelServer] = []
        try:
            for name, (variant, container) in variants.items():
                deadline = variant.get("ContainerStartupHealthCheckTimeoutInSeconds") or LONGEST_START
                servers.append(
                    ModelServer(self.aws, endpoint=endpoint, variant=name, container=container, deadline=deadline)
                )
        except BaseException:
            for server in servers:
                server.stop()
            raise
        return servers

    def _settle(self, endpoint: Any, status: str, failure: str | None) -> None:
        endpoint.failure_reason = failure
        endpoint.pending_deployment_summary = None
        endpoint.last_modified_time = dt.datetime.now(dt.UTC).replace(tzinfo=None)
        endpoint.endpoint_status = status
        detail = {
            "EndpointName": endpoint.endpoint_name,
            "EndpointArn": endpoint.arn,
            "EndpointConfigName": endpoint.endpoint_config_name,
            "EndpointStatus": "IN_SERVICE" if status == "InService" else "FAILED",
            "FailureReason": failure,
        }
        if not self.aws.closing:
            self.aws.emit("aws.sagemaker", "SageMaker Endpoint State Change", detail)

    def _container(self, model_name: str) -> Container:
        model: Any = self.describe_model(model_name)
        container = model.primary_container or (model.containers or [{}])[0]
        if container.get("ModelPackageName"):
            package: Any = self.describe_model_package(container["ModelPackageName"])
            container = {**package.inference_specification["Containers"][0], **container}
        return Container(
            image=container.get("Image", ""),
            model_data=container.get("ModelDataUrl"),
            environment=container.get("Environment") or {},
            role=model.execution_role_arn,
        )


def install(aws: EmbeddedAws) -> None:
    """Serve endpoints, and answer UpdateEndpoint and InvokeEndpoint."""
    from moto.sagemaker.models import sagemaker_backends

    EndpointsBackend.aws = aws
    aws.patches.replace(sagemaker_backends, "backend", EndpointsBackend)

    def update_endpoint(self: Any) -> ActionResult:
        asked = json.loads(self.body)
        endpoint = self.sagemaker_backend.update_endpoint(asked["EndpointName"], asked["EndpointConfigName"])
        return ActionResult({"EndpointArn": endpoint.arn})

    aws.patches.replace(responses.SageMakerResponse, "update_endpoint", update_endpoint)
    know_todays_instance_types(aws)
    endpoint_invocations.install(aws)


def know_todays_instance_types(aws: EmbeddedAws) -> None:
    """Accept the instance types that AWS's own service model lists, in place of moto's older list (models.py:666)."""
    known = aws.client("sagemaker").meta.service_model.shape_for("ProductionVariantInstanceType").enum

    def validate_instance_type(_: FakeEndpointConfig, instance_type: str) -> None:
        if instance_type not in known:
            raise ValidationError(message=f"Value '{instance_type}' at 'instanceType' is not an instance type")

    aws.patches.replace(FakeEndpointConfig, "validate_instance_type", validate_instance_type)
