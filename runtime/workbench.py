"""The spaces of a workbench, as SageMaker tells of them, and how they are taken away: what a stack cannot do itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from runtime.teardown.gone import gone, pages
from runtime.teardown.pace import Pace

_OVER = ("Deleted", "Failed")


@dataclass(frozen=True)
class Space:
    """A space; ``runs`` names its apps that run or are about to, ``since`` the moment at which the first was made."""

    name: str
    owner: str
    app: str
    status: str
    instance: str
    storage_gb: int
    runs: tuple[str, ...]
    since: dt.datetime | None


def spaces(sagemaker: Any, domain: str) -> list[Space]:
    """Return the spaces of a domain, by owner and name."""
    apps = _apps(sagemaker, domain)
    found = []
    for one in pages(sagemaker, "list_spaces", "Spaces", DomainIdEquals=domain):
        mine = [app for app in apps if app.get("SpaceName") == one["SpaceName"]]
        settings = one.get("SpaceSettingsSummary", {})
        found.append(
            Space(
                name=one["SpaceName"],
                owner=one.get("OwnershipSettingsSummary", {}).get("OwnerUserProfileName", ""),
                app=settings.get("AppType", ""),
                status=one["Status"],
                instance=next((app.get("ResourceSpec", {}).get("InstanceType", "") for app in mine), ""),
                storage_gb=settings.get("SpaceStorageSettings", {})
                .get("EbsStorageSettings", {})
                .get("EbsVolumeSizeInGb", 0),
                runs=tuple(sorted(app["AppName"] for app in mine)),
                since=min((app["CreationTime"] for app in mine), default=None),
            )
        )
    return sorted(found, key=lambda space: (space.owner, space.name))


def clear(sagemaker: Any, domain: str, *, pace: Pace, tell: Callable[[str], None]) -> list[str]:
    """Delete every app, then every space with its disk; returns what is left when there is no time any more.

    It may be called again at any time: what goes already is waited for, and not asked to go twice.
    """
    for kind, listed, delete in (("app", _apps, _delete_app), ("space", _spaces, _delete_space)):
        asked: set[str] = set()
        while left := listed(sagemaker, domain):
            for one in left:
                name = _name(one)
                if one["Status"] not in ("Deleting", "Pending") and name not in asked:
                    tell(f"deleting {kind} {name}")
                    delete(sagemaker, domain, one)
                    asked.add(name)
            if not pace.wait():
                return [f"{kind} {_name(one)} ({one['Status']})" for one in left]
    return []


def _apps(sagemaker: Any, domain: str) -> list[dict[str, Any]]:
    """SageMaker goes on listing apps that are gone for a day."""
    apps = pages(sagemaker, "list_apps", "Apps", DomainIdEquals=domain)
    return [app for app in apps if app["Status"] not in _OVER]


def _spaces(sagemaker: Any, domain: str) -> list[dict[str, Any]]:
    return pages(sagemaker, "list_spaces", "Spaces", DomainIdEquals=domain)


def _name(one: dict[str, Any]) -> str:
    owner = one.get("SpaceName") or one.get("UserProfileName", "")
    return "/".join([owner, one["AppType"], one["AppName"]]) if "AppName" in one else str(owner)


def _delete_app(sagemaker: Any, domain: str, app: dict[str, Any]) -> None:
    """An app is a space's, or, as SageMaker did it before there were spaces, a profile's."""
    where = {key: app[key] for key in ("SpaceName", "UserProfileName") if app.get(key)}
    gone(sagemaker.delete_app, DomainId=domain, AppType=app["AppType"], AppName=app["AppName"], **where)


def _delete_space(sagemaker: Any, domain: str, space: dict[str, Any]) -> None:
    gone(sagemaker.delete_space, DomainId=domain, SpaceName=space["SpaceName"])
