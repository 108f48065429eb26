from tests.lambdas.processes import call
from tests.moto_server import Aws
from tests.runtime.monitored import MOVED, SAME, World


def test_it_measures_the_run_judges_its_window_and_emits_what_it_found(aws: Aws) -> None:
    world = World(aws)
    world.score({"hour": MOVED, "score": SAME})

    called = call(
        "lambdas.monitoring.drift",
        {"line": "flights", "run": world.paths.run},
        aws.environment(**world.variables()),
    )

    assert called.answer == {
        "status": "flagged",
        "message": "drift above its bar in 1 of 2 columns: hour 1.32 (bar 0.20)",
    }, called.error
    assert {
        key: {name: [round(v, 2) for v in each] for name, each in values.items()}
        for key, values in called.metrics.items()
    } == {
        ("flights", "hour"): {"Drift": [1.32]},
        ("flights", "score"): {"Drift": [0.0]},
        ("flights",): {"DriftMax": [1.32], "Missing": [0.0], "Unseen": [0.0], "Outside": [0.0]},
        ("flights", "drift"): {"Alarming": [1.0]},
        ("flights", "quality"): {"Alarming": [0.0]},
    }
    assert [alarm["sk"] for alarm in world.alarms()] == ["ALARM#drift#2013-08-15T00:00Z#alarm"]
    assert len(aws.messages(world.queue)) == 1
