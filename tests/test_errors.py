"""Errors have one grammar, and no secret."""

from __future__ import annotations

import inspect

import pytest

from kedro_nas import errors
from kedro_nas.errors import DataError, KedroNasError, SearchSpaceError

KINDS = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, Exception)
]


def test_message_is_what_received_allowed_and_what_to_do() -> None:
    """The four parts are sentences in this order."""
    error = DataError(
        "cannot read the images",
        received="an empty table",
        allowed="at least one row",
        remedy="Check the catalog entry",
    )

    assert str(error) == (
        "cannot read the images. Received: an empty table. "
        "Allowed: at least one row. Check the catalog entry."
    )


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({}, "it failed."),
        ({"received": "7"}, "it failed. Received: 7."),
        ({"remedy": "Try again."}, "it failed. Try again."),
        ({"remedy": "Did you mean 'conv'?"}, "it failed. Did you mean 'conv'?"),
    ],
)
def test_message_leaves_out_parts_that_are_empty(parts, message) -> None:
    """Each part ends with one mark, its own or a full stop."""
    assert str(SearchSpaceError("it failed", **parts)) == message


@pytest.mark.parametrize("part", ["failed", "received", "allowed", "remedy"])
def test_no_part_shows_a_secret(part: str) -> None:
    """Messages reach logs, reports and trackers."""
    given = {"failed": "it failed", part: "at sftp://alice:S3CRET@host/flowers"}
    error = KedroNasError(**given)

    assert "S3CRET" not in str(error)
    assert "S3CRET" not in getattr(error, part)
    assert "alice" in str(error)


def test_reword_changes_every_part_and_the_message() -> None:
    """A caller that knows the names in the catalog puts them in."""
    error = DataError("x failed", received="x", allowed="x or y", remedy="Set x")
    error.reword(lambda text: text.replace("x", "images"))

    assert error.args == (str(error),)
    assert str(error) == (
        "images failed. Received: images. Allowed: images or y. Set images."
    )


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_can_be_caught_as_one_of_ours(kind: type[Exception]) -> None:
    """A caller needs one `except` for all that a person can act on."""
    assert issubclass(kind, KedroNasError)
    assert kind.__doc__
