"""EC2: the network that jobs would run in. Nothing is routed: processes of this machine talk over loopback."""

from __future__ import annotations

from typing import Any

from config.errors import LineError
from local.fidelity import Row
from local.resources.kinds import (
    Answer,
    Create,
    Kind,
    Made,
    Properties,
    Site,
    accepting,
    anew,
    answered,
    creating,
    deleting,
    given,
    ref,
)
from local.resources.naming import Name

FIDELITY = [
    Row(
        "EC2",
        "VPCs, subnets, routes, security groups, endpoints, flow logs",
        "approximated",
        "they exist; no packet is routed, filtered or logged by them",
    )
]

_RULE = ("IpProtocol", "FromPort", "ToPort", "CidrIp", "CidrIpv6", "Description")


def _tagged(operation: str, resource_type: str) -> Create:
    """Return a create whose tags go where EC2 wants them."""

    def create(site: Site, properties: Properties) -> Answer:
        parameters = {name: value for name, value in properties.items() if name != "Tags"}
        return site.call("ec2", operation, TagSpecifications=_tags(properties, resource_type), **parameters)

    return create


def _tags(properties: Properties, resource_type: str) -> list[dict[str, Any]] | None:
    tags = properties.get("Tags")
    return [{"ResourceType": resource_type, "Tags": tags}] if tags else None


def _create_vpc(site: Site, properties: Properties) -> Answer:
    vpc = site.call(
        "ec2",
        "create_vpc",
        CidrBlock=properties["CidrBlock"],
        InstanceTenancy=properties.get("InstanceTenancy"),
        TagSpecifications=_tags(properties, "vpc"),
    )["Vpc"]
    for name in ("EnableDnsSupport", "EnableDnsHostnames"):
        if name in properties:
            site.call("ec2", "modify_vpc_attribute", VpcId=vpc["VpcId"], **{name: {"Value": properties[name]}})
    groups = site.call("ec2", "describe_security_groups", Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])
    return {"VpcId": vpc["VpcId"], "DefaultSecurityGroup": groups["SecurityGroups"][0]["GroupId"]}


def _create_subnet(site: Site, properties: Properties) -> Answer:
    launch = properties.get("MapPublicIpOnLaunch")
    parameters = {name: value for name, value in properties.items() if name not in ("Tags", "MapPublicIpOnLaunch")}
    tags = _tags(properties, "subnet")
    subnet = site.call("ec2", "create_subnet", TagSpecifications=tags, **parameters)["Subnet"]
    if launch is not None:
        site.call("ec2", "modify_subnet_attribute", SubnetId=subnet["SubnetId"], MapPublicIpOnLaunch={"Value": launch})
    return {"SubnetId": subnet["SubnetId"], "AvailabilityZone": subnet["AvailabilityZone"]}


def _create_group(site: Site, properties: Properties) -> Answer:
    name = properties.get("GroupName") or f"{site.stack}-{site.unique}"
    group = site.call(
        "ec2",
        "create_security_group",
        GroupName=name,
        Description=properties["GroupDescription"],
        VpcId=properties.get("VpcId"),
        TagSpecifications=_tags(properties, "security-group"),
    )["GroupId"]
    if "SecurityGroupEgress" in properties:  # a group begins by letting everything out, which a list of rules replaces
        everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
        site.call("ec2", "revoke_security_group_egress", GroupId=group, IpPermissions=everything)
    for rule in properties.get("SecurityGroupEgress", []):
        _authorize(site, group, rule, "egress")
    for rule in properties.get("SecurityGroupIngress", []):
        _authorize(site, group, rule, "ingress")
    return {"GroupId": group}


def _authorize(site: Site, group: str, rule: dict[str, Any], direction: str) -> Answer:
    note = {"Description": rule["Description"]} if "Description" in rule else {}
    permission: dict[str, Any] = {name: rule[name] for name in ("IpProtocol", "FromPort", "ToPort") if name in rule}
    if "CidrIp" in rule:
        permission["IpRanges"] = [{"CidrIp": rule["CidrIp"], **note}]
    if "CidrIpv6" in rule:
        permission["Ipv6Ranges"] = [{"CidrIpv6": rule["CidrIpv6"], **note}]
    for name, key in (("SourceSecurityGroupId", "GroupId"), ("DestinationSecurityGroupId", "GroupId")):
        if name in rule:
            permission["UserIdGroupPairs"] = [{key: rule[name], **note}]
    prefix = rule.get("SourcePrefixListId") or rule.get("DestinationPrefixListId")
    if prefix:
        permission["PrefixListIds"] = [{"PrefixListId": prefix, **note}]
    return site.call("ec2", f"authorize_security_group_{direction}", GroupId=group, IpPermissions=[permission])


def _rule(direction: str) -> Create:
    return lambda site, properties: _authorize(site, properties["GroupId"], properties, direction)


def _create_flow_log(site: Site, properties: Properties) -> Answer:
    parameters = {name: value for name, value in properties.items() if name not in ("Tags", "ResourceId")}
    answer = site.call(
        "ec2",
        "create_flow_logs",
        ResourceIds=[properties["ResourceId"]],
        TagSpecifications=_tags(properties, "vpc-flow-log"),
        **parameters,
    )
    for failed in answer["Unsuccessful"]:
        raise LineError(f"a flow log could not be made: {failed['Error']['Message']}")
    return answer


def _attach_gateway(site: Site, properties: Properties) -> Answer:
    return site.call("ec2", "attach_internet_gateway", **properties)


def _detach_gateway(made: Made) -> None:
    made.site.call("ec2", "detach_internet_gateway", **made.properties)


def _rule_kind(type_: str, direction: str, *peers: str) -> Kind:
    return Kind(
        type=type_,
        create=_rule(direction),
        ref=lambda made: f"sgr-{made.site.unique}",
        attributes={"Id": ref},
        accepts=accepting("GroupId", *_RULE, *peers),
    )


def _create_template(site: Site, properties: Properties) -> Answer:
    """What machines would be started with; its tags are kept for the template alone, as no machine is started."""
    data = {name: value for name, value in properties["LaunchTemplateData"].items() if name != "TagSpecifications"}
    return site.call(
        "ec2", "create_launch_template", LaunchTemplateName=properties["LaunchTemplateName"], LaunchTemplateData=data
    )


_delete_route = deleting(
    "ec2",
    "delete_route",
    RouteTableId=given("RouteTableId"),
    DestinationCidrBlock=lambda made: made.properties.get("DestinationCidrBlock"),
)
_delete_endpoint = deleting("ec2", "delete_vpc_endpoints", VpcEndpointIds=lambda made: [made.ref])


KINDS = [
    Kind(
        type="AWS::EC2::LaunchTemplate",
        name=Name("LaunchTemplateName", longest=128),
        create=_create_template,
        ref=answered("LaunchTemplate.LaunchTemplateId"),
        attributes={
            "LaunchTemplateId": ref,
            "LatestVersionNumber": lambda made: str(made.answer["LaunchTemplate"]["LatestVersionNumber"]),
            "DefaultVersionNumber": lambda made: str(made.answer["LaunchTemplate"]["DefaultVersionNumber"]),
        },
        delete=deleting("ec2", "delete_launch_template", LaunchTemplateId=ref),
        accepts=accepting("LaunchTemplateName", "LaunchTemplateData", "TagSpecifications"),
        update=anew(_create_template, deleting("ec2", "delete_launch_template", LaunchTemplateId=ref)),
    ),
    Kind(
        type="AWS::EC2::VPC",
        create=_create_vpc,
        ref=answered("VpcId"),
        attributes={
            "VpcId": ref,
            "CidrBlock": given("CidrBlock"),
            "DefaultSecurityGroup": answered("DefaultSecurityGroup"),
        },
        delete=deleting("ec2", "delete_vpc", VpcId=ref),
        accepts=accepting("CidrBlock", "InstanceTenancy", "EnableDnsSupport", "EnableDnsHostnames", "Tags"),
    ),
    Kind(
        type="AWS::EC2::Subnet",
        create=_create_subnet,
        ref=answered("SubnetId"),
        attributes={
            "SubnetId": ref,
            "VpcId": given("VpcId"),
            "CidrBlock": given("CidrBlock"),
            "AvailabilityZone": answered("AvailabilityZone"),
        },
        delete=deleting("ec2", "delete_subnet", SubnetId=ref),
    ),
    Kind(
        type="AWS::EC2::RouteTable",
        create=_tagged("create_route_table", "route-table"),
        ref=answered("RouteTable.RouteTableId"),
        attributes={"RouteTableId": ref},
        delete=deleting("ec2", "delete_route_table", RouteTableId=ref),
    ),
    Kind(
        type="AWS::EC2::SubnetRouteTableAssociation",
        create=creating("ec2", "associate_route_table"),
        ref=answered("AssociationId"),
        attributes={"Id": ref},
        delete=deleting("ec2", "disassociate_route_table", AssociationId=ref),
    ),
    Kind(
        type="AWS::EC2::Route",
        create=creating("ec2", "create_route"),
        ref=lambda made: f"{made.properties['RouteTableId']}|{made.properties.get('DestinationCidrBlock', '')}",
        delete=_delete_route,
        update=anew(creating("ec2", "create_route"), _delete_route),
    ),
    Kind(
        type="AWS::EC2::InternetGateway",
        create=_tagged("create_internet_gateway", "internet-gateway"),
        ref=answered("InternetGateway.InternetGatewayId"),
        attributes={"InternetGatewayId": ref},
        delete=deleting("ec2", "delete_internet_gateway", InternetGatewayId=ref),
    ),
    Kind(
        type="AWS::EC2::VPCGatewayAttachment",
        create=_attach_gateway,
        ref=lambda made: f"IGW|{made.properties['VpcId']}",
        delete=_detach_gateway,
    ),
    Kind(
        type="AWS::EC2::SecurityGroup",
        create=_create_group,
        ref=answered("GroupId"),
        attributes={"GroupId": ref, "Id": ref, "VpcId": given("VpcId")},
        delete=deleting("ec2", "delete_security_group", GroupId=ref),
        accepts=accepting(
            "GroupName", "GroupDescription", "VpcId", "Tags", "SecurityGroupEgress", "SecurityGroupIngress"
        ),
    ),
    _rule_kind("AWS::EC2::SecurityGroupIngress", "ingress", "SourceSecurityGroupId", "SourcePrefixListId"),
    _rule_kind("AWS::EC2::SecurityGroupEgress", "egress", "DestinationSecurityGroupId", "DestinationPrefixListId"),
    Kind(
        type="AWS::EC2::FlowLog",
        create=_create_flow_log,
        ref=lambda made: made.answer["FlowLogIds"][0],
        attributes={"Id": ref},
        delete=deleting("ec2", "delete_flow_logs", FlowLogIds=lambda made: [made.ref]),
    ),
    Kind(
        type="AWS::EC2::VPCEndpoint",
        create=_tagged("create_vpc_endpoint", "vpc-endpoint"),
        ref=answered("VpcEndpoint.VpcEndpointId"),
        attributes={"Id": ref},
        delete=_delete_endpoint,
        update=anew(_tagged("create_vpc_endpoint", "vpc-endpoint"), _delete_endpoint),
    ),
]
