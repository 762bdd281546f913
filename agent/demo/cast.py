"""Who acts in the generated events, and where: a few people and spaces, so that the lines tell a story.

Names, account ids and addresses are those that AWS and RFC 5737 reserve for examples.
"""

from __future__ import annotations

from dataclasses import dataclass

BUILDER_ID_STORE_ACCOUNT = "432677196278"
"""AWS's own identity-store account: every Builder ID carries it as `userIdentity.accountId`."""

_FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:102.0) Gecko/20100101 Firefox/102.0"
_SAFARI = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 13_4) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.5 Safari/605.1.15"
)
_CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.0.0 Safari/537.36"
_CLI = "aws-cli/2.13.0 Python/3.11.4 Linux/5.15.0 exe/x86_64 prompt/off command/codecatalyst"
_TOOLKIT = "AWS-Toolkit-For-VSCode/1.83.0 Visual-Studio-Code/1.80.1 ClientId/11111111-2222-3333-4444-555555555555"


@dataclass(frozen=True, slots=True)
class Person:
    """One person. CloudTrail records only `user_id` of a CodeCatalyst user; `login` is the name in IAM."""

    name: str
    login: str
    user_id: str
    address: str
    user_agent: str


@dataclass(frozen=True, slots=True)
class Space:
    """A CodeCatalyst space. Its own events go to `billing_account`, connection events to `connected_accounts`."""

    name: str
    billing_account: str
    region: str
    identity_store_account: str
    identity_store: str
    projects: tuple[str, ...]
    connected_accounts: tuple[str, ...]
    people: tuple[Person, ...]

    @property
    def of_builder_ids(self) -> bool:
        """Whether its people have Builder IDs, and are not from a company's own identity store."""
        return self.identity_store_account == BUILDER_ID_STORE_ACCOUNT

    @property
    def identity_store_arn(self) -> str:
        """The ARN of the identity store of the space's people."""
        return f"arn:aws:identitystore::{self.identity_store_account}:identitystore/{self.identity_store}"


MARY = Person("Mary Major", "mmajor", "94d00cd8-e9e6-4810-b177-b08e84775435", "203.0.113.7", _FIREFOX)
JOHN = Person("John Stiles", "jstiles", "3f1c9a52-7b1e-4c8e-9a57-0d6f6f2b8c11", "203.0.113.42", _TOOLKIT)
NIKKI = Person("Nikki Wolf", "nwolf", "b7e3d0c4-51aa-4f0e-8d6b-2c9b1f7a3e90", "198.51.100.23", _SAFARI)
AKUA = Person("Akua Mansa", "amansa", "544894e8-80c1-707f-60e3-3ba6510dfac1", "192.0.2.81", _CHROME)
LI = Person("Li Juan", "ljuan", "e3644802-3061-7018-86c3-9a4f0c2d7b65", "2001:db8::51f", _CLI)
JANE = Person("Jane Doe", "jdoe", "c1a6f8de-0b3c-7034-2f55-64e0d9b1a7c2", "198.51.100.9", _TOOLKIT)

PAULO = Person("Paulo Santos", "psantos", "6d2b8c10-9f3e-4a57-b1c4-7e05d9a6f382", "198.51.100.77", _CHROME)

SPACES = (
    Space(
        name="ExampleCorp",
        billing_account="111122223333",
        region="us-west-2",
        identity_store_account=BUILDER_ID_STORE_ACCOUNT,
        identity_store="d-9067642ac7",
        projects=("website", "billing"),
        connected_accounts=("111122223333", "444455556666"),
        people=(MARY, JOHN),
    ),
    Space(
        name="AnyCompany",
        billing_account="123456789012",
        region="eu-west-1",
        identity_store_account="123456789012",
        identity_store="d-9967750fbb",
        projects=("mobile", "data"),
        connected_accounts=("123456789012",),
        people=(AKUA, LI, JANE),
    ),
    Space(
        name="Octank",
        billing_account="777788889999",
        region="us-west-2",
        identity_store_account=BUILDER_ID_STORE_ACCOUNT,
        identity_store="d-9067642ac7",
        projects=("robots",),
        connected_accounts=("777788889999",),
        people=(NIKKI,),
    ),
)

LEFT = Space(
    name="AnyOrganization",
    billing_account="222233334444",
    region="us-west-2",
    identity_store_account=BUILDER_ID_STORE_ACCOUNT,
    identity_store="d-9067642ac7",
    projects=("archive",),
    connected_accounts=("222233334444",),
    people=(PAULO,),
)
"""A space in which something happened some days ago, and nothing since."""

PEOPLE = tuple(person for space in (*SPACES, LEFT) for person in space.people)
NAMES_BY_USER_ID = {person.user_id: person.name for person in PEOPLE}
