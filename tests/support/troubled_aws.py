"""An emulated AWS with what no emulator has: refusals, a policy simulator, another clock, and answers that are changed.

Each trouble is for one IAM action; every other request goes on to the emulator.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import formatdate
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

from tests.support import iam_policy
from tests.support.iam_policy import Call, Statement, allowed
from tests.support.recorded_aws import RecordedAws, Reply, Request

_IN_JSON = frozenset({"sqs", "events", "cloudtrail", "kms"})
_SIMULATED = """<SimulatePrincipalPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">
<SimulatePrincipalPolicyResult><IsTruncated>false</IsTruncated><EvaluationResults>{}</EvaluationResults>
</SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>"""
_CALLER = """<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>{}</Arn><UserId>AROA:i-1</UserId><Account>{}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"""
_RESULT = "<member><EvalActionName>{}</EvalActionName><EvalDecision>{}</EvalDecision></member>"


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error of AWS. `region` is where a bucket is, which only S3 tells."""

    code: str
    status: int = 403
    words: str = "on demand"
    region: str = ""


class TroubledAws(RecordedAws):
    """The door. `ahead` is by how many seconds this AWS's clock is before the machine's. `caller` is who asks, unless a
    role was assumed.

    `statements` are what the simulator says of every role; those of deploy/iam/agent.json to begin with. `allowed` are
    those by which requests are judged themselves; None: all are allowed.
    """

    def __init__(self, upstream: str, accounts: Mapping[str, str]) -> None:
        super().__init__(upstream, accounts)
        self.ahead = 0.0
        self.caller = "arn:aws:sts::111122223333:assumed-role/trail-agent/i-1"
        self.statements: Sequence[Statement] = iam_policy.read("agent.json")
        self.allowed: Sequence[Statement] | None = None
        self._refusals: dict[str, tuple[Refusal, Callable[[Request], bool]]] = {}
        self._changes: dict[str, Callable[[Any], None]] = {}
        self._answers: dict[str, str] = {}

    def refuse(self, action: str, refusal: Refusal, when: Callable[[Request], bool] = lambda _: True) -> None:
        """Answer an action with this error from now on, for those requests."""
        self._refusals[action] = refusal, when

    def change(self, action: str, change: Callable[[Any], None]) -> None:
        """Let `change` change the emulator's answer to an action, which is JSON, in place."""
        self._changes[action] = change

    def answer(self, action: str, xml: str) -> None:
        """Answer an action with this from now on, and with success."""
        self._answers[action] = xml

    def passed(self, request: Request) -> Reply:
        """The trouble that there is for this request; else the emulator's answer."""
        call = self.asked(request)
        refusal, when = self._refusals.get(call.action, (Refusal("AccessDenied"), partial(self._is_denied, call)))
        if when(request):
            self.calls.append(call)
            reply = _error(call.action.partition(":")[0], refusal)
        elif call.action in self._answers:
            self.calls.append(call)
            reply = _reply(200, self._answers[call.action], "application/xml")
        elif call.action == "iam:SimulatePrincipalPolicy":
            self.calls.append(call)
            reply = self._simulated(dict(parse_qsl(request.body.decode())))
        elif call.action == "sts:GetCallerIdentity" and not call.principal:
            self.calls.append(call)
            reply = _reply(200, _CALLER.format(self.caller, self.caller.split(":")[4]), "text/xml")
        else:
            reply = self._changed(call.action, super().passed(request))
        date = ("Date", formatdate(time.time() + self.ahead, usegmt=True))
        return Reply(reply.status, [*reply.headers, date], reply.content)

    def _is_denied(self, call: Call, request: Request) -> bool:
        owner = request.headers.get("x-amz-expected-bucket-owner")
        if owner and owner not in self._accounts:
            return True  # the emulator does not look at it
        is_for_all = call.action == "sts:GetCallerIdentity"  # it needs no permission
        return self.allowed is not None and not is_for_all and not allowed(self.allowed, call)

    def _simulated(self, form: Mapping[str, str]) -> Reply:
        arn = form["ResourceArns.member.1"]
        actions = [value for name, value in form.items() if name.startswith("ActionNames.member.")]
        for theirs, ours in self._accounts.items():
            arn = arn.replace(f":{theirs}:", f":{ours}:")
        context = {
            value: form[name.replace("ContextKeyName", "ContextKeyValues.member.1")]
            for name, value in form.items()
            if name.endswith(".ContextKeyName")
        }
        told = [
            _RESULT.format(
                action, "allowed" if allowed(self.statements, Call(action, arn, context)) else "implicitDeny"
            )
            for action in actions
        ]
        return _reply(200, _SIMULATED.format("".join(told)), "text/xml")

    def _changed(self, action: str, reply: Reply) -> Reply:
        if action not in self._changes:
            return reply
        told = json.loads(reply.content)
        self._changes[action](told)
        return _reply(reply.status, json.dumps(told), "application/x-amz-json-1.1")


def _error(service: str, refusal: Refusal) -> Reply:
    if service in _IN_JSON:
        told = json.dumps({"__type": refusal.code, "message": refusal.words})
        return _reply(refusal.status, told, "application/x-amz-json-1.1")
    code = f"<Code>{refusal.code}</Code><Message>{refusal.words}</Message>"
    if service == "s3":
        region = f"<Region>{refusal.region}</Region>" if refusal.region else ""
        return _reply(refusal.status, f"<Error>{code}{region}</Error>", "application/xml")
    return _reply(refusal.status, f"<ErrorResponse><Error>{code}</Error></ErrorResponse>", "text/xml")


def _reply(status: int, text: str, content_type: str) -> Reply:
    content = text.encode()
    return Reply(status, [("Content-Type", content_type), ("Content-Length", str(len(content)))], content)
