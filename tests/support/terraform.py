"""Terraform modules, parsed: their variables, resources and locals as plain values, expressions as their text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import hcl2

FOLDER: Final = Path(__file__).parents[2] / "deploy" / "terraform"

_NAMED: Final = re.compile(r"\$\{([a-z_.]+)\}")
_OF_THE_PARSER: Final = {"__is_block__", "__comments__"}


@cache
def blocks(folder: str, kind: str) -> Mapping[str, Any]:
    """All blocks of one kind in the files of `folder`; a resource by `type.name`, locals by their names."""
    found: dict[str, Any] = {}
    for path in sorted((FOLDER / folder).glob("*.tf")):
        for block in _plain(hcl2.loads(path.read_text(encoding="utf-8"))).get(kind, []):
            for name, content in _labelled(block, 2 if kind == "resource" else 0 if kind == "locals" else 1):
                assert name not in found, f"{name} stands twice in {folder}"
                found[name] = content
    return found


def _labelled(block: Mapping[str, Any], labels: int) -> Iterator[tuple[str, Any]]:
    for name, content in block.items():
        if labels > 1:
            yield from ((f"{name}.{inner}", value) for inner, value in _labelled(content, labels - 1))
        else:
            yield name, content


def filled(node: Any, values: Mapping[str, Any]) -> Any:
    """`node` with each reference replaced by what `values` has for it; raises KeyError for one that it has not."""
    match node:
        case dict():
            return {name: filled(value, values) for name, value in node.items()}
        case list():
            return [filled(value, values) for value in node]
        case str() if whole := _NAMED.fullmatch(node):
            return values[whole[1]]
        case str():
            return _NAMED.sub(lambda match: str(values[match[1]]), node)
        case _:
            return node


def _plain(node: Any) -> Any:
    """Without the quotes and the remarks of the parser."""
    match node:
        case dict():
            return {_unquoted(name): _plain(value) for name, value in node.items() if name not in _OF_THE_PARSER}
        case list():
            return [_plain(value) for value in node]
        case str():
            return _unquoted(node)
        case _:
            return node


def _unquoted(text: str) -> str:
    quoted = len(text) > 1 and text[0] == text[-1] == '"'
    return text[1:-1].replace('\\"', '"') if quoted else text
