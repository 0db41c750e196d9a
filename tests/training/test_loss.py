"""The loss of a batch, against its formula."""

from __future__ import annotations

import numpy as np
import pytest

from kedro_nas.training.loss import make_loss

LOGITS = np.array([[2.0, 0.0, -1.0], [0.0, 1.0, 0.5]], np.float32)
LABELS = np.array([0, 2], np.int32)


def _log_shares() -> np.ndarray:
    return LOGITS - np.log(np.exp(LOGITS).sum(axis=1, keepdims=True))


def test_loss_is_the_mean_cross_entropy() -> None:
    """Without options, minus the mean log probability of the true classes."""
    loss = make_loss(3, 0.0, None)(LOGITS, LABELS, None)

    assert float(loss) == pytest.approx(-_log_shares()[[0, 1], LABELS].mean(), rel=1e-5)


def test_loss_smooths_labels_over_all_classes() -> None:
    """A tenth of the target is spread evenly, the true class included."""
    targets = 0.9 * np.eye(3)[LABELS] + 0.1 / 3
    loss = make_loss(3, 0.1, None)(LOGITS, LABELS, None)

    expected = -(targets * _log_shares()).sum(axis=1).mean()
    assert float(loss) == pytest.approx(expected, rel=1e-5)


def test_loss_weighs_the_classes() -> None:
    """An image's loss is multiplied by the weight of its class."""
    own = -_log_shares()[[0, 1], LABELS]
    loss = make_loss(3, 0.0, [2.0, 1.0, 0.5])(LOGITS, LABELS, None)

    assert float(loss) == pytest.approx((2.0 * own[0] + 0.5 * own[1]) / 2, rel=1e-5)


def test_loss_of_mixed_images_is_shared_with_the_neighbours_label() -> None:
    """Image i holds a part of image i - 1, the first one of the last."""
    log_shares = _log_shares()
    own = -log_shares[[0, 1], LABELS].mean()
    other = -log_shares[[0, 1], LABELS[::-1]].mean()
    loss = make_loss(3, 0.0, None)(LOGITS, LABELS, np.float32(0.7))

    assert float(loss) == pytest.approx(0.7 * own + 0.3 * other, rel=1e-5)
