"""Secrets in addresses and command lines, taken out before they are shown."""

from __future__ import annotations

import re

HIDDEN = "***"
_USER = re.compile(r"(://[^/\s:@]*:)[^/\s@]+(@)")
_QUERY = re.compile(r"(://[^\s?#]*\?)[^\s#]+")
_NAMED = re.compile(
    r"(?i)([\w.-]*(?:password|passwd|secret|token|credential|signature|api_?key|"
    r"access_?key|account_?key|sas)[\w-]*\s*[=:]\s*)(?!//)[^\s,;&\"']+"
)


def redacted(text: str) -> str:
    """Return a text without the secrets in its addresses and arguments.

    Passwords of addresses, their whole query, and the values of arguments whose name
    speaks of a secret are replaced by `***`.

    >>> redacted("sftp://alice:S3CRET@host/flowers")
    'sftp://alice:***@host/flowers'
    >>> redacted("https://bucket/x.parquet?X-Amz-Signature=S3CRET&v=1")
    'https://bucket/x.parquet?***'
    >>> redacted("kedro run --params images.api_key=S3CRET,nas.seed=3")
    'kedro run --params images.api_key=***,nas.seed=3'
    """
    text = _USER.sub(rf"\1{HIDDEN}\2", text)
    text = _QUERY.sub(rf"\1{HIDDEN}", text)
    return _NAMED.sub(rf"\1{HIDDEN}", text)
