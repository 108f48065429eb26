"""An account of the embedded AWS into which tests deploy with the pinned CDK CLI, from a copy of the repository."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.cdk import command, environment
from config.loading import ROOT
from local.server import EmbeddedAws
from tests.clone import PATIENCE_SECONDS, Clone, Ended


@dataclass(frozen=True)
class Account:
    """The embedded AWS, and the copy of the repository whose app is deployed to it."""

    aws: EmbeddedAws
    clone: Clone

    def cdk(self, *arguments: str, **variables: str) -> Ended:
        """Call the CDK CLI as ``line cdk`` does, and wait for its end."""
        return _ended(self.start(*arguments, **variables))

    def line(self, *arguments: str, **variables: str) -> Ended:
        """Call the ``line`` command with the account's credentials, and wait for its end."""
        return _ended(self._start([sys.executable, "-m", "cli.main", *arguments], variables))

    def synthesize(self, line: str, folders: Mapping[str, str]) -> None:
        """Have the app write the assembly of each branch into its folder, in one process."""
        asked = [text for pair in folders.items() for text in pair]
        ended = _ended(self._start([sys.executable, str(Path(__file__).with_name("synthesis.py")), line, *asked], {}))
        assert ended.status == 0, ended.stderr

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        """Call the CDK CLI."""
        return self._start(command(arguments, ROOT), variables)

    def _start(self, called: Sequence[str], variables: Mapping[str, str]) -> subprocess.Popen[str]:
        root = self.clone.root
        given = environment(self.aws.endpoint, self.aws.region, key=str(self.aws.port), scratch=root / ".assembly")
        own = {"PYTHONPATH": f"{root}{os.pathsep}{root / 'constructs'}", "HOME": str(self.clone.home), "CI": "true"}
        compiled = {"NODE_COMPILE_CACHE": str(ROOT / ".assembly" / "node")}  # what one test compiles serves the next
        return subprocess.Popen(
            called,
            cwd=root,
            env={**given, **own, **compiled, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def client(self, service: str) -> Any:
        return self.aws.client(service)

    def outputs(self, environment_id: str, line: str) -> dict[str, str]:
        """Return the outputs of an environment's foundation and line."""
        found: dict[str, str] = {}
        for stack in ("Foundation", line.capitalize()):
            name = f"AssemblyLine-{environment_id}-{stack}"
            (told,) = self.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
            found |= {output["OutputKey"]: output["OutputValue"] for output in told["Outputs"]}
        return found

    def empty_buckets(self, environment_id: str) -> None:
        """Delete every object of an environment's buckets, which log no more from then on."""
        s3 = self.client("s3")
        names = [one["Name"] for one in s3.list_buckets()["Buckets"] if environment_id in one["Name"]]
        for name in names:
            s3.put_bucket_logging(Bucket=name, BucketLoggingStatus={})
        for name in names:
            for page in s3.get_paginator("list_object_versions").paginate(Bucket=name):
                for item in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
                    s3.delete_object(Bucket=name, Key=item["Key"], VersionId=item["VersionId"])

    def stack_id(self, name: str) -> str:
        (found,) = self.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        return str(found["StackId"])

    def stacks(self) -> dict[str, str]:
        """Return the status of each stack."""
        found = self.client("cloudformation").describe_stacks()["Stacks"]
        return {one["StackName"]: one["StackStatus"] for one in found}


def app_in(folder: Path) -> Clone:
    """Return a copy of the repository, in which the CDK CLI finds the interpreter that cdk.json names."""
    clone = Clone.make(folder)
    (clone.root / ".venv").symlink_to(ROOT / ".venv")
    return clone


def diffs(ended: Ended) -> list[str]:
    """Return the lines of ``cdk diff`` that name a resource that would change."""
    return [line.strip() for line in ended.stdout.splitlines() if line.startswith(("[~]", "[+]", "[-]"))]


def failed(ended: Ended) -> Sequence[str]:
    """Return what the CLI says is wrong."""
    return [line for line in (ended.stdout + ended.stderr).splitlines() if "❌" in line or "FAILED" in line]


def _ended(process: subprocess.Popen[str]) -> Ended:
    stdout, stderr = process.communicate(timeout=PATIENCE_SECONDS)
    return Ended(process.returncode, stdout, stderr)
