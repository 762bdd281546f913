"""Who the agent is in AWS. `sts:GetCallerIdentity` needs no permission, but an endpoint that is reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from agent.aws.survey import AskedError, Survey
from agent.checks.finding import Check, Examined, caution, failed, ok
from agent.settings import Settings

_ID: Final = "credentials"
FOUND: Final = ok(_ID, "AWS is asked as {arn}")
NONE: Final = failed(
    _ID,
    "no AWS credentials were found",
    "Give the agent a role, or credentials in its environment or profile (aws.profile).",
)
REFUSED: Final = failed(
    _ID,
    "AWS refuses these credentials: {words}",
    "Renew them. If the line clock.aws is crossed, set this machine's clock first.",
)
ROLE_REFUSED: Final = failed(
    _ID,
    "the role of aws.assume_role cannot be assumed: {words}",
    "Allow sts:AssumeRole on it (deploy/iam/agent-assume-role.json), and the agent in its trust policy.",
)
UNTOLD: Final = caution(
    _ID,
    "STS does not tell who asks: {words}",
    "The agent does not need this. The other lines show whether its credentials work.",
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. `arn` and `account` are empty where STS does not tell."""

    arn: str = ""
    account: str = ""


def examine(survey: Survey, settings: Settings) -> Examined[Caller]:
    """The caller; no facts if nothing can be asked of AWS at all."""
    try:
        answer = survey.ask("sts", "GetCallerIdentity", region=settings.home_region)
    except AskedError as error:
        return _refused(error)
    caller = Caller(str(answer.get("Arn", "")), str(answer.get("Account", "")))
    return Examined((FOUND.told(arn=caller.arn),), caller)


def _refused(error: AskedError) -> Examined[Caller]:
    if error.kind == "no_credentials":
        return Examined((NONE.told(),))
    if error.action == "sts:AssumeRole":
        return Examined((ROLE_REFUSED.told(words=error.words),))
    if error.kind == "denied" and not error.code.startswith("AccessDenied"):
        return Examined((REFUSED.told(words=error.words),))
    return Examined((_untold(error),), Caller())


def _untold(error: AskedError) -> Check:
    return UNTOLD.told(words=error.words)
