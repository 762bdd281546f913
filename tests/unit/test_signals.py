"""SIGTERM and SIGINT as messages."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from agent.signals import SignalInbox, interruptible


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_arrives_as_a_message(number: signal.Signals) -> None:
    """Asked to stop, the process goes on, and the main thread is told which signal came."""
    with SignalInbox() as inbox:
        os.kill(os.getpid(), number)
        assert inbox.next(10) is number


def test_no_signal_no_message() -> None:
    """When nobody asks to stop, the question is answered at the end of the time given."""
    with SignalInbox() as inbox:
        assert inbox.next(0) is None
        assert inbox.next(-1) is None


def test_two_signals_are_two_messages() -> None:
    """The second signal is told after the first: it means that there is a hurry."""
    with SignalInbox() as inbox:
        os.kill(os.getpid(), signal.SIGTERM)
        assert inbox.next(10) is signal.SIGTERM
        os.kill(os.getpid(), signal.SIGINT)
        assert inbox.next(10) is signal.SIGINT
        assert inbox.next(0) is None


def test_other_signals_are_not_ours() -> None:
    """A signal that somebody else handles wakes the inbox without being a message."""
    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    try:
        with SignalInbox() as inbox:
            os.kill(os.getpid(), signal.SIGUSR1)
            assert inbox.next(10) is None
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_the_handlers_are_put_back() -> None:
    """After the block signals do what they did before, even if the block failed."""
    before = _arrangements()
    with SignalInbox():
        during = _arrangements()
    after_good = _arrangements()
    with pytest.raises(ZeroDivisionError), SignalInbox():
        raise ZeroDivisionError
    assert all(now != then for now, then in zip(during, before, strict=True))
    assert after_good == _arrangements() == before


def _arrangements() -> list[object]:
    """What the process does about signals now."""
    wakeup = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(wakeup)
    return [signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT), wakeup]


def test_a_signal_interrupts_the_wait() -> None:
    """A main thread that waits for a signal hears it when it comes, sent by another thread."""
    with SignalInbox() as inbox:
        timer = threading.Thread(target=lambda: os.kill(os.getpid(), signal.SIGTERM))
        timer.start()
        assert inbox.next(10) is signal.SIGTERM
        timer.join()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_the_first_signal_asks_and_the_second_one_ends(number: signal.Signals) -> None:
    """A command brings to its end what it has in hand; whoever asks twice does not want to wait for that."""
    before = signal.getsignal(number)
    with interruptible() as stopping:
        assert not stopping.wait(0)
        os.kill(os.getpid(), number)
        assert stopping.wait(10)
        assert stopping.is_set()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
    assert signal.getsignal(number) is before


EARLY = """
import os, signal, sys, types
from agent import __main__, signals

def app(prog_name):
    os.kill(os.getpid(), signal.SIGTERM)
    with signals.SignalInbox() as inbox:
        print(inbox.next(10).name)

sys.modules["agent.cli.app"] = types.SimpleNamespace(app=app)
sys.argv = ["trail-agent", "run"]
__main__.main()
"""


def test_a_signal_that_comes_before_the_inbox_is_kept_for_it() -> None:
    """`trail-agent run` loses no SIGTERM while it starts; as the first process of a container it would."""
    done = subprocess.run([sys.executable, "-c", EARLY], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "SIGTERM", "")
