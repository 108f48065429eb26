"""Where Batch jobs run: two public subnets that nothing from outside can reach."""

from __future__ import annotations

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_s3 as s3
from constructs import Construct


class Network(Construct):
    """A VPC without NAT: jobs reach S3 and DynamoDB by gateway endpoints and the rest by HTTPS; nobody reaches them."""

    def __init__(self, scope: Construct, id_: str, *, flow_logs: s3.IBucket) -> None:
        super().__init__(scope, id_)
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            max_azs=2,
            nat_gateways=0,
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name="Jobs", subnet_type=ec2.SubnetType.PUBLIC, cidr_mask=20, map_public_ip_on_launch=False
                )
            ],
            gateway_endpoints={
                "S3": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.S3),
                "DynamoDb": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.DYNAMODB),
            },
            flow_logs={
                "Traffic": ec2.FlowLogOptions(
                    destination=ec2.FlowLogDestination.to_s3(flow_logs, "flow/"),
                    traffic_type=ec2.FlowLogTrafficType.ALL,
                )
            },
            restrict_default_security_group=False,  # it would take a custom resource; nothing uses the default group
        )
        self.jobs = ec2.SecurityGroup(
            self, "Jobs", vpc=self.vpc, description="jobs: no way in, HTTPS out", allow_all_outbound=False
        )
        self.jobs.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "AWS APIs and the image registry")
