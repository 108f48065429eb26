import json

from tests.lambdas.processes import Called, call
from tests.moto_server import Aws
from tests.runtime.monitored import MOVED, SAME, World


def judged(world: World, time: str) -> Called:
    event = {"detail-type": "Judge Windows", "time": time}
    return call("lambdas.monitoring.judge", event, world.aws.environment(**world.variables()))


def test_its_clock_is_the_time_of_the_event(aws: Aws) -> None:
    world = World(aws)
    world.day(15, {"hour": MOVED, "score": SAME})
    waiting = {"line": {"S": "flights"}, "unmatched_since": {"S": "2013-08-16"}, "prediction_key": {"S": "flights#x"}}
    table = world.tables["PREDICTIONS_TABLE"]
    world.dynamodb.update_table(
        TableName=table,
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in ("line", "unmatched_since")],
        GlobalSecondaryIndexUpdates=[{"Create": INDEX}],
    )
    world.dynamodb.put_item(TableName=table, Item=waiting)

    before = judged(world, "2013-08-16T00:45:00Z")
    assert before.answer["judged"] == 0, before.error
    assert before.metrics == {("flights",): {"GroundTruthUnmatched": [1.0]}}

    after = judged(world, "2013-08-16T01:00:00Z")
    assert (after.answer["judged"], after.answer["told"], after.answer["monitors"]["drift"]) == (1, 1, "alarm")
    assert after.metrics[("flights", "drift")] == {"Alarming": [1.0]}

    again = judged(world, "2013-08-16T01:15:00Z")
    assert (again.answer["judged"], again.answer["told"]) == (0, 0)
    assert again.metrics[("flights", "drift")] == {"Alarming": [1.0]}  # said at each look, for a log may be lost
    assert "hour" not in json.dumps([line for line in again.log if "message" in line])


INDEX = {
    "IndexName": "unmatched",
    "KeySchema": [
        {"AttributeName": "line", "KeyType": "HASH"},
        {"AttributeName": "unmatched_since", "KeyType": "RANGE"},
    ],
    "Projection": {"ProjectionType": "ALL"},
}
