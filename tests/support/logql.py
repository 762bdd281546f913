"""The LogQL that ships, as Grafana's own grammar reads it: its mistakes, and every name in it.

Node runs the grammar; `tests/tools/logql.cjs` asks it. What the grammar lets pass and Loki refuses is found here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from tests.support.tools import npm_modules, run_tool

SCRIPT: Final = Path(__file__).parents[1] / "tools" / "logql.cjs"

BUILT_IN: Final[Mapping[str, str]] = {
    "__interval": "1m",
    "__range": "86400s",
    "__from": "1790000000000",
    "__to": "1790086400000",
}
"""What Grafana puts in for its own variables."""

_VARIABLE: Final = re.compile(r"\$(?:\{(\w+)(?::(\w+))?\}|(\w+))")
_ACTION: Final = re.compile(r"\{\{-?(.*?)-?\}\}", re.DOTALL)
_TEXT: Final = re.compile(r'"(?:\\.|[^"\\])*"')
_FIELD: Final = re.compile(r"(?<![\w.)])\.([A-Za-z_]\w*)")
_WORD: Final = re.compile(r"(?<![\w.$])[A-Za-z_]\w*")
_BAD_ESCAPE: Final = re.compile(r'(?<!\\)(?:\\\\)*\\[^abfnrtv\\"xuU0-7]')
_SUMMING: Final = "sum"

TEMPLATE_WORDS: Final = frozenset(
    """
    if else end with range and or not eq ne lt le gt ge len index print printf println
    __line__ __timestamp__ add contains count date default div duration_seconds fromJson hasPrefix hasSuffix int lower
    mul regexReplaceAll replace sub substr toDate trim trimPrefix trimSuffix trunc unixEpoch unixEpochMillis upper
    urlencode
    """.split()
)
"""Words of Go's templates, and those of Loki's functions that are used or near: https://grafana.com/docs/loki/latest/query/template_functions/"""

_Tree: TypeAlias = "tuple[str, str, list[_Tree]]"


@dataclass(frozen=True, slots=True)
class Match:
    """A label, an operator, and the text that it is compared with."""

    name: str
    operator: str
    value: str


@dataclass(frozen=True, slots=True)
class Query:
    """What stands in one query.

    `streams` are the matchers between braces, `filters` those behind. `used` are all names that a record must have;
    `made` are those that the query itself makes. `paths` lead into the body's JSON; `all_json` says that the whole body
    is laid open.
    """

    text: str
    errors: tuple[str, ...]
    is_metric: bool
    streams: tuple[Match, ...]
    filters: tuple[Match, ...]
    used: frozenset[str]
    made: frozenset[str]
    paths: frozenset[str]
    all_json: bool


def parsed(queries: Sequence[str]) -> list[Query]:
    """What stands in each of `queries`; skips the test where the grammar is not installed."""
    answer = run_tool("node", SCRIPT, npm_modules(), stdin=json.dumps(list(queries)))
    assert answer.returncode == 0, answer.stderr
    return [_query(text, _Nodes(tree)) for text, tree in zip(queries, json.loads(answer.stdout), strict=True)]


def filled(text: str, values: Mapping[str, str]) -> str:
    """`text` with Grafana's variables replaced, as its data source for Loki does it; fails for one without a value."""
    return _VARIABLE.sub(lambda found: _formatted(values[found[1] or found[3]], found[2]), text)


def _formatted(value: str, form: str | None) -> str:
    return re.sub(r"[\\^$*+?.()|\[\]{}/]", r"\\\g<0>", value) if form == "regex" else value


class _Nodes:
    """The tree of one query, with ways to look into it."""

    def __init__(self, tree: _Tree) -> None:
        self.root = tree
        self._all = [*_down(tree)]

    def named(self, *names: str) -> Iterator[_Tree]:
        """Every node of these names, with what is below them."""
        return (node for node in self._all if node[0] in names)


def _down(node: _Tree) -> Iterator[_Tree]:
    """The node and all below it."""
    yield node
    for child in node[2]:
        yield from _down(child)


def _query(text: str, nodes: _Nodes) -> Query:
    extractions = [*nodes.named("LabelExtractionExpression")]
    formats = [*nodes.named("LabelFormatMatcher")]
    return Query(
        text=text,
        errors=(*_errors(nodes), *_wrong_templates(nodes)),
        is_metric=any(True for _ in nodes.named("MetricExpr")),
        streams=tuple(_match(one) for part in nodes.named("Selector") for one in _below(part, "Matcher")),
        filters=tuple(_match(one) for part in nodes.named("LabelFilter") for one in _own(part, "Matcher")),
        used=frozenset({*_compared(nodes), *_grouped(nodes), *_shown(nodes), *(_renamed(formats))}),
        made=frozenset(_first(one, "Identifier") for one in (*extractions, *formats)),
        paths=frozenset(_text(_first(one, "String")) or _first(one, "Identifier") for one in extractions),
        all_json=any(True for part in nodes.named("LabelParser") for _ in _own(part, "Json")),
    )


def _below(part: _Tree, name: str) -> Iterator[_Tree]:
    return (node for node in _down(part) if node[0] == name)


def _own(part: _Tree, *names: str) -> Iterator[_Tree]:
    return (child for child in part[2] if child[0] in names)


def _first(part: _Tree, name: str) -> str:
    return next((child[1] for child in _own(part, name)), "")


def _match(matcher: _Tree) -> Match:
    name, operator, value = (*(child[1] for child in matcher[2]), "", "", "")[:3]
    return Match(name, operator, _text(value))


def _text(literal: str) -> str:
    """What a string literal of Go stands for."""
    if literal.startswith('"'):
        return literal if _escapes_badly(literal) else str(json.loads(literal))
    return literal.strip("`")


def _escapes_badly(literal: str) -> bool:
    return literal.startswith('"') and _BAD_ESCAPE.search(literal) is not None


def _compared(nodes: _Nodes) -> Iterator[str]:
    """Names in label filters, whatever is compared: a text, a number, a duration, an address; and in keep and drop."""
    for part in nodes.named("LabelFilter", "KeepLabel", "DropLabel"):
        for one in _own(part, "Matcher", "NumberFilter", "UnitFilter", "IpLabelFilter"):
            yield next(node[1] for node in _below(one, "Identifier"))
        yield from (child[1] for child in _own(part, "Identifier"))


def _grouped(nodes: _Nodes) -> Iterator[str]:
    for part in nodes.named("Labels", "UnwrapExpr", "GroupingLabel"):
        yield from (child[1] for child in _own(part, "Identifier", "LabelName"))


def _renamed(formats: Iterable[_Tree]) -> Iterator[str]:
    """The old names in `label_format new=old`."""
    for one in formats:
        yield from (child[1] for child in [*_own(one, "Identifier")][1:])


def _templates(nodes: _Nodes) -> Iterator[str]:
    for part in nodes.named("LineFormatExpr", "LabelFormatMatcher"):
        yield from (_text(child[1]) for child in _own(part, "String"))


def _shown(nodes: _Nodes) -> Iterator[str]:
    """The fields of templates."""
    for template in _templates(nodes):
        for action in _ACTION.findall(template):
            yield from _FIELD.findall(_TEXT.sub("", action))


def _wrong_templates(nodes: _Nodes) -> Iterator[str]:
    for template in _templates(nodes):
        actions = [_TEXT.sub("", action) for action in _ACTION.findall(template)]
        words = {word for action in actions for word in _WORD.findall(action)}
        yield from (f"no such word in templates: {word}" for word in sorted(words - TEMPLATE_WORDS))
        opened = sum(action.split()[:1] in (["if"], ["with"], ["range"]) for action in actions)
        if opened != sum(action.split()[:1] == ["end"] for action in actions):
            yield f"if and end do not match: {template}"
        if "{{" in _ACTION.sub("", template) or "}}" in _ACTION.sub("", template):
            yield f"braces do not match: {template}"


def _errors(nodes: _Nodes) -> Iterator[str]:
    """Where the grammar stumbles, and what only Loki would refuse, or would take ages for."""
    yield from (f"the grammar stumbles at: {node[1]!r}" for node in nodes.named("error"))
    yield from (f"Go has no such escape: {one[1]}" for one in nodes.named("String") if _escapes_badly(one[1]))
    for selector in nodes.named("Selector"):
        if not any(_needs_something(_match(one)) for one in _below(selector, "Matcher")):
            yield f"matches every stream: {selector[1]}"
    for matcher in nodes.named("Matcher"):
        if (match := _match(matcher)).operator in {"=~", "!~"}:
            yield from _wrong_expression(match.value)
    yield from _ungrouped(nodes.root, is_summed=False)


def _needs_something(match: Match) -> bool:
    return match.operator in {"=", "=~"} and not re.fullmatch(match.value, "")


def _wrong_expression(text: str) -> Iterator[str]:
    try:
        re.compile(text)
    except re.error as why:
        yield f"no regular expression: {text}: {why}"


def _ungrouped(node: _Tree, *, is_summed: bool) -> Iterator[str]:
    """Ranges that make a series of each event: it has labels of its own. Loki gives up at 500 series.

    Only `sum` groups while it reads; `count by (x) (count_over_time(…))` first makes them all.
    """
    name, text, children = node
    if name == "RangeAggregationExpr" and not is_summed and not any(True for _ in _own(node, "Grouping")):
        yield f"makes a series of each event: {text}"
    if name == "VectorAggregationExpr":
        is_summed = _first(node, "VectorOp").lower() == _SUMMING
    elif name not in {"MetricExpr", "Expr"}:
        is_summed = False
    for child in children:
        yield from _ungrouped(child, is_summed=is_summed)
