"""The resources of one stack while an operation works on it: each is made, changed, replaced or removed, and noted."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from config.errors import LineError
from local import custom_resources
from local.cloudformation.registry import replacing, tag_property
from local.cloudformation.stacks import Stack, Wanted
from local.resources.catalogue import IGNORED_TYPES, KINDS, is_custom
from local.resources.kinds import Kind, Made, Properties, Site, text
from local.template import Template

if TYPE_CHECKING:
    from local.server import EmbeddedAws

OnEvent = Callable[[str, str, str], None]
"""Hears stack, logical id and type of each resource that was made or changed."""

_ABSENT = re.compile(r"NotFound|NoSuch|NonExistent|DoesNotExist")
_FAILURES = (ClientError, BotoCoreError, KeyError, LineError)


class Resources:
    """The resources of a stack on their way to what is wanted."""

    def __init__(self, aws: EmbeddedAws, stack: Stack, wanted: Wanted, on_event: OnEvent | None) -> None:
        self._aws, self._stack, self._wanted, self._on_event = aws, stack, wanted, on_event
        self.imports: set[str] = set()
        self.template = Template(
            wanted.template,
            stack=stack.name,
            stack_id=stack.id,
            account=aws.account,
            region=aws.region,
            attribute=self._attribute,
            export=self._export,
            ssm=lambda name: aws.client("ssm").get_parameter(Name=name)["Parameter"]["Value"],
            parameters=wanted.parameters,
        )

    def make(self, logical_id: str, *, instead_of: Made | None = None) -> Made | None:
        """Make a resource, under another name where it replaces one; nothing for a type that stands for nothing."""
        resource = self._wanted.resource(logical_id)
        type_ = resource["Type"]
        if type_ in IGNORED_TYPES:
            return None
        verb = "UPDATE" if instead_of else "CREATE"
        generation = instead_of.site.generation + 1 if instead_of else 0
        site = Site(aws=self._aws, stack=self._stack.name, logical_id=logical_id, generation=generation)
        try:
            properties = self._properties(logical_id)
            self._stack.note(logical_id, type_, f"{verb}_IN_PROGRESS", properties=properties)
            if instead_of is not None:
                _refuse_name_that_is_taken(instead_of, properties)
            made = kind_of(type_).make(site, properties)
        except _FAILURES as error:
            raise self._failed(error, (logical_id, type_, ""), f"{verb}_FAILED", "made") from error
        made.retain = resource.get("DeletionPolicy", "Delete") != "Delete"
        self._stack.made[logical_id] = made
        self._done(logical_id, made, f"{verb}_COMPLETE")
        return made

    def change(self, logical_id: str) -> tuple[Made, Properties] | None:
        """Give a resource what the template wants of it now, in place or by replacing it.

        Returns the resource as it was: the replaced one, or itself with its former properties; None for no change.
        """
        known, resource = self._stack.made[logical_id], self._wanted.resource(logical_id)
        known.retain = resource.get("DeletionPolicy", "Delete") != "Delete"
        kind, former = known.kind, known.given
        try:
            properties = self._properties(logical_id)
            wanted = kind.wanted(known.site, properties, known=known.properties)
            if text(wanted) == text(former):
                return None
            why = replacing(kind.type, former, wanted)
            if not why:
                self._stack.note(
                    logical_id, kind.type, "UPDATE_IN_PROGRESS", physical_id=known.ref, properties=properties
                )
                kind.change(known, properties)
        except _FAILURES as error:
            raise self._failed(error, (logical_id, kind.type, known.ref), "UPDATE_FAILED", "changed") from error
        if why:
            reason = f"Requested update requires the creation of a new physical resource ({', '.join(why)})"
            self._stack.note(logical_id, kind.type, "UPDATE_IN_PROGRESS", physical_id=known.ref, reason=reason)
            self.make(logical_id, instead_of=known)
            known.retain = resource.get("UpdateReplacePolicy", "Delete") != "Delete"
        else:
            self._done(logical_id, known, "UPDATE_COMPLETE")
        return known, former

    def restore(self, logical_id: str, former: Properties) -> None:
        """Give a resource the properties that it had; raises LineError where it cannot."""
        made = self._stack.made[logical_id]
        self._stack.note(logical_id, made.kind.type, "UPDATE_IN_PROGRESS", physical_id=made.ref)
        try:
            made.kind.change(made, former, anyway=True)
        except _FAILURES as error:
            raise self._failed(
                error, (logical_id, made.kind.type, made.ref), "UPDATE_FAILED", "changed back"
            ) from error
        self._stack.note(logical_id, made.kind.type, "UPDATE_COMPLETE", physical_id=made.ref)

    def remove(self, logical_id: str, made: Made, *, retain: bool | None = None) -> None:
        """Delete a resource, unless it is to be retained; raises LineError where it cannot be deleted."""
        type_ = made.kind.type
        if made.retain if retain is None else retain:
            self._stack.note(logical_id, type_, "DELETE_SKIPPED", physical_id=made.ref)
            return
        self._stack.note(logical_id, type_, "DELETE_IN_PROGRESS", physical_id=made.ref)
        try:
            if made.kind.delete:
                made.kind.delete(made)
        except _FAILURES as error:
            if not _is_absent(error):
                raise self._failed(error, (logical_id, type_, made.ref), "DELETE_FAILED", "deleted") from error
        self._stack.note(logical_id, type_, "DELETE_COMPLETE", physical_id=made.ref)

    def _properties(self, logical_id: str) -> Properties:
        """Return a resource's properties with every function resolved, and the stack's tags among its own."""
        resource = self._wanted.resource(logical_id)
        properties: Properties = self.template.resolve(resource.get("Properties", {}))
        return tagged(kind_of(resource["Type"]), properties, self._wanted.tags)

    def _done(self, logical_id: str, made: Made, status: str) -> None:
        self._stack.note(logical_id, made.kind.type, status, physical_id=made.ref)
        if self._on_event:
            self._on_event(self._stack.name, logical_id, made.kind.type)

    def _failed(self, error: Exception, at: tuple[str, str, str], status: str, what: str) -> LineError:
        """Note a failure at (logical id, type, physical id), and return it as a caller is told it."""
        (logical_id, type_, physical_id), stack = at, self._stack.name
        if isinstance(error, LineError):
            why = told = str(error)
            told = told if told.startswith("stack ") else f"stack {stack}, resource {logical_id}: {told}"
        else:
            why = self._why(error)
            told = f"stack {stack}, resource {logical_id}: {type_} could not be {what}: {why}"
        why = why.removeprefix(f"stack {stack}, resource {logical_id}: ")
        self._stack.note(logical_id, type_, status, physical_id=physical_id, reason=why)
        return LineError(told)

    def _why(self, error: Exception) -> str:
        if isinstance(error, KeyError):
            return f"it lacks the property {error}"
        inside = isinstance(error, ClientError) and error.response["ResponseMetadata"]["HTTPStatusCode"] == 500
        if inside and self._aws.problems:
            return self._aws.problems[-1]
        text = str(error).split("<!doctype", 1)[0].strip().rstrip(":")  # an error page tells the user nothing
        return " ".join(text.split())

    def _attribute(self, logical_id: str, attribute: str | None) -> Any:
        made = self._stack.made.get(logical_id)
        if made is None:
            raise LineError(f"stack {self._stack.name}: resource {logical_id} is referred to but not created")
        return made.ref if attribute is None else made.attribute(attribute)

    def _export(self, name: str) -> str:
        value = self._aws.stacks.export(name)
        if value is None:
            raise LineError(
                f"stack {self._stack.name}: no deployed stack exports {name!r}: deploy the one that does first"
            )
        self.imports.add(name)
        return value


def kind_of(type_: str) -> Kind:
    """Return what a type is made of; custom resources are all made the same way."""
    return custom_resources.kind(type_) if is_custom(type_) else KINDS[type_]


def tagged(kind: Kind, properties: Properties, tags: Mapping[str, str]) -> Properties:
    """Return properties with a stack's tags among them, where the type has tags; its own go before the stack's."""
    name = tag_property(kind.type)
    if not tags or name is None or not kind.understands(name):
        return properties
    own = properties.get(name) or []
    named = own if isinstance(own, Mapping) else {item["Key"]: item["Value"] for item in own}
    pairs = [{"Key": key, "Value": value} for key, value in {**tags, **named}.items()]
    return {**properties, name: pairs}


def _refuse_name_that_is_taken(known: Made, properties: Properties) -> None:
    name = known.kind.name
    if name and properties.get(name.property) == known.properties.get(name.property):
        taken = properties[name.property]
        raise LineError(
            f"CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename {taken} "
            "and update the stack again."
        )


def _is_absent(error: Exception) -> bool:
    """Tell whether a deletion failed because there is nothing left to delete."""
    return isinstance(error, ClientError) and bool(_ABSENT.search(error.response["Error"]["Code"]))
