"""A model of the microseconds of operators, fitted to a table of timed ones.

Per kind of operator the time is a sum of amounts (multiply-accumulates, values read and
written, weights) with factors of at least 0, and a Gaussian process over the logarithms
of the shape corrects what that leaves: how well a shape suits the device's vector width
and caches. An operator that is in the table is predicted close to its own time, one
between entries by its neighbours, and one far from all by the sum alone.

Source: Rasmussen & Williams (2006), Gaussian Processes for Machine Learning, eq. 2.23
and 2.26 (posterior mean with a fixed mean function).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from kedro_nas.space.operators import Operator

Floats = NDArray[np.float64]

# A factor of e^0.7, 2, in a size makes times half independent; noise of repeated
# timings is 3 %, deviations from the sum are 30 %
_LENGTH, _NOISE, _DEVIATION = 1.4, 0.03, 0.3
_LEAST_US = 0.02
_DEPTHWISE_CODE = (range(1, 10), range(10, 26))


def amounts(operator: Operator) -> tuple[float, ...]:
    """Return what an operator does, as numbers that its time may grow with.

    Returns:
        1; multiply-accumulates; the same with output channels rounded up to 16; places
        of the kernel times output positions; weights; values read; values written.
    """
    kind, height, width, channels, filters, kernel, stride = operator
    read = height * width * channels
    positions = math.ceil(height / stride) * math.ceil(width / stride)
    rounded = 16 * math.ceil(filters / 16)
    if kind == "conv":
        area = kernel**2
        per_position, weights = area * channels, area * channels * filters
        return (
            1.0,
            positions * weights,
            positions * per_position * rounded,
            positions * area,
            weights,
            read,
            positions * filters,
        )
    if kind == "depthwise":
        # runtimes have separate code for kernels of 3 x 3, 5 x 5 and larger ones
        area = kernel**2
        macs = positions * area * channels
        by_code = [macs * (area in sizes) for sizes in _DEPTHWISE_CODE]
        rest = macs - sum(by_code)
        return (1.0, *by_code, rest, area * channels, read, positions * channels)
    if kind == "attention":
        scores = height * height
        macs = 4 * height * channels * filters + 2 * scores * filters
        return (1.0, macs, macs, scores * kernel, 4 * channels * filters, read, read)
    if kind in {"dense", "conv1d"}:
        weights = kernel * channels * filters
        macs = height * width * weights
        return (1.0, macs, macs, 0, weights, read, height * width * filters)
    return (1.0, 0, 0, height * width, 0, read, positions * filters)


def count_weights(operator: Operator) -> float:
    """Return how many weights an operator reads."""
    has_weights = {"conv", "conv1d", "depthwise", "dense", "attention"}
    return amounts(operator)[4] if operator.kind in has_weights else 0.0


def group_of(operator: Operator) -> str:
    """Return the group of operators that share factors."""
    if operator.kind != "conv":
        return operator.kind
    if operator.height * operator.width == 1:
        return "conv of a vector"
    return "conv 1x1" if operator.kernel == 1 else "conv kxk"


@dataclass(frozen=True)
class _Group:
    """Factors and table of one group of operators."""

    factors: Floats
    places: Floats
    corrections: Floats

    @classmethod
    def fit(cls, operators: Sequence[Operator], us: Floats) -> _Group:
        """Fit relative errors, so that short operators count as much as long ones."""
        from scipy.optimize import nnls  # its import takes half a second

        matrix = np.array([amounts(one) for one in operators])
        scale = np.maximum(matrix.max(axis=0), 1.0)
        factors = nnls(matrix / scale / us[:, None], np.ones(len(us)))[0] / scale
        places = np.array([_place(one) for one in operators])
        left = np.log(us / np.maximum(matrix @ factors, _LEAST_US))
        kernel = _covariance(places, places)
        kernel[np.diag_indices(len(us))] += (_NOISE / _DEVIATION) ** 2
        return cls(factors, places, np.linalg.solve(kernel, left))

    def predict(self, operator: Operator) -> float:
        base = max(float(np.array(amounts(operator)) @ self.factors), _LEAST_US)
        near = _covariance(np.array([_place(operator)]), self.places)
        return base * math.exp(float((near @ self.corrections)[0]))


@dataclass
class OperatorModel:
    """Predicts the microseconds of an operator from a table.

    Attributes:
        groups: A fit per group of operators.
        known: Predictions made so far.
    """

    groups: Mapping[str, _Group]
    known: dict[Operator, float] = field(default_factory=dict)

    @classmethod
    def fit(cls, table: Mapping[Operator, float]) -> OperatorModel:
        """Fit a model to timed operators.

        Args:
            table: Microseconds of each, without the overhead of a call.
        """
        members: dict[str, list[Operator]] = {}
        for operator in table:
            members.setdefault(group_of(operator), []).append(operator)
        return cls(
            {
                name: _Group.fit(
                    group, np.array([max(table[one], _LEAST_US) for one in group])
                )
                for name, group in members.items()
            }
        )

    def predict(self, operator: Operator) -> float:
        """Return the microseconds of one operator.

        Raises:
            KeyError: No operator of its group was timed.
        """
        found = self.known.get(operator)
        if found is None:
            found = self.groups[group_of(operator)].predict(operator)
            self.known[operator] = found
        return found


def _place(operator: Operator) -> tuple[float, ...]:
    _, height, width, channels, filters, kernel, stride = operator
    return (
        0.5 * math.log(height * width),
        math.log(channels),
        math.log(filters),
        2 * math.log(max(kernel, 1)),
        2 * math.log(stride),
    )


def _covariance(first: Floats, second: Floats) -> Floats:
    distances = ((first[:, None] - second[None]) ** 2).sum(axis=-1)
    near: Floats = np.exp(-distances / (2 * _LENGTH**2))
    return near
