"""The container image in which jobs run and models are served."""

from __future__ import annotations

from aws_cdk import IgnoreMode
from aws_cdk import aws_ecr_assets as ecr_assets
from constructs import Construct

from assembly_line.code import IMAGE_FILES, only
from config.loading import ROOT


class JobImage(Construct):
    """``jobs/Dockerfile`` with the project's modules and the lines' training code as its build context."""

    def __init__(self, scope: Construct, id_: str) -> None:
        super().__init__(scope, id_)
        self.asset = ecr_assets.DockerImageAsset(
            self,
            "Asset",
            directory=str(ROOT),
            file="jobs/Dockerfile",
            exclude=only(IMAGE_FILES),
            ignore_mode=IgnoreMode.DOCKER,
            platform=ecr_assets.Platform.LINUX_AMD64,  # the one platform that serverless endpoints have
        )
