"""Nothing is lost, nothing is doubled, and only poison is put aside, whatever befalls a line's messages."""

from __future__ import annotations

import json
import os
from collections import Counter

import pytest

from runtime.monitoring import windows
from runtime.monitoring.store import Store
from tests.runtime.delivery.sent import (
    CONSUMER,
    EFFECTS,
    EVENTS,
    LABELS,
    LAKE,
    LINE,
    ON_REQUEST,
    expected_counters,
    on_request,
    record,
)
from tests.runtime.delivery.simulated import World

SEEDS = int(os.environ.get("MESSAGE_SEEDS", "20"))


def check(world: World) -> None:
    """Raise AssertionError unless every message had its effect exactly once, or is put aside with its reason."""
    everyone = {record(number)["prediction_id"] for number in range(world.count)}
    assert all(not queue.waiting for queue in world.queues.values())

    consumed = dict(world.tables.items["consumer"])
    published = [record(number) for number in range(world.count) if not on_request(number)]
    assert consumed.pop((EFFECTS,))["n"] == {"N": str(len(published))}
    assert {key for (key,) in consumed} == {f"{one['prediction_id']}:{one['run']}" for one in published}

    joined = {key: item for (key,), item in world.tables.items["predictions"].items() if key in everyone}
    assert joined.keys() == everyone
    assert all("counted" in item and "label" in item and "unmatched_since" not in item for item in joined.values())
    store = Store(world.tables, predictions="predictions", windows="windows", line=LINE)
    wanted = expected_counters(world.count)
    sketched = 0
    for start, counters in wanted.items():
        window = windows.read(store, start)
        assert Counter({name: n for name, n in window.counters[""].items() if n}) == counters
        sketched += sum(sketch["n"] for sketch in window.sketches.values())
    assert sketched == -(-world.count // ON_REQUEST)

    kept = [json.loads(line)["event_id"] for body in world.s3.objects_under(LAKE, "captured/") for line in body]
    assert len(set(kept)) == -(-world.count // ON_REQUEST)

    for name in (LABELS, EVENTS):
        aside = {message.body: message.attributes for message in world.dead[name].waiting}
        assert {body: told["reason"]["StringValue"] for body, told in aside.items()} == world.poison[name]
    assert not world.dead[CONSUMER].waiting


@pytest.mark.parametrize("seed", [0])
def test_every_message_has_its_effect_once(seed: int) -> None:
    world = World(seed=seed, count=2_200)
    world.live()

    check(world)
    assert world.crashes > 2


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_hundred_thousand_messages_have_their_effect_once(seed: int) -> None:
    world = World(seed=seed, count=50_000)
    world.live()

    messages = sum(queue.sent for queue in world.queues.values())
    print(f"seed {seed}: {messages} messages, {world.attempts} attempts, {world.crashes} of which died")
    check(world)
    assert messages >= 100_000
