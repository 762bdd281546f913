"""The fault table, and that every row of it has a test that names it: `@pytest.mark.row(7)`."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

TESTS: Final = Path(__file__).parent.parent
FAULTS: Final = {
    1: "SQS answers 5xx, throttles, does not answer, has no address",
    2: "the queue is missing or denies access at the start",
    3: "a delete fails for some messages of a batch",
    4: "SQS no longer knows a receipt handle when its lease is extended",
    5: "a lease ran out, and a second replica has the message",
    6: "a notification, an object or a record comes twice",
    7: "the texts with which S3 and CloudTrail try the way",
    8: "a message that is no JSON, of no known form, or of an unknown major version",
    9: "removals, digests, Insight files, other keys and regions in a listed bucket",
    10: "several objects in one message, one of them bad",
    11: "a bucket, owner or account that is not listed; an ARN as a bucket's name; a forged key",
    12: "S3 has no such object, or denies one key while it allows others",
    13: "every read of a bucket is denied, by policy, KMS or an expired token",
    14: "S3 answers 5xx or SlowDown, resets, or stalls within a body",
    15: "a whole object that is too short, gzip without its end, a wrong CRC",
    16: "plain JSON, and several gzip members",
    17: "bombs: by size, ratio, number of records or commas, depth, one giant record",
    18: "what is no CloudTrail JSON, no UTF-8, or cut",
    19: "lone surrogates, huge integers, NUL and empty keys in a sound file",
    20: "a malformed entry among good records",
    21: "a record above limits.record_bytes",
    22: "the sink is refused, unnamed, untrusted, slow, stalls, resets, throttles, flaps",
    23: "the sink answers with a redirect, 401, 404 or the like",
    24: "the sink refuses one record of a batch of ten messages",
    25: "the answer to an accepted export is lost",
    26: "credentials expire, a role is denied, the metadata service is away, the clock is wrong",
    27: "kill -9 after receive, after read, before and after export, before delete, after a dead letter is sent",
    28: "SIGTERM under load, and while idle in a long poll",
    29: "reads want more memory than limits.in_flight_bytes",
    30: "a thread dies of a bug, or hangs",
    31: "forged event names and identity types without number",
    32: "control characters, escapes, newlines, HTML and very long texts in whatever is shown",
    33: "slow clients of the HTTP port, and many",
    34: "a disk that cannot be written",
    35: "the dead-letter queue cannot be reached",
    36: "the sink says that it gets too much, and not for how long",
    37: "the sink tells of size in other codes than 413",
    38: "what answers at the sink's address refuses every request, an empty one too, or sends a web page",
    39: "the sink refuses every record, for a setting of its own",
    40: "the sink finds the attributes of one record too large",
    41: "a success of the sink whose body is no OTLP response",
    42: "the sink finds a record too new",
    43: "another protocol is spoken at the sink's address",
    44: "a request never passes for its size, whatever the code",
    45: "one record never passes, though others do",
    46: "the sink quotes events in what it says",
    47: "an object's body breaks off on the way, or its checksum differs there",
    48: "S3 cannot serve the request for an object; a bucket is in another region",
    49: "the queue's URL names a VPC endpoint, a FIPS or dual-stack host, an emulator",
    50: "SQS lets nothing be deleted or given back, for a while or for long",
    51: "one bucket is denied, and reads are fewer than the messages in hand",
    52: "a resolver that never answers",
    53: "an empty poll while old messages are held",
    55: "the sink refuses every record with the same words, for days, because of its own settings",
    56: "a record that the sink refuses is all that it was sent",
    57: "a bug amid reading or shipping, with memory and leases in hand",
    58: "a log file in another folder, of another case, or with an ending that a tool added",
    59: "a log file that cannot be read, and what may be one without having its name",
    60: "network activity, aggregated events, Lake results, and other objects of every kind",
    61: "messages of other services on the same topic, one of which may name a log file",
    62: "notifications that a rule, a pipe or a function reshaped, and envelopes in envelopes",
    63: "CloudTrail events themselves in place of notifications",
    64: "messages and keys made to cost time or memory",
    65: "an eventTime that is an epoch number, in another spelling, or means no one moment",
    66: "an errorCode that says that nothing failed",
    67: "a name that decides stands twice: Records, eventSource, eventName; or in other letters, or elsewhere",
    68: "bytes after the end of the gzip",
    69: "a gzip of very many tiny members",
    70: "plain JSON under a name that ends in .gz, gzip under one that does not",
    71: "trail events on a disk in another form than a log file: LookupEvents, EventBridge, CloudWatch Logs, lines",
    72: "masking readOnly beside include_read_only: false",
    73: "an event of another service counts as CodeCatalyst's, or has its attributes",
    74: "forged event sources and names of other services fill the memory of the metric",
    75: "the sink tells of its own heap, queues or buffers in words that sound like the size of a request",
    76: "the sink finds every record too large, whatever its size",
    77: "a record holds the words by which a sink's refusal is read, and the sink quotes it",
    78: "every read of a new process is refused: by S3, or by a proxy in its place; or the bucket is gone",
    79: "the first object that a new process reads cannot be read, and the others can",
    80: "an answer in S3's place that has no words",
    81: "a name that decides is written with escapes",
    82: "one record gets no answer that settles it, while others are accepted or while none is",
    83: "the sink's clock is ahead, or its window small: it finds records of minutes ago too old",
    84: "the name of a log file in a folder of CloudTrail's other files",
    85: "the sink's clock is behind: it finds records too new that are of no future",
    86: "a filter before the sink answers to one record with a web page, and lets empty requests pass",
    87: "gzip inside gzip, and files of another packing",
    88: "an answer of S3 or SQS that botocore cannot read, or that is none of theirs",
    89: "SQS, or what answers in its place, does not say of a message that it did what it was asked to do",
}


def _rows_of(test: ast.AST) -> Iterator[object]:
    for decorator in getattr(test, "decorator_list", ()):
        match decorator:
            case ast.Call(
                func=ast.Attribute(value=ast.Attribute(attr="mark"), attr="row"), args=[ast.Constant(value=row)]
            ):
                yield row


def _proved(source: str) -> Iterator[tuple[str, object]]:
    """Each test in a module's `source`, with each row that it names."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield from ((node.name, row) for row in _rows_of(node))


def test_every_row_of_the_fault_table_is_proved_by_a_test() -> None:
    """The markers of all test modules name each row at least once, and no row that the table does not have."""
    tests: defaultdict[object, list[str]] = defaultdict(list)
    for module in sorted(TESTS.rglob("test_*.py")):
        for name, row in _proved(module.read_text(encoding="utf-8")):
            tests[row].append(name)
    assert set(tests) - set(FAULTS) == set(), "no such rows"
    assert set(FAULTS) - set(tests) == set(), "rows without a test"


def test_a_marker_is_found_wherever_it_stands_and_nothing_else_is() -> None:
    """Several markers on one test count, also among other decorators; a marker on what is no test does not."""
    source = """
@pytest.mark.row(1)
@pytest.mark.parametrize("a", [1])
@pytest.mark.row(2)
def test_two(): ...

@pytest.mark.row(3)
def not_a_test(): ...

class TestGroup:
    @pytest.mark.row(4)
    def test_inside(self): ...
"""
    assert list(_proved(source)) == [("test_two", 1), ("test_two", 2), ("test_inside", 4)]
