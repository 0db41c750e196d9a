"""A custom baseline is taken only if it keeps its contract; the error says why not."""

from __future__ import annotations

import pytest

from kedro_nas.errors import SearchSpaceError
from kedro_nas.models.custom_baseline import read_custom_baseline
from kedro_nas.space.architecture import Architecture

SHAPE, N_CLASSES = (8, 8, 1), 3

pytestmark = pytest.mark.usefixtures("team_own")


def read(name: str) -> Architecture:
    return read_custom_baseline(f"team_own:{name}", SHAPE, N_CLASSES)


def test_custom_baseline_may_be_an_architecture_of_ours():
    """A function may return our value instead; nothing about it is special."""
    architecture = read("ours")

    assert architecture.custom_model is None
    assert architecture.family == "conv"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("two_classes", r"makes \(4, 2\) of 4 images"),
        ("three_channels", r"fails on pixels \(4, 8, 8, 1\)"),
        ("raises", "RuntimeError: planted"),
        ("one_argument", "takes 1 positional argument"),
        ("nothing", "an object of type NoneType"),
        ("the_same", "the same model at each call"),
        ("with_lambda", "cannot be saved and read back"),
        ("subclassed", "not Keras': team_own.Net"),
        ("own_activation", "not Keras': builtins.function"),
        ("sigmoids", "ends in sigmoids"),
        ("not_a_number", "not finite"),
        ("ours_for_others", r"an Architecture for \(9, 9, 1\)"),
    ],
)
def test_custom_baseline_that_breaks_the_contract_is_refused(name, said):
    """Each message says what came, what is allowed, and how to go on without it."""
    with pytest.raises(SearchSpaceError, match=said) as raised:
        read(name)

    assert "build(input_shape, n_classes)" in str(raised.value)
    assert "nas.job.baseline: auto" in str(raised.value)


@pytest.mark.parametrize("path", ["team_own:absent", "no_such_module:build"])
def test_custom_baseline_that_cannot_be_imported_says_where_to_put_it(path):
    """A wrong path ends in a message about the path, not in a traceback."""
    with pytest.raises(SearchSpaceError, match="cannot import the baseline"):
        read_custom_baseline(path, SHAPE, N_CLASSES)
