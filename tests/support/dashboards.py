"""The dashboards of deploy/grafana: their panels, queries and links; and what Grafana's own types say of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qs, urlsplit

from tests.support import promql
from tests.support.logql import BUILT_IN, filled
from tests.support.tools import npm_modules, run_tool

Json: TypeAlias = "Mapping[str, Any]"

TYPES: Final = Path(__file__).parents[1] / "tools" / "dashboards.ts"
_FLAGS: Final = "--noEmit --strict --module nodenext --skipLibCheck --pretty false --types".split()
_FAULT: Final = re.compile(r"all\.ts\((\d+),\d+\): (.*)")


@cache
def dashboards() -> Mapping[str, Json]:
    """Every dashboard by the name of its file."""
    return {path.name: json.loads(path.read_text(encoding="utf-8")) for path in promql.dashboards()}


def panels(dashboard: Json) -> list[Json]:
    """The panels of a dashboard, also those of folded rows; no rows."""
    return [one for one in promql.panels(dashboard["panels"]) if one["type"] != "row"]


def nodes(node: object) -> Iterator[Json]:
    """Every object within a JSON value."""
    if isinstance(node, dict):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from nodes(child)


def variables(dashboard: Json) -> Mapping[str, Json]:
    """Its variables by name."""
    return {one["name"]: one for one in dashboard["templating"]["list"]}


def links(dashboard: Json) -> list[str]:
    """Every address to which something in it leads."""
    return [node["url"] for node in nodes(dashboard) if node.get("url")]


def loki_queries(dashboard: Json) -> Iterator[tuple[str, str]]:
    """Each query for Loki with its place, as it stands in the file: of panels, of variables, and behind links."""
    for panel in panels(dashboard):
        for target in panel["targets"]:
            if target["datasource"]["type"] == "loki":
                yield f"{panel['title']}, {target['refId']}", target["expr"]
    for name, variable in variables(dashboard).items():
        if variable.get("datasource", {}).get("type") == "loki":
            yield f"${name}", variable["query"]["stream"]
    for url in links(dashboard):
        yield from (("a link", query) for query in explored(url))


def explored(url: str) -> Iterator[str]:
    """The queries that a link to Explore asks."""
    if urlsplit(url).path == "/explore":
        (panes,) = parse_qs(urlsplit(url).query, strict_parsing=True)["panes"]
        for pane in json.loads(panes).values():
            yield from (query["expr"] for query in pane["queries"])


def values(dashboard: Json, chosen: str) -> Mapping[str, str]:
    """What Grafana puts in for variables: its own, and for each of the dashboard's `chosen`, or all of everything."""
    return {**BUILT_IN, **{name: _value(one, chosen) for name, one in variables(dashboard).items()}}


def _value(variable: Json, chosen: str) -> str:
    """What is chosen in one variable, escaped as Grafana's data source for Loki does it where several can be chosen."""
    if variable["type"] == "textbox":
        return str(variable["query"]) or chosen
    if variable["type"] == "custom":
        return str(variable["current"]["value"])
    if variable.get("multi") and chosen:
        doubled = chosen.replace("\\", "\\" * 4)
        return re.sub(r"[$^*{}\[\]'+?.()|]", r"\\\\\g<0>", doubled).replace('"', '\\"')
    return str(variable.get("allValue") or "")


def loki_texts(dashboard: Json, chosen: str = "") -> Iterator[tuple[str, str]]:
    """Each query for Loki with its place, as Loki gets it. What a link takes from a row is an id."""
    for place, query in loki_queries(dashboard):
        of_row = re.sub(r"\$\{__(?:value|data)\.[\w.]+(?::\w+)?\}", "b2f46da8-91e0-4f4e-b70b-1effdc2d6458", query)
        yield place, filled(of_row, values(dashboard, chosen))


def type_faults(panels: Sequence[Json], frames: Sequence[Json], folder: Path) -> list[list[str]]:
    """What Grafana's types say of each panel and of each dashboard without its panels; TypeScript's checker reads them.

    All are checked in one go: its start takes most of the time.
    """
    modules = npm_modules() / "node_modules"
    (folder / "node_modules").symlink_to(modules)
    (folder / TYPES.name).write_text(TYPES.read_text(encoding="utf-8"), encoding="utf-8")
    lines = ['import type { Frame, Panels } from "./dashboards";']
    lines += [f"export const p{n}: Panels[{json.dumps(one['type'])}] = {_plain(one)};" for n, one in enumerate(panels)]
    lines += [f"export const f{n}: Frame = {_plain(one)};" for n, one in enumerate(frames)]
    (folder / "all.ts").write_text("\n".join(lines), encoding="utf-8")
    answer = run_tool("node", modules / "typescript" / "bin" / "tsc", *_FLAGS, "", "all.ts", cwd=folder)
    return _by_line(answer.stdout, len(lines))


def _plain(one: Json) -> str:
    """A row without what is folded into it, a dashboard without its panels: those are checked by themselves."""
    return json.dumps(
        {
            name: [] if name == "panels" else value
            for name, value in one.items()
            if name != "panels" or one.get("type") == "row"
        }
    )


def _by_line(told: str, count: int) -> list[list[str]]:
    faults: list[list[str]] = [[] for _ in range(count)]
    for line in told.splitlines():
        if not line.startswith(" "):
            match = _FAULT.fullmatch(line)
            assert match, told
            faults[int(match[1]) - 1].append(match[2])
    assert not faults[0], told
    return faults[1:]
