"""Every resource type that the embedded AWS can make."""

from __future__ import annotations

from local.resources import (
    compute,
    data_catalog,
    events,
    functions,
    identity,
    keys,
    messaging,
    models,
    network,
    observability,
    registries,
    rest_apis,
    settings,
    spending,
    state_machines,
    storage,
    tables,
)
from local.resources.kinds import Kind

_FAMILIES = (
    compute,
    data_catalog,
    events,
    functions,
    identity,
    keys,
    messaging,
    models,
    network,
    observability,
    registries,
    rest_apis,
    settings,
    spending,
    state_machines,
    storage,
    tables,
)

KINDS: dict[str, Kind] = {kind.type: kind for family in _FAMILIES for kind in family.KINDS}

IGNORED_TYPES = frozenset({"AWS::CDK::Metadata"})
"""Types that stand for nothing."""


def is_custom(type_: str) -> bool:
    """Tell whether a type is a custom resource, made by a function."""
    return type_.startswith("Custom::") or type_ == "AWS::CloudFormation::CustomResource"
