from tests.lambdas.processes import call
from tests.moto_server import Aws


def test_it_tells_everyone_why_the_run_ended(aws: Aws) -> None:
    (bus, events), (topic, alarms) = aws.bus(), aws.topic()

    called = call(
        "lambdas.run.failure",
        {
            "line": "flights",
            "run": "run-1",
            "station": "scoring",
            "status": "failed",
            "error": {"Error": "States.Timeout", "Cause": ""},
        },
        aws.environment(LAKE_BUCKET=aws.bucket(), EVENT_BUS=bus, ALARM_TOPIC=topic),
    )

    assert called.answer == {
        "station": "scoring",
        "status": "failed",
        "message": "scoring: a step ran longer than its time limit and was stopped: start the run again",
    }
    assert (len(aws.messages(events)), len(aws.messages(alarms))) == (2, 1)
