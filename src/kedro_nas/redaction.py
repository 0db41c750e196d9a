"""Removal of secrets from addresses and command lines before they are shown."""

from __future__ import annotations

import re
from itertools import pairwise

HIDDEN = "***"
_MAY_HOLD_SECRETS = re.compile(r"[=:\s]")  # file names contain none of these
# up to the last @ before the host, as a password may contain an @
_PASSWORD = re.compile(r"(://[^/\s:@?#]*:)[^/\s?#]+(@)")
# a token without a user; other protocols have a container there (abfs://container@x)
_TOKEN = re.compile(r"(?i)(https?://)[^/\s:@?#]+(@)")
_QUERY = re.compile(r"(://[^\s?#\"']*\?)[^\s#\"']+")
_NAMED = re.compile(r"(?<![\w.-])([\w.-]+)[\"']?\s*[=:]\s*[\"']?(?!//)")
_VALUE = re.compile(r"[^\s,;&\"'{}\[\]]+")
_OPTION = re.compile(r"(?<!\S)(--?\w[\w.-]*)(\s+)(?!-)\S+")
_BEARER = re.compile(r"(?i)\b(bearer\s+)[\w.~+/=-]+")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_SECRET_WORDS = frozenset(
    [
        *("password", "passwd", "passphrase", "pwd", "secret", "token", "credential"),
        *("credentials", "signature", "sig", "sas", "apikey"),
    ]
)
_SECRET_PAIRS = frozenset(
    (first, "key") for first in ("api", "access", "account", "private")
) | {("connection", "string")}


def redacted(text: str) -> str:
    """Return a text in which secrets are replaced by `***`.

    Replaced are passwords and queries of addresses, and the values of arguments whose
    name contains a word such as `password`, `token` or `api_key`.

    >>> redacted("sftp://alice:S3CRET@host/flowers")
    'sftp://alice:***@host/flowers'
    >>> redacted("https://bucket/x.parquet?X-Amz-Signature=S3CRET&v=1")
    'https://bucket/x.parquet?***'
    >>> redacted("kedro run --params images.api_key=S3CRET,nas.seed=3")
    'kedro run --params images.api_key=***,nas.seed=3'
    >>> redacted("{'key': 'K', 'secret': 'S3CRET'}")
    "{'key': 'K', 'secret': '***'}"
    """
    if not _MAY_HOLD_SECRETS.search(text):
        return text
    if "://" in text:
        text = _PASSWORD.sub(rf"\1{HIDDEN}\2", text)
        text = _TOKEN.sub(rf"\1{HIDDEN}\2", text)
        text = _QUERY.sub(rf"\1{HIDDEN}", text)
    text = _BEARER.sub(rf"\1{HIDDEN}", text)
    return _OPTION.sub(_without_argument, _without_values(text))


def _without_values(text: str) -> str:
    """Replace the values after names such as `password=` and `'secret': `."""
    parts, done, start = [], 0, 0
    while found := _NAMED.search(text, start):
        start = found.end()
        if not _names_a_secret(found[1]):
            continue
        if value := _VALUE.match(text, start):
            parts += [text[done:start], HIDDEN]
            done = start = value.end()
    return "".join([*parts, text[done:]])


def _without_argument(found: re.Match[str]) -> str:
    return f"{found[1]}{found[2]}{HIDDEN}" if _names_a_secret(found[1]) else found[0]


def _names_a_secret(name: str) -> bool:
    """Return whether one of the words of a name indicates a secret.

    Whole words are compared: `Kansas` does not count as `sas`.
    """
    words = [word.lower() for word in _WORD.findall(name)]
    return not _SECRET_WORDS.isdisjoint(words) or not _SECRET_PAIRS.isdisjoint(
        pairwise(words)
    )
