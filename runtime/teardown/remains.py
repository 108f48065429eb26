"""What no stack takes with it: retained resources, and what services made for the environment by names of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator

from config.naming import identifier, slug
from runtime.environments import FOLDER
from runtime.teardown.gone import found, gone, pages
from runtime.teardown.owned import FOUNDATION, Clients, Owned
from runtime.teardown.served import endpoints
from runtime.teardown.sweep import Sweep


def sweeps(clients: Clients) -> list[Sweep]:
    """Return how the last of an environment goes, when its stacks have."""
    return [_database(clients), _security(clients), log_groups(clients), _parameters(clients), _dashboards(clients)]


def _database(clients: Clients) -> Sweep:
    """A database goes with its tables, whose files are in the environment's bucket."""

    def find(owned: Owned) -> Iterator[str]:
        name = identifier(owned.id)
        if found(clients("glue").get_database, Name=name):
            yield name

    def delete(name: str) -> None:
        glue = clients("glue")
        for table in pages(glue, "get_tables", "TableList", DatabaseName=name):
            gone(glue.delete_table, DatabaseName=name, Name=table["Name"])
        gone(glue.delete_database, Name=name)

    return Sweep("Glue database", find, delete)


def _security(clients: Clients) -> Sweep:
    def find(owned: Owned) -> Iterator[str]:
        names = dict.fromkeys([*owned.names("AWS::Glue::SecurityConfiguration", ever=True), *endpoints(owned)])
        yield from (name for name in names if found(clients("glue").get_security_configuration, Name=name))

    return Sweep(
        "Glue security configuration",
        find,
        lambda name: gone(clients("glue").delete_security_configuration, Name=name),
    )


def log_groups(clients: Clients) -> Sweep:
    """Return the sweep of log groups that services made: known by the environment's key, or by a whole name."""

    def find(owned: Owned) -> Iterator[str]:
        keys = set(owned.names("AWS::KMS::Key", ever=True))
        by_stacks = set(owned.names("AWS::Logs::LogGroup"))
        whole = _services_names(owned)
        for group in pages(clients("logs"), "describe_log_groups", "logGroups", logGroupNamePrefix="/aws"):
            name, key = group["logGroupName"], group.get("kmsKeyId", "").rpartition("/")[2]
            if name not in by_stacks and (key in keys or any(one.fullmatch(name) for one in whole)):
                yield name

    return Sweep("log group", find, lambda name: gone(clients("logs").delete_log_group, logGroupName=name))


def _services_names(owned: Owned) -> list[re.Pattern[str]]:
    """Return what names SageMaker and Glue give to the log groups of an environment's endpoints and jobs.

    An endpoint's outlives the stack that told of its line. No line's name has a hyphen, so that none of another
    environment, whose id begins like this one's, is meant.
    """
    found = [rf"/aws/sagemaker/Endpoints/{re.escape(slug(owned.id))}-[a-z][a-z0-9_]*"]
    for name in map(re.escape, endpoints(owned)):
        found.append(rf"/aws-glue/jobs/(error|output|logs-v2)-{name}")
        found.append(rf"/aws-glue/jobs/{name}-role/[^/]+/(error|output|logs-v2)")
    return [re.compile(one) for one in found]


def _parameters(clients: Clients) -> Sweep:
    def find(owned: Owned) -> Iterator[str]:
        found = pages(
            clients("ssm"),
            "get_parameters_by_path",
            "Parameters",
            Path=f"{FOLDER}{owned.id}",  # a level of the hierarchy, no beginning of a name
            Recursive=True,
        )
        yield from (parameter["Name"] for parameter in found)

    return Sweep("SSM parameter", find, lambda name: gone(clients("ssm").delete_parameter, Name=name))


def _dashboards(clients: Clients) -> Sweep:
    """A dashboard goes with its stack; one whose stack went without it is known by its whole name."""

    def find(owned: Owned) -> Iterator[str]:
        parts = {stack.part for stack in owned.deployed}
        whole = {slug(owned.id)} if FOUNDATION not in parts else set()
        whole |= set() if parts - {FOUNDATION} else set(endpoints(owned))
        start = {"DashboardNamePrefix": slug(owned.id)}
        known = pages(clients("cloudwatch"), "list_dashboards", "DashboardEntries", **start)
        yield from (one["DashboardName"] for one in known if one["DashboardName"] in whole)

    return Sweep("dashboard", find, lambda name: gone(clients("cloudwatch").delete_dashboards, DashboardNames=[name]))
