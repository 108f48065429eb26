"""What a resource type is made of: how it is created and deleted, what Ref and Fn::GetAtt give."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

from config.errors import LineError
from local.resources.fit import fit
from local.resources.naming import Name

if TYPE_CHECKING:
    from local.server import EmbeddedAws

Properties = dict[str, Any]
Answer = dict[str, Any]


@dataclass(frozen=True)
class Site:
    """Where a resource is being made: the server, the stack and the logical id."""

    aws: EmbeddedAws
    stack: str
    logical_id: str
    generation: int = 0
    """How often the resource has been replaced; a name that is made up differs from one to the next."""

    @property
    def unique(self) -> str:
        """The logical id, told apart from that of the resource that this one replaces."""
        return f"{self.logical_id}-{self.generation}" if self.generation else self.logical_id

    @property
    def account(self) -> str:
        return self.aws.account

    @property
    def region(self) -> str:
        return self.aws.region

    def call(self, service: str, operation: str, /, **parameters: Any) -> Answer:
        """Call an API operation as the operator, its parameters fitted to it."""
        client = self.aws.client(service)
        name = client.meta.method_to_api_mapping[operation]
        fitted = fit(client.meta.service_model.operation_model(name), parameters)
        answer: Answer = getattr(client, operation)(**fitted)
        return answer


@dataclass
class Made:
    """A resource that exists: its properties with every function resolved, and what the API answered."""

    kind: Kind
    site: Site
    properties: Properties
    answer: Answer
    ref: str = ""
    retain: bool = False
    given: Properties = field(default_factory=dict)
    """The properties as they were before its making added to them."""

    def attribute(self, name: str) -> Any:
        """Return what Fn::GetAtt gives."""
        if self.kind.data and name in self.answer["Data"]:
            return self.answer["Data"][name]
        known = self.kind.attributes.get(name)
        if known is None:
            allowed = ", ".join(sorted(self.kind.attributes)) or "none"
            raise LineError(
                f"stack {self.site.stack}, resource {self.site.logical_id}: the embedded AWS knows no attribute "
                f"{name!r} of {self.kind.type}, expected one of {allowed}"
            )
        return known(self)


Value = Callable[[Made], Any]
Create = Callable[[Site, Properties], Answer]
Delete = Callable[[Made], Any]
Update = Callable[["Made", Properties], Answer]
"""Gives a resource other properties; what the answer of its making said stays, but for what this answer says anew."""


@dataclass(frozen=True)
class Kind:
    """One resource type.

    ``ignored`` lists properties that have no effect here; any other must be understood: by the API operation, or by
    being among those that ``create`` ``accepts``. ``data`` says that attributes are what the answer's Data holds.
    """

    type: str
    create: Create
    ref: Value
    name: Name | None = None
    attributes: Mapping[str, Value] = field(default_factory=dict)
    delete: Delete | None = None
    update: Update | None = None
    accepts: frozenset[str] | None = None
    ignored: frozenset[str] = frozenset()
    data: bool = False
    holds_data: bool = False
    """Whether something is lost when a resource of this type is replaced."""

    def make(self, site: Site, properties: Properties) -> Made:
        """Create a resource of this type."""
        wanted = self.wanted(site, properties)
        before = copy.deepcopy(wanted)
        made = Made(kind=self, site=site, properties=wanted, answer=self.create(site, wanted), given=before)
        made.ref = str(self.ref(made))
        return made

    def change(self, made: Made, properties: Properties, *, anyway: bool = False) -> bool:
        """Give a resource other properties, and say whether they were others; raises LineError where it cannot.

        ``anyway`` is for one that may be half changed, so that what is known of it is no proof.
        """
        site = made.site
        wanted = self.wanted(site, properties, known=made.properties)
        if text(wanted) == text(made.given) and not anyway:
            return False
        if self.update is None:
            self.refuse(made)
        answer = self.update(made, wanted)
        made.properties, made.given, made.answer = wanted, copy.deepcopy(wanted), {**made.answer, **answer}
        made.ref = str(self.ref(made))
        return True

    def refuse(self, made: Made) -> NoReturn:
        """Raise LineError: the resource cannot be changed while it is there."""
        where = f"stack {made.site.stack}, resource {made.site.logical_id}"
        raise LineError(f"{where}: {self.type} cannot be changed while it is there: start a fresh embedded AWS")

    def understands(self, name: str) -> bool:
        """Tell whether a property has a meaning here."""
        return name not in self.ignored and (self.accepts is None or name in self.accepts)

    def wanted(self, site: Site, properties: Properties, known: Properties | None = None) -> Properties:
        """Return the properties that count, the resource's name among them: the one it has, or a new one."""
        where = f"stack {site.stack}, resource {site.logical_id}"
        wanted = without(properties, self.ignored)
        if self.accepts is not None and (strange := sorted(set(wanted) - self.accepts)):
            raise LineError(
                f"{where}: the embedded AWS does not support the property {strange[0]} of {self.type}, "
                f"expected among {', '.join(sorted(self.accepts))}"
            )
        if self.name:
            if not wanted.get(self.name.property):
                made = (known or {}).get(self.name.property)
                wanted[self.name.property] = made or self.name.make(site.stack, site.unique, wanted)
            self.name.check(wanted[self.name.property], where)
        return dict(wanted)


def again(create: Create) -> Update:
    """Return an ``update`` that is another ``create``, which replaces what is there."""
    return lambda made, properties: create(made.site, properties)


def anew(create: Create, delete: Delete) -> Update:
    """Return an ``update`` that deletes the resource and makes it again under its name."""

    def update(made: Made, properties: Properties) -> Answer:
        delete(made)
        return create(made.site, properties)

    return update


def text(properties: Properties) -> str:
    return json.dumps(properties, sort_keys=True, default=str)


def accepting(*names: str) -> frozenset[str]:
    """Name the properties that a ``create`` of its own handles."""
    return frozenset(names)


def creating(
    service: str, operation: str, *, renamed: Mapping[str, str] | None = None, fixed: Mapping[str, Any] | None = None
) -> Create:
    """Return a ``create`` that is one API call with the properties as its parameters."""

    def create(site: Site, properties: Properties) -> Answer:
        named = {(renamed or {}).get(name, name): value for name, value in properties.items()}
        return site.call(service, operation, **{**(fixed or {}), **named})

    return create


def deleting(service: str, operation: str, **parameters: Value) -> Delete:
    """Return a ``delete`` that is one API call."""

    def delete(made: Made) -> Answer:
        return made.site.call(service, operation, **{name: value(made) for name, value in parameters.items()})

    return delete


def ref(made: Made) -> str:
    """The resource's Ref."""
    return made.ref


def given(name: str) -> Value:
    """A property, as the template gives it (or as it was made up)."""
    return lambda made: made.properties[name]


def answered(path: str) -> Value:
    """A value of the API's answer, by its dotted path."""

    def value(made: Made) -> Any:
        found: Any = made.answer
        for part in path.split("."):
            found = found[part]
        return found

    return value


def arn(service: str, resource: str) -> Value:
    """An ARN of this account and region; ``{ref}`` and property names are filled in."""

    def value(made: Made) -> str:
        tail = resource.format(ref=made.ref, **made.properties)
        return f"arn:aws:{service}:{made.site.region}:{made.site.account}:{tail}"

    return value


def constant(text: Any) -> Value:
    """The same for every resource."""
    return lambda _made: text


def without(value: Any, paths: frozenset[str]) -> Any:
    """Return a copy of a property tree less the dotted paths, which reach into lists too."""
    if isinstance(value, list):
        return [without(item, paths) for item in value]
    if not isinstance(value, dict):
        return value
    deeper = {name: frozenset(p.split(".", 1)[1] for p in paths if p.startswith(name + ".")) for name in value}
    return {name: without(item, deeper[name]) for name, item in value.items() if name not in paths}
