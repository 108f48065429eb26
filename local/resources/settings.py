"""SSM parameters and Secrets Manager secrets."""

from __future__ import annotations

import json

from local.resources.kinds import (
    Answer,
    Kind,
    Made,
    Properties,
    Site,
    accepting,
    again,
    answered,
    creating,
    deleting,
    given,
    ref,
)
from local.resources.naming import Name


def _create_secret(site: Site, properties: Properties) -> Answer:
    value = properties.get("SecretString")
    generate = dict(properties.get("GenerateSecretString", {}))
    if value is None:
        template, key = generate.pop("SecretStringTemplate", None), generate.pop("GenerateStringKey", None)
        password = site.call("secretsmanager", "get_random_password", **generate)["RandomPassword"]
        value = json.dumps({**json.loads(template), key: password}) if template and key else password
    answer = site.call(
        "secretsmanager",
        "create_secret",
        Name=properties["Name"],
        SecretString=value,
        Description=properties.get("Description"),
        KmsKeyId=properties.get("KmsKeyId"),
        Tags=properties.get("Tags"),
    )
    return {"ARN": answer["ARN"]}


def _delete_secret(made: Made) -> None:
    made.site.call("secretsmanager", "delete_secret", SecretId=made.ref, ForceDeleteWithoutRecovery=True)


KINDS = [
    Kind(
        type="AWS::SSM::Parameter",
        name=Name("Name", longest=2048, pattern=r"[a-zA-Z0-9_.\-/]+"),
        create=creating("ssm", "put_parameter"),
        ref=given("Name"),
        attributes={"Type": given("Type"), "Value": given("Value")},
        delete=deleting("ssm", "delete_parameter", Name=ref),
        update=again(creating("ssm", "put_parameter", fixed={"Overwrite": True})),
    ),
    Kind(
        type="AWS::SecretsManager::Secret",
        name=Name("Name", longest=512, pattern=r"[\w/+=.@-]+"),
        create=_create_secret,
        ref=answered("ARN"),
        attributes={"Id": ref},
        delete=_delete_secret,
        accepts=accepting("Name", "SecretString", "GenerateSecretString", "Description", "KmsKeyId", "Tags"),
        holds_data=True,
    ),
]
