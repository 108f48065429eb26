"""Lambda: functions, versions, aliases, layers, permissions and event source mappings."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from config.errors import LineError
from local.resources.kinds import (
    Answer,
    Kind,
    Made,
    Properties,
    Site,
    accepting,
    again,
    anew,
    answered,
    arn,
    creating,
    deleting,
    given,
    ref,
)
from local.resources.naming import Name


def _create_function(site: Site, properties: Properties) -> Answer:
    runtime = properties.get("Runtime", "a container image")
    if not str(runtime).startswith("python"):
        raise LineError(
            f"stack {site.stack}, resource {site.logical_id}: a function on {runtime} cannot run here, expected a "
            "python runtime: leave out the construct or setting that adds it (see docs/fidelity.md)"
        )
    parameters = {name: value for name, value in properties.items() if name != "ReservedConcurrentExecutions"}
    code = dict(properties["Code"])
    if "ZipFile" in code:
        code["ZipFile"] = _zipped(properties["Handler"], code["ZipFile"])
    answer = site.call("lambda", "create_function", **{**parameters, "Code": code})
    if "ReservedConcurrentExecutions" in properties:
        site.call(
            "lambda",
            "put_function_concurrency",
            FunctionName=properties["FunctionName"],
            ReservedConcurrentExecutions=properties["ReservedConcurrentExecutions"],
        )
    return {"FunctionArn": answer["FunctionArn"]}


def _update_function(made: Made, properties: Properties) -> Answer:
    name, code = properties["FunctionName"], dict(properties["Code"])
    if "ZipFile" in code:
        code["ZipFile"] = _zipped(properties["Handler"], code["ZipFile"])
    if properties["Code"] != made.given["Code"]:
        made.site.call("lambda", "update_function_code", FunctionName=name, **code)
    kept = {"Code", "FunctionName", "ReservedConcurrentExecutions", "Tags", "Architectures", "PackageType"}
    settings = {key: value for key, value in properties.items() if key not in kept}
    made.site.call("lambda", "update_function_configuration", FunctionName=name, **settings)
    return {}


def _zipped(handler: str, source: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(f"{handler.rsplit('.', 1)[0]}.py", source)
    return buffer.getvalue()


def _add_permission(site: Site, properties: Properties) -> Answer:
    return site.call("lambda", "add_permission", StatementId=site.unique, **properties)


def _remove_permission(made: Made) -> None:
    function = made.properties["FunctionName"]
    made.site.call("lambda", "remove_permission", FunctionName=function, StatementId=made.site.unique)


def _create_layer(site: Site, properties: Properties) -> Answer:
    answer = site.call("lambda", "publish_layer_version", **properties)
    return {"LayerVersionArn": answer["LayerVersionArn"], "Version": answer["Version"]}


def _destination_config(site: Site, properties: Properties) -> Answer:
    return site.call("lambda", "put_function_event_invoke_config", **properties)


def _concurrency(made: Made) -> Any:
    return f"{made.properties['FunctionName']}|{made.properties.get('Qualifier', '$LATEST')}"


_delete_alias = deleting("lambda", "delete_alias", FunctionName=given("FunctionName"), Name=given("Name"))
_delete_mapping = deleting("lambda", "delete_event_source_mapping", UUID=ref)


KINDS = [
    Kind(
        type="AWS::Lambda::Function",
        name=Name("FunctionName", longest=64),
        create=_create_function,
        ref=given("FunctionName"),
        attributes={"Arn": answered("FunctionArn")},
        delete=deleting("lambda", "delete_function", FunctionName=ref),
        update=_update_function,
        ignored=accepting("RuntimeManagementConfig", "RecursiveLoop", "Code.SourceKMSKeyArn"),
    ),
    Kind(
        type="AWS::Lambda::Version",
        create=creating("lambda", "publish_version"),
        ref=answered("FunctionArn"),
        attributes={"Version": answered("Version"), "FunctionArn": answered("FunctionArn")},
        ignored=accepting("CodeSha256", "ProvisionedConcurrencyConfig"),
    ),
    Kind(
        type="AWS::Lambda::Alias",
        create=creating("lambda", "create_alias"),
        ref=answered("AliasArn"),
        attributes={"AliasArn": answered("AliasArn")},
        delete=_delete_alias,
        ignored=accepting("ProvisionedConcurrencyConfig"),
        update=anew(creating("lambda", "create_alias"), _delete_alias),
    ),
    Kind(
        type="AWS::Lambda::LayerVersion",
        name=Name("LayerName", longest=140),
        create=_create_layer,
        ref=answered("LayerVersionArn"),
        attributes={"LayerVersionArn": answered("LayerVersionArn")},
        delete=deleting(
            "lambda", "delete_layer_version", LayerName=given("LayerName"), VersionNumber=answered("Version")
        ),
    ),
    Kind(
        type="AWS::Lambda::Permission",
        create=_add_permission,
        ref=lambda made: made.site.unique,
        delete=_remove_permission,
    ),
    Kind(
        type="AWS::Lambda::EventSourceMapping",
        create=creating("lambda", "create_event_source_mapping"),
        ref=answered("UUID"),
        attributes={"Id": ref, "EventSourceMappingArn": arn("lambda", "event-source-mapping:{ref}")},
        delete=_delete_mapping,
        update=anew(creating("lambda", "create_event_source_mapping"), _delete_mapping),
    ),
    Kind(
        type="AWS::Lambda::EventInvokeConfig",
        create=_destination_config,
        ref=_concurrency,
        delete=deleting("lambda", "delete_function_event_invoke_config", FunctionName=given("FunctionName")),
        update=again(_destination_config),
    ),
]
