"""A CloudFormation template: its functions resolved, its conditions decided, its resources in order."""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from config.errors import LineError

NO_VALUE = object()
"""What ``AWS::NoValue`` resolves to; the property that holds it disappears."""

_SUBSTITUTION = re.compile(r"\$\{(!?)([^}]*)\}")
_SSM_TYPE = re.compile(r"AWS::SSM::Parameter::Value<.*>")


class Template:
    """One stack's template and what its functions need to know.

    ``attribute(logical_id, None)`` gives a resource's Ref, ``attribute(logical_id, name)`` its Fn::GetAtt;
    ``export(name)`` an export of another stack; ``ssm(name)`` the value of an SSM parameter.
    """

    def __init__(
        self,
        body: Mapping[str, Any],
        *,
        stack: str,
        account: str,
        region: str,
        attribute: Callable[[str, str | None], Any],
        export: Callable[[str], Any],
        ssm: Callable[[str], str],
        parameters: Mapping[str, str] | None = None,
        stack_id: str | None = None,
    ) -> None:
        self.body, self.stack = body, stack
        self.resources: dict[str, dict[str, Any]] = dict(body.get("Resources", {}))
        self._attribute, self._export, self._ssm = attribute, export, ssm
        self._given = dict(parameters or {})
        self._pseudo = {
            "AWS::AccountId": account,
            "AWS::NoValue": NO_VALUE,
            "AWS::NotificationARNs": [],
            "AWS::Partition": "aws",
            "AWS::Region": region,
            "AWS::StackId": stack_id or f"arn:aws:cloudformation:{region}:{account}:stack/{stack}/embedded",
            "AWS::StackName": stack,
            "AWS::URLSuffix": "amazonaws.com",
        }
        self._conditions: dict[str, bool] = {}

    def order(self) -> list[str]:
        """Return the logical ids of the resources to create, each after those it depends on."""
        wanted = [name for name, resource in self.resources.items() if self.applies(resource)]
        sorter: TopologicalSorter[str] = TopologicalSorter({name: [] for name in wanted})
        for name in wanted:
            resource = self.resources[name]
            explicit = resource.get("DependsOn", [])
            needed = {explicit} if isinstance(explicit, str) else set(explicit)
            needed |= set(references(resource.get("Properties", {})))
            sorter.add(name, *(other for other in wanted if other in needed))
        try:
            return list(sorter.static_order())
        except CycleError as error:
            path = " → ".join(error.args[1])
            raise LineError(f"stack {self.stack}: resources depend on each other in a circle: {path}") from None

    def applies(self, item: Mapping[str, Any]) -> bool:
        """Tell whether the condition of a resource or output holds."""
        return self.condition(item["Condition"]) if "Condition" in item else True

    def condition(self, name: str) -> bool:
        """Return the truth of a named condition."""
        if name not in self._conditions:
            if name not in self.body.get("Conditions", {}):
                raise LineError(f"stack {self.stack}: there is no condition {name!r}")
            self._conditions[name] = bool(self.resolve(self.body["Conditions"][name]))
        return self._conditions[name]

    def resolve(self, value: Any) -> Any:
        """Return a value with every intrinsic function in it replaced by its result."""
        if isinstance(value, list):
            return [item for item in map(self.resolve, value) if item is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            name, argument = next(iter(value.items()))
            function = self._functions().get(name)
            if function:
                return function(argument)
            if name.startswith("Fn::"):
                raise LineError(f"stack {self.stack}: the embedded AWS does not support the function {name}")
        resolved = {key: self.resolve(item) for key, item in value.items()}
        return {key: item for key, item in resolved.items() if item is not NO_VALUE}

    def _functions(self) -> dict[str, Callable[[Any], Any]]:
        return {
            "Ref": self._ref,
            "Condition": self.condition,
            "Fn::And": lambda items: all(self.resolve(item) for item in items),
            "Fn::Base64": lambda text: base64.b64encode(str(self.resolve(text)).encode()).decode(),
            "Fn::Cidr": self._cidr,
            "Fn::Equals": lambda pair: self.resolve(pair[0]) == self.resolve(pair[1]),
            "Fn::FindInMap": self._find_in_map,
            "Fn::GetAZs": self._zones,
            "Fn::GetAtt": self._get_att,
            "Fn::If": lambda parts: self.resolve(parts[1] if self.condition(parts[0]) else parts[2]),
            "Fn::ImportValue": lambda name: self._export(str(self.resolve(name))),
            "Fn::Join": self._join,
            "Fn::Not": lambda items: not self.resolve(items[0]),
            "Fn::Or": lambda items: any(self.resolve(item) for item in items),
            "Fn::Select": lambda pair: self.resolve(pair[1])[int(self.resolve(pair[0]))],
            "Fn::Split": lambda pair: str(self.resolve(pair[1])).split(pair[0]),
            "Fn::Sub": self._sub,
        }

    def _ref(self, name: str) -> Any:
        if name in self._pseudo:
            return self._pseudo[name]
        if name in self.body.get("Parameters", {}):
            return self._parameter(name)
        return self._resource_value(name, None)

    def _parameter(self, name: str) -> Any:
        declared = self.body["Parameters"][name]
        value = self._given.get(name, declared.get("Default"))
        if value is None:
            raise LineError(f"stack {self.stack}: parameter {name} has neither a value nor a default")
        kind = declared.get("Type", "String")
        if _SSM_TYPE.fullmatch(kind):
            value = self._ssm(str(value))
        return [item.strip() for item in str(value).split(",")] if "List<" in kind or "DelimitedList" in kind else value

    def _resource_value(self, name: str, attribute: str | None) -> Any:
        if name not in self.resources:
            raise LineError(f"stack {self.stack}: nothing in the template is called {name!r}")
        return self._attribute(name, attribute)

    def _get_att(self, argument: Any) -> Any:
        name, attribute = argument.split(".", 1) if isinstance(argument, str) else (argument[0], argument[1])
        return self._resource_value(name, str(self.resolve(attribute)))

    def _join(self, argument: list[Any]) -> str:
        return str(argument[0]).join(_text(item) for item in self.resolve(argument[1]))

    def _sub(self, argument: Any) -> str:
        text, own = (argument, {}) if isinstance(argument, str) else (argument[0], self.resolve(argument[1]))

        def value(match: re.Match[str]) -> str:
            literal, name = match.group(1), match.group(2).strip()
            if literal:
                return f"${{{name}}}"
            if name in own:
                return _text(own[name])
            return _text(self._get_att(name) if "." in name else self._ref(name))

        return _SUBSTITUTION.sub(value, text)

    def _find_in_map(self, argument: list[Any]) -> Any:
        name, first, second = (str(self.resolve(part)) for part in argument[:3])
        try:
            return self.body["Mappings"][name][first][second]
        except KeyError:
            raise LineError(f"stack {self.stack}: the mapping {name} has no entry {first}.{second}") from None

    def _zones(self, region: Any) -> list[str]:
        return [f"{self.resolve(region) or self._pseudo['AWS::Region']}{letter}" for letter in "abc"]

    def _cidr(self, argument: list[Any]) -> list[str]:
        block, count, *bits = (self.resolve(part) for part in argument)
        network = ipaddress.ip_network(block)
        prefix = network.max_prefixlen - int(bits[0] if bits else 8)
        subnets = network.subnets(new_prefix=prefix)
        return [str(next(subnets)) for _ in range(int(count))]


def references(value: Any) -> Iterator[str]:
    """Yield each name that a value refers to: logical ids, parameters and pseudo parameters alike."""
    if isinstance(value, list):
        for item in value:
            yield from references(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key == "Ref" and isinstance(item, str):
                yield item
            elif key == "Fn::GetAtt":
                yield item.split(".", 1)[0] if isinstance(item, str) else item[0]
            elif key == "Fn::Sub":
                text, own = (item, {}) if isinstance(item, str) else (item[0], item[1])
                yield from references(own)
                for literal, name in _SUBSTITUTION.findall(text):
                    if not literal and name not in own:
                        yield name.strip().split(".", 1)[0]
            else:
                yield from references(item)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)
