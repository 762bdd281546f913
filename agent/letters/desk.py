"""What a command for dead letters works with, put together from the settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

from agent.aws.letterbox import Letterbox
from agent.connections import AwsConnections
from agent.errors import AwsError
from agent.letters.choosing import Choice
from agent.letters.rereading import Rereading
from agent.letters.told import ToldLetter
from agent.letters.walk import HIDDEN_SECONDS, End, Walk
from agent.model import QueueAttributes
from agent.pulse import Pulse
from agent.settings import Settings
from agent.telemetry.events import Telemetry, silent_telemetry

_TO_DO: Final = {
    "denied": "allow it to your role; deploy/iam/operator.json has all that this command asks for",
    "missing": "check queue.url and queue.dead_letter_url: name, account and region",
    "no_credentials": "log in, or name a profile in aws.profile or AWS_PROFILE",
    "throttled": "try again in a minute",
}
_IF_SILENT: Final = "check the network to that host, and aws.endpoint_url; then try again"


@dataclass(frozen=True, slots=True)
class Desk:
    """The dead-letter queue, what SQS says of it, and what stands around it.

    `settings_file` is the one that the command line names.
    """

    settings: Settings
    box: Letterbox
    about: QueueAttributes
    pulse: Pulse
    telemetry: Telemetry
    connections: AwsConnections
    settings_file: Path | None = None

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Find the dead-letter queue and ask for its attributes.

        Raises `AwsError` if SQS refuses or does not answer, `SettingsError` if there is no dead-letter queue.
        """
        pulse = Pulse()
        telemetry = silent_telemetry(pulse)
        connections = AwsConnections(settings, telemetry, pulse)
        box = connections.letterbox(HIDDEN_SECONDS)
        return cls(settings, box, box.attributes(box.url), pulse, telemetry, connections)

    def walk(
        self, is_stopped: Callable[[], bool], waits: Callable[[str, float], object] = lambda _said, _seconds: None
    ) -> Walk:
        """A look through the queue, not yet begun. `waits` is told before each wait for SQS, as `Walk` tells it."""
        return Walk(self.box, self.pulse, self.telemetry, is_stopped, waits)

    def passed_over(self) -> str:
        """The ARN of the queue to which SQS moves what is received too often, where the settings name another one.

        Empty where there is none, or where that is not known: the main queue may be asked, or not.
        """
        if self.settings.needed_queue().dead_letter_url is None:
            return ""
        try:
            arn = self.box.attributes(self.box.main_url).dead_letter_arn
        except AwsError:
            return ""
        is_this = arn.split(":")[-2:] == urlsplit(self.box.url).path.split("/")[-2:]
        return "" if is_this else arn

    def rereading(self) -> Rereading:
        """What tells what would become of a message now."""
        return Rereading(self.settings, self.connections.open_buckets().store, self.box.url, self.telemetry, self.pulse)

    def find(self, walk: Walk, choice: Choice, most: int, seen: Callable[[int], object]) -> list[ToldLetter]:
        """The messages that are meant, oldest first; `seen` is told how many were looked at, after each of them.

        All others are given back before this returns. Raises `AwsError`.
        """
        looked_at: list[ToldLetter] = []
        for letter in walk.letters(most, self.about.visible):
            looked_at.append(ToldLetter.of(letter))
            seen(len(looked_at))
            if choice.has_all_of(looked_at):
                break
        now = self.pulse.clock.time()
        chosen = [told for told in looked_at if choice.selects(told, now)]
        if walk.end is End.SHORT and choice.ids and not choice.missing(chosen):
            walk.end = End.WHOLE  # SQS counts roughly, and late; what was named was found
        walk.keep_only([told.letter for told in chosen])
        return sorted(chosen, key=lambda told: told.letter.delivery.sent_at)


def to_do_about(error: AwsError) -> str:
    """What whoever ran the command can do when SQS refuses, or does not answer; without a full stop."""
    return _TO_DO.get(error.kind, _IF_SILENT)
