"""Model packages and their groups: versions that are never given twice, idempotent creation, updates that add.

Places in moto are in ``sagemaker/models.py``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from moto.core.responses import ActionResult
from moto.sagemaker import models, responses
from moto.sagemaker.exceptions import ConflictException, ValidationError
from moto.sagemaker.models import ModelPackage, SageMakerModelBackend

from local.fidelity import Row

if TYPE_CHECKING:
    from local.server import EmbeddedAws

FIDELITY = [
    Row("SageMaker", "model packages and groups: create, list, describe, update, delete, approval events", "real"),
    Row("SageMaker", "validation of a model package", "absent", "a package is Completed at once"),
    Row("SageMaker", "Studio: domains, profiles, spaces", "absent", "an environment's workbench is left out, and told"),
]


class PackagesBackend(SageMakerModelBackend):
    """moto's SageMaker with a registry that keeps its promises."""

    __module__ = SageMakerModelBackend.__module__  # moto finds the service's urls.py through it
    aws: ClassVar[EmbeddedAws]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._by_token: dict[str, str] = {}

    def create_model_package_group(self, model_package_group_name: str, *args: Any, **options: Any) -> str:
        """Create a group; moto empties one that exists (models.py:4394)."""
        if model_package_group_name in self.model_package_groups:
            arn = self.model_package_groups[model_package_group_name].arn
            raise ValidationError(f"Model Package Group already exists: {arn}")
        return super().create_model_package_group(model_package_group_name, *args, **options)

    def create_model_package(self, *args: Any, **asked: Any) -> str:
        """Create a version, once per client token: moto ignores the token (models.py:4574)."""
        token = asked.get("client_token")
        if token and token in self._by_token:
            return self._by_token[token]
        asked["model_package_group_name"] = _name(asked.get("model_package_group_name"))
        asked["model_approval_status"] = asked.get("model_approval_status") or "PendingManualApproval"
        arn = super().create_model_package(*args, **asked)
        if token:
            self._by_token[token] = arn
        self._announce(self.model_packages[arn])
        return arn

    def update_model_package(self, model_package_arn: str, *args: Any, **asked: Any) -> str:
        """Change what is given and keep the rest; moto forgets what is not given (models.py:4547)."""
        package: Any = self.describe_model_package(model_package_arn)
        for name in ("model_approval_status", "approval_description"):
            asked[name] = asked.get(name) or getattr(package, name)
        known = package.customer_metadata_properties or {}
        asked["customer_metadata_properties"] = known | (asked.get("customer_metadata_properties") or {})
        arn = super().update_model_package(model_package_arn, *args, **asked)
        self._announce(package)
        return arn

    def delete_model_package(self, name: str) -> None:
        """Delete a package by ARN or name: moto lacks the call."""
        package = self.describe_model_package(name)
        del self.model_packages[package.arn]
        self.model_package_name_mapping = {
            known: arn for known, arn in self.model_package_name_mapping.items() if arn != package.arn
        }
        self._by_token = {token: arn for token, arn in self._by_token.items() if arn != package.arn}

    def delete_model_package_group(self, name: str) -> None:
        """Delete an empty group: moto lacks the call."""
        name = name.rsplit("/", maxsplit=1)[-1]
        self.describe_model_package_group(name)
        if any(package.model_package_group_name == name for package in self.model_packages.values()):
            raise ConflictException(
                f"Model Package Group {name} cannot be deleted because it still contains Model Packages"
            )
        del self.model_package_groups[name]
        NumberedPackage.newest.pop(name, None)

    def _announce(self, package: Any) -> None:
        detail = {
            "ModelPackageArn": package.arn,
            "ModelPackageGroupName": package.model_package_group_name,
            "ModelPackageVersion": package.model_package_version,
            "ModelApprovalStatus": package.model_approval_status,
        }
        self.aws.emit("aws.sagemaker", "SageMaker Model Package State Change", detail)


class NumberedPackage(ModelPackage):
    """A package whose version is one more than the newest that its group ever had.

    moto counts the packages that are left, and so gives a number again after a deletion (models.py:4597).
    """

    newest: ClassVar[dict[str, int]] = {}

    def __init__(self, *args: Any, **asked: Any) -> None:
        group = asked["model_package_group_name"]
        if group:
            self.newest[group] = asked["model_package_version"] = self.newest.get(group, 0) + 1
        super().__init__(*args, **asked)


def _name(name_or_arn: str | None) -> str | None:
    return name_or_arn.rsplit("/", 1)[-1] if name_or_arn else None


def install(aws: EmbeddedAws) -> None:
    """Answer DeleteModelPackage and DeleteModelPackageGroup; the endpoints put the backend into its place."""

    def delete_model_package(self: Any) -> ActionResult:
        self.sagemaker_backend.delete_model_package(json.loads(self.body)["ModelPackageName"])
        return ActionResult({})

    def delete_model_package_group(self: Any) -> ActionResult:
        self.sagemaker_backend.delete_model_package_group(json.loads(self.body)["ModelPackageGroupName"])
        return ActionResult({})

    NumberedPackage.newest.clear()
    aws.patches.replace(models, "ModelPackage", NumberedPackage)
    aws.patches.replace(responses.SageMakerResponse, "delete_model_package", delete_model_package)
    aws.patches.replace(responses.SageMakerResponse, "delete_model_package_group", delete_model_package_group)
