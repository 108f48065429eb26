from runtime import receipts
from runtime.paths import RunPaths
from runtime.receipts import Receipt
from tests.lambdas.processes import call
from tests.moto_server import Aws


def test_it_returns_how_the_station_ended_and_announces_it(aws: Aws) -> None:
    paths = RunPaths(lake=aws.bucket(), line="flights", run="run-1")
    bus, queue = aws.bus()
    receipts.write(aws.client("s3"), paths, "curation", Receipt("curation", "succeeded"))

    called = call(
        "lambdas.run.verdict",
        {"line": "flights", "run": "run-1", "station": "curation"},
        aws.environment(LAKE_BUCKET=paths.lake, EVENT_BUS=bus, LEDGER_TABLE=aws.table("pk", "sk")),
    )

    assert called.answer == {
        "station": "curation",
        "status": "succeeded",
        "message": "",
        "inspections": {"error": 0, "warning": 0, "info": 0},
    }
    assert len(aws.messages(queue)) == 1


def test_its_log_names_line_and_run(aws: Aws) -> None:
    paths = RunPaths(lake=aws.bucket(), line="flights", run="run-1")
    receipts.write(aws.client("s3"), paths, "curation", Receipt("curation", "succeeded"))

    called = call(
        "lambdas.run.verdict",
        {"line": "flights", "run": "run-1", "station": "curation"},
        aws.environment(LAKE_BUCKET=paths.lake, EVENT_BUS=aws.bus()[0], LEDGER_TABLE=aws.table("pk", "sk")),
    )

    assert [(line["line"], line["run"], line["station"]) for line in called.log] == [("flights", "run-1", "curation")]


def test_a_function_without_its_environment_says_which_variable_it_lacks(aws: Aws) -> None:
    called = call("lambdas.run.verdict", {}, aws.environment(LAKE_BUCKET="lake"))

    assert called.error.splitlines()[-1] == (
        "config.errors.LineError: environment variable EVENT_BUS is missing: give it to the function in its construct"
    )
