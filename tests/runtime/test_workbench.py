"""Spaces and how they go, on a SageMaker in memory that deletes as AWS does: in its time, a space after its apps."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import validate_parameters

from runtime.teardown.pace import Pace
from runtime.workbench import clear, spaces

MADE = dt.datetime(2026, 11, 27, 8, tzinfo=dt.UTC)
DOMAIN = "d-1"


@cache
def model() -> ServiceModel:
    return ServiceModel(Loader().load_service_model("sagemaker", "service-2"))


def valid(operation: str, asked: dict[str, Any]) -> None:
    """Raise ParamValidationError for a call that SageMaker's API does not describe."""
    shape = model().operation_model(operation).input_shape
    assert shape is not None
    validate_parameters(asked, shape)


class SageMaker:
    """``slow`` looks pass until what was asked to go is gone."""

    def __init__(self, *, slow: int = 2) -> None:
        self.slow = slow
        self.spaces: dict[str, dict[str, Any]] = {}
        self.apps: list[dict[str, Any]] = []
        self.calls: list[str] = []
        self.going: list[list[Any]] = []

    def space(self, name: str, owner: str, *, runs: bool = False) -> None:
        self.spaces[name] = {
            "DomainId": DOMAIN,
            "SpaceName": name,
            "Status": "InService",
            "OwnershipSettingsSummary": {"OwnerUserProfileName": owner},
            "SpaceSettingsSummary": {
                "AppType": "JupyterLab",
                "SpaceStorageSettings": {"EbsStorageSettings": {"EbsVolumeSizeInGb": 20}},
            },
        }
        if runs:
            self.app("default", SpaceName=name)

    def app(self, name: str, status: str = "InService", **where: str) -> None:
        machine = {"InstanceType": "ml.t3.large"}
        self.apps.append(
            {"AppName": name, "AppType": "JupyterLab", "Status": status, "CreationTime": MADE, "ResourceSpec": machine}
            | where
        )

    def get_paginator(self, operation: str) -> Any:
        def page() -> dict[str, Any]:
            found = self.spaces.values() if operation == "list_spaces" else self.apps
            return {"Spaces" if operation == "list_spaces" else "Apps": [dict(one) for one in found]}

        return _Pages(operation, page)

    def pause(self, _: float) -> None:
        for doomed in self.going:
            doomed[0] -= 1
        for _, thing in [one for one in self.going if one[0] <= 0]:
            if "AppName" in thing:
                thing["Status"] = "Deleted"
            else:
                self.spaces.pop(thing["SpaceName"], None)
        self.going = [one for one in self.going if one[0] > 0]

    def delete_app(self, **asked: str) -> None:
        valid("DeleteApp", asked)
        wanted = {key: value for key, value in asked.items() if key != "DomainId"}
        (found,) = [one for one in self.apps if wanted.items() <= one.items()]
        self.calls.append(f"app {asked['AppName']} of {asked.get('SpaceName') or asked['UserProfileName']}")
        found["Status"] = "Deleting"
        self.going.append([self.slow, found])

    def delete_space(self, **asked: str) -> None:
        valid("DeleteSpace", asked)
        name = asked["SpaceName"]
        if any(app.get("SpaceName") == name and app["Status"] != "Deleted" for app in self.apps):
            error: Any = {"Code": "ResourceInUse", "Message": "Unable to delete Space. Apps are associated with it."}
            raise ClientError({"Error": error}, "DeleteSpace")
        self.calls.append(f"space {name}")
        self.spaces[name]["Status"] = "Deleting"
        self.going.append([self.slow, self.spaces[name]])


class _Pages:
    def __init__(self, operation: str, page: Any) -> None:
        self._operation, self._page = operation, page

    def paginate(self, **what: Any) -> Iterator[Any]:
        valid({"list_spaces": "ListSpaces", "list_apps": "ListApps"}[self._operation], what)
        assert what == {"DomainIdEquals": DOMAIN}
        yield self._page()


@pytest.fixture
def sagemaker() -> SageMaker:
    made = SageMaker()
    made.space("old", "ada")
    made.space("idea", "ada", runs=True)
    made.space("drift", "grace-h", runs=True)
    made.app("yesterday", "Deleted", SpaceName="old")
    return made


def paced(sagemaker: SageMaker, looks: int = 100) -> Pace:
    left = itertools.count(looks, -1)
    return Pace(lambda: float(next(left)), sagemaker.pause, look=0.5)


def test_a_space_is_told_with_its_owner_and_whether_it_runs(sagemaker: SageMaker) -> None:
    found = [(one.owner, one.name, one.runs, one.since, one.storage_gb) for one in spaces(sagemaker, DOMAIN)]
    assert found == [
        ("ada", "idea", ("default",), MADE, 20),
        ("ada", "old", (), None, 20),
        ("grace-h", "drift", ("default",), MADE, 20),
    ]


def test_a_domain_without_a_space_has_none() -> None:
    assert spaces(SageMaker(), DOMAIN) == []
    assert clear(SageMaker(), DOMAIN, pace=paced(SageMaker()), tell=print) == []


def test_apps_go_before_spaces_and_each_is_asked_to_go_once(sagemaker: SageMaker) -> None:
    told: list[str] = []
    assert clear(sagemaker, DOMAIN, pace=paced(sagemaker), tell=told.append) == []
    assert sagemaker.spaces == {}
    assert [call.split()[0] for call in sagemaker.calls] == ["app"] * 2 + ["space"] * 3
    assert len(set(sagemaker.calls)) == 5
    assert told[0] == "deleting app idea/JupyterLab/default"


def test_an_app_of_a_profile_from_before_there_were_spaces_goes_too(sagemaker: SageMaker) -> None:
    sagemaker.app("default", UserProfileName="ada")
    assert clear(sagemaker, DOMAIN, pace=paced(sagemaker), tell=lambda _: None) == []
    assert "app default of ada" in sagemaker.calls


def test_what_there_is_no_time_for_is_told_and_the_next_call_goes_on(sagemaker: SageMaker) -> None:
    sagemaker.slow = 10
    left = clear(sagemaker, DOMAIN, pace=paced(sagemaker, looks=4), tell=lambda _: None)
    assert left == ["app idea/JupyterLab/default (Deleting)", "app drift/JupyterLab/default (Deleting)"]
    sagemaker.calls.clear()
    assert clear(sagemaker, DOMAIN, pace=paced(sagemaker), tell=lambda _: None) == []
    assert sagemaker.calls == ["space old", "space idea", "space drift"]
