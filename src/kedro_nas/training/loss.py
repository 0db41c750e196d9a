"""Cross-entropy with smoothed labels, class weights, and mixed images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any


def make_loss(
    n_classes: int, label_smoothing: float, class_weights: Sequence[float] | None
) -> Callable[[Any, Any, Any], Any]:
    """Return the mean loss of a batch as a function of logits, labels and share.

    Args:
        n_classes: Number of classes.
        label_smoothing: Share of the target spread over all classes.
        class_weights: Factor of an image's loss per class id, or None.

    Returns:
        A function of logits, float32 `(n, n_classes)`, labels, `(n,)`, and the share of
        each image in its mixture with the one before it, None for images not mixed.
    """

    def plain(logits: Any, labels: Any) -> Any:
        import tensorflow as tf

        targets = tf.one_hot(
            labels,
            n_classes,
            on_value=1.0 - label_smoothing + label_smoothing / n_classes,
            off_value=label_smoothing / n_classes,
        )
        losses = tf.nn.softmax_cross_entropy_with_logits(targets, logits)
        if class_weights is not None:
            weights = tf.constant(class_weights, tf.float32)
            losses *= tf.gather(weights, labels)
        return tf.reduce_mean(losses)

    def mixed(logits: Any, labels: Any, share: Any) -> Any:
        import tensorflow as tf

        if share is None:
            return plain(logits, labels)
        partners = tf.roll(labels, 1, 0)
        own, other = plain(logits, labels), plain(logits, partners)
        return share * own + (1 - share) * other

    return mixed
