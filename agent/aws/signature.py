"""Signature Version 4 of a GET whose headers are known beforehand, at a tenth of what a general signer costs.

Only path, date and signature differ from one read of a bucket to the next. Page: IAM user guide, "Create a signed AWS
API request"; for S3, the path is signed as it is sent.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Final

from botocore.credentials import ReadOnlyCredentials

_ALGORITHM: Final = "AWS4-HMAC-SHA256"
_END: Final = "aws4_request"
_TOKEN: Final = "X-Amz-Security-Token"  # noqa: S105 - the name of a header
_DATE: Final = "X-Amz-Date"


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs GETs for `region` and `service`. `signed` are the headers that are signed beside date and token, by name.

    `payload` is the value of X-Amz-Content-SHA256, which is one of them.
    """

    region: str
    service: str
    signed: Mapping[str, str]
    payload: str

    def headers(self, path: str, credentials: ReadOnlyCredentials, now: datetime) -> dict[str, str]:
        """The headers that a GET of `path` (as it is sent, without a query) needs beside the `signed` ones."""
        stamp = now.strftime("%Y%m%dT%H%M%SZ")
        own = {_DATE: stamp, **({_TOKEN: credentials.token} if credentials.token else {})}
        named = sorted((name.lower(), value) for name, value in {**self.signed, **own}.items())
        names = ";".join(name for name, _ in named)
        lines = "".join(f"{name}:{' '.join(value.split())}\n" for name, value in named)
        canonical = f"GET\n{path}\n\n{lines}\n{names}\n{self.payload}"
        scope = f"{stamp[:8]}/{self.region}/{self.service}/{_END}"
        to_sign = f"{_ALGORITHM}\n{stamp}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
        key = _signing_key(credentials.secret_key, stamp[:8], self.region, self.service)
        signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
        identity = f"{credentials.access_key}/{scope}"
        own["Authorization"] = f"{_ALGORITHM} Credential={identity}, SignedHeaders={names}, Signature={signature}"
        return own


@lru_cache(maxsize=16)
def _signing_key(secret: str, *scope: str) -> bytes:
    """The key of one day, region and service."""
    key = f"AWS4{secret}".encode()
    for part in (*scope, _END):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
