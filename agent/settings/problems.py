"""Turns pydantic's findings into sentences: the key, what is wrong, what it should be. Never the value."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from agent.settings.file import shown
from agent.settings.keys import Path, keys
from agent.settings.layer import Problem, came_from
from agent.settings.sections import BucketSettings

_TEXTS = {
    "missing": "is required",
    "model_type": "must be a mapping of keys",
    "model_attributes_type": "must be a mapping of keys",
    "mapping_type": "must be a mapping of keys",
    "dict_type": "must be a mapping of keys",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "string_type": "must be text: quote it",
    "string_sub_type": "must be text",
    "string_unicode": "must be text",
    "too_short": "must have at least one entry",
    "path_type": "must be the path of a file",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "finite_number": "must be a number",
}
_KEY = "[key]"
_BOUNDS = {
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be {expected}",
}
_EXAMPLES = {
    "queue.url": "the queue that the buckets notify, such as https://sqs.us-west-2.amazonaws.com/111122223333/trail-agent",
    "buckets": "the buckets that may be read, each with its name",
}


def sentences(error: ValidationError, origins: Mapping[Path, str]) -> list[Problem]:
    """One problem for each finding."""
    return _together([_problem(one, origins) for one in error.errors(include_url=False, include_input=False)])


def _together(problems: list[Problem]) -> list[Problem]:
    """The problems, with one sentence for all entries of a list of which the same is to be said."""
    alike: dict[object, list[Problem]] = {}
    for one in problems:
        is_entry = one.path[-1:] and one.path[-1].isdigit()
        alike.setdefault((one.path[:-1], _without_key(one)) if is_entry else id(one), []).append(one)
    return [_of_each(same) if len(same) > 1 else same[0] for same in alike.values()]


def _of_each(same: list[Problem]) -> Problem:
    keys = ", ".join(one.sentence.partition(": ")[0] for one in same)
    return Problem(same[0].path, f"{keys}: {_without_key(same[0])}")


def _without_key(problem: Problem) -> str:
    return problem.sentence.partition(": ")[2]


def _problem(finding: ErrorDetails, origins: Mapping[Path, str]) -> Problem:
    path = tuple(str(part) for part in finding["loc"])
    if path[-1:] == (_KEY,):  # the name of a map's entry is wrong, not its value
        return _of_name(path[:-1], _text(finding, ""), origins)
    name = ".".join(shown(part) for part in path)
    text = _unknown(path) if finding["type"] == "extra_forbidden" else _text(finding, name)
    sentence = f"{name}: {text}" if path else text  # a rule that spans sections names its key itself
    return Problem(path, sentence + came_from(origins, path))


def _of_name(path: Path, text: str, origins: Mapping[Path, str]) -> Problem:
    if not path[-1].strip():
        path, text = path[:-1], f"the name of each entry {text}"
    return Problem(path, f"{'.'.join(map(shown, path))}: {text}" + came_from(origins, path))


def _text(finding: ErrorDetails, name: str) -> str:
    kind = finding["type"]
    context = finding.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind == "missing":
        return _missing(name)
    if kind in _BOUNDS:
        return _BOUNDS[kind].format_map(context)
    return _TEXTS.get(kind) or ("must be a number" if kind.startswith(("int_", "float_")) else "has the wrong form")


def _missing(name: str) -> str:
    variable = next((key.variable for key in keys() if key.name == name), "")
    example = f": {_EXAMPLES[name]}" if name in _EXAMPLES else ""
    return f"is required{example}" + (f" (or set {variable})" if variable else "")


def _unknown(path: Path) -> str:
    *above, name = path
    siblings = _siblings(tuple(above))
    if not above and name in {key.name for key in keys()}:
        return f"must be written as nested keys: `{name.replace('.', ':` and, indented below it, `')}:`"
    near = difflib.get_close_matches(name.lower(), siblings, n=1) or [one for one in siblings if one == name.lower()]
    if near:
        return f"is not a setting; did you mean `{'.'.join((*above, near[0]))}`?"
    elsewhere = [key.name for key in keys() if key.path[-1] == name]
    return f"is not a setting; did you mean `{elsewhere[0]}`?" if elsewhere else "is not a setting"


def _siblings(above: Path) -> list[str]:
    if above[:1] == ("buckets",):
        return list(BucketSettings.model_fields)
    depth = len(above)
    return list(dict.fromkeys(key.path[depth] for key in keys() if key.path[:depth] == above and len(key.path) > depth))
