"""Rules on queues, topics, rules and alarms: what is said is kept, encrypted and heard."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stacks.pack.rule import Fault, Rule
from stacks.pack.world import Resource, World, listed, services

QUEUE = "AWS::SQS::Queue"
_DEFAULT_RETENTION, _DEFAULT_VISIBILITY, _DEFAULT_TIMEOUT = 345_600, 30, 3


def _redrive(world: World, queue: Resource) -> Resource | None:
    return world.follow(queue, queue.properties.get("RedrivePolicy", {}).get("deadLetterTargetArn"))


def _letters(world: World) -> set[Resource]:
    """Return the queues that hold what others could not handle."""
    named: list[tuple[Resource, Any]] = [
        (queue, queue.properties.get("RedrivePolicy", {}).get("deadLetterTargetArn")) for queue in world.all(QUEUE)
    ]
    named += [
        (one, one.properties.get("DeadLetterConfig", {}).get("TargetArn")) for one in world.all("AWS::Lambda::Function")
    ]
    for rule in world.all("AWS::Events::Rule"):
        for target in rule.properties.get("Targets", []):
            named += [(rule, target.get("DeadLetterConfig", {}).get("Arn"))]
    return {found for where, value in named if value and (found := world.follow(where, value))}


def _unkeyed(kind: str) -> Any:
    return lambda world: (one for one in world.all(kind) if not one.properties.get("KmsMasterKeyId"))


def _lost_poison(world: World) -> Iterator[Resource]:
    letters = _letters(world)
    return (one for one in world.all(QUEUE) if one not in letters and not one.properties.get("RedrivePolicy"))


def _short_memory(world: World) -> Iterator[Resource]:
    for queue in world.all(QUEUE):
        letters = _redrive(world, queue)
        kept = queue.properties.get("MessageRetentionPeriod", _DEFAULT_RETENTION)
        if letters and letters.properties.get("MessageRetentionPeriod", _DEFAULT_RETENTION) <= kept:
            yield queue


def _unwatched(world: World) -> Iterator[Resource]:
    watched = {
        world.follow(alarm, dimension["Value"])
        for alarm in world.all("AWS::CloudWatch::Alarm")
        for dimension in alarm.properties.get("Dimensions", [])
        if dimension["Name"] == "QueueName"
    }
    return (queue for queue in sorted(_letters(world), key=lambda one: one.name) if queue not in watched)


def _mappings(world: World) -> Iterator[tuple[Resource, Resource, Resource]]:
    for mapping in world.all("AWS::Lambda::EventSourceMapping"):
        queue = world.follow(mapping, mapping.properties.get("EventSourceArn"))
        function = world.follow(mapping, mapping.properties["FunctionName"])
        if queue is not None and queue.kind == QUEUE and function is not None:
            yield mapping, queue, function


def _seen_twice(world: World) -> Iterator[Resource]:
    for _, queue, function in _mappings(world):
        hidden = queue.properties.get("VisibilityTimeout", _DEFAULT_VISIBILITY)
        if hidden < 6 * function.properties.get("Timeout", _DEFAULT_TIMEOUT):
            yield queue


def _whole_batches(world: World) -> Iterator[Resource]:
    for mapping, _, _ in _mappings(world):
        if "ReportBatchItemFailures" not in mapping.properties.get("FunctionResponseTypes", []):
            yield mapping


def _telling(world: World) -> Iterator[Resource]:
    """Yield the rules whose events are told once; at a rate, the next tick asks for the same again."""
    for rule in world.all("AWS::Events::Rule"):
        if not str(rule.properties.get("ScheduleExpression", "")).startswith("rate("):
            yield rule


def _unheard_events(world: World) -> Iterator[Fault]:
    for rule in _telling(world):
        for target in rule.properties.get("Targets", []):
            found = world.follow(rule, target.get("Arn"))
            if not target.get("DeadLetterConfig") and not (found and found.kind == QUEUE):
                yield rule, str(target.get("Id"))


def _forgetful(world: World) -> Iterator[Resource]:
    """A rule's dead letters hold what could not be handed over; what a function then failed at, the function's."""
    called = {
        found
        for rule in _telling(world)
        for target in rule.properties.get("Targets", [])
        if (found := world.follow(rule, target.get("Arn"))) and found.kind == "AWS::Lambda::Function"
    }
    return (one for one in sorted(called, key=lambda one: one.name) if not one.properties.get("DeadLetterConfig"))


def _deaf_topic(world: World) -> Iterator[Fault]:
    for alarm in world.all("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"):
        for action in alarm.properties.get("AlarmActions", []):
            topic = world.follow(alarm, action)
            if topic is None or topic.kind != "AWS::SNS::Topic" or "KmsMasterKeyId" not in topic.properties:
                continue
            key = world.follow(topic, topic.properties["KmsMasterKeyId"])
            if key is not None and not _lets_alarms_in(key):
                yield key, topic.name


def _lets_alarms_in(key: Resource) -> bool:
    return any(
        {"kms:Decrypt", "kms:GenerateDataKey"} <= {one.rstrip("*") for one in listed(statement["Action"])}
        for statement in key.properties.get("KeyPolicy", {}).get("Statement", [])
        if statement["Effect"] == "Allow" and "cloudwatch.amazonaws.com" in services(statement)
    )


RULES = [
    Rule(
        "QueueKey", "a queue is encrypted with the environment's key", "make it with queue.WorkQueue", _unkeyed(QUEUE)
    ),
    Rule(
        "TopicKey",
        "a topic is encrypted with the environment's key",
        "give it master_key",
        _unkeyed("AWS::SNS::Topic"),
    ),
    Rule("QueuePoison", "a queue puts aside what cannot be handled", "make it with queue.WorkQueue", _lost_poison),
    Rule(
        "PoisonOutlives",
        "dead letters are kept for longer than the queue keeps its messages: they keep their age",
        "raise the retention of the dead-letter queue",
        _short_memory,
    ),
    Rule("PoisonHeard", "an alarm tells of dead letters", "make the queue with queue.DeadLetters", _unwatched),
    Rule(
        "QueueHides",
        "a queue hides a message for six timeouts of the function that handles it, or more",
        "raise its visibility timeout",
        _seen_twice,
    ),
    Rule(
        "PartialBatches",
        "one bad message does not bring back its whole batch",
        "give the mapping report_batch_item_failures=True",
        _whole_batches,
    ),
    Rule(
        "EventKept",
        "an event that a rule cannot hand over is kept",
        "give the target a dead-letter queue",
        _unheard_events,
    ),
    Rule(
        "FailureKept",
        "an event at which a rule's function fails for good is kept",
        "give the handler dead_letters",
        _forgetful,
    ),
    Rule(
        "AlarmHeard",
        "CloudWatch may use the key of the topic on which an alarm speaks",
        "let cloudwatch.amazonaws.com decrypt and generate data keys in the key's policy",
        _deaf_topic,
    ),
]
