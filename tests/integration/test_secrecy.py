"""Nothing that the daemon says to anybody holds a secret, or a word of an event, however much it is asked to say."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Final

import pytest

from agent.demo.trail_objects import pack, trail_key
from agent.demo.world import REGION
from tests.support.clock import eventually
from tests.support.cloud import Cloud
from tests.support.daemon import Daemon
from tests.support.events import create_dev_environment
from tests.support.otlp_receiver import HttpReceiver, HttpReply
from tests.support.troubled_aws import Refusal, TroubledAws

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
WORD = "unheard-of"
PATHS = ("/", "/metrics", "/livez", "/readyz", f"/{WORD}-path")


def _event(name: str, **members: object) -> bytes:
    """An event with a word in it that stands nowhere else."""
    told = {"userAgent": f"{WORD}-agent", "sourceIPAddress": "203.0.113.200", "errorMessage": f"{WORD}-message"}
    return json.dumps({**create_dev_environment(), **told, "eventID": name, **members}).encode()


def test_nothing_that_is_said_holds_a_secret(cloud: Cloud, tmp_path: Path) -> None:
    """At level debug, with a sink that refuses in every way: log and pages have no secret and no event content."""
    headers, key = tmp_path / "headers", tmp_path / "key"
    headers.write_text("x-api-key: s3cret-of-file\n")
    key.write_text("s3cret-of-mask-0123456789abcdef0123456789abcdef\n")
    replies = [
        HttpReply(503, b"no more of s3cret-of-file", "text/plain"),
        HttpReply(400, f"bad {WORD}-agent".encode(), "text/plain"),
        HttpReply(401, b"not s3cret-of-settings", "text/plain"),
    ]
    with HttpReceiver(rule=lambda e: replies.pop() if e.records and replies else None) as sink:
        endpoint = sink.url.replace("://", "://eve:s3cret-of-url@") + "/v1/logs?token=s3cret-of-query"
        role = {"role_arn": "arn:aws:iam::123456789012:role/trail-agent", "external_id": "s3cret-of-role"}
        settings = cloud.settings(
            endpoint,
            otlp={
                "endpoint": endpoint,
                "headers": {"x-other": "s3cret-of-settings"},
                "headers_file": str(headers),
            },
            record={"mask": ["userIdentity.onBehalfOf.userId"], "mask_key_file": str(key)},
            aws={"endpoint_url": cloud.world.endpoint, "assume_role": role},
            log={"level": "debug", "format": "json"},
        )
        with Daemon.ready(tmp_path / "agent", settings) as agent:
            rng = Random(4)
            for body in (pack([_event("one")]), pack([_event("two"), b"7"]), pack([b'{"eventName":"' + WORD.encode()])):
                cloud.world.put(trail_key(rng, "111122223333", REGION, NOW), body)
            cloud.world.send(f'{{"{WORD}": "notification"}}')
            eventually(lambda: agent.metric("trail_agent_deliveries_settled_total") >= 5, "all is settled")
            eventually(lambda: not replies, "the sink has refused in every way")
            said = [agent.get(path).text for path in PATHS]
            assert agent.stop() == 0
        said.append(agent.log_text())
    sent = sink.exports[-1].headers
    assert (sent["x-api-key"], sent["x-other"]) == ("s3cret-of-file", "s3cret-of-settings")
    assert "token=s3cret-of-query" in sink.exports[-1].path
    assert "dead_lettered" in said[-1]
    assert [text for text in said if "s3cret" in text or WORD in text or "203.0.113.200" in text] == []


SIGNED: Final = """The request signature we calculated does not match the signature you provided. Check your
AWS Secret Access Key and signing method. Consult the service documentation for details.

The Canonical String for this request should have been
'POST
/

host:sqs.us-west-2.amazonaws.com
x-amz-date:20261129T094138Z
x-amz-security-token:s3cret-of-session

host;x-amz-date;x-amz-security-token
44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a'

The String-to-Sign should have been
'AWS4-HMAC-SHA256
20261129T094138Z
20261129/us-west-2/sqs/aws4_request
d7a8fbb307d7809469ca9abcb0082e4f8d5651e46d3cdb762d02d0bf37c9e592'
"""


@pytest.mark.parametrize("action", ["sqs:GetQueueAttributes", "sqs:ReceiveMessage", "s3:GetObject"])
def test_what_aws_quotes_of_a_request_that_is_signed_wrong_is_not_said(
    cloud: Cloud, tmp_path: Path, action: str
) -> None:
    """It quotes the header with the session's token. Its own sentence is told, and nothing of the request."""
    with HttpReceiver() as sink, TroubledAws.before(cloud.world.endpoint, {}) as aws:
        aws.refuse(action, Refusal("SignatureDoesNotMatch", words=SIGNED))
        rng = Random(4)
        cloud.world.put(trail_key(rng, "111122223333", REGION, NOW), pack([_event("one")]))
        settings = cloud.settings(sink, aws={"endpoint_url": aws.url}, log={"level": "debug", "format": "json"})
        session = {"AWS_SESSION_TOKEN": "s3cret-of-session"}
        with Daemon.run(tmp_path, settings, variables=session) as agent:
            eventually(lambda: "signature we calculated" in agent.log_text(), "it is told")
            said = [agent.get(path).text for path in PATHS]
            assert agent.stop() == 0
        said.append(agent.log_text())
    assert [text for text in said if "s3cret" in text or "Canonical" in text] == []
