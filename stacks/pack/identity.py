"""Rules on who may do what: roles, their trust, their policies, and what resources allow to others."""

from __future__ import annotations

import json
from collections.abc import Iterator

from stacks.pack.rule import Fault, Rule
from stacks.pack.world import Json, Resource, World, anyone, conditions, flat, listed, services

GITHUB = "token.actions.githubusercontent.com"
_NAMING_A_SOURCE = ("ecs-tasks", "sagemaker", "scheduler", "states")
"""Services that name the account for which they take a role."""

_OPEN_TO_OTHERS = (
    "AWS::ECR::Repository",
    "AWS::Events::EventBusPolicy",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::SecretsManager::ResourcePolicy",
)
_SOURCES = {"aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid"}


def _allows(world: World, *kinds: str) -> Iterator[tuple[Resource, Json]]:
    return ((where, one) for where, one in world.statements(*kinds) if one["Effect"] == "Allow")


def _trust(world: World) -> Iterator[tuple[Resource, Json]]:
    for role in world.all("AWS::IAM::Role"):
        for statement in listed(role.properties.get("AssumeRolePolicyDocument", {}).get("Statement", [])):
            if statement["Effect"] == "Allow":
                yield role, statement


def _wild_action(world: World) -> Iterator[Fault]:
    for where, statement in _allows(world):
        for action in listed(statement.get("Action", [])):
            if "*" in action:
                yield where, action


def _excluding(world: World) -> Iterator[Fault]:
    for where, statement in _allows(world):
        for key in {"NotAction", "NotResource"} & set(statement):
            yield where, key


def _managed(world: World) -> Iterator[Fault]:
    for role in world.all("AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group"):
        for policy in role.properties.get("ManagedPolicyArns", []):
            if flat(policy).endswith(("AdministratorAccess", "PowerUserAccess", "FullAccess")):
                yield role, flat(policy).rsplit("/", 1)[-1]


def _users(world: World) -> Iterator[Resource]:
    return world.all("AWS::IAM::User", "AWS::IAM::AccessKey")


def _passing(world: World) -> Iterator[Fault]:
    for where, statement in _allows(world):
        if "iam:PassRole" not in listed(statement.get("Action", [])):
            continue
        if "iam:passedtoservice" not in conditions(statement):
            yield where, "no iam:PassedToService"
        if any(flat(resource).endswith(("*", "role/")) for resource in listed(statement.get("Resource", []))):
            yield where, "any role"


def _trusting_anyone(world: World) -> Iterator[Resource]:
    return (role for role, statement in _trust(world) if anyone(statement))


def _confused(world: World) -> Iterator[Fault]:
    for role, statement in _trust(world):
        for service in services(statement):
            if service.partition(".")[0] in _NAMING_A_SOURCE and not _SOURCES & set(conditions(statement)):
                yield role, service


def _loose_subject(world: World) -> Iterator[Fault]:
    for role, statement in _trust(world):
        if GITHUB not in flat(statement.get("Principal")) and GITHUB not in json.dumps(statement.get("Condition", {})):
            continue
        exact = statement.get("Condition", {}).get("StringEquals", {})
        for claim in ("aud", "sub"):
            values = listed(exact.get(f"{GITHUB}:{claim}", []))
            if not values or any("*" in flat(value) for value in values):
                yield role, claim


def _anyone(world: World) -> Iterator[Fault]:
    for where, statement in _allows(world, *_OPEN_TO_OTHERS):
        if anyone(statement) and not statement.get("Condition"):
            yield where, json.dumps(statement.get("Action"))


def _sourceless(world: World) -> Iterator[Fault]:
    for where, statement in _allows(world, *_OPEN_TO_OTHERS):
        for service in services(statement):
            if not _SOURCES & set(conditions(statement)):
                yield where, service


def _sourceless_permission(world: World) -> Iterator[Resource]:
    for permission in world.all("AWS::Lambda::Permission"):
        properties = permission.properties
        if properties.get("Principal") == "*" or not {"SourceArn", "SourceAccount"} & set(properties):
            yield permission


RULES = [
    Rule("ActionNamed", "a policy names whole actions", "name each action that is used", _wild_action),
    Rule("NothingExcluded", "a policy allows by naming, not by excluding", "use Action and Resource", _excluding),
    Rule(
        "NoAdministrator",
        "nobody has a managed policy that allows a whole service or account",
        "grant the actions that are used",
        _managed,
    ),
    Rule("NoUsers", "there are roles and no users with keys", "let it assume a role", _users),
    Rule(
        "PassedTo",
        "iam:PassRole names the role and the service to which it may be passed",
        "name the role and give the statement a condition on iam:PassedToService",
        _passing,
    ),
    Rule("TrustNamed", "a role trusts named principals", "name the account, role or service", _trusting_anyone),
    Rule(
        "TrustSource",
        "a service takes a role for this account only, where it names the account",
        "give the trust a condition on aws:SourceAccount",
        _confused,
    ),
    Rule(
        "OidcSubject",
        "GitHub takes a role for an exact audience and subject",
        "give StringEquals on aud and sub, without a wildcard",
        _loose_subject,
    ),
    Rule("NotForAnyone", "a resource's policy lets nobody in without a condition", "name the principal", _anyone),
    Rule(
        "ServiceSource",
        "a service may use a queue, topic, bucket or bus for a named source only",
        "give the statement a condition on aws:SourceArn or aws:SourceAccount",
        _sourceless,
    ),
    Rule(
        "PermissionSource",
        "a service may call a function for a named source only",
        "give the permission SourceArn or SourceAccount",
        _sourceless_permission,
    ),
]
