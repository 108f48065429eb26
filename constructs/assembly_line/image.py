"""The container image in which jobs run and models are served."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import IgnoreMode
from aws_cdk import aws_ecr_assets as ecr_assets
from constructs import Construct

from assembly_line.code import IMAGE_FILES, only
from config.loading import ROOT


class JobImage(Construct):
    """``jobs/Dockerfile`` with the project's modules and the lines' training code as its build context.

    ``libraries`` are those whose models it trains and serves beside scikit-learn's.
    """

    def __init__(self, scope: Construct, id_: str, *, libraries: Sequence[str] = ()) -> None:
        super().__init__(scope, id_)
        self.asset = ecr_assets.DockerImageAsset(
            self,
            "Asset",
            directory=str(ROOT),
            file="jobs/Dockerfile",
            exclude=only(IMAGE_FILES),
            ignore_mode=IgnoreMode.DOCKER,
            build_args={"LIBRARIES": " ".join(sorted(set(libraries)))} if libraries else None,
            platform=ecr_assets.Platform.LINUX_AMD64,  # the one platform that serverless endpoints have
        )
