"""SQS event source mappings: a poller per mapping hands batches to its function and deletes what was done.

moto 5.2.5 invokes the function within SendMessage, one message a call, and ignores partial failures
(``sqs/models.py:577``).
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from moto.awslambda.exceptions import InvalidParameterValueException
from moto.awslambda.models import LambdaBackend
from moto.sqs.models import Queue, sqs_backends

from local import queue_speed
from local.fidelity import Row
from local.queue_poller import Mapping, Poller

if TYPE_CHECKING:
    from local.server import EmbeddedAws

FIDELITY = [
    Row(
        "SQS",
        "event source mappings: batches, batching window, partial batch failures, redrive",
        "real",
        "while the clock is set a batch does not wait for more",
    ),
    Row("SQS", "event source mappings: filters, scaling of pollers", "absent", "a filter is refused; one poller each"),
    Row("SQS", "queue policies", "absent", "SNS and EventBridge deliver without asking"),
    Row("SNS", "topics, SQS and Lambda subscriptions, raw delivery, message attributes", "real"),
]


def install(aws: EmbeddedAws) -> None:
    """Poll for every mapping on a queue from its creation to its deletion."""
    queue_speed.install(aws)
    lose_no_message_to_a_deletion(aws)
    poll_instead_of_invoking_inline(aws)


def lose_no_message_to_a_deletion(aws: EmbeddedAws) -> None:
    """Delete under the queue's lock: a message sent while moto rebuilds its list is lost (sqs/models.py:617)."""
    stock = Queue.delete_message

    def delete_message(self: Any, receipt_handle: str) -> None:
        with self._messages_lock:
            stock(self, receipt_handle)

    aws.patches.replace(Queue, "delete_message", delete_message)


def poll_instead_of_invoking_inline(aws: EmbeddedAws) -> None:
    """Take a new mapping off its queue, where moto would invoke the function, and start a poller for it."""
    stock = LambdaBackend.create_event_source_mapping

    def create_event_source_mapping(self: Any, spec: dict[str, Any]) -> Any:
        if spec.get("FilterCriteria"):
            raise InvalidParameterValueException(
                "FilterCriteria is not supported by the embedded AWS: filter in the function or in the subscription"
            )
        mapping = stock(self, spec)
        if mapping.event_source_arn.split(":")[2] == "sqs":
            _start_poller(aws, self, mapping)
        return mapping

    aws.patches.replace(LambdaBackend, "create_event_source_mapping", create_event_source_mapping)


def _start_poller(aws: EmbeddedAws, backend: Any, mapping: Any) -> None:
    name = mapping.event_source_arn.rsplit(":", 1)[-1]
    sqs_backends[aws.account][aws.region].queues[name].lambda_event_source_mappings.clear()

    def described() -> Mapping | None:
        """Return the mapping as it is now; None once it has been deleted."""
        if mapping.uuid not in backend._event_source_mappings:
            return None
        return Mapping(
            queue=f"{aws.endpoint}/{aws.account}/{name}",
            queue_arn=mapping.event_source_arn,
            function=mapping.function_arn,
            role=backend.get_function(mapping.function_arn).role,
            batch=mapping.batch_size,
            window=float(mapping.max_batch_window or 0),
            partial="ReportBatchItemFailures" in (mapping.function_response_types or []),
            enabled=mapping.enabled,
        )

    poller = Poller(aws, described)
    aws.on_close(poller.close)
    threading.Thread(target=poller.run, name=f"poller-{name}", daemon=True).start()
