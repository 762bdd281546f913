"""`trail-agent dead-letters`: what lies in the dead-letter queue, and what is to become of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.examples import examples
from agent.cli.options import Command, Group, SettingsFile
from agent.cli.spans import seconds_of

if TYPE_CHECKING:
    from agent.letters.choosing import Choice

_USAGE = 2
_MOST = 1000

app = typer.Typer(
    name="dead-letters",
    cls=Group,
    help="Look at dead letters, send them back to the queue, or delete them.\n\nA look at a message hides it "
    "from everybody else while it lasts, and counts as one receive. SQS cannot promise that a look finds all of them.",
)


def complete_reasons(incomplete: str) -> list[tuple[str, str]]:
    """What a shell offers for a reason that is not finished: its name, and what happened."""
    from agent.faults.letter_reasons import BY_REASON, what_happened

    return [(name, what_happened(name)) for name in BY_REASON if name.startswith(incomplete)]


def split_reasons(names: list[str] | None) -> list[str]:
    """Each name by itself; `a,b` names two. Another version's letters may have reasons that this one does not know."""
    return [name.strip() for name in ",".join(names or ()).split(",") if name.strip()]


_Ids = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="ID…", help="Ids of messages, or how they begin; `dead-letters list` and the agent's log have them."
    ),
]
_Reasons = Annotated[
    list[str] | None,
    typer.Option(
        "--reason",
        metavar="REASON",
        help="Only those of this reason; can be given several times.",
        callback=split_reasons,
        autocompletion=complete_reasons,
    ),
]
_OlderThan = Annotated[
    float | None,
    typer.Option(
        "--older-than", metavar="AGE", parser=seconds_of, help="Only those older than this, such as 2h or 1d12h."
    ),
]
_NewerThan = Annotated[
    float | None,
    typer.Option("--newer-than", metavar="AGE", parser=seconds_of, help="Only those younger than this."),
]
_Most = Annotated[
    int, typer.Option("--most", metavar="N", min=1, max=100_000, help="Look at this many messages at most.")
]
_All = Annotated[bool, typer.Option("--all", help="All that are found, or all that the other options leave.")]


@app.callback(invoke_without_command=True)
@examples(
    ("trail-agent dead-letters list -c agent.yaml", "what lies there, and what to do about it"),
    ("trail-agent dead-letters redrive -c agent.yaml --all", "send all of it back, once the cause is mended"),
)
def _dead_letters(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(_USAGE)


@app.command("list", cls=Command)
@examples(
    ("trail-agent dead-letters list -c agent.yaml", "a table, the oldest first"),
    ("trail-agent dead-letters list -c agent.yaml --reason object_missing", "those of one reason"),
    ("trail-agent dead-letters list -c agent.yaml --json | jq -r .key", "for scripts: one JSON object per line"),
)
def list_letters(
    config: SettingsFile = None,
    *,
    reason: _Reasons = None,
    older_than: _OlderThan = None,
    newer_than: _NewerThan = None,
    newest_first: Annotated[bool, typer.Option("--newest-first", help="Newest first, not oldest.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line, in full.")] = False,
    most: _Most = _MOST,
) -> None:
    """Show what lies in the dead-letter queue: age, reason, object, and what to do."""
    from agent.cli.letter_work import list_all, open_desk, told_in_words
    from agent.letters.choosing import Choice

    with told_in_words(config):
        choice = Choice((), tuple(reason or ()), older_than, newer_than)
        list_all(open_desk(config), choice, most, newest_first=newest_first, as_json=as_json)


@app.command(cls=Command)
@examples(
    ("trail-agent dead-letters show -c agent.yaml 4f1c2a9e", "one message, by the beginning of its id"),
)
def show(
    message: Annotated[
        str,
        typer.Argument(
            metavar="ID", help="Id of a message, or how it begins; `dead-letters list` and the agent's log have it."
        ),
    ],
    config: SettingsFile = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, with the message's text.")] = False,
    most: _Most = _MOST,
) -> None:
    """Show one dead letter with its text, and what reading it again says now. Nothing is exported or deleted."""
    from agent.cli.letter_work import open_desk, show_one, told_in_words
    from agent.letters.choosing import Choice

    with told_in_words(config):
        show_one(open_desk(config), Choice(_ids([message])), most, as_json=as_json)


@app.command(cls=Command)
@examples(
    ("trail-agent dead-letters redrive -c agent.yaml 4f1c2a9e", "one message"),
    ("trail-agent dead-letters redrive -c agent.yaml --all", "send all of it back, once the cause is mended"),
    ("trail-agent dead-letters redrive -c agent.yaml --all --dry-run", "only show what would be sent back"),
)
def redrive(
    messages: _Ids = None,
    config: SettingsFile = None,
    *,
    everything: _All = False,
    reason: _Reasons = None,
    older_than: _OlderThan = None,
    newer_than: _NewerThan = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show which would be sent back; send nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask, even if some would fail again.")] = False,
    most: _Most = _MOST,
) -> None:
    """Send dead letters back to the queue. Each one is deleted only once the queue has it.

    Some of each reason are read again first: what would fail again is said, and at a terminal you are asked.
    """
    from agent.cli.letter_words import Task
    from agent.cli.letter_work import carry_out, open_desk, told_in_words

    with told_in_words(config):
        choice = _choice(messages, reason, older_than, newer_than, everything=everything)
        carry_out(Task.REDRIVE, open_desk(config), choice, most, for_real=not dry_run, asks=not yes)


@app.command(cls=Command)
@examples(
    ("trail-agent dead-letters drop -c agent.yaml --all --reason object_missing", "show which would be deleted"),
    ("trail-agent dead-letters drop -c agent.yaml 4f1c2a9e --yes", "delete one message"),
)
def drop(
    messages: _Ids = None,
    config: SettingsFile = None,
    *,
    everything: _All = False,
    reason: _Reasons = None,
    older_than: _OlderThan = None,
    newer_than: _NewerThan = None,
    yes: Annotated[bool, typer.Option("--yes", help="Delete them; without it, only show which.")] = False,
    most: _Most = _MOST,
) -> None:
    """Delete dead letters: their events are then only in the bucket. --all needs --reason."""
    from agent.cli.letter_words import Task
    from agent.cli.letter_work import carry_out, open_desk, refuse, told_in_words

    with told_in_words(config):
        refuse(["--all needs --reason here: what is deleted is gone"] if everything and not reason else [])
        choice = _choice(messages, reason, older_than, newer_than, everything=everything)
        if not carry_out(Task.DROP, open_desk(config), choice, most, for_real=yes):
            raise typer.Exit(_USAGE)


def _choice(
    messages: list[str] | None,
    reason: list[str] | None,
    older_than: float | None,
    newer_than: float | None,
    *,
    everything: bool,
) -> Choice:
    """What is meant; refuses a command line that names nothing, or two things."""
    from agent.cli.letter_work import refuse
    from agent.letters.choosing import Choice

    filtered = bool(reason) or older_than is not None or newer_than is not None
    if messages and (everything or filtered):
        refuse(["give either ids, or --all with what narrows it down"])
    if not messages and not everything:
        refuse(["give the ids of messages (`list` shows them), or --all" + (" beside the filter" if filtered else "")])
    return Choice(_ids(messages or []), tuple(reason or ()), older_than, newer_than)


def _ids(given: list[str]) -> tuple[str, ...]:
    """Ids as SQS writes them, however they were pasted."""
    return tuple(dict.fromkeys(each.strip().lower() for each in given))
