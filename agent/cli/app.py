"""All commands. Each one imports what it needs only when it is called."""

from __future__ import annotations

from typing import Annotated, Final

import typer
from typer._completion_shared import _completion_scripts

from agent import __version__
from agent.cli import config, deadletters
from agent.cli.check import check
from agent.cli.demo import demo
from agent.cli.examples import examples
from agent.cli.healthcheck import healthcheck
from agent.cli.inspect import inspect
from agent.cli.options import Command, Group
from agent.cli.replay import replay
from agent.cli.run import run
from agent.cli.top import top

app = typer.Typer(
    cls=Group,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Ships Amazon CodeCatalyst audit events from CloudTrail's S3 objects to an OpenTelemetry Collector or Loki.",
)


_ZSH: Final = """
#compdef %(prog_name)s

%(complete_func)s() {
  [[ $PREFIX == --*=* ]] && compset -P 1 "*="
  eval $(env _TYPER_COMPLETE_ARGS="${words[1,$CURRENT]}" %(autocomplete_var)s=complete_zsh %(prog_name)s)
}

if [[ ${zsh_eval_context[-1]} == loadautofunc ]]; then
  %(complete_func)s "$@"
else
  compdef %(complete_func)s %(prog_name)s
fi
"""
"""Typer's own does nothing at the first Tab in a shell that loads it from a file, and nothing behind `--option=`."""

_completion_scripts["zsh"] = _ZSH


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"trail-agent {__version__}")
        raise typer.Exit


@app.callback()
@examples(
    ("trail-agent demo", "see it run, without an account"),
    ("trail-agent check -c agent.yaml && trail-agent run -c agent.yaml", "ship the events of your trail"),
    ("trail-agent inspect --help", "more on one command, with examples"),
)
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


app.command(cls=Command)(run)
app.command(cls=Command)(demo)
app.command(cls=Command)(check)
app.command(cls=Command)(inspect)
app.command(cls=Command)(replay)
app.command(cls=Command)(top)
app.command(cls=Command)(healthcheck)
app.add_typer(deadletters.app, name="dead-letters")
app.add_typer(config.app, name="config")
