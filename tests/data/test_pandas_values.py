"""`kedro_nas.data.pandas_values`: recognised with and without pandas."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from kedro_nas.data.pandas_values import is_frame, is_na


@pytest.mark.parametrize(
    ("value", "frame", "na"),
    [
        (pd.DataFrame({"a": [1]}), True, False),
        (pd.Series([1]), False, False),
        (pd.NA, False, True),
        (None, False, False),
        (math.nan, False, False),
        (np.zeros(3), False, False),
    ],
)
def test_values_of_pandas_are_told_from_others(
    value: object, *, frame: bool, na: bool
) -> None:
    """Neither an array nor an ordinary gap is taken for one of pandas."""
    assert (is_frame(value), is_na(value)) == (frame, na)


def test_recognising_them_does_not_import_pandas() -> None:
    """Where pandas is not loaded, there are no values of it."""
    program = (
        "import sys;"
        "from kedro_nas.data.pandas_values import is_frame, is_na;"
        "assert not is_frame(1) and not is_na(None) and 'pandas' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False)

    assert done.returncode == 0
