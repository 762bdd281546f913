"""Look-ups of names that do not come back."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from agent.waiting.lookups import Lookups, bounded_lookups
from tests.support.clock import eventually

pytestmark = pytest.mark.row(52)
FOUND = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 443))]


class Resolver:
    """Answers once `answers` is set; `asked` lists the names."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.answers = threading.Event()

    def __call__(self, host: Any, *_arguments: Any, **_options: Any) -> Any:
        """As getaddrinfo."""
        self.asked.append(host)
        self.answers.wait(20)
        if host == "nobody.example":
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return FOUND


@pytest.fixture
def resolver() -> Iterator[Resolver]:
    """One that does not answer before the end of the test, unless it is told to."""
    one = Resolver()
    yield one
    one.answers.set()


def test_a_look_up_that_does_not_return_is_an_error(resolver: Resolver) -> None:
    """The caller is free after its seconds, with an error that says what it waited for and that may pass."""
    with pytest.raises(socket.gaierror, match=r"sqs\.example") as told:
        Lookups(resolver, 0.01, 4).getaddrinfo("sqs.example", 443, proto=6)
    assert told.value.errno == socket.EAI_AGAIN


def test_a_look_up_that_is_under_way_is_shared(resolver: Resolver) -> None:
    """However often a name is asked for, one thread waits for it, and its late answer is everybody's."""
    lookups = Lookups(resolver, 0.01, 4)
    for _ in range(20):
        with pytest.raises(socket.gaierror):
            lookups.getaddrinfo("sqs.example", 443)
    assert resolver.asked == ["sqs.example"]
    resolver.answers.set()
    patient = Lookups(resolver, 20, 4)
    assert patient.getaddrinfo("sqs.example", 443) == FOUND


def test_the_threads_are_bounded(resolver: Resolver) -> None:
    """Beyond so many names without an answer no look-up is begun, until one of them comes back."""
    lookups = Lookups(resolver, 0.01, 3)
    for number in range(10):
        with pytest.raises(socket.gaierror):
            lookups.getaddrinfo(f"host-{number}.example", 443)
    assert resolver.asked == ["host-0.example", "host-1.example", "host-2.example"]
    resolver.answers.set()
    eventually(lambda: _found(lookups), "there is room again")


def _found(lookups: Lookups) -> bool:
    try:
        return bool(lookups.getaddrinfo("late.example", 443) == FOUND)
    except socket.gaierror:
        return False


def test_what_the_resolver_says_is_passed_on(resolver: Resolver) -> None:
    """An answer and an error come through as they are."""
    resolver.answers.set()
    lookups = Lookups(resolver, 20, 4)
    assert lookups.getaddrinfo("sqs.example", 443, 0, socket.SOCK_STREAM) == FOUND
    with pytest.raises(socket.gaierror, match="no such name"):
        lookups.getaddrinfo("nobody.example", 443)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", b"169.254.169.254", None])
def test_an_address_needs_no_look_up(resolver: Resolver, host: Any) -> None:
    """What is an address already is not waited for in a thread."""
    resolver.answers.set()
    assert Lookups(resolver, 0.0, 0).getaddrinfo(host, 80) == FOUND


def test_look_ups_are_bounded_for_as_long_as_the_block_lasts() -> None:
    """Afterwards the system's own function is back."""
    before = socket.getaddrinfo
    with bounded_lookups():
        assert socket.getaddrinfo is not before
        assert socket.getaddrinfo("localhost", 80)
    assert socket.getaddrinfo is before
