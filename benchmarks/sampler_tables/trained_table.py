"""The table of trained networks as a world to search, and as proposers see it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import pandas as pd
from typing_extensions import Self

from kedro_nas.proposers.candidate_space import Description
from kedro_nas.space.bounds import Bounds

STAGES = ((0, 2), (2, 5), (5, 8))  # choices of a stage; an identity may be anywhere
N_CHOICES, N_VALUES = 8, 3

Code = str


class World:
    """The table, possibly with a penalty on multiply-adds.

    Args:
        table: Columns `code`, `accuracy_1` to `accuracy_3`, `params`, `macs`.
        penalty: Points per standard deviation of the logarithm of the multiply-adds.
    """

    def __init__(self, table: pd.DataFrame, penalty: float = 0.0) -> None:
        log_macs = np.log(table["macs"].to_numpy(float))
        size = (log_macs - log_macs.mean()) / log_macs.std()
        runs = table[[f"accuracy_{run}" for run in (1, 2, 3)]].to_numpy(float)
        self.runs = runs - penalty / 100 * size[:, None]
        self.mean = self.runs.mean(axis=1)
        self.row = {code: row for row, code in enumerate(table["code"])}
        self.codes: list[Code] = list(table["code"])
        self.macs = table["macs"].to_numpy()
        self.params = table["params"].to_numpy()
        self.described = {
            code: describe_code(code, macs, params)
            for code, macs, params in zip(
                self.codes, log_macs, np.log(self.params), strict=True
            )
        }


class TableSpace:
    """The networks of a world within limits, as proposers see them.

    Args:
        world: The table.
        limits: Largest parameters and multiply-adds.
    """

    starts: Sequence[Code] = ()

    def __init__(self, world: World, limits: Bounds) -> None:
        self._world, self._limits = world, limits
        fits = np.ones(len(world.codes), dtype=bool)
        if limits.max_params is not None:
            fits &= world.params <= limits.max_params
        if limits.max_macs is not None:
            fits &= world.macs <= limits.max_macs
        self.rows = np.flatnonzero(fits)
        self._fitting = {world.codes[row] for row in self.rows}

    def within(self, limits: Bounds) -> Self:
        """Return the part of the table within limits."""
        if limits == self._limits:
            return self
        return type(self)(self._world, limits)

    def key(self, candidate: Code) -> str:
        """Return the code with identities at the end of each stage."""
        return canonical(candidate)

    def describe(self, candidate: Code) -> Description:
        """Return blocks and costs of a network as numbers."""
        return self._world.described[candidate]

    def sample(self, rng: np.random.Generator) -> Code:
        """Draw a network within the limits."""
        code: Code = self._world.codes[self.rows[int(rng.integers(len(self.rows)))]]
        return code

    def mutate(
        self, candidate: Code, n_changes: int, rng: np.random.Generator
    ) -> Code | None:
        """Change so many blocks; None where the result exceeds the limits."""
        values = list(candidate)
        shares = rng.random(2 * n_changes).tolist()
        places = list(range(N_CHOICES))
        for share, step in zip(shares[::2], shares[1::2], strict=True):
            place = places.pop(int(share * len(places)))
            change = 1 + int(step * (N_VALUES - 1))
            values[place] = str((int(values[place]) + change) % N_VALUES)
        mutant = "".join(values)
        return mutant if mutant in self._fitting else None

    def list_all(self) -> None:
        """Return None: there are enough networks for all proposals."""


def describe_code(code: Code, log_macs: float, log_params: float) -> Description:
    """Return blocks and costs of a network as numbers."""
    blocks = canonical(code)
    return Description(
        codes=tuple(int(value) for value in blocks),
        positions=(),
        costs=(log_macs, log_params, float(N_CHOICES - blocks.count("0"))),
    )


@cache
def canonical(code: Code) -> Code:
    """Return the code of the same network with identities last in each stage.

    The first choice of a stage halves the map and stays where it is.

    >>> canonical("02101202")
    '02110220'
    """
    stages = [code[low:high] for low, high in STAGES]
    return "".join(
        one[0] + one[1:].replace("0", "").ljust(len(one) - 1, "0") for one in stages
    )
