"""Named events of the daemon's life: start, ready, drain, stop, and what ends it."""

from __future__ import annotations

from collections.abc import Sequence

from agent.telemetry.safetext import bare_address
from agent.telemetry.tracebacks import EXCEPTION, describe, headline
from agent.telemetry.voice import ERROR, WARNING, Voice


class LifeEvents(Voice):
    """What happens to the daemon as a whole."""

    def started(
        self,
        version: str,
        queue: str,
        buckets: int,
        endpoint: str,
        listen: str,
        *,
        selects: Sequence[str],
        polls: Sequence[str] = (),
    ) -> None:
        """The settings are loaded and the daemon begins; user info and query of an address are not logged.

        `selects` names the selected profiles and event sources, `polls` the regions whose Event history is polled.
        Without a queue, `queue` is empty.
        """
        sources = {"queue": bare_address(queue), "buckets": buckets} if queue else {}
        self._log.info(
            "started",
            version=version,
            **sources,
            **({"polls": ", ".join(polls)} if polls else {}),
            selects=", ".join(selects),
            endpoint=bare_address(endpoint),
            listen=listen,
        )

    def volume_added(self, adds: Sequence[str]) -> None:
        """`select` ships more than a few rare events; `adds` says what it adds."""
        self._log.info(
            "volume_added",
            adds="; ".join(adds),
            hint="each of these events is shipped and stored; watch trail_agent_events_total with fate=exported, and "
            "leave out what you do not want with select.exclude_events or select.include_read_only",
        )

    def draining(self, signal_name: str, in_flight: int) -> None:
        """`signal_name` asked the daemon to stop, with `in_flight` messages in hand: it is not ready from here on."""
        self.health.drain()
        self._log.info(
            "draining",
            signal=signal_name,
            in_flight=in_flight,
            hint="finishing what is in hand; a second signal stops at once",
        )

    def stopped(self, seconds: float) -> None:
        """Everything is settled or returned, `seconds` after the signal."""
        self._log.info("stopped", after_seconds=round(seconds, 1))

    def stuck(self, problems: Sequence[str]) -> None:
        """Threads stand still, as `problems` say: systemd's watchdog hears nothing, and will end the process."""
        self._tell_seldom(
            ERROR,
            "stuck",
            "stuck",
            detail="; ".join(problems),
            hint="a bug: the watchdog is not fed, and systemd will end and start the process; the messages in hand "
            "come again; please report it with the stacks that follow",
        )

    def supervisor_unheard(self, reason: str) -> None:
        """A report to systemd could not be sent, as `reason` says. The flow is not affected."""
        self._tell_seldom(
            WARNING,
            "supervisor",
            "supervisor_unheard",
            detail=reason,
            hint="NOTIFY_SOCKET cannot be written to; the report is sent again in seconds; systemd ends a process that "
            "does not report within the times of its unit",
        )

    def worker_failed(self, error: BaseException) -> None:
        """A bug of trail-agent ended one unit of work; its messages come again."""
        self._log.error(
            "worker_failed",
            error=headline(error),
            hint="a bug: the messages go back to the queue; please report it with this line",
            **{EXCEPTION: describe(error)},
        )

    def server_failed(self, error: BaseException) -> None:
        """An HTTP answer could not be made. The pipeline is not affected."""
        self._tell_seldom(
            ERROR,
            "server",
            "server_failed",
            error=headline(error),
            hint="a bug: the client got no answer; please report it with this line",
            **{EXCEPTION: describe(error)},
        )

    def setting_warned(self, message: str) -> None:
        """A setting can be used but is probably wrong; `message` says which, and holds no secret."""
        self._log.warning("setting_warned", message=message)
