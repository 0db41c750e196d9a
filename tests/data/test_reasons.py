"""Reasons are grouped by what they say, not by the numbers in them."""

from __future__ import annotations

import pytest

from kedro_nas.data.reasons import kind_of_reason


@pytest.mark.parametrize(
    ("reasons", "kind"),
    [
        (
            ["undecodable: image file is truncated (12 bytes not processed)"] * 2,
            "undecodable: image file is truncated",
        ),
        (["oversized: 9000x9000 pixels", "oversized: a file of 9 bytes"], "oversized"),
        (["pixels up to 1e+09", "pixels up to 2.5e+10"], "pixels up to N"),
        (
            ["pixels down to -3, below zero", "pixels down to -0.25, below zero"],
            "pixels down to N, below zero",
        ),
        (
            ["undecodable: broken PNG file (chunk b'abcd')"],
            "undecodable: broken PNG file",
        ),
        (["not an image but int64"], "not an image but int64"),
        (["pixels of type float16"], "pixels of type float16"),
        (["no label"], "no label"),
    ],
)
def test_kind_of_reason_is_one_for_all_numbers(reasons, kind):
    """Images that fail alike are one line, and types keep their names."""
    assert {kind_of_reason(reason) for reason in reasons} == {kind}
