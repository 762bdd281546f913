"""Why a replay ends before everything is settled; the first cause counts."""

from __future__ import annotations

import threading

from agent.aws.store_policy import StoreError
from agent.errors import DependencyError
from agent.replay.replay_report import AFTER_A_SIGNAL


class Ending:
    """Any thread may end the replay, and nothing is begun any more: `drain` is set at once.

    The main thread looks here. `why` is a sentence, `bug` an error of our own.
    """

    def __init__(self, drain: threading.Event) -> None:
        self._drain = drain
        self.why = ""
        self.bug: BaseException | None = None
        self._lock = threading.Lock()

    def __bool__(self) -> bool:
        return bool(self.why or self.bug)

    def stop(self, why: str) -> None:
        """Nothing more is begun, because of this."""
        with self._lock:
            if not self:
                self.why = why
        self._drain.set()

    def failed(self, error: BaseException) -> None:
        """Something did not work: a file, a listing or a log, else it is a bug."""
        match error:
            case OSError():
                where = f"{error.filename}: " if error.filename else ""
                self.stop(f"{where}{error.strerror or error}; nothing is lost: mend that, and run the replay again")
            case StoreError():
                self.stop(error.detail)
            case DependencyError():
                self.stop(str(error))
            case _:
                with self._lock:
                    self.bug = self.bug or (None if self.why else error)
                self._drain.set()


class StoppedError(Exception):
    """A signal of this number came before anything was read."""

    def __init__(self, signal: int) -> None:
        super().__init__("stopped by a signal before anything was read: run the same command again")
        self.exit_code = AFTER_A_SIGNAL + signal
