"""Mixup and cutmix in the graph."""

from __future__ import annotations

import numpy as np
import pytest

from kedro_nas.training.mixing import make_mixer

pytestmark = pytest.mark.slow
SHAPE = (12, 10, 1)


def batch() -> np.ndarray:
    """Eight images, each of one value that tells it apart."""
    values = np.arange(8, dtype=np.float32) * 10
    return np.broadcast_to(values[:, None, None, None], (8, *SHAPE)).copy()


@pytest.mark.parametrize("step", range(20))
def test_mixup_blends_neighbours_by_the_share_it_reports(step: int) -> None:
    """Every pixel is the share of its own image and the rest of the one before."""
    mix = make_mixer("light+flip+mixup", SHAPE)
    assert mix is not None
    pixels = batch()

    mixed, share = mix(pixels, np.array([7, step], np.int32))

    part = float(share)
    assert 0 <= part <= 1
    expected = part * pixels + (1 - part) * np.roll(pixels, 1, 0)
    assert np.allclose(mixed, expected, atol=1e-3)


def test_cutmix_pastes_one_box_and_reports_its_area() -> None:
    """The share is that of the pixels left alone, in every step; half are untouched."""
    mix = make_mixer("medium+cutmix", SHAPE)
    assert mix is not None
    pixels = batch()
    shares = []
    for step in range(60):
        mixed, share = mix(pixels, np.array([7, step], np.int32))
        own = np.isclose(mixed, pixels)
        assert np.isclose(own.mean(), float(share))
        assert np.isclose(np.asarray(mixed)[~own], np.roll(pixels, 1, 0)[~own]).all()
        shares.append(float(share))

    assert 15 < sum(share == 1 for share in shares) < 50
    assert min(shares) < 0.6


def test_make_mixer_gives_nothing_where_nothing_is_mixed() -> None:
    """An augmentation without mixing costs no operation in the graph."""
    assert make_mixer("strong+flip", SHAPE) is None
    assert make_mixer("none", SHAPE) is None
