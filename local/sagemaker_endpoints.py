"""SageMaker endpoints: a fleet of model servers per configuration; a new one is up before the old one is taken down.

moto 5.2.5 calls every endpoint InService at once, lacks UpdateEndpoint, and overwrites what exists
(``sagemaker/models.py:3614``).
"""

from __future__ import annotations

import datetime as dt
import json
import threading
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult
from moto.sagemaker import responses
from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.models import FakeEndpoint, FakeEndpointConfig

from local import endpoint_invocations
from local.autoscaling import refuse_another_machine
from local.fidelity import Row
from local.model_packages import PackagesBackend
from local.model_server import Container
from local.traffic import Traffic, refuse
from local.updates import Update

if TYPE_CHECKING:
    from local.server import EmbeddedAws

FIDELITY = [
    Row(
        "SageMaker",
        "models, endpoint configurations, endpoints",
        "approximated",
        "a server process per serverless variant, at most two per variant on instances",
    ),
    Row("SageMaker", "endpoint statuses, blue/green update, rollback, FailureReason, state change events", "real"),
    Row(
        "SageMaker",
        "canary and linear traffic shifting, baking, rollback by alarms, PendingDeploymentSummary",
        "real",
        "shares are of requests, not of instances; waits are divided by ASSEMBLY_LINE_TIME_SCALE, periods of alarms "
        "are not; an alarm that rings before the first step takes the update back at that step",
    ),
    Row(
        "SageMaker",
        "a server that dies is started again",
        "real",
        "meanwhile another server of its variant answers; alone on an instance: 503, serverless: the request waits",
    ),
    Row("SageMaker", "shadow variants", "real", "copies that wait for the variant are at most 64; more are not made"),
    Row("SageMaker", "serverless and instance variants, weights", "approximated", "the same process for either kind"),
    Row("SageMaker", "data capture, rolling updates, asynchronous inference", "absent"),
    Row("SageMaker", "processing and transform jobs", "absent", "Step Functions refuses to wait for one"),
]

KEPT = ("CurrentInstanceCount", "DesiredInstanceCount", "CurrentWeight", "DesiredWeight")
"""What RetainAllVariantProperties keeps of a variant."""

IN_PROGRESS = ("Creating", "Updating", "RollingBack", "Deleting")


class EndpointsBackend(PackagesBackend):
    """moto's SageMaker, whose endpoints serve."""

    __module__ = PackagesBackend.__module__  # moto finds the service's urls.py through it

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.serving: dict[str, Traffic] = {}
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
        shadows = options.pop("shadow_production_variants", None)
        if shadows:
            variants = [*options["production_variants"], *shadows]
            if len(variants) != 2 or any("ServerlessConfig" in variant for variant in variants):
                raise ValidationError("A shadow variant stands beside one production variant, both on instances.")
            self.validate_production_variants(shadows)
        config: Any = super().create_endpoint_config(endpoint_config_name, *args, **options)
        config.shadow_production_variants = shadows
        return config

    def create_endpoint(self, endpoint_name: str, endpoint_config_name: str, tags: Any) -> FakeEndpoint:
        """Start the servers of a new endpoint; it is Creating until they answer."""
        if endpoint_name in self.endpoints:
            raise ValidationError(f"Cannot create already existing endpoint {self.endpoints[endpoint_name].arn!r}.")
        endpoint = super().create_endpoint(endpoint_name, endpoint_config_name, tags)
        self._roll_out(endpoint, endpoint_config_name, "Creating")
        return endpoint

    def update_endpoint(
        self,
        endpoint_name: str,
        endpoint_config_name: str,
        deployment: dict[str, Any] | None = None,
        retain: bool = False,
    ) -> Any:
        """Start the servers of another configuration and move the traffic when they answer: moto lacks the call.

        To ``retain`` is to keep the instance counts and weights of variants whose names stay.
        """
        self.describe_endpoint(endpoint_name)
        new = self.describe_endpoint_config(endpoint_config_name)
        endpoint: Any = self.endpoints[endpoint_name]
        if endpoint.endpoint_status in IN_PROGRESS:
            raise ValidationError(f"Cannot update in-progress endpoint {endpoint.arn!r}.")
        if endpoint.endpoint_status == "Failed":
            raise ValidationError(f"Cannot update failed endpoint {endpoint.arn!r}.")
        old = self._serving_config(endpoint)
        refuse(deployment, old, new)
        refuse_another_machine(self.aws, endpoint_name, old, new)
        endpoint.last_deployment_config = deployment
        self._roll_out(endpoint, endpoint_config_name, "Updating", deployment, retain=retain)
        return endpoint

    def _serving_config(self, endpoint: Any) -> dict[str, Any]:
        """Return the variants in service, also of a configuration that has been deleted since."""
        return {"ProductionVariants": self.serving[endpoint.endpoint_name].blue.variants}

    def delete_endpoint(self, endpoint_name: str) -> None:
        """Delete the endpoint and end its servers."""
        super().delete_endpoint(endpoint_name)
        with self._swapping:
            traffic = self.serving.pop(endpoint_name, None)
        for fleet in traffic.fleets if traffic else []:
            fleet.stop()

    def _roll_out(
        self,
        endpoint: Any,
        config_name: str,
        status: str,
        deployment: dict[str, Any] | None = None,
        *,
        retain: bool = False,
    ) -> None:
        config = self.describe_endpoint_config(config_name)
        endpoint.endpoint_status = status
        containers = {
            variant["ModelName"]: self._container(variant["ModelName"])
            for variant in [*config["ProductionVariants"], *(config.get("ShadowProductionVariants") or [])]
        }
        update = Update(
            self.aws,
            endpoint=endpoint,
            config=config,
            deployment=deployment,
            traffic=self.serving.get(endpoint.endpoint_name),
            container_of=containers.__getitem__,
            gone=lambda: self.endpoints.get(endpoint.endpoint_name) is not endpoint,
        )
        threading.Thread(target=self._update, args=(endpoint, config, update, retain), daemon=True).start()

    def _update(self, endpoint: Any, config: dict[str, Any], update: Update, retain: bool) -> None:
        traffic, why = update.run()
        with self._swapping:
            deleted = self.endpoints.get(endpoint.endpoint_name) is not endpoint
            if traffic is not None and not deleted:
                self.serving[endpoint.endpoint_name] = traffic
        if deleted:
            for fleet in traffic.fleets if traffic else []:
                fleet.stop()
            return
        if why is None:
            endpoint.endpoint_config_name = config["EndpointConfigName"]
            kept = {variant["VariantName"]: variant for variant in endpoint.production_variants} if retain else {}
            endpoint.production_variants = endpoint._process_production_variants(config["ProductionVariants"])
            for variant in endpoint.production_variants:
                known = kept.get(variant["VariantName"], {})
                variant.update({key: known[key] for key in KEPT if known.get(key) and key in variant})
            shadows = config.get("ShadowProductionVariants")
            endpoint.shadow_production_variants = endpoint._process_production_variants(shadows) if shadows else None
        self._settle(endpoint, "Failed" if traffic is None else "InService", failure=why)

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
        endpoint = self.sagemaker_backend.update_endpoint(
            asked["EndpointName"],
            asked["EndpointConfigName"],
            asked.get("DeploymentConfig"),
            retain=asked.get("RetainAllVariantProperties", False),
        )
        return ActionResult({"EndpointArn": endpoint.arn})

    aws.patches.replace(responses.SageMakerResponse, "update_endpoint", update_endpoint)
    take_shadow_variants(aws)
    know_todays_instance_types(aws)
    endpoint_invocations.install(aws)


def know_todays_instance_types(aws: EmbeddedAws) -> None:
    """Accept the instance types that AWS's own service model lists, in place of moto's older list (models.py:666)."""
    known = aws.client("sagemaker").meta.service_model.shape_for("ProductionVariantInstanceType").enum

    def validate_instance_type(_: FakeEndpointConfig, instance_type: str) -> None:
        if instance_type not in known:
            raise ValidationError(message=f"Value '{instance_type}' at 'instanceType' is not an instance type")

    aws.patches.replace(FakeEndpointConfig, "validate_instance_type", validate_instance_type)


def take_shadow_variants(aws: EmbeddedAws) -> None:
    """Hand the shadow variants of CreateEndpointConfig on, which moto leaves out."""

    def create_endpoint_config(self: Any) -> ActionResult:
        config = self.sagemaker_backend.create_endpoint_config(
            endpoint_config_name=self._get_param("EndpointConfigName"),
            async_inference_config=self._get_param("AsyncInferenceConfig"),
            production_variants=self._get_param("ProductionVariants"),
            shadow_production_variants=self._get_param("ShadowProductionVariants"),
            data_capture_config=self._get_param("DataCaptureConfig"),
            tags=self._get_param("Tags"),
            kms_key_id=self._get_param("KmsKeyId"),
        )
        return ActionResult({"EndpointConfigArn": config.endpoint_config_arn})

    aws.patches.replace(responses.SageMakerResponse, "create_endpoint_config", create_endpoint_config)
