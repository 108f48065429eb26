"""Whether a function's resource policy lets a service call it: what AWS::Lambda::Permission is for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import lambda_backends

from local.policy import decide, statements

if TYPE_CHECKING:
    from local.server import EmbeddedAws


def lets_service_call(aws: EmbeddedAws, function_arn: str, service: str, source_arn: str) -> bool:
    """Tell whether ``service`` (``apigateway.amazonaws.com``) may invoke a function on behalf of ``source_arn``."""
    try:
        function = lambda_backends[aws.account][aws.region].get_function(function_arn)
    except UnknownFunctionException:
        return False
    policies = [
        statement
        for statement in statements({"Statement": function.policy.statements})
        if isinstance(statement.principal, dict) and statement.principal.get("Service") == service
    ]
    context = {"aws:sourcearn": source_arn, "aws:sourceaccount": aws.account}
    return decide(policies, "lambda:InvokeFunction", None, context) == "allowed"
