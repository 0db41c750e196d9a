"""Each consumer has its own stream of random numbers, derived from one root seed."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from kedro_nas.seeds import derive_seed, generator

names = st.lists(st.one_of(st.integers(), st.text(max_size=8)), max_size=4)
roots = st.integers(-(2**70), 2**70)


@given(roots, names)
def test_derive_seed_is_in_the_range_all_libraries_accept(root, parts) -> None:
    """NumPy, Keras and TensorFlow take 31 bits."""
    assert 0 <= derive_seed(root, *parts) < 2**31


@given(roots, names, names)
def test_derive_seed_of_other_names_is_another(root, first, second) -> None:
    """Two consumers do not share a stream."""
    assume([str(part) for part in first] != [str(part) for part in second])
    assume(not any("\x1f" in str(part) for part in (*first, *second)))

    assert derive_seed(root, *first) != derive_seed(root, *second)


def test_derive_seed_joins_names_without_confusing_them() -> None:
    """`a, bc` and `ab, c` are two consumers."""
    assert derive_seed(0, "a", "bc") != derive_seed(0, "ab", "c")
    assert derive_seed(1, "1") != derive_seed(11)


def test_derive_seed_is_the_same_in_every_process() -> None:
    """Python's own hash of texts differs from run to run; this one does not."""
    program = "from kedro_nas.seeds import derive_seed as d; print(d(7, 'trial', 3))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert int(done.stdout) == derive_seed(7, "trial", 3)


def test_derive_seed_never_changes_between_versions() -> None:
    """A search of an earlier version is continued with the same draws."""
    assert [derive_seed(0), derive_seed(0, "search", 3)] == [804681139, 1348356188]


def test_generator_repeats_its_numbers_for_the_same_names() -> None:
    """How much another consumer has drawn does not matter."""
    first = generator(3, "proposal", 1)
    generator(3, "proposal", 2).random(100)

    assert np.array_equal(first.random(5), generator(3, "proposal", 1).random(5))
    assert not np.array_equal(
        generator(3, "proposal", 1).random(5), generator(4, "proposal", 1).random(5)
    )
