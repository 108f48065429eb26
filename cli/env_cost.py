"""What an environment costs, estimated from the templates that are deployed of it."""

from __future__ import annotations

import json
from typing import Any

from cli.env_account import Clients
from config.prices import load_prices
from runtime.cost.estimate import Estimate, Usage, estimate, together
from runtime.environments import Standing


def predicted(clients: Clients, one: Standing) -> Estimate:
    """Return the estimate over all its stacks, with one training a run; raises LineError for a region without prices.

    What belongs to no station is listed under the stack's own last name, e.g. ``Foundation``.
    """
    cloudformation, prices = clients("cloudformation"), load_prices()
    region = str(cloudformation.meta.region_name)
    prices.check(region)
    usage = Usage(trainings=1)
    return together(
        [
            estimate(
                _template(cloudformation, stack.name),
                prices=prices,
                region=region,
                usage=usage,
                rest=stack.name.rpartition("-")[2],
            )
            for stack in one.stacks
        ]
    )


def _template(cloudformation: Any, name: str) -> dict[str, Any]:
    body = cloudformation.get_template(StackName=name, TemplateStage="Original")["TemplateBody"]
    found: dict[str, Any] = json.loads(body) if isinstance(body, str) else json.loads(json.dumps(body))
    return found
