"""The search space as KerasTuner's `HyperParameters`."""

from __future__ import annotations

from copy import copy

import keras_tuner

from kedro_nas.parameters.search_space import Range
from kedro_nas.space.search_space import SearchSpace


class SharedHyperParameters(keras_tuner.HyperParameters):  # type: ignore[misc]
    """Hyperparameters whose copies share the declaration and have their own values.

    KerasTuner serialises and reads the whole declaration for each trial, which takes
    more time and memory than all else that the driver does for it.
    """

    def copy(self) -> SharedHyperParameters:
        """Return a copy with its own values."""
        other = copy(self)
        other.values = dict(self.values)
        return other


def to_hyperparameters(space: SearchSpace) -> keras_tuner.HyperParameters:
    """Declare every choice of a space, without building a network.

    The choices are declared flat: KerasTuner's nested conditional scopes reject parents
    of another scope, and its own declaration builds the network once per condition.

    Args:
        space: Its `encode` must return a value for every name declared here, since
            KerasTuner fills missing values from an unseeded generator.
    """
    hyperparameters = SharedHyperParameters()
    for name, values in space.choices.items():
        if isinstance(values, Range):
            hyperparameters.Float(name, values.low, values.high, sampling="log")
            continue
        allowed = list(values)
        if all(isinstance(value, bool) for value in allowed):
            hyperparameters.Boolean(name)
        elif any(isinstance(value, float) for value in allowed):
            hyperparameters.Choice(name, [float(value) for value in allowed])
        else:
            hyperparameters.Choice(name, allowed)
    return hyperparameters
