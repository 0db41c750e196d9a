"""Search spaces to test with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.space.bounds import DataFacts
from kedro_nas.space.search_space import SearchSpace, build_search_space


@pytest.fixture(scope="session")
def make_space() -> Callable[..., SearchSpace]:
    """Return a maker of spaces: `make(shape, n_train, n_classes, **options)`."""

    def make(
        shape: tuple[int, int, int] = (28, 28, 1),
        n_train: int = 8_000,
        n_classes: int = 10,
        verdict: dict[str, Any] | None = None,
        **options: Any,
    ) -> SearchSpace:
        data = DataFacts(shape, n_classes, n_train, **(verdict or {}))
        chosen = SearchSpaceOptions.model_validate(options)
        return build_search_space(chosen, data, seed=0)

    return make


@pytest.fixture(scope="session")
def space(make_space: Callable[..., SearchSpace]) -> SearchSpace:
    """Return the default space of 28x28x1 images."""
    return make_space()
