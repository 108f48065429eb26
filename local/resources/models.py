"""SageMaker: model package groups. Endpoints are made by runs, not by templates."""

from __future__ import annotations

from local.resources.kinds import Kind, answered, creating, deleting, given, ref
from local.resources.naming import Name

KINDS = [
    Kind(
        type="AWS::SageMaker::ModelPackageGroup",
        name=Name("ModelPackageGroupName", longest=63, pattern=r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"),
        create=creating("sagemaker", "create_model_package_group"),
        ref=answered("ModelPackageGroupArn"),
        attributes={"ModelPackageGroupArn": ref},
        delete=deleting(
            "sagemaker", "delete_model_package_group", ModelPackageGroupName=given("ModelPackageGroupName")
        ),
        holds_data=True,
    )
]
