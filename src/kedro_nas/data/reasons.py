"""Reasons of set-aside images, grouped for people."""

from __future__ import annotations

import re

_DETAIL = re.compile(r"\s*\([^()]*\)$")
# numbers, and what stands between them, but not those of a type such as int64
_NUMBER = re.compile(r"(?<![\w.])-?(?:0x[\da-f]+|\d[\d.x]*(?:e[+-]?\d+)?)(?!\w)")
_SIZE = re.compile(r"^(oversized):.*")


def kind_of_reason(reason: str) -> str:
    """Return a reason without what differs from image to image.

    >>> kind_of_reason("undecodable: image file is truncated (12 bytes not processed)")
    'undecodable: image file is truncated'
    >>> kind_of_reason("oversized: 9000x9000 pixels")
    'oversized'
    >>> kind_of_reason("pixels down to -2.5e+09, below zero")
    'pixels down to N, below zero'
    >>> kind_of_reason("not an image but int64")
    'not an image but int64'
    """
    return _NUMBER.sub("N", _DETAIL.sub("", _SIZE.sub(r"\1", reason)))
