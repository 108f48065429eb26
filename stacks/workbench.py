"""The workbench of an environment: where people explore its data and write lines."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
from constructs import Construct

from assembly_line.workbench import Place, Studio
from config.compute import Compute
from config.workbench import Workbench
from stacks.foundation import FoundationStack


class WorkbenchStack(cdk.Stack):
    """SageMaker Studio beside an environment's lines; no line knows of it, and it knows of none."""

    def __init__(
        self, scope: Construct, id_: str, *, foundation: FoundationStack, wanted: Workbench, **stack: Any
    ) -> None:
        super().__init__(scope, id_, **stack)
        self.add_stack_dependency(foundation)
        shared = foundation.share(self, "Foundation", training=Compute())
        network = foundation.network
        self.studio = Studio(
            self,
            "Studio",
            shared=shared,
            wanted=wanted,
            place=Place(vpc=network.vpc, subnets=network.subnets, group=network.workbench),
        )
        outputs = {
            "DomainId": self.studio.domain.ref,
            "DomainUrl": self.studio.domain.attr_url,
            "WorkGroup": self.studio.queries.ref,
        }
        for name, value in outputs.items():
            cdk.CfnOutput(self, name, value=value)
