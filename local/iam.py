"""Authorising every call that a role makes, against the policies that the templates gave it.

Seam: a gate before moto, so that nothing can go around it. moto's own enforcement is not used: it knows the resource
of few calls and takes an unmet condition for a denial. The operator, who deploys and looks on, is never refused.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from moto.iam.models import iam_backends
from moto.s3.models import s3_backends
from moto.sts.models import sts_backends

from local import grants as evidence
from local import requests
from local.fidelity import Row
from local.grants import Grant
from local.iam_checks import Check, Place, checks
from local.iam_keys import key_checks
from local.policy import Statement, Verdict, decide, matches_any, statements

if TYPE_CHECKING:
    from local.server import EmbeddedAws

FIDELITY = [
    Row("IAM", "identity policies of roles, with conditions and PassRole", "real", "every call of a role is decided"),
    Row("IAM", "AWS managed policies", "real", "with the documents that moto carries"),
    Row("IAM", "S3 bucket policies", "real", "Allow and Deny with their conditions; loopback counts as TLS"),
    Row(
        "IAM",
        "keys behind S3, SQS, SNS, DynamoDB",
        "approximated",
        "identity policies decide, key policies are not read",
    ),
    Row("IAM", "function policies", "approximated", "asked for by API Gateway"),
    Row("IAM", "other resource policies, trust policies, boundaries, SCPs", "absent", "not evaluated"),
    Row("STS", "AssumeRole", "approximated", "the role must exist, its session ends; anyone may"),
    Row("IAM", "calls whose resource is not known", "approximated", "the action alone is compared"),
]


_TOLD = "The security token included in the request is expired"
_EXPIRED = {
    "query": ("ExpiredToken", _TOLD, 403),
    "rest-xml": ("ExpiredToken", "The provided token has expired.", 400),
    "json": ("ExpiredTokenException", _TOLD, 400),
    "rest-json": ("ExpiredTokenException", _TOLD, 403),
}


@dataclass(frozen=True)
class Decision:
    """What was decided on one action of one role."""

    role: str
    action: str
    resource: str
    allowed: bool


@dataclass(frozen=True)
class Grants:
    """A summary: how many decisions allowed and denied, which were denied, which granted actions nobody used."""

    allowed: int
    denied: int
    denials: list[tuple[str, str, str]] = field(default_factory=list)
    unused: list[tuple[str, str]] = field(default_factory=list)
    each: list[Grant] = field(default_factory=list)
    """Every grant of every role that the templates made, also of roles that made no call."""


class Authorizer:
    """The decisions of one server."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self._aws = aws
        self._lock = threading.Lock()
        self._decisions: Counter[Decision] = Counter()
        self._roles: dict[str, str] = {}
        self._parsed: dict[str, list[Statement]] = {}

    def gate(self, environ: dict[str, Any]) -> Any:
        """Refuse a request of a role that may not make it; let every other through."""
        signed = requests.signature(environ)
        if signed is None or signed.service == "execute-api":
            return None
        role = self.role_of(signed.access_key)
        if role is None and signed.service != "sts":
            return None
        call = requests.read(environ, signed.service)
        if call is None:
            return None
        if role is not None and self._is_over(signed.access_key):
            return requests.failure(call, *_EXPIRED.get(call.protocol, _EXPIRED["query"]))
        if why := self._why_not(role, call, signed.region):
            user = f"assumed-role/{role}/{role[:64]}" if role else "user/operator"
            return requests.refusal(
                call, f"User: arn:aws:sts::{self._aws.account}:{user} is not authorized to perform: {why}"
            )
        return None

    def _why_not(self, role: str | None, call: requests.Call, region: str) -> str | None:
        """Return what a caller may not do, or None; the operator may do everything that can be done."""
        if call.operation == "AssumeRole" and not self._is_there(call.parameters["RoleArn"]):
            return f"sts:AssumeRole on resource: {call.parameters['RoleArn']}"
        if role is None:
            return None
        place = Place(account=self._aws.account, region=region)
        for check in [*checks(call, place), *self._absence(call), *key_checks(call, place)]:
            verdict, resource = self.decide(role, check)
            if verdict != "allowed":
                why = "with an explicit deny" if verdict == "denied" else f"because no policy allows {check.action}"
                return f"{check.action} on resource: {resource} {why}"
        return None

    def role_of(self, access_key: str) -> str | None:
        """Return the name of the role whose session a key belongs to, or None."""
        if access_key not in self._roles:
            sessions = sts_backends[self._aws.account]["aws"].assumed_roles
            found = {session.access_key_id: session.role_arn.rsplit("/", 1)[-1] for session in list(sessions)}
            self._roles |= found
        return self._roles.get(access_key)

    def _is_there(self, arn: str) -> bool:
        """Whether a role exists; moto would let any be assumed."""
        roles = iam_backends[self._aws.account]["aws"].roles.values()
        return any(role.arn == arn for role in list(roles))

    def _is_over(self, access_key: str) -> bool:
        """Whether a session's time is over; those that the embedded AWS gives its own children are renewed."""
        if self._aws.is_own(access_key):
            return False
        sessions = sts_backends[self._aws.account]["aws"].assumed_roles
        ends = next((one.expiration for one in list(sessions) if one.access_key_id == access_key), None)
        return ends is not None and ends.replace(tzinfo=dt.UTC) < dt.datetime.now(dt.UTC)

    def decide(self, role: str, check: Check) -> tuple[Verdict, str]:
        """Decide and record one check; any one of its resources may be the allowed one."""
        verdict: Verdict = "silent"
        resource: str | None = None
        for resource in check.resources:
            verdict = self._evaluate(role, check, resource)
            if verdict != "silent":
                break
        named = resource or "*"
        with self._lock:
            self._decisions[Decision(role, check.action, named, verdict == "allowed")] += 1
        return verdict, named

    def decisions(self) -> list[tuple[Decision, int]]:
        """Return every decision with how often it was made."""
        with self._lock:
            return list(self._decisions.items())

    def granted(self, role: str) -> list[Statement]:
        """Return the statements of a role's inline and attached policies."""
        backend = iam_backends[self._aws.account]["aws"]
        found = next((known for known in list(backend.roles.values()) if known.name == role), None)
        if found is None:
            return []
        documents = [(f"inline {name}", document) for name, document in found.policies.items()]
        documents += [
            (policy.arn, version.document)
            for policy in found.managed_policies.values()
            for version in policy.versions
            if version.is_default
        ]
        return [statement for source, document in documents for statement in self._statements(source, document)]

    def _statements(self, source: str, document: Any) -> list[Statement]:
        if not isinstance(document, str):
            return statements(document, source)
        if document not in self._parsed:
            self._parsed[document] = statements(document, source)
        return self._parsed[document]

    def _evaluate(self, role: str, check: Check, resource: str | None) -> Verdict:
        account = self._aws.account
        context = {
            "aws:currenttime": _now(),
            "aws:principalaccount": account,
            "aws:principalarn": f"arn:aws:iam::{account}:role/{role}",
            "aws:requestedregion": self._aws.region,
            "aws:resourceaccount": account,
            "aws:securetransport": "true",  # loopback stands for TLS
            "aws:viaawsservice": "false",
            **check.context,
        }
        own = decide(self.granted(role), check.action, resource, context)
        if own == "denied" or resource is None or not resource.startswith("arn:aws:s3:::"):
            return own
        theirs = decide(self._bucket_statements(resource, role), check.action, resource, context)
        return theirs if theirs != "silent" else own

    def _bucket_statements(self, resource: str, role: str) -> Iterable[Statement]:
        bucket = s3_backends[self._aws.account]["aws"].buckets.get(resource.removeprefix("arn:aws:s3:::").split("/")[0])
        if bucket is None or not bucket.policy:
            return []
        document = bucket.policy.decode() if isinstance(bucket.policy, bytes) else bucket.policy
        return [item for item in self._statements(resource, document) if self._is_principal(item, role)]

    def _is_principal(self, statement: Statement, role: str) -> bool:
        """Tell whether a bucket policy's statement speaks of the role itself.

        One that allows the whole account only opens the door to identity policies, so it counts for Deny alone.
        """
        principal = statement.principal
        named = principal.get("AWS", []) if isinstance(principal, dict) else principal
        names = [named] if isinstance(named, str) else (named or [])
        account = self._aws.account
        own = (f"arn:aws:iam::{account}:role/{role}", f"arn:aws:sts::{account}:assumed-role/{role}/*")
        if any(name == "*" or any(matches_any([arn], name) for arn in own) for name in names):
            return True
        return statement.effect == "Deny" and any(account in name for name in names)

    def _absence(self, call: requests.Call) -> Iterable[Check]:
        """AWS tells a caller that an object is absent only if the caller may list the bucket."""
        if call.service != "s3" or call.operation not in ("GetObject", "HeadObject"):
            return
        bucket = s3_backends[self._aws.account]["aws"].buckets.get(call.parameters["Bucket"])
        if bucket is not None and bucket.keys.get(call.parameters["Key"]) is None:
            prefix = {"s3:prefix": call.parameters["Key"]}
            yield Check("s3:ListBucket", (f"arn:aws:s3:::{bucket.name}",), prefix)


def install(aws: EmbeddedAws) -> None:
    """Let every request pass the gate."""
    aws.authorizer = Authorizer(aws)
    aws.add_gate(aws.authorizer.gate)


def permitted(
    aws: EmbeddedAws, role_arn: str, action: str, resource: str, context: dict[str, str | list[str]] | None = None
) -> bool:
    """Decide, and record, what a service does on a role's behalf: writing a function's logs, starting a target."""
    role = role_arn.rsplit("/", 1)[-1]
    verdict, _ = aws.authorizer.decide(role, Check(action, (resource,), context or {}))
    return verdict == "allowed"


def grants(aws: EmbeddedAws) -> Grants:
    """Summarise the decisions so far; ``unused`` speaks of roles that made a call, and not of AWS's own policies."""
    authorizer = aws.authorizer
    decisions = authorizer.decisions()
    used: dict[str, set[str]] = {}
    for decision, _ in decisions:
        if decision.allowed:
            used.setdefault(decision.role, set()).add(decision.action)
    unused = [
        (role, action)
        for role, actions in sorted(used.items())
        for action in sorted(_granted_actions(authorizer.granted(role)))
        if not any(matches_any([action], taken, ignore_case=True) for taken in actions)
    ]
    return Grants(
        allowed=sum(count for decision, count in decisions if decision.allowed),
        denied=sum(count for decision, count in decisions if not decision.allowed),
        denials=sorted({(d.role, d.action, d.resource) for d, _ in decisions if not d.allowed}),
        unused=unused,
        each=evidence.grants(aws),
    )


def _granted_actions(policies: Iterable[Statement]) -> set[str]:
    own = [item for item in policies if item.effect == "Allow" and not item.source.startswith("arn:aws:iam::aws:")]
    return {action for item in own for action in item.actions}


def _now() -> str:
    return dt.datetime.now(tz=dt.UTC).isoformat()
