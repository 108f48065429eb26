"""The inside of a network without internet, as whatever runs there knows it: subnets, groups, and rights to enter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import Fn, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from assembly_line.permissions import allow

ZONES = 2

_LOOKS = (
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
)
_WHY_LOOKS = "EC2 knows no resource for what it describes, and the service looks at the network with this role"
_WHY_MADE = "the interface is made by the service with this role, so its id is not known here"


@dataclass(frozen=True)
class InsideNames:
    """What a line must know of the network: each a value that the foundation's stack exports."""

    vpc: str
    subnets: tuple[str, ...]
    route_tables: tuple[str, ...]
    group: str
    glue_group: str
    connection: str
    """Name of the Glue connection that puts a job there."""


@dataclass(frozen=True)
class Inside:
    """A VPC, its subnets, and the groups of what runs there; ``glue_group`` is that of Glue's jobs."""

    vpc: ec2.IVpc
    subnets: Sequence[ec2.ISubnet]
    group: ec2.ISecurityGroup
    names: InsideNames

    @classmethod
    def imported(cls, scope: Construct, names: InsideNames) -> Inside:
        """Return the network as the stack of a line may use it."""
        vpc = ec2.Vpc.from_vpc_attributes(
            scope,
            "Vpc",
            vpc_id=names.vpc,
            availability_zones=[Fn.select(index, Fn.get_azs()) for index in range(len(names.subnets))],
            isolated_subnet_ids=list(names.subnets),
            isolated_subnet_route_table_ids=list(names.route_tables),
        )
        group = ec2.SecurityGroup.from_security_group_id(scope, "Group", names.group, mutable=False)
        return cls(vpc=vpc, subnets=vpc.isolated_subnets, group=group, names=names)

    @property
    def config(self) -> dict[str, list[str]]:
        """SageMaker's VpcConfig."""
        return {"SecurityGroupIds": [self.names.group], "Subnets": list(self.names.subnets)}

    def allow_function(self, role: iam.Role) -> None:
        """Let Lambda put a function there with its role; the function itself, which has the role too, may not."""
        allow(
            role,
            *_LOOKS,
            "ec2:AssignPrivateIpAddresses",
            "ec2:CreateNetworkInterface",
            "ec2:DeleteNetworkInterface",
            "ec2:UnassignPrivateIpAddresses",
            on=["*"],
            why="Lambda asks for these on every resource before it makes a function in a VPC",
            when={"Null": {"lambda:SourceFunctionArn": "true"}},
        )

    def allow_sagemaker(self, role: iam.Role) -> None:
        """Let SageMaker put a training or a model there with its role."""
        allow(role, *_LOOKS, "ec2:DescribeDhcpOptions", "ec2:DescribeVpcs", on=["*"], why=_WHY_LOOKS)
        interfaces = allow_interfaces(role, subnets=self.names.subnets, groups=[self.names.group])
        allow(
            role,
            *("ec2:CreateNetworkInterfacePermission", "ec2:DeleteNetworkInterface"),
            "ec2:DeleteNetworkInterfacePermission",
            on=[interfaces],
            why=_WHY_MADE,
            when={"ArnEquals": {"ec2:Subnet": _arns(role, "subnet", self.names.subnets)}},
        )

    def allow_glue(self, role: iam.Role) -> None:
        """Let Glue put a job there with its role."""
        stack = Stack.of(role)
        place = f"arn:{stack.partition}:glue:{stack.region}:{stack.account}"
        allow(role, "glue:GetConnection", on=[f"{place}:catalog", f"{place}:connection/{self.names.connection}"])
        allow_glue_interfaces(role, subnets=self.names.subnets, groups=[self.names.glue_group])


def allow_glue_interfaces(role: iam.Role, *, subnets: Sequence[str], groups: Sequence[str]) -> None:
    """Let Glue put a job into subnets and groups: it does so with the job's own role."""
    looks = ("ec2:DescribeRouteTables", "ec2:DescribeVpcAttribute", "ec2:DescribeVpcEndpoints")
    allow(role, *_LOOKS, *looks, on=["*"], why=_WHY_LOOKS)
    interfaces = allow_interfaces(role, subnets=subnets, groups=groups)
    allow(
        role,
        "ec2:DeleteNetworkInterface",
        on=[interfaces],
        why="the interface is made by the run, so its id is not known here; only Glue's own are deleted",
        when={"StringEquals": {"aws:ResourceTag/aws-glue-service-resource": "true"}},
    )
    allow(
        role,
        "ec2:CreateTags",
        on=[interfaces],
        why="the interface is made by the run, so its id is not known here; Glue marks it as its own",
        when={"ForAllValues:StringEquals": {"aws:TagKeys": ["aws-glue-service-resource"]}},
    )


def allow_interfaces(role: iam.Role, *, subnets: Sequence[str], groups: Sequence[str]) -> str:
    """Let a role make network interfaces in these subnets and groups alone; returns the ARN of every interface."""
    stack = Stack.of(role)
    interfaces = f"arn:{stack.partition}:ec2:{stack.region}:{stack.account}:network-interface/*"
    allow(
        role,
        "ec2:CreateNetworkInterface",
        on=[interfaces, *_arns(role, "subnet", subnets), *_arns(role, "security-group", groups)],
        why="the interface is made by the call, so its id is not known here; subnets and groups are named",
    )
    return interfaces


def _arns(role: iam.Role, kind: str, ids: Sequence[str]) -> list[str]:
    stack = Stack.of(role)
    return sorted({f"arn:{stack.partition}:ec2:{stack.region}:{stack.account}:{kind}/{id_}" for id_ in ids})
