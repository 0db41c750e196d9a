"""Gives a network the function of the smaller one that it was grown from."""

from __future__ import annotations

from typing import Any

from kedro_nas.errors import TrainingError
from kedro_nas.models.grown_weights import start_grown
from kedro_nas.space.architecture import Architecture
from kedro_nas.space.growth import plan_growth
from kedro_nas.training.checkpoints import load_checkpoint
from kedro_nas.training.tasks import Ancestor


def inherit_weights(model: Any, architecture: Architecture, ancestor: Ancestor) -> None:
    """Set the weights of a model so that it computes what its ancestor did.

    Args:
        model: The Keras model of the architecture, with fresh weights.
        architecture: The grown network.
        ancestor: The trained network and its checkpoint.

    Raises:
        TrainingError: The checkpoint is gone or damaged.
        GrowthError: The architecture is no growth of the ancestor's.
        StorageError: The checkpoint exists but cannot be read.
    """
    found = load_checkpoint(ancestor.checkpoint)
    if found is None:
        raise TrainingError(
            f"the weights to inherit from trial {ancestor.task_id} are gone",
            received=f"no readable checkpoint {ancestor.checkpoint}",
            allowed="the checkpoints of a search, as long as it runs",
            remedy="Restore the file, or begin the search anew",
        )
    starts = plan_growth(ancestor.architecture, architecture)
    start_grown(model, starts, found.by_path())
