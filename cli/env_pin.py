"""``line env pin``: a branch's runs read the data of another environment as it is now, and go on reading just that."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from cli.env_account import Clients, account, named
from cli.models import table
from cli.site import stack_of
from config.environment import PATTERN
from config.errors import LineError
from config.loading import line_names, load_bundle, load_environment
from config.naming import stack_name
from config.sources import Source
from runtime import pins
from runtime.environments import Standing
from runtime.pinning import HELD, Origin, Taken, hold, take

_PATIENCE = {"Delay": 5, "MaxAttempts": 240}


def pin_environment(which: str, *, lines: Sequence[str], release: bool, as_json: bool) -> int:
    """Pin an environment's lines, or release them; returns the exit status."""
    with account() as clients:
        pinning = Pinning(clients, named(clients, which))
        chosen = pinning.lines(lines)
        if release:
            for line in chosen:
                pinning.release(line)
            told = f"{pinning.environment.name} reads its own data again: {', '.join(chosen)}"
            print(json.dumps({"environment": pinning.environment.name, "released": chosen}) if as_json else told)
            return 0
        origin = pinning.origin()
        taken = {line: pinning.pin(line, load_bundle(line).definition.sources, origin) for line in chosen}
    if as_json:
        print(json.dumps(_told(pinning.environment.name, origin, taken), indent=2, ensure_ascii=False))
    else:
        _show(pinning.environment.name, origin, taken)
    return 0


@dataclass(frozen=True)
class Pinning:
    """A branch's environment on its way to being pinned."""

    clients: Clients
    environment: Standing

    def lines(self, wanted: Sequence[str]) -> list[str]:
        """Return the deployed lines, or those of them that are wanted; raises LineError for another."""
        there = {stack.name for stack in self.environment.stacks}
        known = [line for line in line_names() if stack_of(line, self.environment.name) in there]
        for line in wanted:
            if line not in known:
                raise LineError(
                    f"line {line!r} is not deployed in environment {self.environment.name!r}, expected one of "
                    f"{', '.join(known) or 'none'}: deploy it first"
                )
        if not known:
            raise LineError(f"environment {self.environment.name!r} has no line that lines/ holds: deploy one first")
        return list(wanted) or known

    def origin(self) -> Origin:
        """Return where the data lies; raises LineError where the pattern names no environment, or it is not here."""
        branch = load_environment(PATTERN).branch
        name = branch.data_from if branch is not None else None
        if name is None:
            raise LineError(
                f"config/environments/{PATTERN}.yaml: branch.data_from is not given, expected the environment whose "
                "data a branch may be pinned to: add it and deploy the branch again"
            )
        told = self._outputs(stack_name(name), f"environment {name!r}, whose data is to be pinned,")
        return Origin(name, told["RawBucket"], told["LakeBucket"], told["Database"])

    def pin(self, line: str, sources: Mapping[str, Source], origin: Origin) -> Taken:
        """Pin one line: its job's rights first, so that no run reads what it may not."""
        s3 = self.clients("s3")
        taken = take(s3, origin, line, sources, now := dt.datetime.now(dt.UTC))
        places = (origin.raw_bucket, origin.lake_bucket, _key(s3, origin.raw_bucket))
        hold(s3, origin, taken, environment=self.environment.name, until=now + HELD)
        self._let(line, dict(zip(pins.PARAMETERS, places, strict=True)))
        pins.write(s3, self._lake(), line, taken.pins)
        return taken

    def release(self, line: str) -> None:
        """Let a line read its own environment's data again, and take its job's rights away."""
        pins.forget(self.clients("s3"), self._lake(), line)
        self._let(line, dict.fromkeys(pins.PARAMETERS, ""))

    def _let(self, line: str, values: Mapping[str, str]) -> None:
        """Fill the parameters of the line's deployed stack; where they are so already, nothing is updated."""
        cloudformation, name = self.clients("cloudformation"), stack_of(line, self.environment.name)
        (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
        now = {one["ParameterKey"]: one["ParameterValue"] for one in stack.get("Parameters", [])}
        if pins.PINNED_RAW not in now:
            raise LineError(
                f"stack {name} has no parameter {pins.PINNED_RAW}, expected it to be deployed with branch.data_from: "
                "deploy it again"
            )
        wanted = {key: value for key, value in values.items() if key in now}
        if wanted.items() <= now.items():
            return
        given = [{"ParameterKey": key, "ParameterValue": value} for key, value in wanted.items()]
        kept = [{"ParameterKey": key, "UsePreviousValue": True} for key in now if key not in wanted]
        cloudformation.update_stack(
            StackName=name,
            UsePreviousTemplate=True,
            Parameters=[*given, *kept],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
        )
        cloudformation.get_waiter("stack_update_complete").wait(StackName=name, WaiterConfig=_PATIENCE)

    def _lake(self) -> str:
        name = stack_name(self.environment.name)
        return self._outputs(name, f"environment {self.environment.name!r}")["LakeBucket"]

    def _outputs(self, stack: str, subject: str) -> dict[str, str]:
        cloudformation = self.clients("cloudformation")
        try:
            (found,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
        except cloudformation.exceptions.ClientError:
            raise LineError(f"{subject} has no stack {stack} here: deploy it first") from None
        return {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])}


def _key(s3: Any, bucket: str) -> str:
    """Return the ARN of the key with which a bucket encrypts."""
    rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    return str(rules[0]["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"])


def _rows(taken: Taken) -> dict[str, str]:
    files = {name: f"{len(found)} file{'' if len(found) == 1 else 's'}" for name, found in taken.pins.files.items()}
    return {**files, **{name: f"snapshot {one}" for name, one in taken.pins.tables.items()}}


def _told(environment: str, origin: Origin, taken: Mapping[str, Taken]) -> dict[str, Any]:
    lines = {line: {"at": one.pins.at, "pinned": _rows(one), "left": dict(one.left)} for line, one in taken.items()}
    return {"environment": environment, "data_from": origin.environment, "lines": lines}


def _show(environment: str, origin: Origin, taken: Mapping[str, Taken]) -> None:
    rows = table("", ("line", "source", "read from now on"))
    for line, one in taken.items():
        for source, what in _rows(one).items():
            rows.add_row(line, source, f"{what} of {origin.environment}, as of {one.pins.at}")
        for source, why in one.left.items():
            rows.add_row(line, source, f"not pinned: {why}", style="yellow")
    Console(highlight=False).print(f"{environment} is pinned to {origin.environment}", rows)
