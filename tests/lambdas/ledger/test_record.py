from runtime import events, ledger
from tests.lambdas.processes import call
from tests.moto_server import Aws


def test_it_keeps_the_event(aws: Aws) -> None:
    table = aws.ledger()
    detail = events.started(line="flights", run="run-1", station="curation", at="2026-01-01T00:00:00Z")
    event = {"source": events.SOURCE, "detail-type": events.STATION_STARTED, "detail": detail}

    called = call("lambdas.ledger.record", event, aws.environment(LEDGER_TABLE=table, ENVIRONMENT_NAME="dev"))

    assert called.answer == {"recorded": True}
    assert [entry.station for entry in ledger.stations(aws.client("dynamodb"), table, "flights", "run-1")] == [
        "curation"
    ]
