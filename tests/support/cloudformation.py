"""CloudFormation templates, read and rendered: what a stack would have in it, for given parameters.

Only what the templates under `deploy/` use is understood; anything else raises. Emulators ignore rules and the patterns
of parameters; here they are judged. Page: CloudFormation user guide, "Intrinsic function reference" and "Rules".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

FOLDER: Final = Path(__file__).parents[2] / "deploy" / "cloudformation"
ACCOUNT: Final = "111122223333"
REGION: Final = "us-west-2"

_PSEUDO: Final = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::URLSuffix": "amazonaws.com",
}
_NOTHING: Final = object()
_NAMED: Final = re.compile(r"\$\{([A-Za-z0-9:.]+)\}")


class RefusedError(Exception):
    """CloudFormation would not make such a stack; the text is what it would tell."""


class _Loader(yaml.CSafeLoader):
    """YAML with CloudFormation's short forms."""


def _long_form(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}"
    match node:
        case yaml.ScalarNode():
            value: Any = loader.construct_scalar(node)
        case yaml.SequenceNode():
            value = loader.construct_sequence(node, deep=True)
        case _:
            raise ValueError(f"!{suffix} of a mapping")
    return {name: value.split(".", 1) if suffix == "GetAtt" else value}


_Loader.add_multi_constructor("!", _long_form)


@cache
def read(name: str) -> Mapping[str, Any]:
    """The template `name` of `deploy/cloudformation/`, its short forms made long."""
    template: Mapping[str, Any] = yaml.load((FOLDER / name).read_text(encoding="utf-8"), _Loader)
    return template


@dataclass(frozen=True, slots=True)
class Stack:
    """A template with its parameters.

    `attributes` has what is known of its resources, by `Name` for a Ref and by `Name.Attribute`; a reference to another
    one stays as it is.
    """

    template: Mapping[str, Any]
    parameters: Mapping[str, Any]
    attributes: Mapping[str, str]

    @classmethod
    def of(cls, name: str, attributes: Mapping[str, str] | None = None, /, **given: Any) -> Stack:
        """The stack that the template `name` makes of the parameters `given`; raises `RefusedError`."""
        template = read(name)
        stack = cls(template, _accepted(template["Parameters"], given), attributes or {})
        for rule in template.get("Rules", {}).values():
            if stack._value(rule.get("RuleCondition", {"Fn::Equals": ["", ""]})):
                for assertion in rule["Assertions"]:
                    if not stack._value(assertion["Assert"]):
                        raise RefusedError(assertion["AssertDescription"])
        return stack

    def resources(self) -> dict[str, Any]:
        """The resources that are made, by their logical name."""
        return self._section("Resources")

    def properties(self, resource: str) -> dict[str, Any]:
        """The properties of one resource."""
        properties: dict[str, Any] = self.resources()[resource]["Properties"]
        return properties

    def outputs(self) -> dict[str, Any]:
        """The values of the outputs that there are."""
        return {name: output["Value"] for name, output in self._section("Outputs").items()}

    def rendered(self) -> dict[str, Any]:
        """A template without parameters and conditions that makes the same stack."""
        return {
            "AWSTemplateFormatVersion": self.template["AWSTemplateFormatVersion"],
            "Resources": {
                name: {member: value for member, value in resource.items() if member != "Condition"}
                for name, resource in self.resources().items()
            },
        }

    def _section(self, name: str) -> dict[str, Any]:
        return {
            member: self._value({key: value for key, value in content.items() if key != "Condition"})
            for member, content in self.template[name].items()
            if "Condition" not in content or self._holds(content["Condition"])
        }

    def _holds(self, condition: str) -> bool:
        return bool(self._value(self.template["Conditions"][condition]))

    def _value(self, node: Any) -> Any:
        if isinstance(node, list):
            return [value for value in map(self._value, node) if value is not _NOTHING]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            (name, argument), *_ = node.items()
            if name in _FUNCTIONS:
                return _FUNCTIONS[name](self, argument)
            if name.startswith("Fn::"):
                raise NotImplementedError(name)
        return {name: value for name, each in node.items() if (value := self._value(each)) is not _NOTHING}

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _NOTHING
        for known in (_PSEUDO, self.parameters, self.attributes):
            if name in known:
                return known[name]
        return {"Ref": name} if name in self.template["Resources"] else _unknown(name)

    def _get_att(self, path: list[str]) -> Any:
        resource, attribute = path
        known = self.attributes.get(f"{resource}.{attribute}")
        if known is None and resource not in self.template["Resources"]:
            _unknown(resource)
        return {"Fn::GetAtt": path} if known is None else known

    def _sub(self, argument: Any) -> Any:
        text, own = argument if isinstance(argument, list) else (argument, {})
        values = {name: self._value(value) for name, value in own.items()}

        def named(match: re.Match[str]) -> str:
            name = match[1]
            found = values[name] if name in values else self._named(name)
            return str(found) if isinstance(found, str | int) else match[0]

        filled = _NAMED.sub(named, text)
        return {"Fn::Sub": filled} if _NAMED.search(filled) else filled

    def _named(self, name: str) -> Any:
        resource, dot, attribute = name.partition(".")
        return self._get_att([resource, attribute]) if dot else self._ref(name)

    def _if(self, argument: list[Any]) -> Any:
        condition, yes, no = argument
        return self._value(yes if self._holds(condition) else no)

    def _equals(self, argument: list[Any]) -> bool:
        one, other = (str(self._value(each)) for each in argument)
        return one == other

    def _select(self, argument: list[Any]) -> Any:
        place, values = argument
        return self._value(values)[int(place)]

    def _split(self, argument: list[Any]) -> list[str]:
        separator, text = argument
        return str(self._value(text)).split(separator)

    def _find(self, argument: list[Any]) -> Any:
        table, row, column = (self._value(each) for each in argument)
        return self.template["Mappings"][table][row][column]


_FUNCTIONS: Final[Mapping[str, Callable[[Stack, Any], Any]]] = {
    "Ref": Stack._ref,
    "Condition": Stack._holds,
    "Fn::And": lambda stack, parts: all(map(stack._value, parts)),
    "Fn::Equals": Stack._equals,
    "Fn::FindInMap": Stack._find,
    "Fn::GetAtt": Stack._get_att,
    "Fn::If": Stack._if,
    "Fn::Not": lambda stack, parts: not stack._value(parts[0]),
    "Fn::Or": lambda stack, parts: any(map(stack._value, parts)),
    "Fn::Select": Stack._select,
    "Fn::Split": Stack._split,
    "Fn::Sub": Stack._sub,
}


def _unknown(name: str) -> Any:
    raise KeyError(f"the template has no parameter or resource {name}")


def _accepted(declared: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    if unknown := sorted(set(given) - set(declared)):
        raise RefusedError(f"Parameters: {unknown} do not exist in the template")
    values = {name: given.get(name, each.get("Default")) for name, each in declared.items()}
    if missing := sorted(name for name, value in values.items() if value is None):
        raise RefusedError(f"Parameters: {missing} must have values")
    for name, value in values.items():
        if not _fits(declared[name], value):
            raise RefusedError(declared[name]["ConstraintDescription"])
    return values


def _fits(declared: Mapping[str, Any], value: Any) -> bool:
    text = str(value)
    if "AllowedValues" in declared and text not in map(str, declared["AllowedValues"]):
        return False
    if "AllowedPattern" in declared and not re.fullmatch(declared["AllowedPattern"], text):
        return False
    if declared["Type"] == "Number":
        number = float(value)
        least, most = float(declared.get("MinValue", number)), float(declared.get("MaxValue", number))
        return least <= number <= most
    return len(text) <= int(declared.get("MaxLength", len(text)))
