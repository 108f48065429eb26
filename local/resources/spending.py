"""Budgets: kept with their notifications; nothing is ever spent here."""

from __future__ import annotations

from local.fidelity import Row
from local.resources.kinds import Answer, Kind, Made, Properties, Site, given

FIDELITY = [
    Row("Budgets", "budgets and their notifications", "approximated", "they exist; nothing costs anything here")
]


def _create(site: Site, properties: Properties) -> Answer:
    wanted = dict(properties["Budget"])
    limit = wanted["BudgetLimit"]
    wanted["BudgetLimit"] = {"Amount": str(limit["Amount"]), "Unit": limit["Unit"]}
    properties["BudgetName"] = wanted["BudgetName"]
    return site.call(
        "budgets",
        "create_budget",
        AccountId=site.account,
        Budget=wanted,
        NotificationsWithSubscribers=properties.get("NotificationsWithSubscribers", []),
    )


def _delete(made: Made) -> None:
    made.site.call("budgets", "delete_budget", AccountId=made.site.account, BudgetName=made.ref)


def _update(made: Made, properties: Properties) -> Answer:
    _delete(made)
    return _create(made.site, properties)


KINDS = [
    Kind(
        type="AWS::Budgets::Budget",
        create=_create,
        update=_update,
        ref=given("BudgetName"),
        delete=_delete,
        accepts=frozenset({"Budget", "NotificationsWithSubscribers"}),
    )
]
