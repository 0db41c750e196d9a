"""The protocol of proposers: ask, tell, state."""

from __future__ import annotations

from typing import Any

import pytest

from kedro_nas.proposers.base import Proposer
from kedro_nas.proposers.random import RandomProposer
from kedro_nas.testing.proposer_contract import make_space


class OneAnchor:
    """A proposer of another package: the first anchor, then nothing."""

    def __init__(self, space: Any) -> None:
        self._left = list(space.anchors[:1])

    def ask(self) -> Any:
        """Propose the next anchor."""
        return self._left.pop() if self._left else None

    def tell(self, architecture: Any, *, score: float, epochs: int) -> None:
        """Ignore the score."""

    def get_state(self) -> dict[str, Any]:
        """Return the number of anchors left."""
        return {"left": len(self._left)}

    def set_state(self, state: dict[str, Any]) -> None:
        """Continue with the anchors left."""
        self._left = self._left[: state["left"]]


@pytest.mark.parametrize("make", [lambda s: RandomProposer(s, 0), OneAnchor])
def test_proposer_is_recognised_by_its_methods(make: Any) -> None:
    """A proposer of a team needs no base class of ours."""
    assert isinstance(make(make_space()), Proposer)


@pytest.mark.parametrize("missing", ["ask", "tell", "get_state", "set_state"])
def test_class_without_one_of_the_methods_is_no_proposer(missing: str) -> None:
    """What cannot be resumed or told of scores is refused before a search."""
    methods = {
        name: value
        for name, value in vars(OneAnchor).items()
        if name != missing and not name.startswith("__")
    }

    assert not isinstance(type("Half", (), methods)(), Proposer)
