"""The fused update rules, against those of Keras."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kedro_nas.training.optimizer import CLIP_NORM, MOMENTUM, FusedOptimizer

RATES = (0.01, 0.002)  # of new weights, and of pretrained ones
DECAY = 0.1
STEPS = 4


def weights() -> list[Any]:
    """Make a new kernel, its bias, and a pretrained kernel."""
    import tensorflow as tf

    rng = np.random.default_rng(0)
    shapes = [(3, 4), (4,), (4, 2)]
    return [tf.Variable(rng.normal(size=s).astype(np.float32)) for s in shapes]


def gradients(scale: float = 0.1) -> list[list[Any]]:
    """Draw the gradients of each step."""
    rng = np.random.default_rng(1)
    return [
        [(scale * rng.normal(size=v.shape)).astype(np.float32) for v in weights()]
        for _ in range(STEPS)
    ]


def norm(step: list[Any]) -> float:
    """Return the common norm of all gradients of a step."""
    return float(np.sqrt(sum((gradient**2).sum() for gradient in step)))


def ours(name: str, steps: list[list[Any]], decay: float = DECAY) -> list[Any]:
    """Apply our rule to all three at once."""
    variables = weights()
    rule = FusedOptimizer(
        name, variables, weight_decay=decay, pretrained=[False, False, True]
    )
    for step in steps:
        rule.apply(step, np.array(RATES, np.float32))
    return [variable.numpy() for variable in variables]


def of_keras(name: str, index: int, steps: list[list[Any]]) -> Any:
    """Apply Keras' rule to one of the variables, at its rate."""
    import keras

    variable = keras.Variable(weights()[index].numpy())
    rate = RATES[1] if index == 2 else RATES[0]
    made = {
        "adamw": lambda: keras.optimizers.AdamW(
            rate, weight_decay=0.0 if index == 1 else DECAY
        ),
        "sgd": lambda: keras.optimizers.SGD(rate, MOMENTUM, nesterov=True),
    }[name]()
    for step in steps:
        made.apply([keras.ops.convert_to_tensor(step[index])], [variable])
    return np.asarray(variable.value)


@pytest.mark.parametrize(("name", "decay"), [("adamw", DECAY), ("sgd", 0.0)])
def test_optimizer_is_that_of_keras_at_two_rates(name: str, decay: float) -> None:
    """Kernels decay, biases do not, and pretrained weights follow their own rate."""
    found = ours(name, gradients(), decay)

    for index, value in enumerate(found):
        assert np.allclose(value, of_keras(name, index, gradients()), atol=1e-6)


def test_optimizer_clips_all_gradients_together() -> None:
    """Gradients whose common norm is above the bound are scaled to it."""
    large = gradients(scale=100.0)
    bounded = [[g * np.float32(CLIP_NORM / norm(step)) for g in step] for step in large]

    for found, expected in zip(ours("sgd", large), ours("sgd", bounded), strict=True):
        assert np.allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("bad", [np.inf, np.nan, 1e30])
def test_optimizer_makes_a_step_without_end_visible(bad: float) -> None:
    """What has no finite norm becomes NaN everywhere, never a step left out."""
    step = gradients()[0]
    step[0][0, 0] = bad

    assert all(np.isnan(value).all() for value in ours("sgd", [step], 0.0))


def test_optimizer_reset_forgets_everything() -> None:
    """After a reset the next steps are those of a new optimizer."""
    variables, steps = weights(), gradients()
    rates = np.array(RATES, np.float32)
    rule = FusedOptimizer(
        "adamw", variables, weight_decay=DECAY, pretrained=[False, False, True]
    )
    rule.apply(steps[0], rates)
    rule.reset()
    for variable, initial in zip(variables, weights(), strict=True):
        variable.assign(initial)
    for step in steps:
        rule.apply(step, rates)

    for found, expected in zip(variables, ours("adamw", steps), strict=True):
        assert np.array_equal(found.numpy(), expected)


def test_optimizer_goes_on_from_its_state_to_the_bit() -> None:
    """Two steps, a reload and two steps are four steps."""
    variables, steps = weights(), gradients()
    options: dict[str, Any] = {
        "weight_decay": DECAY,
        "pretrained": [False, False, True],
    }
    rates = np.array(RATES, np.float32)
    first = FusedOptimizer("adamw", variables, **options)
    for step in steps[:2]:
        first.apply(step, rates)
    second = FusedOptimizer("adamw", variables, **options)
    second.load(first.state())
    for step in steps[2:]:
        second.apply(step, rates)

    for found, expected in zip(variables, ours("adamw", steps), strict=True):
        assert np.array_equal(found.numpy(), expected)
