"""SIGTERM and SIGINT as messages."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack

import pytest

from agent.pulse import Pulse
from agent.signals import Attention, SignalInbox, ending_at_once, exit_code_of, interruptible
from tests.support.clock import PatientClock, finish


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
        assert stopping.exit_code == 128 + number
        with pytest.raises(KeyboardInterrupt) as caught:
            os.kill(os.getpid(), number)
    assert exit_code_of(caught.value) == 128 + number
    assert exit_code_of(KeyboardInterrupt()) == 130
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_ends_what_has_nothing_to_finish(number: signal.Signals) -> None:
    """On its way out the block closes what it has opened, and the exit code says which signal it was."""
    before, closed = signal.getsignal(number), list[bool]()
    with pytest.raises(KeyboardInterrupt) as caught, ending_at_once(), ExitStack() as opened:  # noqa: PT012 - closed, too
        opened.callback(closed.append, True)
        os.kill(os.getpid(), number)
    assert (exit_code_of(caught.value), closed) == (128 + number, [True])
    assert signal.getsignal(number) is before


def test_the_main_thread_hears_of_a_signal_whatever_it_waits_for() -> None:
    """A call that does not come back is given up, and so are threads that do not end."""
    clock, hangs, ticks = PatientClock(), threading.Event(), []
    with SignalInbox() as inbox:
        attention = Attention(inbox, Pulse(clock))
        assert not attention.heard(0)
        assert attention.unless_signalled(lambda: 7) == 7
        os.kill(os.getpid(), signal.SIGINT)
        assert attention.unless_signalled(lambda: hangs.wait(20), lambda: ticks.append(1)) is None
        assert attention.asked_by is signal.SIGINT
        thread = threading.Thread(target=hangs.wait, args=(20,))
        thread.start()
        os.kill(os.getpid(), signal.SIGTERM)
        attention.join([thread], clock.monotonic() + 1)
        assert (attention.asked_by, thread.is_alive()) == (signal.SIGTERM, True)
        hangs.set()
        finish(thread)


def test_what_a_call_raises_is_raised_where_it_is_waited_for() -> None:
    """As if it had been called there."""
    with SignalInbox() as inbox, pytest.raises(KeyError):
        Attention(inbox, Pulse(PatientClock())).unless_signalled(lambda: dict[str, int]()["a"])


EARLY = """
import os, signal, sys, types
from agent import __main__, signals

def app(prog_name):
    os.kill(os.getpid(), signal.SIGTERM)
    with signals.SignalInbox() as inbox:
        print(inbox.next(10).name)

sys.modules["agent.cli.app"] = types.SimpleNamespace(app=app)
sys.argv = ["trail-agent", sys.argv[1]]
__main__.main()
"""


@pytest.mark.parametrize("command", ["run", "replay"])
def test_a_signal_that_comes_before_the_inbox_is_kept_for_it(command: str) -> None:
    """No SIGTERM is lost while a long-lived command starts; as the first process of a container it would be."""
    program = [sys.executable, "-c", EARLY, command]
    done = subprocess.run(program, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "SIGTERM", "")
