"""Rules on what can be reached: security groups, addresses, VPCs and REST APIs."""

from __future__ import annotations

from collections.abc import Iterator

from stacks.pack.rule import Fault, Rule
from stacks.pack.world import Json, Resource, World, flat, listed

_WORLD = ("0.0.0.0/0", "::/0")


def _open_rules(world: World, inline: str, alone: str) -> Iterator[tuple[Resource, Json]]:
    groups = (
        (group, rule) for group in world.all("AWS::EC2::SecurityGroup") for rule in group.properties.get(inline, [])
    )
    for where, rule in [*groups, *((one, one.properties) for one in world.all(alone))]:
        if rule.get("CidrIp") in _WORLD or rule.get("CidrIpv6") in _WORLD:
            yield where, rule


def _way_in(world: World) -> Iterator[Fault]:
    for where, rule in _open_rules(world, "SecurityGroupIngress", "AWS::EC2::SecurityGroupIngress"):
        yield where, f"port {rule.get('FromPort', 'any')}"


def _any_way_out(world: World) -> Iterator[Fault]:
    for where, rule in _open_rules(world, "SecurityGroupEgress", "AWS::EC2::SecurityGroupEgress"):
        if str(rule.get("IpProtocol")) == "-1" or rule.get("FromPort") != rule.get("ToPort"):
            yield where, str(rule.get("IpProtocol"))


def _addresses(world: World) -> Iterator[Resource]:
    for subnet in world.all("AWS::EC2::Subnet"):
        if subnet.properties.get("MapPublicIpOnLaunch") is True:
            yield subnet
    for host in world.all("AWS::EC2::Instance", "AWS::EC2::LaunchTemplate"):
        data = host.properties.get("LaunchTemplateData", host.properties)
        if any(one.get("AssociatePublicIpAddress") is True for one in listed(data.get("NetworkInterfaces", []))):
            yield host


def _old_metadata(world: World) -> Iterator[Resource]:
    for host in world.all("AWS::EC2::Instance", "AWS::EC2::LaunchTemplate"):
        data = host.properties.get("LaunchTemplateData", host.properties)
        if data.get("MetadataOptions", {}).get("HttpTokens") != "required":
            yield host


def _unseen(world: World) -> Iterator[Resource]:
    seen = {world.follow(log, log.properties["ResourceId"]) for log in world.all("AWS::EC2::FlowLog")}
    return (vpc for vpc in world.all("AWS::EC2::VPC") if vpc not in seen)


def _unasked(world: World) -> Iterator[Resource]:
    for method in world.all("AWS::ApiGateway::Method"):
        properties = method.properties
        preflight = properties.get("HttpMethod") == "OPTIONS"
        signed = properties.get("AuthorizationType", "NONE") != "NONE" or properties.get("ApiKeyRequired") is True
        if not preflight and not signed:
            yield method


def _unchecked(world: World) -> Iterator[Resource]:
    methods = world.all("AWS::ApiGateway::Method")
    return (
        method
        for method in methods
        if method.properties.get("HttpMethod") != "OPTIONS" and not method.properties.get("RequestValidatorId")
    )


def _settings(stage: Resource) -> list[Json]:
    found: list[Json] = stage.properties.get("MethodSettings", [])
    return found


def _unlimited(world: World) -> Iterator[Resource]:
    for stage in world.all("AWS::ApiGateway::Stage"):
        if not any(one.get("ThrottlingRateLimit") and one.get("ThrottlingBurstLimit") for one in _settings(stage)):
            yield stage


def _silent(world: World) -> Iterator[Resource]:
    for stage in world.all("AWS::ApiGateway::Stage"):
        if not flat(stage.properties.get("AccessLogSetting", {}).get("DestinationArn", "")):
            yield stage


def _telling_bodies(world: World) -> Iterator[Resource]:
    stages = world.all("AWS::ApiGateway::Stage")
    return (stage for stage in stages if any(one.get("DataTraceEnabled") for one in _settings(stage)))


RULES = [
    Rule("NoWayIn", "no security group is open to the world", "name the group or range that may come in", _way_in),
    Rule("WayOutNamed", "what leaves for the world has one port", "allow HTTPS alone", _any_way_out),
    Rule("NoPublicAddress", "subnets and hosts give no public address by themselves", "leave it out", _addresses),
    Rule("MetadataTokens", "a host's metadata asks for a token (IMDSv2)", "set HttpTokens required", _old_metadata),
    Rule("TrafficLogged", "a VPC logs its traffic", "give it flow logs", _unseen),
    Rule("RestAuthorised", "a call of a REST API is signed or carries a key", "set authorization or keys", _unasked),
    Rule("RestChecked", "a REST API checks requests before its functions do", "give a request validator", _unchecked),
    Rule("RestThrottled", "a REST API is throttled", "set rate and burst limits", _unlimited),
    Rule("RestLogged", "a REST API logs who called", "give the stage an access log", _silent),
    Rule(
        "RestQuiet", "a REST API logs no bodies, which may be personal", "set DataTraceEnabled false", _telling_bodies
    ),
]
