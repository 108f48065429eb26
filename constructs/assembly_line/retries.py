"""When Batch tries a job again by itself: its machine was lost, and never because of what the job did."""

from __future__ import annotations

from aws_cdk import aws_batch as batch

TRIES = 4
"""Of a training on machines that may be taken away."""

LOST = ("Host EC2*", "Your Spot Task was interrupted*")
"""How Batch says that a machine was lost: a host of EC2 (Spot or not), a task of Fargate Spot."""


def after_a_loss() -> list[batch.RetryStrategy]:
    """Return the strategies: again after a loss, the end after anything else (which without a rule would be tried)."""
    lost = [batch.RetryStrategy.of(batch.Action.RETRY, batch.Reason.custom(on_status_reason=reason)) for reason in LOST]
    anything = batch.Reason.custom(on_reason="*")
    return [*lost, batch.RetryStrategy.of(batch.Action.EXIT, anything)]
