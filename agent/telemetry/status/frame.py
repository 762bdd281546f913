"""What is around each page: head, title, style sheet."""

from __future__ import annotations

from html import escape
from typing import Final

from agent.telemetry.status.style import STYLE

_ICON: Final = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath fill='none' "
    "stroke='%232f62d9' stroke-width='2.5' stroke-linecap='round' d='M2 13c4 0 2-5 6-5s2-5 6-5'/%3E%3C/svg%3E"
)


def document(title: str, body: str, refresh_seconds: int = 0) -> str:
    """A whole page as HTML, with `body` as it is; it reloads itself if `refresh_seconds` says so."""
    # With `url`: without it, a browser at `/#dead-letters` jumps there again and loads nothing (Chromium does).
    refresh = f'<meta http-equiv="refresh" content="{refresh_seconds}; url=.">' if refresh_seconds else ""
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">{refresh}<link rel="icon" href="{_ICON}">'
        f"<style>{STYLE}</style></head>\n<body>{body}</body></html>\n"
    )


def header(subtitle: str, aside: str) -> str:
    """The name of the agent, what the page is, and `aside` as it is."""
    return f"<header><h1>trail-agent<small>{escape(subtitle)}</small></h1>{aside}</header>\n"


def section(title: str, content: str, aside: str = "", anchor: str = "") -> str:
    """A part of a page under its heading; `content` and `aside` as they are."""
    identity = f' id="{anchor}"' if anchor else ""
    return f'<section{identity}><div class="head"><h2>{title}</h2>{aside}</div>\n{content}</section>\n'
