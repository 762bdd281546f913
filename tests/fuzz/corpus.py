"""What is mutated: real log files, log files with CodeCatalyst events in them, and notifications of every form."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Self

from agent.demo.bystanders import Bystanders
from agent.demo.generator import Generator
from tests.support.events import DATA, codecatalyst
from tests.support.objects import log_file, trail_objects

_NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
_LARGEST = 20_000  # the few larger objects would cost more time than they add
_DOCUMENTED = ("docs-example-CreateDevEnvironment.json", "docs-example-ListConnections.json")


@dataclass(frozen=True, slots=True)
class Corpus:
    """`texts` are whole log files, inflated; `stored` the same as S3 has them; `notifications` the bodies of messages.

    The order is always the same, so that a seed and a number say which input they stand for.
    """

    texts: tuple[bytes, ...]
    stored: tuple[bytes, ...]
    notifications: tuple[str, ...]

    @classmethod
    def load(cls) -> Self:
        """Everything that the tests have."""
        real = [text for text in trail_objects().values() if len(text) <= _LARGEST]
        texts = (*real, *_with_ours())
        return cls(texts, tuple(gzip.compress(text, 6, mtime=0) for text in texts), tuple(_notifications()))


def _with_ours() -> list[bytes]:
    """A log file of each documented event, and six of generated events among noise."""
    rng = Random(1)
    generator, bystanders = Generator(rng, _NOW), Bystanders()
    files = [bytes(log_file(json.dumps(json.loads(codecatalyst(name))).encode())) for name in _DOCUMENTED]
    for number in range(1, 7):
        events = [event.record for event in generator.generate(number, _NOW)]
        records = events + bystanders.sample(rng, number, "111122223333", "us-west-2", _NOW)
        rng.shuffle(records)
        files.append(bytes(log_file(*records)))
    return files


def _notifications() -> list[str]:
    folders = (DATA / "notifications", DATA / "faults" / "neighbours", DATA / "faults" / "log-file-folders")
    files = [file for folder in folders for file in sorted(folder.rglob("*.json")) if file.name != "expected.json"]
    return [file.read_text(encoding="utf-8") for file in files]
