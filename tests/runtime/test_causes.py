import json
from typing import Any

import pytest

from runtime import causes

HISTORY = "see the run's history in Step Functions"


def told(station: str, error: str, cause: Any) -> str:
    text = cause if isinstance(cause, str) else json.dumps(cause)
    return causes.message(station=station, line="flights", error={"Error": error, "Cause": text})


def batch(**job: Any) -> dict[str, Any]:
    command = ["train", "--line", "flights", "--variant", "deep"]
    return {"JobId": "1", "JobName": "train", "Status": "FAILED", "Container": {"Command": command}, **job}


def test_a_job_that_never_ends_names_its_variant_and_the_limit() -> None:
    cause = batch(StatusReason="Job attempt duration exceeded timeout", Timeout={"AttemptDurationSeconds": 1800})

    assert told("training", "States.TaskFailed", cause) == (
        "training: variant 'deep' ran longer than 30 minutes and was stopped: "
        "make it faster or raise training.timeout_minutes in lines/flights/line.yaml"
    )


def test_a_variant_given_as_a_job_parameter_is_named_too() -> None:
    cause = batch(Parameters={"variant": "wide"}, StatusReason="Essential container in task exited")
    cause["Container"] = {"Command": ["train", "--variant", "Ref::variant"], "ExitCode": 3}

    assert told("training", "States.TaskFailed", cause) == (
        "training: variant 'wide' ended with exit code 3: see the log of the job"
    )


def test_a_job_without_a_variant_is_named_by_its_job() -> None:
    cause = {"JobId": "1", "JobName": "score", "Container": {"ExitCode": 1, "Reason": "no space left"}}

    assert told("scoring", "States.TaskFailed", cause) == (
        "scoring: job 'score' ended with exit code 1 (no space left): see the log of the job"
    )


@pytest.mark.parametrize("container", [{"ExitCode": 137}, {"Reason": "OutOfMemoryError: Container killed"}])
def test_a_job_killed_for_its_memory_names_the_setting(container: dict[str, Any]) -> None:
    cause = batch()
    cause["Container"] |= container

    assert told("training", "States.TaskFailed", cause) == (
        "training: variant 'deep' was killed, most likely for using more memory than it has: "
        "raise jobs.memory_mb in the environment's file in config/environments"
    )


def test_a_lost_machine_is_no_fault_of_the_job() -> None:
    assert told("training", "States.TaskFailed", batch(StatusReason="Host EC2 (instance i-1) terminated.")) == (
        "training: variant 'deep' lost its machine: start the run again"
    )


def test_a_job_that_never_ran_says_why() -> None:
    cause = batch(StatusReason="Task failed to start")
    cause["Container"]["Reason"] = "CannotPullContainerError: not found"

    assert told("training", "States.TaskFailed", cause) == (
        "training: variant 'deep' did not run: CannotPullContainerError: not found: see the job's image and queue"
    )


def test_a_glue_job_that_never_ends_names_the_limit() -> None:
    cause = {"Id": "jr_1", "JobName": "curate", "JobRunState": "TIMEOUT", "Timeout": 60}

    assert told("curation", "States.TaskFailed", cause) == (
        "curation: the job ran longer than 60 minutes and was stopped: make its SQL faster or raise "
        "curation.timeout_minutes in the environment's file in config/environments"
    )


def test_a_limit_that_is_not_told_is_not_made_up() -> None:
    assert told("features", "States.TaskFailed", {"JobRunState": "TIMEOUT"}).startswith(
        "features: the job ran longer than its time limit and was stopped: "
    )


def test_a_glue_job_that_failed_tells_its_message() -> None:
    cause = {"Id": "jr_1", "JobRunState": "FAILED", "ErrorMessage": "LAUNCH ERROR | no capacity"}

    assert told("curation", "States.TaskFailed", cause) == (
        "curation: LAUNCH ERROR | no capacity: see the log of job run jr_1"
    )


def test_a_glue_job_that_was_stopped_says_so() -> None:
    assert told("features", "States.TaskFailed", {"Id": "jr_1", "JobRunState": "STOPPED"}) == (
        "features: the job was stopped by hand: start the run again"
    )


def test_a_handler_that_tells_a_mistake_is_quoted() -> None:
    cause = {"errorMessage": "delivery: nothing to deliver: score again", "errorType": "LineError", "stackTrace": []}

    assert told("delivery", "LineError", cause) == "delivery: nothing to deliver: score again"


TRACE = [
    '  File "/var/task/lambdas/run/verdict.py", line 31, in handler\n    result = verdict(\n',
    '  File "/var/task/runtime/verdict.py", line 40, in verdict\n    rows = json.loads(body)\n',
    '  File "/var/task/json/decoder.py", line 355, in raw_decode\n    raise\n',
]


@pytest.mark.parametrize(
    ("trace", "where"),
    [(TRACE, " at runtime/verdict.py:40"), (TRACE[2:], " at json/decoder.py:355"), ([], ""), (["?"], ""), (None, "")],
)
def test_an_unexpected_error_of_a_handler_tells_its_class_and_place_and_not_its_text(trace: Any, where: str) -> None:
    cause = {"errorMessage": "'UA-1545'", "errorType": "KeyError", "stackTrace": trace}

    assert told("delivery", "KeyError", cause) == f"delivery: KeyError{where} (unexpected; see the function's log)"


def test_a_program_in_a_glue_job_tells_its_class_and_not_its_text() -> None:
    cause = {"Id": "jr_1", "JobRunState": "FAILED", "ErrorMessage": "Line: 7; ValueError: could not convert 'UA-1545'"}

    assert told("curation", "States.TaskFailed", cause) == (
        "curation: Line: 7; ValueError: see the log of job run jr_1"
    )


def test_a_handler_that_timed_out_says_so() -> None:
    cause = {"errorMessage": "2026-01-01T00:00:00Z 1 Task timed out after 30.00 seconds"}

    assert told("release", "States.TaskFailed", cause) == (
        "release: its function ran longer than its timeout and was stopped: start the run again"
    )


@pytest.mark.parametrize(
    ("station", "mend"),
    [
        ("training", "make it faster or raise training.timeout_minutes in lines/flights/line.yaml"),
        (
            "curation",
            "make its SQL faster or raise curation.timeout_minutes in the environment's file in config/environments",
        ),
        ("scoring", "start the run again"),
    ],
)
def test_a_state_that_timed_out_names_the_mend(station: str, mend: str) -> None:
    assert told(station, "States.Timeout", "") == (
        f"{station}: a step ran longer than its time limit and was stopped: {mend}"
    )


@pytest.mark.parametrize(
    ("error", "cause", "said"),
    [
        ("Batch.BatchException", "User is not authorized", "Batch.BatchException: User is not authorized"),
        ("States.DataLimitExceeded", "", "States.DataLimitExceeded"),
        ("", "", "failed without saying why"),
        ("Odd", "[1]", "Odd"),
        ("Lambda.Unknown", "It is unknown. Returned payload: {'id': 'UA-1'}", "Lambda.Unknown: It is unknown."),
        ("States.Runtime", "'$.rows' is not in the input '{\"id\": 1}'", "States.Runtime: '$.rows' is not"),
    ],
)
def test_what_else_a_service_says_is_told_without_what_it_quotes(error: str, cause: str, said: str) -> None:
    assert told("scoring", error, cause) == f"scoring: {said}: {HISTORY}"
