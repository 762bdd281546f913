"""A page of the agent, read strictly: what a person sees, and which elements it has."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Final

from agent.telemetry.status.front import page
from tests.support.telemetry import ObservedTelemetry

_VOID: Final = frozenset({"meta", "link", "br", "wbr"})


class Outline(HTMLParser):
    """Every element that opens closes in order. Text, tags and attributes are kept, and the values of id and href."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self._note(tag, attrs)
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element without content."""
        self._note(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost element, which must be this one."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note text, except the style sheet and what only a pointer sees."""
        if self.open and self.open[-1] != "style" and not ("title" in self.open and "svg" in self.open):
            self.words.append(data)

    @property
    def text(self) -> str:
        """All words of the page."""
        return " ".join(" ".join(self.words).split())

    def _note(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.links += [value or "" for name, value in attrs if name == "href" and tag == "a"]


def front_page(subject: ObservedTelemetry) -> str:
    """The status page now."""
    telemetry = subject.telemetry
    return page(telemetry.metrics.registry, telemetry.health, telemetry.activity, subject.clock.time())


def first_part(subject: ObservedTelemetry) -> Outline:
    """What the page tells first."""
    html = front_page(subject)
    begin = html.index('<section class="verdicts"')
    return Outline(html[begin : html.index("</section>", begin) + len("</section>")])
