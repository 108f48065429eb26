"""What a template allows: every right as one flat record, whatever kind of resource gives it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from runtime.changes.properties import value_at
from runtime.changes.templates import Template, flat, resources


@dataclass(frozen=True)
class Grant:
    """One action on one resource that a holder may do, or that is let in to do something with the holder.

    ``barrier`` is the opposite: a Deny, a boundary, a block of public access. Its loss is the growth.
    """

    holder: str
    """The logical id of the role that has the right, or of the resource that is opened."""
    action: str
    on: str
    principal: str = ""
    """Who is let in; empty for what a role has."""
    condition: str = ""
    effect: Literal["right", "barrier"] = "right"


def grants(template: Template) -> set[Grant]:
    """Return all that a template allows and all that it bars."""
    found: set[Grant] = set()
    for name, resource in resources(template).items():
        properties = resource.get("Properties", {})
        for holder in _holders(name, resource["Type"], properties):
            for statement in _statements(properties):
                found.update(_of_statement(holder, statement))
        found.update(_OTHER.get(resource["Type"], _nothing)(name, properties))
    return found


def _holders(name: str, kind: str, properties: Mapping[str, Any]) -> list[str]:
    """Return whose rights the documents in a resource are: those of the roles that a policy is attached to."""
    if kind not in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy"):
        return [name]
    attached = [
        *(properties.get("Roles") or []),
        *(properties.get("Users") or []),
        *(properties.get("Groups") or []),
        *([properties["RoleName"]] if "RoleName" in properties else []),
    ]
    return [flat(one).strip("<>") for one in attached] or [name]


def _statements(value: Any) -> Iterator[Mapping[str, Any]]:
    """Yield every policy statement anywhere in a resource's properties."""
    if isinstance(value, list):
        for item in value:
            yield from _statements(item)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if key == "Statement":
                yield from (one for one in _listed(inner) if isinstance(one, Mapping) and "Effect" in one)
            else:
                yield from _statements(inner)


def _of_statement(holder: str, statement: Mapping[str, Any]) -> Iterator[Grant]:
    effect: Literal["right", "barrier"] = "right" if statement["Effect"] == "Allow" else "barrier"
    condition = json.dumps(statement["Condition"], sort_keys=True) if statement.get("Condition") else ""
    for action in _either(statement, "Action"):
        for on in _either(statement, "Resource") or ["<itself>"]:
            for principal in list(_principals(statement)) or [""]:
                yield Grant(holder, action, on, principal, condition, effect)


def _either(statement: Mapping[str, Any], key: str) -> list[str]:
    """Return the texts of ``Action`` or ``Resource``; all but some, of a ``Not…``, stay together behind an ``!``."""
    if f"Not{key}" in statement:
        return ["!" + ", ".join(sorted(map(flat, _listed(statement[f"Not{key}"]))))]
    return [flat(one) for one in _listed(statement.get(key, []))]


def _principals(statement: Mapping[str, Any]) -> Iterator[str]:
    if "NotPrincipal" in statement:
        yield "!" + json.dumps(statement["NotPrincipal"], sort_keys=True)
        return
    given = statement.get("Principal")
    if given is None:
        return
    if not isinstance(given, Mapping) or any(key.startswith("Fn::") or key == "Ref" for key in given):
        yield flat(given)
        return
    for kind, who in given.items():
        yield from (f"{kind} {flat(one)}" if one != "*" else "*" for one in _listed(who))


def _nothing(_: str, __: Mapping[str, Any]) -> Iterator[Grant]:
    return iter(())


def _role(name: str, properties: Mapping[str, Any]) -> Iterator[Grant]:
    for arn in properties.get("ManagedPolicyArns", []):
        yield Grant(name, "managed policy", flat(arn))
    if properties.get("PermissionsBoundary"):
        yield Grant(name, "permissions boundary", flat(properties["PermissionsBoundary"]), effect="barrier")


def _function_permission(_: str, properties: Mapping[str, Any]) -> Iterator[Grant]:
    limits = {key: flat(properties[key]) for key in _LIMITS if properties.get(key)}
    yield Grant(
        holder=flat(properties.get("FunctionName")).strip("<>").partition(".")[0],
        action=flat(properties.get("Action")),
        on="<itself>",
        principal=flat(properties.get("Principal")),
        condition=json.dumps(limits, sort_keys=True) if limits else "",
    )


_LIMITS = ("SourceArn", "SourceAccount", "PrincipalOrgID", "EventSourceToken", "FunctionUrlAuthType")


def _security_group(name: str, properties: Mapping[str, Any]) -> Iterator[Grant]:
    for way in ("ingress", "egress"):
        for rule in properties.get(f"SecurityGroup{way.capitalize()}", []):
            yield _rule(name, way, rule)


def _security_group_rule(way: str) -> Any:
    def read(name: str, properties: Mapping[str, Any]) -> Iterator[Grant]:
        yield _rule(flat(properties.get("GroupId", name)).strip("<>").partition(".")[0], way, properties)

    return read


def _rule(holder: str, way: str, rule: Mapping[str, Any]) -> Grant:
    peers = [flat(rule[key]) for key in _PEERS if rule.get(key)]
    ports = f"{rule.get('IpProtocol', '')} {flat(rule.get('FromPort', ''))}-{flat(rule.get('ToPort', ''))}"
    return Grant(holder, way, ports.replace('"', ""), " ".join(peers))


_PEERS = (
    "CidrIp",
    "CidrIpv6",
    "SourceSecurityGroupId",
    "SourcePrefixListId",
    "DestinationSecurityGroupId",
    "DestinationPrefixListId",
)


def _function_url(name: str, properties: Mapping[str, Any]) -> Iterator[Grant]:
    if properties.get("AuthType") == "NONE":
        yield Grant(name, "call by URL", "<itself>", "*")


def _api_method(name: str, properties: Mapping[str, Any]) -> Iterator[Grant]:
    if properties.get("AuthorizationType", "NONE") == "NONE" and properties.get("HttpMethod") != "OPTIONS":
        key = "with an API key" if properties.get("ApiKeyRequired") else ""
        yield Grant(name, "call without authorization", "<itself>", "*", key)


def _bucket(name: str, properties: Mapping[str, Any]) -> Iterator[Grant]:
    blocks = value_at(properties, ("PublicAccessBlockConfiguration",)) or {}
    for key, value in blocks.items():
        if value in (True, "true"):
            yield Grant(name, key, "<itself>", effect="barrier")


def _identity_provider(name: str, properties: Mapping[str, Any]) -> Iterator[Grant]:
    for audience in properties.get("ClientIdList", []) or ["any audience"]:
        yield Grant(name, "vouch for who signs in", flat(audience), flat(properties.get("Url", "")))


def _access_key(name: str, properties: Mapping[str, Any]) -> Iterator[Grant]:
    yield Grant(name, "a lasting access key", flat(properties.get("UserName", "")))


_OTHER: dict[str, Any] = {
    "AWS::IAM::Role": _role,
    "AWS::IAM::User": _role,
    "AWS::IAM::Group": _role,
    "AWS::IAM::OIDCProvider": _identity_provider,
    "AWS::IAM::AccessKey": _access_key,
    "AWS::Lambda::Permission": _function_permission,
    "AWS::Lambda::Url": _function_url,
    "AWS::ApiGateway::Method": _api_method,
    "AWS::EC2::SecurityGroup": _security_group,
    "AWS::EC2::SecurityGroupIngress": _security_group_rule("ingress"),
    "AWS::EC2::SecurityGroupEgress": _security_group_rule("egress"),
    "AWS::S3::Bucket": _bucket,
}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
