"""`kedro_nas.space.acceptance`."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from kedro_nas.space.acceptance import Acceptance


def test_acceptance_of_an_unknown_count_is_refused() -> None:
    """A file of another version is not read as if it were empty."""
    assert Acceptance(drawn=3, accepted=2).rejected == {}
    with pytest.raises(ValidationError, match="refused"):
        Acceptance.model_validate({"refused": 1})
