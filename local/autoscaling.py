"""Application Auto Scaling of endpoints: targets and policies are kept as AWS keeps them; nothing scales by them.

moto 5.2.5 registers targets of endpoints that do not exist, takes policies without a target, and keeps a target's
policies when it is deregistered (``applicationautoscaling/models.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from moto.applicationautoscaling.exceptions import AWSValidationException
from moto.applicationautoscaling.models import ApplicationAutoscalingBackend, applicationautoscaling_backends
from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.models import sagemaker_backends

from local.fidelity import Row

if TYPE_CHECKING:
    from local.server import EmbeddedAws

FIDELITY = [
    Row(
        "Application Auto Scaling",
        "targets and policies of SageMaker's variants",
        "approximated",
        "kept, refused and deleted as on AWS; the number of servers does not follow them",
    ),
]

_SAGEMAKER = "sagemaker"


def install(aws: EmbeddedAws) -> None:
    """Keep targets and policies as AWS does."""
    backend = ApplicationAutoscalingBackend
    register, deregister, put = (
        backend.register_scalable_target,
        backend.deregister_scalable_target,
        backend.put_scaling_policy,
    )

    def register_scalable_target(self: Any, namespace: str, r_id: str, *args: Any, **options: Any) -> Any:
        if namespace == _SAGEMAKER:
            _refuse_unless_in_service(aws, r_id)
        return register(self, namespace, r_id, *args, **options)

    def put_scaling_policy(self: Any, **options: Any) -> Any:
        resource, dimension = options["resource_id"], options["scalable_dimension"]
        if not self._scalable_target_exists(resource, dimension):
            raise AWSValidationException(
                f"No scalable target registered for service namespace: {options['service_namespace']}, "
                f"resource ID: {resource}, scalable dimension: {dimension}"
            )
        return put(self, **options)

    def deregister_scalable_target(self: Any, namespace: str, r_id: str, dimension: str) -> None:
        deregister(self, namespace, r_id, dimension)
        for key, policy in list(self.policies.items()):
            if (policy.service_namespace, policy.resource_id) == (namespace, r_id):
                del self.policies[key]

    changed: Mapping[str, Callable[..., Any]] = {
        "register_scalable_target": register_scalable_target,
        "put_scaling_policy": put_scaling_policy,
        "deregister_scalable_target": deregister_scalable_target,
    }
    for name, function in changed.items():
        aws.patches.replace(backend, name, function)


def refuse_another_machine(aws: EmbeddedAws, endpoint: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Raise what SageMaker answers to an update of the instance type of a variant that scales."""
    targets = applicationautoscaling_backends[aws.account][aws.region].targets.values()
    scaling = {resource for target in targets for resource in target}
    types = {variant["VariantName"]: variant.get("InstanceType") for variant in new["ProductionVariants"]}
    for variant in old["ProductionVariants"]:
        name = variant["VariantName"]
        if f"endpoint/{endpoint}/variant/{name}" in scaling and types.get(name) != variant.get("InstanceType"):
            raise ValidationError(
                f"The instance type of variant {name} cannot change while it is registered for automatic scaling: "
                "deregister it first."
            )


def _refuse_unless_in_service(aws: EmbeddedAws, resource: str) -> None:
    _, endpoint, _, variant = resource.split("/")
    found: Any = sagemaker_backends[aws.account][aws.region].endpoints.get(endpoint)
    variants = [each["VariantName"] for each in found.production_variants] if found else []
    if variant not in variants:
        raise AWSValidationException(f"Could not find variant {variant} of endpoint {endpoint}.")
    if found.endpoint_status != "InService":
        raise AWSValidationException(f"Endpoint {endpoint} is {found.endpoint_status}, not InService.")
