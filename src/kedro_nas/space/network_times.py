"""What a whole network takes, from the sums over its operators.

An operator that is timed alone has its weights and input in the fastest cache, and its
time includes what a call of the runtime costs. In a network neither is so: weights come
from further away the more there are, and the runtime goes from one operator to the next
without a call. Four factors say how much that is on a device; they are fitted to whole
networks that were timed there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Least absolute errors by reweighted least squares: one disturbed timing does not count
_REWEIGHTED, _SURE = 20, 0.05
# Ridge penalty of all factors but the scale: the prior of each is 0 with a deviation of
# 0.1 of a typical network's time, and times deviate by 0.05 of it. Without a penalty a
# few networks of one kind decide about factors that only they have much of.
_PENALTY = 0.05 / 0.1**2
_OVERHEAD, _SCALE, _OPERATORS, _WEIGHTS = range(4)
_NEVER_NEGATIVE = (_OVERHEAD, _WEIGHTS)
_NOTHING = 1e-12
# however many operators there are, they take half of their scaled sum
_LEAST_SHARE = 0.5


class NetworkLoad(NamedTuple):
    """Sums over the operators of a network.

    Attributes:
        us: Microseconds of the operators, each timed alone.
        n_operators: Their number.
        megabytes: Size of their weights, float32.
    """

    us: float
    n_operators: int
    megabytes: float


class NetworkFactors(NamedTuple):
    """How the time of a network follows from its load.

    Attributes:
        overhead_us: Microseconds of a call, at least 0.
        scale: Factor of the sum of operators, above 0.
        us_per_operator: Negative where an operator takes less among others than alone.
        us_per_megabyte: Of weights, at least 0.
    """

    overhead_us: float
    scale: float
    us_per_operator: float = 0.0
    us_per_megabyte: float = 0.0

    def predict_us(self, load: NetworkLoad) -> float:
        """Return the microseconds of a network."""
        us = (
            self.overhead_us
            + self.scale * load.us
            + self.us_per_operator * load.n_operators
            + self.us_per_megabyte * load.megabytes
        )
        return max(us, _LEAST_SHARE * self.scale * load.us)


def fit_factors(
    loads: Sequence[NetworkLoad], measured: Sequence[float]
) -> NetworkFactors:
    """Fit the factors to whole networks by least absolute relative errors.

    Args:
        loads: Of each network.
        measured: Microseconds of each network.
    """
    us = np.asarray(measured, float)
    amounts = np.array([(1.0, *load) for load in loads])
    shares = amounts / us[:, None]
    # in units of a typical network's time, so that devices of any speed are alike
    typical = np.maximum(np.median(shares, axis=0), _NOTHING)
    used = [_OVERHEAD, _SCALE, _OPERATORS, _WEIGHTS]
    while True:
        penalties = [0.0 if place == _SCALE else _PENALTY for place in used]
        values = _least_absolute(shares[:, used] / typical[used], penalties)
        fitted = dict(zip(used, values.tolist(), strict=True))
        negative = {place for place in _NEVER_NEGATIVE if fitted.get(place, 0.0) < 0}
        if not negative:
            break
        used = [place for place in used if place not in negative]
    if fitted[_SCALE] <= 0:
        return NetworkFactors(0.0, float(np.median(us / amounts[:, _SCALE])))
    factors = [fitted.get(place, 0.0) / float(typical[place]) for place in range(4)]
    return NetworkFactors(*factors)


def _least_absolute(shares: Floats, penalties: Sequence[float]) -> Floats:
    """Return factors with which the shares of each network add up to 1.

    Args:
        shares: Of a network's time, `(n_networks, n_factors)`.
        penalties: Ridge penalty of each factor.
    """
    weights = np.ones(len(shares))
    ridge = np.diag(np.sqrt(penalties))
    for _ in range(_REWEIGHTED):
        root = np.sqrt(weights)
        rows = np.vstack([shares * root[:, None], ridge])
        wanted = np.concatenate([root, np.zeros(len(ridge))])
        factors: Floats = np.linalg.lstsq(rows, wanted, rcond=None)[0]
        weights = 1 / np.maximum(np.abs(shares @ factors - 1), _SURE)
    return factors
