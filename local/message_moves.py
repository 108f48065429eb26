"""Message move tasks: SQS moves dead letters back to the queue that they come from; moto 5.2.5 has none.

``sqs/responses.py`` and ``sqs/models.py`` lack StartMessageMoveTask, ListMessageMoveTasks and CancelMessageMoveTask.
"""

from __future__ import annotations

import time
import uuid
from copy import copy
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult
from moto.sqs.exceptions import InvalidParameterValue, QueueDoesNotExist
from moto.sqs.models import Queue
from moto.sqs.responses import SQSResponse

from local.fidelity import Row

if TYPE_CHECKING:
    from local.server import EmbeddedAws

FIDELITY = [
    Row("SQS", "message move tasks (redrive of dead letters)", "approximated", "at once, without a limit of speed"),
    Row("SQS", "cancelling a message move task", "absent", "it has ended when the request is answered"),
]

_NO_DEAD_LETTERS = "Source queue must be configured as a Dead Letter Queue."


def install(aws: EmbeddedAws) -> None:
    """Answer the requests of a redrive."""
    tasks: dict[str, list[dict[str, Any]]] = {}

    def start(response: Any) -> ActionResult:
        arn, wanted = response._get_param("SourceArn"), response._get_param("DestinationArn")
        source = _queue(response, arn)
        sources = [queue for queue in response.sqs_backend.queues.values() if queue.dead_letter_queue is source]
        if not sources:
            raise InvalidParameterValue(_NO_DEAD_LETTERS)
        if wanted is None and len(sources) > 1:
            raise InvalidParameterValue(
                f"{len(sources)} queues share this dead-letter queue, and the embedded AWS does not keep from which a "
                "message came: give DestinationArn"
            )
        target = _queue(response, wanted) if wanted else sources[0]
        handle, began = uuid.uuid4().hex, int(time.time() * 1000)
        moved = _moved(source, target)
        task = {"TaskHandle": handle, "Status": "COMPLETED", "SourceArn": arn, "StartedTimestamp": began}
        counts = {"ApproximateNumberOfMessagesMoved": moved, "ApproximateNumberOfMessagesToMove": moved}
        tasks.setdefault(arn, []).insert(0, {**task, **counts, **({"DestinationArn": wanted} if wanted else {})})
        return ActionResult({"TaskHandle": handle})

    def listed(response: Any) -> ActionResult:
        arn = response._get_param("SourceArn")
        _queue(response, arn)
        return ActionResult({"Results": tasks.get(arn, [])[: response._get_param("MaxResults", 1)]})

    aws.patches.replace(SQSResponse, "start_message_move_task", start)
    aws.patches.replace(SQSResponse, "list_message_move_tasks", listed)


def _queue(response: Any, arn: str) -> Queue:
    for queue in response.sqs_backend.queues.values():
        if queue.queue_arn == arn:
            found: Queue = queue
            return found
    raise QueueDoesNotExist


def _moved(source: Queue, target: Queue) -> int:
    """Move what can be received; each becomes a new message with its old body and attributes."""
    with source._messages_lock:
        now = time.time() * 1000
        going = [message for message in source._messages if message.visible_at < now]
        source._messages = [message for message in source._messages if message.visible_at >= now]
    for message in going:
        source.pending_messages.discard(message)
        fresh = copy(message)
        fresh.id, fresh.sent_timestamp = str(uuid.uuid4()), int(now)  # type: ignore[assignment]
        fresh.approximate_receive_count, fresh.approximate_first_receive_timestamp = 0, None
        fresh.receipt_handle, fresh._old_receipt_handles, fresh.visible_at = None, [], 0.0
        target.add_message(fresh)
    return len(going)
