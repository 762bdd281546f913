"""docs/trail-agent.1, the page for man(1): the same commands, options, examples and exit codes as docs/commands.md.

Written in the macros of man(7), which mandoc and groff both read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import typer.main

from agent import __version__
from agent.cli.app import app
from agent.cli.examples import examples_of
from tests.reference.pages import DOCS

MANUAL: Final = DOCS / "trail-agent.1"
_PROGRAM: Final = "trail-agent"
_CODES: Final = re.compile(r"^\| ([\d, ]+) \| (.*) \|$", re.MULTILINE)
_FILES: Final = (
    ("agent.yaml", "the settings, by whatever name -c says; a key in capitals is its variable, as below"),
    ("/etc/trail-agent/agent.yaml", "where the image and the unit of systemd have it"),
)
_DATE: Final = "2026-11-29"  # when its text as a whole was last read through: it must not change by itself
_VARIABLES: Final = (
    ("TRAIL_AGENT_SECTION__KEY", "the setting section.key; it counts more than the file"),
    (
        "AWS_PROFILE, AWS_REGION, …",
        "credentials and region come from the default chain of the AWS SDK for Python (boto3)",
    ),
    ("OTEL_EXPORTER_OTLP_ENDPOINT, …", "the standard variables of OpenTelemetry, where the settings are silent"),
    ("NO_COLOR", "no colours"),
)


def manual() -> str:
    """The text of the page."""
    return "\n".join(_lines(typer.main.get_command(app))) + "\n"


def _lines(root: Any) -> Iterator[str]:
    yield f'.TH TRAIL\\-AGENT 1 "{_DATE}" "trail\\-agent {__version__}" "User Commands"'
    yield from (".SH NAME", rf"trail\-agent \- {_text('ships CodeCatalyst events from CloudTrail to OTLP')}")
    yield from (".SH SYNOPSIS", r".B trail\-agent", r".I command", r"[\fIoptions\fR]")
    yield from (".SH DESCRIPTION", _text(root.help))
    yield from _examples(root)
    yield ".SH COMMANDS"
    yield from _commands("", root)
    yield ".SH EXIT STATUS"
    for code, means in _CODES.findall((DOCS / "commands.md").read_text(encoding="utf-8")):
        yield from _tagged(code, means.replace("`", ""))
    yield ".SH ENVIRONMENT"
    for name, means in _VARIABLES:
        yield from _tagged(name, means)
    yield ".SH FILES"
    for name, means in _FILES:
        yield from _tagged(name, means)


def _commands(before: str, group: Any) -> Iterator[str]:
    for word, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(f"{before}{word} ", command)
        else:
            yield from _command(f"{before}{word}", command)


def _command(name: str, command: Any) -> Iterator[str]:
    arguments = [_text(one.metavar) for one in command.params if one.param_type_name == "argument"]
    yield f'.SS "{_text(" ".join((_PROGRAM, name, "[OPTIONS]")))}{"".join(f" {one}" for one in arguments)}"'
    yield _text(command.help)
    for one in command.params:
        yield from _tagged(_shown(one), _with_default(one))
    yield from _examples(command)


def _examples(command: Any) -> Iterator[str]:
    for one in examples_of(command.callback):
        yield from (".PP", _text(f"{one.does[0].upper()}{one.does[1:]}:"), ".PP", ".nf", ".RS", _text(one.line))
        yield from (".RE", ".fi")


def _shown(param: Any) -> str:
    if param.param_type_name == "argument":
        return str(param.metavar)
    names = ", ".join(sorted(param.opts, key=len, reverse=True))
    if param.is_flag:
        return names
    return f"{names} {param.metavar or '|'.join(param.type_descriptor.annotation)}"


def _with_default(param: Any) -> str:
    if param.default in (None, False) or param.param_type_name == "argument":
        return str(param.help)
    return f"{param.help} Default: {getattr(param.default, 'value', param.default)}."


def _tagged(tag: str, text: str) -> Iterator[str]:
    yield from (".TP", rf"\fB{_text(tag)}\fR", _text(text))


def _text(text: str) -> str:
    """Plain text as roff takes it: no line begins with a control character, and no hyphen is a dash."""
    escaped = text.replace("\\", r"\e").replace("-", r"\-").replace("…", r"\&...").replace('"', r"\(dq")
    escaped = escaped.replace("'", r"\(aq").replace("·", ";").replace("`", r"\(ga")
    return "\n".join(rf"\&{line}" if line.startswith(".") else line for line in escaped.splitlines())
