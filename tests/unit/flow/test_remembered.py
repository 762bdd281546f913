"""What is remembered of delivered records, for how long, and who may export what."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.flow.remembered import Remembered


def deliver(memory: Remembered, *names: str) -> None:
    """Claim and deliver."""
    claim = memory.claim([name.encode() for name in names])
    memory.resolve(claim, claim.ours)


def known(memory: Remembered, *names: str) -> list[str]:
    """Which of these are known; asking leaves nothing claimed."""
    claim = memory.claim([name.encode() for name in names])
    memory.resolve(claim, [])
    return [digest.decode() for digest in claim.known]


def test_what_was_delivered_is_known() -> None:
    """A delivered digest is known, another one is ours to export."""
    memory = Remembered(10)
    deliver(memory, "a")
    claim = memory.claim([b"a", b"b"])
    assert (claim.known, claim.ours, claim.theirs) == ((b"a",), (b"b",), ())


def test_what_was_not_delivered_is_not_known() -> None:
    """A claim that comes to nothing leaves no trace."""
    memory = Remembered(10)
    claim = memory.claim([b"a", b"b"])
    memory.resolve(claim, [b"b"])
    assert known(memory, "a", "b") == ["b"]


def test_what_one_has_claimed_is_theirs_to_another() -> None:
    """Until it is resolved a claimed digest belongs to its worker, and the others are told when it is settled."""
    memory = Remembered(10)
    first = memory.claim([b"a"])
    second = memory.claim([b"a", b"b"])
    assert (second.ours, second.theirs) == ((b"b",), (b"a",))
    assert not second.resolved.is_set()
    memory.resolve(first, [b"a"])
    assert second.resolved.is_set()
    assert memory.claim([b"a"]).known == (b"a",)


def test_what_one_gives_up_another_may_claim() -> None:
    """A worker whose export failed leaves its digest to the next."""
    memory = Remembered(10)
    memory.resolve(memory.claim([b"a"]), [])
    assert memory.claim([b"a"]).ours == (b"a",)


def test_the_oldest_is_forgotten_first() -> None:
    """Beyond its capacity the memory loses what it has not seen for longest."""
    memory = Remembered(2)
    deliver(memory, "a")
    deliver(memory, "b")
    deliver(memory, "c")
    assert known(memory, "a", "b", "c") == ["b", "c"]


def test_what_was_seen_again_stays() -> None:
    """A digest that comes again is the newest from then on."""
    memory = Remembered(2)
    deliver(memory, "a")
    deliver(memory, "b")
    known(memory, "a")
    deliver(memory, "c")
    assert known(memory, "a", "b", "c") == ["a", "c"]


def test_no_capacity_means_no_memory() -> None:
    """With 0 nothing is ever known, and two workers still do not export one record at the same time."""
    memory = Remembered(0)
    deliver(memory, "a")
    assert known(memory, "a") == []
    memory.claim([b"a"])
    assert memory.claim([b"a"]).theirs == (b"a",)


@given(st.integers(0, 5), st.lists(st.lists(st.sampled_from("abcdefgh"), unique=True), max_size=20))
def test_it_behaves_like_a_list_of_the_last_seen(capacity: int, batches: list[list[str]]) -> None:
    """Whatever is delivered in whatever order, exactly the last seen digests are known."""
    memory = Remembered(capacity)
    seen: list[str] = []
    for batch in batches:
        claim = memory.claim([name.encode() for name in batch])
        assert {digest.decode() for digest in claim.known} == set(batch) & set(seen)
        memory.resolve(claim, claim.ours)
        old = [name for name in batch if name in seen]
        new = [name for name in batch if name not in seen]
        seen = [name for name in seen if name not in batch] + old + new
        seen = seen[-capacity:] if capacity else []
