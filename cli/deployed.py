"""An environment on AWS as a command reads it: with the caller's own credentials, through its stacks' outputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from cli.session import session
from config.errors import LineError
from config.naming import stack_name


def deployed(environment: str) -> Deployed:
    """Return an environment as the caller's profile and region have it."""
    return Deployed(session(), environment)


@dataclass(frozen=True)
class Deployed:
    """The stacks of an environment in the account and region of the caller."""

    session: Any
    environment: str

    def client(self, service: str) -> Any:
        return self.session.client(service)

    def outputs(self, line: str) -> dict[str, str]:
        return {**self.foundation(), **self._outputs(stack_name(self.environment, line))}

    def foundation(self) -> dict[str, str]:
        """Return the outputs of what all lines share; raises LineError where it cannot be read."""
        return self._outputs(stack_name(self.environment))

    def _outputs(self, name: str) -> dict[str, str]:
        try:
            (found,) = self.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        except (ClientError, BotoCoreError) as error:
            raise LineError(
                f"stack {name} cannot be read in region {self.session.region_name} ({error}): name another "
                "--environment, or set AWS_PROFILE and AWS_REGION to where it is deployed"
            ) from None
        return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
