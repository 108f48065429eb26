"""What a machine with GPUs is started with: its role, an address through which it reaches AWS, encrypted disks."""

from __future__ import annotations

from aws_cdk import Size, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from assembly_line.network import Network
from assembly_line.permissions import acknowledge, allow, fixed

_AGENT = (
    "ecs:DeregisterContainerInstance",
    "ecs:DiscoverPollEndpoint",
    "ecs:Poll",
    "ecs:RegisterContainerInstance",
    "ecs:StartTelemetrySession",
    "ecs:SubmitAttachmentStateChanges",
    "ecs:SubmitContainerStateChange",
    "ecs:SubmitTaskStateChange",
    "ecs:UpdateContainerInstancesState",
)
_LAYERS = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
_DISK = Size.gibibytes(100)


class GpuHosts(Construct):
    """The role and the launch template of EC2 machines that Batch starts and ends by itself."""

    def __init__(self, scope: Construct, id_: str, *, network: Network, repository_arn: str) -> None:
        super().__init__(scope, id_)
        stack = Stack.of(self)
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
        allow(self.role, *_AGENT, on=["*"], why="Batch makes the cluster and names it: it is not known here")
        allow(self.role, "ec2:DescribeTags", on=["*"], why="EC2 has no resource for this action")
        allow(self.role, *_LAYERS, on=[repository_arn])
        allow(
            self.role,
            "ecr:GetAuthorizationToken",
            on=["*"],
            why="a registry's token is for the whole registry: ECR knows no resource for this action",
        )
        allow(
            self.role,
            *("logs:CreateLogStream", "logs:PutLogEvents"),
            on=[f"arn:{stack.partition}:logs:{stack.region}:{stack.account}:log-group:*"],
            why="each line has a log group of its own, which the foundation does not know",
        )
        self.fixed = fixed(self.role)
        self.template = ec2.LaunchTemplate(
            self,
            "Template",
            # public subnets have no NAT, and the security group has no way in
            associate_public_ip_address=not network.private,
            security_group=network.jobs,
            require_imdsv2=True,
            http_put_response_hop_limit=1,  # a container has its job's role and must not reach the host's
            block_devices=[
                ec2.BlockDevice(
                    device_name="/dev/xvda",
                    volume=ec2.BlockDeviceVolume.ebs(
                        int(_DISK.to_gibibytes()), encrypted=True, volume_type=ec2.EbsDeviceVolumeType.GP3
                    ),
                )
            ],
        )
        acknowledge(
            self.template,
            "AssemblyLine-NoPublicAddress",
            "in public subnets without NAT it is the way out to AWS's APIs; its security group has no way in",
        )
