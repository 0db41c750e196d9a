"""The strides of the stem by the size of the images."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kedro_nas.space.anchors import stem_stride_for
from kedro_nas.space.choices import stem_strides
from kedro_nas.space.stem_strides import STEM_STRIDES


@given(st.integers(1, 2_000), st.integers(1, 2_000))
def test_stem_stride_of_anchors_is_one_that_may_be_drawn(
    height: int, width: int
) -> None:
    """What anchors and the baseline take is among what `stem_stride: auto` allows."""
    shape = (height, width, 3)

    assert stem_stride_for(shape) in stem_strides("auto", shape)


def test_stem_strides_never_shrink_with_the_image() -> None:
    """The rows of the table are in order, and larger images are shrunk no less."""
    sizes = [row.below for row in STEM_STRIDES]
    proven = [row.proven for row in STEM_STRIDES]

    assert sizes == sorted(sizes)
    assert proven == sorted(proven)
