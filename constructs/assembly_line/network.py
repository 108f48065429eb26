"""Where the compute of an environment runs: public subnets that nothing reaches, or ones without any way out."""

from __future__ import annotations

from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_glue as glue
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from assembly_line.inside import ZONES, Inside, InsideNames
from assembly_line.naming import pascal, slug
from config.environment import Environment

HTTPS = ec2.Port.tcp(443)

ENDPOINTS = {
    "application-autoscaling": ["application-autoscaling"],
    "athena": ["athena"],
    "cloudformation": ["cloudformation"],
    "cloudwatch": ["monitoring"],
    "ecr": ["ecr.api", "ecr.dkr"],
    "ecs": ["ecs", "ecs-agent", "ecs-telemetry"],
    "events": ["events"],
    "glue": ["glue"],
    "kms": ["kms"],
    "logs": ["logs"],
    "sagemaker": ["sagemaker.api", "sagemaker.runtime"],
    "secretsmanager": ["secretsmanager"],
    "sns": ["sns"],
    "sqs": ["sqs"],
    "states": ["states"],
    "sts": ["sts"],
}
"""Service as IAM's actions name it -> its interface endpoints."""

NOT_CALLED = {
    "dynamodb": "has a gateway endpoint",
    "ec2": "network interfaces are made by Lambda, Glue and SageMaker themselves, from outside the VPC",
    "iam": "passing a role is no call of its own, and a service-linked role is made by the service",
    "s3": "has a gateway endpoint",
    "xray": "Lambda sends the traces of a function itself, from outside the VPC",
}
"""Services that roles have actions of, and that nothing in the VPC calls by an interface endpoint: why."""

_HELD_HERE = ("sns", "sqs", "secretsmanager")
"""What could carry data to somebody else's account by its endpoint: its resources are the account's own, too."""


class Network(Construct):
    """A VPC without NAT. S3 and DynamoDB are reached by gateway endpoints; nobody from outside reaches anything.

    In its public subnets Batch's jobs reach everything else by HTTPS. With ``network.vpc_only`` the subnets are
    isolated instead, functions and every kind of job run there, and each service that they call has an endpoint.
    """

    def __init__(self, scope: Construct, id_: str, *, environment: Environment, flow_logs: s3.IBucket) -> None:
        super().__init__(scope, id_)
        self._environment = environment
        self.private = environment.network.vpc_only
        kind = ec2.SubnetType.PRIVATE_ISOLATED if self.private else ec2.SubnetType.PUBLIC
        public: dict[str, bool] = {} if self.private else {"map_public_ip_on_launch": False}
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            max_azs=ZONES,
            nat_gateways=0,
            subnet_configuration=[ec2.SubnetConfiguration(name="Jobs", subnet_type=kind, cidr_mask=20, **public)],
            flow_logs={
                "Traffic": ec2.FlowLogOptions(
                    destination=ec2.FlowLogDestination.to_s3(flow_logs, "flow/"),
                    traffic_type=ec2.FlowLogTrafficType.ALL,
                )
            },
            restrict_default_security_group=False,  # it would take a custom resource; nothing uses the default group
        )
        self.subnets = self.vpc.isolated_subnets if self.private else self.vpc.public_subnets
        self._gateways()
        self.jobs = ec2.SecurityGroup(
            self, "Jobs", vpc=self.vpc, description="jobs: no way in, HTTPS out", allow_all_outbound=False
        )
        self.workbench: ec2.SecurityGroup | None = None
        self.inside = self._inside() if self.private else None
        if not self.private:
            self.jobs.add_egress_rule(ec2.Peer.any_ipv4(), HTTPS, "AWS APIs and the image registry")

    def reach(self, *services: str) -> None:
        """Make services reachable that few environments call, e.g. ``ecs``; nothing to do where the internet is."""
        for service in services if self.private else ():
            for name in ENDPOINTS[service]:
                self._endpoint(service, name)

    def _inside(self) -> Inside:
        self._entrances = ec2.SecurityGroup(
            self, "Endpoints", vpc=self.vpc, description="endpoints: HTTPS in, no way out", allow_all_outbound=False
        )
        self._glue_jobs = ec2.SecurityGroup(
            self, "GlueJobs", vpc=self.vpc, description="Glue jobs: each other, HTTPS out", allow_all_outbound=False
        )
        self._let_out(self.jobs)
        self._let_out(self._glue_jobs)
        if self._environment.workbench is not None:
            self.workbench = self._spaces()
        among = ec2.Port.all_tcp()  # of one job's workers: Glue starts none in a group without this
        self._glue_jobs.add_ingress_rule(self._glue_jobs, among, "workers of a job")
        self._glue_jobs.add_egress_rule(self._glue_jobs, among, "workers of a job")
        for service in self._services():
            self.reach(service)
        return Inside(
            vpc=self.vpc,
            subnets=self.subnets,
            group=self.jobs,
            names=InsideNames(
                vpc=self.vpc.vpc_id,
                subnets=tuple(subnet.subnet_id for subnet in self.subnets),
                route_tables=tuple(subnet.route_table.route_table_id for subnet in self.subnets),
                group=self.jobs.security_group_id,
                glue_group=self._glue_jobs.security_group_id,
                connection=self._connection(),
            ),
        )

    def _spaces(self) -> ec2.SecurityGroup:
        """Return the group of the workbench's spaces, which also reach each other and the file system of homes."""
        group = ec2.SecurityGroup(
            self, "Spaces", vpc=self.vpc, description="spaces: each other, homes, HTTPS out", allow_all_outbound=False
        )
        self._let_out(group, self._homes() if self._environment.retain_data else None)
        among = ec2.Port.tcp_range(8192, 65535)  # of the apps of a space, as SageMaker asks for it
        group.add_ingress_rule(group, among, "apps of a space")
        group.add_egress_rule(group, among, "apps of a space")
        return group

    def _homes(self) -> dict[str, Any]:
        """SageMaker makes the file system and its groups itself, so that only the network is known here."""
        nfs = {"IpProtocol": "tcp", "FromPort": 2049, "ToPort": 2049}
        return {**nfs, "Description": "homes, by NFS", "CidrIp": self.vpc.vpc_cidr_block}

    def _services(self) -> list[str]:
        """What the functions and jobs of any line call, less what this environment has none of."""
        absent = {"ecs"}  # its agents run on hosts with GPUs only
        workbench = self._environment.workbench
        if workbench is None:
            absent |= {"athena", "cloudformation", "sts"}  # which people ask, and no function or job
        if self._environment.endpoint.kind != "instance":
            absent.add("application-autoscaling")
        if not self._environment.connections and not (workbench and workbench.token_secret):
            absent.add("secretsmanager")
        return [service for service in ENDPOINTS if service not in absent]

    def _let_out(self, group: ec2.SecurityGroup, more: dict[str, Any] | None = None) -> None:
        """Let a group out to the endpoints and nowhere else.

        The rules stand in the group itself: beside rules in resources of their own it would keep its first one, which
        lets everything out.
        """
        lists = self._environment.network.lists(self._environment.region)
        ways = [
            {"Description": "interface endpoints", "DestinationSecurityGroupId": self._entrances.security_group_id},
            {"Description": "S3 by its gateway", "DestinationPrefixListId": lists.s3},
            {"Description": "DynamoDB by its gateway", "DestinationPrefixListId": lists.dynamodb},
        ]
        made = group.node.default_child
        assert isinstance(made, ec2.CfnSecurityGroup)  # noqa: S101 (what a SecurityGroup is made of)
        out = [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, **way} for way in ways]
        made.add_property_override("SecurityGroupEgress", [*out, *([more] if more else [])])
        self._entrances.add_ingress_rule(group, HTTPS, "functions and jobs")

    def _endpoint(self, service: str, name: str) -> None:
        made = ec2.InterfaceVpcEndpoint(
            self,
            pascal(name.replace(".", "_").replace("-", "_")),
            vpc=self.vpc,
            service=ec2.InterfaceVpcEndpointAwsService(name),
            subnets=ec2.SubnetSelection(subnets=list(self.subnets)),
            security_groups=[self._entrances],
            private_dns_enabled=True,
            open=False,
        )
        made.add_to_policy(self._own(held_here=service in _HELD_HERE))

    def _gateways(self) -> None:
        services = ec2.GatewayVpcEndpointAwsService
        storage = self.vpc.add_gateway_endpoint("S3", service=services.S3)
        items = self.vpc.add_gateway_endpoint("DynamoDb", service=services.DYNAMODB)
        if not self.private:
            return
        stack = Stack.of(self)
        storage.add_to_policy(self._own(held_here=True))
        # AWS keeps an image's layers in a bucket of its own, and reads there what it was signed a URL for
        layers = f"arn:{stack.partition}:s3:::prod-{self._environment.region}-starport-layer-bucket/*"
        storage.add_to_policy(_anyone("s3:GetObject", layers))
        # and takes the answer of a custom resource in another
        answers = f"cloudformation-custom-resource-response-{self._environment.region.replace('-', '')}"
        storage.add_to_policy(_anyone("s3:PutObject", f"arn:{stack.partition}:s3:::{answers}/*"))
        items.add_to_policy(self._own(held_here=True))

    def _own(self, *, held_here: bool) -> iam.PolicyStatement:
        """What the account's own roles do, with ``held_here`` to the account's own resources."""
        account = Stack.of(self).account
        own = {"aws:PrincipalAccount": account, **({"aws:ResourceAccount": account} if held_here else {})}
        return iam.PolicyStatement(
            principals=[iam.AnyPrincipal()], actions=["*"], resources=["*"], conditions={"StringEquals": own}
        )

    def _connection(self) -> str:
        name = f"{slug(self._environment.name)}-network"
        glue.CfnConnection(
            self,
            "Connection",
            catalog_id=Stack.of(self).account,
            connection_input=glue.CfnConnection.ConnectionInputProperty(
                name=name,
                connection_type="NETWORK",
                connection_properties={},
                physical_connection_requirements=glue.CfnConnection.PhysicalConnectionRequirementsProperty(
                    availability_zone=self.subnets[0].availability_zone,
                    subnet_id=self.subnets[0].subnet_id,
                    security_group_id_list=[self._glue_jobs.security_group_id],
                ),
            ),
        )
        return name


def _anyone(action: str, resource: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(principals=[iam.AnyPrincipal()], actions=[action], resources=[resource])
