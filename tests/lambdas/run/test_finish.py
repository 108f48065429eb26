import json

from tests.lambdas.processes import call
from tests.moto_server import Aws


def test_it_announces_that_the_run_succeeded(aws: Aws) -> None:
    bus, queue = aws.bus()

    called = call("lambdas.run.finish", {"line": "flights", "run": "run-1"}, aws.environment(EVENT_BUS=bus))

    assert called.answer == {"line": "flights", "run": "run-1", "status": "succeeded"}
    assert [json.loads(body)["detail-type"] for body in aws.messages(queue)] == ["Run Finished"]
