from tests.lambdas.processes import call
from tests.moto_server import Aws
from tests.runtime.monitored import MOVED, SAME, World


def test_it_emits_the_drift_of_each_column_and_the_largest(aws: Aws) -> None:
    world = World(aws)
    world.score({"hour": MOVED, "score": SAME})

    called = call(
        "lambdas.monitoring.drift",
        {"line": "flights", "run": world.paths.run},
        aws.environment(
            LAKE_BUCKET=world.paths.lake,
            MODELS_BUCKET=world.models,
            LEDGER_TABLE=world.ledger,
            COLUMNS="[]",
            THRESHOLD="0.2",
            MINIMUM_SAMPLE="200",
            LINE="flights",
        ),
    )

    assert called.answer == {"status": "flagged", "message": "drift above 0.2 in 1 of 2 columns: hour 1.32"}
    assert {
        key: {name: [round(v, 2) for v in each] for name, each in values.items()}
        for key, values in called.metrics.items()
    } == {
        ("flights", "hour"): {"Drift": [1.32]},
        ("flights", "score"): {"Drift": [0.0]},
        ("flights",): {"DriftMax": [1.32]},
    }
