"""ECR: repositories of container images."""

from __future__ import annotations

from local.resources.fit import text
from local.resources.kinds import Answer, Kind, Made, Properties, Site, accepting, arn, deleting, given, ref
from local.resources.naming import Name

_CREATED = ("ImageTagMutability", "ImageScanningConfiguration", "EncryptionConfiguration", "Tags")


def _create(site: Site, properties: Properties) -> Answer:
    name = properties["RepositoryName"]
    own = {key: properties[key] for key in _CREATED if key in properties}
    answer = site.call("ecr", "create_repository", RepositoryName=name, **own)
    _put_policies(site, properties)
    return {"Uri": answer["repository"]["repositoryUri"]}


def _put_policies(site: Site, properties: Properties) -> None:
    name = properties["RepositoryName"]
    lifecycle = properties.get("LifecyclePolicy", {}).get("LifecyclePolicyText")
    if lifecycle:
        site.call("ecr", "put_lifecycle_policy", RepositoryName=name, LifecyclePolicyText=lifecycle)
    if "RepositoryPolicyText" in properties:
        policy = text(properties["RepositoryPolicyText"])
        site.call("ecr", "set_repository_policy", RepositoryName=name, PolicyText=policy)


def _update(made: Made, properties: Properties) -> Answer:
    _put_policies(made.site, properties)
    return {}


KINDS = [
    Kind(
        type="AWS::ECR::Repository",
        name=Name("RepositoryName", longest=256, pattern=r"[a-z0-9]+([._/-][a-z0-9]+)*", lower=True),
        create=_create,
        ref=given("RepositoryName"),
        attributes={
            "Arn": arn("ecr", "repository/{ref}"),
            "RepositoryUri": lambda made: made.answer["Uri"],
        },
        delete=deleting("ecr", "delete_repository", repositoryName=ref),
        update=_update,
        holds_data=True,
        accepts=accepting("RepositoryName", "LifecyclePolicy", "RepositoryPolicyText", *_CREATED),
        ignored=accepting("EmptyOnDelete"),
    )
]
