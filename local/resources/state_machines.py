"""Step Functions: state machines, with the template's definition byte for byte."""

from __future__ import annotations

from typing import Any

from local.resources.fit import text
from local.resources.kinds import Answer, Kind, Made, Properties, Site, accepting, answered, deleting, given, ref
from local.resources.naming import Name

_RENAMED = {"StateMachineName": "name", "StateMachineType": "type"}
_DEFINITION = ("DefinitionString", "Definition", "DefinitionS3Location", "DefinitionSubstitutions")


def _create(site: Site, properties: Properties) -> Answer:
    parameters = {_RENAMED.get(name, name): value for name, value in properties.items() if name not in _DEFINITION}
    return site.call("stepfunctions", "create_state_machine", definition=definition(site, properties), **parameters)


def _update(made: Made, properties: Properties) -> Answer:
    body = definition(made.site, properties)
    made.site.call(
        "stepfunctions",
        "update_state_machine",
        stateMachineArn=made.ref,
        definition=body,
        roleArn=properties["RoleArn"],
    )
    return {}


def definition(site: Site, properties: Properties) -> str:
    """Return the definition that a state machine's properties give."""
    body: Any = properties.get("DefinitionString", properties.get("Definition"))
    if body is None:
        place = properties["DefinitionS3Location"]
        body = site.call("s3", "get_object", Bucket=place["Bucket"], Key=place["Key"])["Body"].read().decode()
    body = text(body)
    for name, value in properties.get("DefinitionSubstitutions", {}).items():
        body = body.replace(f"${{{name}}}", text(value))
    return str(body)


KINDS = [
    Kind(
        type="AWS::StepFunctions::StateMachine",
        name=Name("StateMachineName", longest=80),
        create=_create,
        ref=answered("stateMachineArn"),
        attributes={"Arn": ref, "Name": given("StateMachineName"), "StateMachineRevisionId": lambda _made: "INITIAL"},
        delete=deleting("stepfunctions", "delete_state_machine", stateMachineArn=ref),
        update=_update,
        accepts=accepting(
            *_RENAMED,
            *_DEFINITION,
            "RoleArn",
            "Tags",
            "LoggingConfiguration",
            "TracingConfiguration",
            "EncryptionConfiguration",
        ),
        holds_data=True,
    )
]
