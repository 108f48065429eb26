"""The executors of the embedded AWS: they make the jobs, endpoints, rules, queues and alarms that moto stores work."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from moto.stepfunctions.parser.utils import TMP_THREADS

from local import (
    alarms,
    autoscaling,
    batch_jobs,
    clock,
    event_bridge,
    glue_jobs,
    metrics,
    model_packages,
    polled_tasks,
    queues,
    sagemaker_endpoints,
    schedules,
    service_metrics,
    step_functions,
    training_jobs,
)

if TYPE_CHECKING:
    from local.server import EmbeddedAws


def install(aws: EmbeddedAws) -> None:
    """Put every executor into its seam, those that others deliver to first."""
    keep_what_moto_logs(aws)
    for executor in (
        step_functions,
        polled_tasks,
        glue_jobs,
        batch_jobs,
        model_packages,
        sagemaker_endpoints,
        autoscaling,
        training_jobs,
        clock,
        event_bridge,
        queues,
        metrics,
        service_metrics,
        alarms,
        schedules,
    ):
        executor.install(aws)


def keep_what_moto_logs(aws: EmbeddedAws) -> None:
    """Write moto's warnings and errors (a task that failed, a trace) to a file instead of the user's terminal.

    The trace of a thread of its state machines goes there, too.
    """
    log = logging.FileHandler(aws.directory / "moto.log", delay=True)
    logger = logging.getLogger("moto")
    logger.addHandler(log)
    aws.patches.replace(logger, "propagate", False)
    stock = threading.excepthook

    def told(failure: threading.ExceptHookArgs) -> None:
        if failure.thread in TMP_THREADS and isinstance(failure.exc_value, Exception):
            logger.error("a thread of a state machine ended in an error", exc_info=failure.exc_value)
        else:
            stock(failure)

    aws.patches.replace(threading, "excepthook", told)

    def close() -> None:
        logger.removeHandler(log)
        log.close()

    aws.on_close(close)
