"""For tests and for the doctests of `src` alike."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from _pytest.doctest import DoctestItem


@pytest.fixture(autouse=True)
def _doctests_show_no_log_lines(request: pytest.FixtureRequest) -> Iterator[None]:
    """Keep log lines out of doctests, once a test has set up Kedro's logging."""
    if not isinstance(request.node, DoctestItem):
        yield
        return
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)
