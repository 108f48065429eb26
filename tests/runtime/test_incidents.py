"""Changes of monitors' states, as the ledger keeps them."""

from __future__ import annotations

from runtime import incidents
from tests.moto_server import Aws

PLACE = {"pk": {"S": "LINE#shop"}}


def test_every_change_is_read_in_the_order_of_windows(aws: Aws) -> None:
    dynamodb, table = aws.client("dynamodb"), aws.table("pk", "sk")
    for key, what in (
        ("ALARM#performance#2013-09-02T00:00Z#alarm", '[{"metric": "roc_auc", "value": 0.5512, "bar": 0.6}]'),
        ("ALARM#drift#2013-09-05T00:00Z#ok", "[]"),
        ("ALARM#drift#2013-09-01T00:00Z#alarm", '[{"column": "a", "index": 1.234, "bar": 0.25}, {"column": "b"}]'),
        ("MONITOR#drift", "[]"),
    ):
        dynamodb.put_item(TableName=table, Item={**PLACE, "sk": {"S": key}, "what": {"S": what}})
    found = incidents.every(dynamodb, table, "shop")
    assert [(incident.monitor, incident.state, incident.day) for incident in found] == [
        ("drift", "alarm", "2013-09-01"),
        ("performance", "alarm", "2013-09-02"),
        ("drift", "ok", "2013-09-05"),
    ]
    assert [incident.moved for incident in found] == ["a 1.2 (bar 0.25), b unknown", "roc_auc 0.55 (bar 0.6)", ""]
    newest = incidents.newest(dynamodb, table, "shop", "drift")
    assert newest is not None
    assert (newest.state, newest.story) == ("ok", "drift of what was not told since 2013-09-05")
    assert incidents.newest(dynamodb, table, "shop", "quality") is None
