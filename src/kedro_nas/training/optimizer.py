"""AdamW and Nesterov SGD by TensorFlow's fused kernels.

One kernel per variable reads and writes everything once. Keras' optimizers, and one
flat vector of all variables, need some twenty passes over memory for the same update: a
network of 690,000 parameters then spends a third of each step updating them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kedro_nas.space.encoding import SGD_RATE_FACTOR

MOMENTUM = 0.9  # of SGD, and Adam's beta 1
ADAM_BETA_2 = 0.999
ADAM_EPSILON = 1e-7  # Keras' default
CLIP_NORM = 5.0  # limits a single exploding step, rarely active


class FusedOptimizer:
    """State and update rule for a fixed list of variables.

    Args:
        name: `adamw` or `sgd`.
        variables: `tf.Variable`s, in a fixed order, all float32.
        weight_decay: Decoupled decay per step relative to AdamW's learning rate, on
            kernels (rank 2 and more) only.
        pretrained: Which variables follow the second learning rate.

    Source: Loshchilov & Hutter (2019), Decoupled Weight Decay Regularization;
        Sutskever et al. (2013), On the Importance of Initialization and Momentum,
        for Nesterov's momentum.
    """

    def __init__(
        self,
        name: str,
        variables: Sequence[Any],
        *,
        weight_decay: float,
        pretrained: Sequence[bool],
    ) -> None:
        import tensorflow as tf

        self._tf = tf
        self._name = name
        self._variables = list(variables)
        self._pretrained = list(pretrained)
        # SGD's rates are 20 times AdamW's; the decay per step must be equal
        self._decay = weight_decay / (SGD_RATE_FACTOR if name == "sgd" else 1)
        self._step = tf.Variable(0.0, trainable=False)
        self._first = [self._zeros(v) for v in self._variables]
        self._second = [self._zeros(v) for v in self._variables if name == "adamw"]

    def _zeros(self, variable: Any) -> Any:
        return self._tf.Variable(self._tf.zeros(variable.shape), trainable=False)

    def apply(self, gradients: Sequence[Any], rates: Any) -> None:
        """Update the variables; to be called while tracing a graph.

        Args:
            gradients: One per variable; None counts as zero.
            rates: float32 `(2,)`: of new variables, and of pretrained ones.
        """
        tf = self._tf
        pairs = zip(gradients, self._variables, strict=True)
        dense = [
            tf.zeros(v.shape) if g is None else tf.convert_to_tensor(g)
            for g, v in pairs
        ]
        # `tf.clip_by_global_norm` with two nodes per variable instead of four; an
        # infinite norm makes the step invalid, so that divergence is detected
        norm = tf.sqrt(2.0 * tf.add_n([tf.nn.l2_loss(g) for g in dense]))
        scale = CLIP_NORM / tf.maximum(norm, CLIP_NORM) + (norm - norm)
        clipped = [g * scale for g in dense]
        step = self._step.assign_add(1.0)
        # created once, not per variable: every node has to be traced and optimised
        update = self._rule(step)
        rate = (rates[0], rates[1])
        decay = (rate[0] * self._decay, rate[1] * self._decay)
        for i, gradient in enumerate(clipped):
            variable = self._variables[i]
            which = int(self._pretrained[i])
            if self._decay and len(variable.shape) > 1:
                variable.assign_sub(decay[which] * variable)
            update(i, gradient, rate[which])

    def _rule(self, step: Any) -> Callable[[int, Any, Any], None]:
        """Return a function that updates the variable of a number.

        It takes the number, the gradient and the learning rate.
        """
        return self._nesterov() if self._name == "sgd" else self._adam(step)

    def _nesterov(self) -> Callable[[int, Any, Any], None]:
        tf = self._tf
        momentum = tf.constant(MOMENTUM)

        def update(i: int, gradient: Any, rate: Any) -> None:
            tf.raw_ops.ResourceApplyKerasMomentum(
                var=self._variables[i].handle,
                accum=self._first[i].handle,
                lr=rate,
                grad=gradient,
                momentum=momentum,
                use_nesterov=True,
            )

        return update

    def _adam(self, step: Any) -> Callable[[int, Any, Any], None]:
        tf = self._tf
        powers = tf.pow(MOMENTUM, step), tf.pow(ADAM_BETA_2, step)
        betas = tf.constant(MOMENTUM), tf.constant(ADAM_BETA_2)
        epsilon = tf.constant(ADAM_EPSILON)

        def update(i: int, gradient: Any, rate: Any) -> None:
            tf.raw_ops.ResourceApplyAdam(
                var=self._variables[i].handle,
                m=self._first[i].handle,
                v=self._second[i].handle,
                beta1_power=powers[0],
                beta2_power=powers[1],
                lr=rate,
                beta1=betas[0],
                beta2=betas[1],
                epsilon=epsilon,
                grad=gradient,
            )

        return update

    def moments(self) -> list[Any]:
        """Return the first moments, then the second ones, as `tf.Variable`s."""
        return [*self._first, *self._second]

    def _state(self) -> list[Any]:
        return [self._step, *self._first, *self._second]

    def state(self) -> list[NDArray[np.float32]]:
        """Return step, first and second moments as arrays."""
        return [variable.numpy() for variable in self._state()]

    def reset(self) -> None:
        """Reset step and moments to their state before the first step."""
        for variable in self._state():
            variable.assign(self._tf.zeros_like(variable))

    def load(self, state: Sequence[NDArray[np.float32]]) -> None:
        """Restore what `state` returned."""
        for variable, value in zip(self._state(), state, strict=True):
            variable.assign(value)
