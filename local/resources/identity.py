"""IAM: roles, inline and managed policies, instance profiles."""

from __future__ import annotations

from local.resources.kinds import Answer, Kind, Made, Properties, Site, accepting, anew, answered, given
from local.resources.naming import Name

_PATTERN = r"[\w+=,.@-]+"


def _create_role(site: Site, properties: Properties) -> Answer:
    name = properties["RoleName"]
    role = site.call(
        "iam",
        "create_role",
        RoleName=name,
        AssumeRolePolicyDocument=properties["AssumeRolePolicyDocument"],
        Description=properties.get("Description"),
        Path=properties.get("Path", "/"),
        MaxSessionDuration=properties.get("MaxSessionDuration"),
        Tags=properties.get("Tags"),
    )["Role"]
    for policy in properties.get("Policies", []):
        _put_inline(site, name, policy)
    for policy_arn in properties.get("ManagedPolicyArns", []):
        site.call("iam", "attach_role_policy", RoleName=name, PolicyArn=policy_arn)
    return {"Arn": role["Arn"], "RoleId": role["RoleId"]}


def _update_role(made: Made, properties: Properties) -> Answer:
    site, before = made.site, made.given
    trust = properties["AssumeRolePolicyDocument"]
    site.call("iam", "update_assume_role_policy", RoleName=made.ref, PolicyDocument=trust)
    site.call(
        "iam",
        "update_role",
        RoleName=made.ref,
        Description=properties.get("Description", ""),
        MaxSessionDuration=properties.get("MaxSessionDuration", 3600),
    )
    names = {policy["PolicyName"] for policy in properties.get("Policies", [])}
    for policy in properties.get("Policies", []):
        _put_inline(site, made.ref, policy)
    for policy in before.get("Policies", []):
        if policy["PolicyName"] not in names:
            site.call("iam", "delete_role_policy", RoleName=made.ref, PolicyName=policy["PolicyName"])
    wanted, had = properties.get("ManagedPolicyArns", []), before.get("ManagedPolicyArns", [])
    for policy_arn in wanted:
        site.call("iam", "attach_role_policy", RoleName=made.ref, PolicyArn=policy_arn)
    for policy_arn in had:
        if policy_arn not in wanted:
            site.call("iam", "detach_role_policy", RoleName=made.ref, PolicyArn=policy_arn)
    return {}


def _delete_role(made: Made) -> None:
    site = made.site
    for policy in site.call("iam", "list_role_policies", RoleName=made.ref)["PolicyNames"]:
        site.call("iam", "delete_role_policy", RoleName=made.ref, PolicyName=policy)
    for policy in site.call("iam", "list_attached_role_policies", RoleName=made.ref)["AttachedPolicies"]:
        site.call("iam", "detach_role_policy", RoleName=made.ref, PolicyArn=policy["PolicyArn"])
    site.call("iam", "delete_role", RoleName=made.ref)


def _put_inline(site: Site, role: str, policy: Properties) -> None:
    site.call(
        "iam",
        "put_role_policy",
        RoleName=role,
        PolicyName=policy["PolicyName"],
        PolicyDocument=policy["PolicyDocument"],
    )


def _create_policy(site: Site, properties: Properties) -> Answer:
    for role in properties.get("Roles", []):
        _put_inline(site, role, properties)
    return {}


def _delete_policy(made: Made) -> None:
    for role in made.properties.get("Roles", []):
        made.site.call("iam", "delete_role_policy", RoleName=role, PolicyName=made.properties["PolicyName"])


def _create_managed_policy(site: Site, properties: Properties) -> Answer:
    policy = site.call(
        "iam",
        "create_policy",
        PolicyName=properties["ManagedPolicyName"],
        PolicyDocument=properties["PolicyDocument"],
        Path=properties.get("Path", "/"),
        Description=properties.get("Description"),
    )["Policy"]
    for role in properties.get("Roles", []):
        site.call("iam", "attach_role_policy", RoleName=role, PolicyArn=policy["Arn"])
    return {"Arn": policy["Arn"]}


def _update_managed_policy(made: Made, properties: Properties) -> Answer:
    site, document = made.site, properties["PolicyDocument"]
    old = site.call("iam", "get_policy", PolicyArn=made.ref)["Policy"]["DefaultVersionId"]
    site.call("iam", "create_policy_version", PolicyArn=made.ref, PolicyDocument=document, SetAsDefault=True)
    site.call("iam", "delete_policy_version", PolicyArn=made.ref, VersionId=old)
    wanted, had = properties.get("Roles", []), made.given.get("Roles", [])
    for role in set(wanted) - set(had):
        site.call("iam", "attach_role_policy", RoleName=role, PolicyArn=made.ref)
    for role in set(had) - set(wanted):
        site.call("iam", "detach_role_policy", RoleName=role, PolicyArn=made.ref)
    return {}


def _delete_managed_policy(made: Made) -> None:
    for role in made.properties.get("Roles", []):
        made.site.call("iam", "detach_role_policy", RoleName=role, PolicyArn=made.ref)
    made.site.call("iam", "delete_policy", PolicyArn=made.ref)


def _create_profile(site: Site, properties: Properties) -> Answer:
    name = properties["InstanceProfileName"]
    profile = site.call("iam", "create_instance_profile", InstanceProfileName=name, Path=properties.get("Path", "/"))
    for role in properties["Roles"]:
        site.call("iam", "add_role_to_instance_profile", InstanceProfileName=name, RoleName=role)
    return {"Arn": profile["InstanceProfile"]["Arn"]}


def _delete_profile(made: Made) -> None:
    for role in made.properties["Roles"]:
        made.site.call("iam", "remove_role_from_instance_profile", InstanceProfileName=made.ref, RoleName=role)
    made.site.call("iam", "delete_instance_profile", InstanceProfileName=made.ref)


KINDS = [
    Kind(
        type="AWS::IAM::Role",
        name=Name("RoleName", longest=64, pattern=_PATTERN),
        create=_create_role,
        ref=given("RoleName"),
        attributes={"Arn": answered("Arn"), "RoleId": answered("RoleId")},
        delete=_delete_role,
        accepts=accepting(
            "RoleName",
            "AssumeRolePolicyDocument",
            "Description",
            "Path",
            "MaxSessionDuration",
            "Tags",
            "Policies",
            "ManagedPolicyArns",
        ),
        update=_update_role,
    ),
    Kind(
        type="AWS::IAM::Policy",
        name=Name("PolicyName", longest=128, pattern=_PATTERN),
        create=_create_policy,
        ref=given("PolicyName"),
        delete=_delete_policy,
        update=anew(_create_policy, _delete_policy),
        accepts=accepting("PolicyName", "PolicyDocument", "Roles"),
    ),
    Kind(
        type="AWS::IAM::ManagedPolicy",
        name=Name("ManagedPolicyName", longest=128, pattern=_PATTERN),
        create=_create_managed_policy,
        ref=answered("Arn"),
        attributes={"PolicyArn": answered("Arn")},
        delete=_delete_managed_policy,
        accepts=accepting("ManagedPolicyName", "PolicyDocument", "Path", "Description", "Roles"),
        update=_update_managed_policy,
    ),
    Kind(
        type="AWS::IAM::InstanceProfile",
        name=Name("InstanceProfileName", longest=128, pattern=_PATTERN),
        create=_create_profile,
        ref=given("InstanceProfileName"),
        attributes={"Arn": answered("Arn")},
        delete=_delete_profile,
        accepts=accepting("InstanceProfileName", "Path", "Roles"),
        update=anew(_create_profile, _delete_profile),
    ),
]
