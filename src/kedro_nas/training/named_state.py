"""The state of a training as named arrays, in a fixed order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def array_name(number: int, path: str) -> str:
    """Return the name of an array in a file; names sort by their number.

    >>> array_name(3, "stem_conv1/kernel")
    '0003:stem_conv1/kernel'
    """
    return f"{number:04d}:{path}"


def path_of(name: str) -> str:
    """Return the path of a variable from the name of its array.

    >>> path_of("0003:stem_conv1/kernel")
    'stem_conv1/kernel'
    """
    return name.split(":", 1)[-1]


def named_state(variables: Sequence[Any], optimizer: Any) -> dict[str, NDArray[Any]]:
    """Return all that training changes, by `array_name`.

    Args:
        variables: All variables of the Keras model.
        optimizer: The `FusedOptimizer` of its trainable ones.
    """
    moments = optimizer.state()
    paths = [variable.path for variable in variables]
    paths += [f"optimizer/{i}" for i in range(len(moments))]
    values = [*(np.asarray(variable.value) for variable in variables), *moments]
    names = (array_name(i, path) for i, path in enumerate(paths))
    return dict(zip(names, values, strict=True))


def load_state(
    variables: Sequence[Any], optimizer: Any, state: Mapping[str, NDArray[Any]]
) -> None:
    """Restore what `named_state` returned, bit for bit.

    Names are not compared, as Keras numbers the layers of a custom model anew in each
    process; the number of arrays and their shapes are.

    Raises:
        ValueError: There are fewer or more arrays, or one has another shape.
    """
    values, n = list(state.values()), len(variables)
    for variable, value in zip(variables, values[:n], strict=True):
        variable.assign(value)
    optimizer.load(values[n:])
