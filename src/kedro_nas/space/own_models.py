"""Costs of a user's own network: measured by building it, once per process."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kedro_nas.errors import SearchSpaceError
from kedro_nas.space.architecture import OwnModel

Shape = tuple[int, ...]
Ruler = Callable[[OwnModel, Shape, int], Mapping[str, int]]
_rulers: list[Ruler] = []
_table: dict[tuple[OwnModel, Shape, int], dict[str, int]] = {}


def install_own_model_ruler(ruler: Ruler) -> None:
    """Set what measures own models; `kedro_nas.models` does so on import."""
    _rulers[:] = [ruler]


def own_model_cost(
    model: OwnModel, image_shape: Shape, n_classes: int
) -> dict[str, int]:
    """Return what a user's network costs on images of one size.

    Returns:
        `params`, `macs`, `depth` (layers with a kernel) and `values` (the largest sum
        of one layer's inputs and outputs).

    Raises:
        SearchSpaceError: Nobody can measure, or the function no longer builds the
            network it was asked for.
    """
    use = (model, image_shape, n_classes)
    if use not in _table:
        if not _rulers:
            raise SearchSpaceError(
                f"cannot measure the network of {model.function}",
                remedy="Import kedro_nas.models first",
            )
        _table[use] = dict(_rulers[-1](model, image_shape, n_classes))
    return _table[use]
