"""A network with its optimizer and compiled graphs, kept between rungs and folds.

An epoch is one graph: the steps loop inside it over pixels in memory, augmentation
included, so Python is entered once a second and not once a step (measured against
KerasTuner over `fit` by benchmarks/engine.py). Learning rates and row orders are
inputs: one trace serves every epoch, rung and schedule.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kedro_nas.models.build import build_model
from kedro_nas.models.pretrained import reinitialised_layers
from kedro_nas.records.search import Execution
from kedro_nas.space.architecture import Architecture
from kedro_nas.training.augmentation import make_augmenter
from kedro_nas.training.batch_norm import fused_batch_norms
from kedro_nas.training.execution import PLAIN, precision
from kedro_nas.training.half_precision import half_kernels
from kedro_nas.training.loss import make_loss
from kedro_nas.training.mixing import make_mixer
from kedro_nas.training.named_state import load_state, named_state
from kedro_nas.training.optimizer import FusedOptimizer
from kedro_nas.training.pixels import DevelopmentPixels
from kedro_nas.training.scaling import Scaling

logger = logging.getLogger(__name__)

BATCH_NORM_BATCHES = 20  # forward passes that re-estimate the moving statistics
BATCH_NORM_BATCH = 32  # with 64 this took 6 to 9 % of an epoch
PREDICT_BATCH = 512
FIRST_CHUNK_STEPS = 1  # then doubled; a budget may end within the first chunk
CHUNK_S = 1.0  # how long the graph runs between two checks of the deadline


class DeadlineError(Exception):
    """The deadline passed in the middle of an epoch, which is discarded."""


class Learner:
    """A network with its optimizer and its compiled graphs.

    Args:
        architecture: Network and recipe.
        pixels: Development pixels.
        mean: Per channel, of the training rows, in 0 to 255.
        std: Per channel, of the training rows, in 0 to 255.
        bn_momentum: Of all batch normalisations.
        class_weights: Per class id, or None.
        seed: Of the initial weights and of dropout.
        execution: Compilation and precision of the steps.
        on_progress: Called after each part of the work: building the network, tracing a
            graph, a chunk of steps, a batch of predictions.

    Attributes:
        on_progress: As given; replaced by the next task that uses the learner.
        model: The Keras model being trained.
        trace_s: Seconds its graphs took to trace, 0 where they had been traced before.
        first_step_s: Seconds of the first step, which includes optimising or compiling
            the graph; None before that step.
    """

    def __init__(
        self,
        architecture: Architecture,
        pixels: DevelopmentPixels,
        *,
        mean: Sequence[float],
        std: Sequence[float],
        bn_momentum: float,
        class_weights: Sequence[float] | None,
        seed: int,
        execution: Execution = PLAIN,
        on_progress: Callable[[], None] = lambda: None,
    ) -> None:
        self.on_progress = on_progress
        self._execution = execution
        self._architecture = architecture
        self._build = partial(
            build_model,
            architecture,
            mean=mean,
            std=std,
            bn_momentum=bn_momentum,
            seed=seed,
        )
        self.first_step_s: float | None = None
        self._pixels = pixels
        self._recipe = architecture.recipe
        self._loss = make_loss(
            architecture.n_classes, self._recipe.label_smoothing, class_weights
        )
        self._augment = make_augmenter(
            self._recipe.augmentation, architecture.input_shape
        )
        self._mix = make_mixer(self._recipe.augmentation, architecture.input_shape)
        self._chunk_steps = FIRST_CHUNK_STEPS
        try:
            self._assemble()
        except Exception as error:
            # a custom block may mix bfloat16 with constants of its own in float32
            if execution.precision == "float32":
                raise
            self._use_float32(error)

    def _assemble(self) -> None:
        """Build the network, its optimizer and its graphs."""
        import keras

        architecture = self._architecture
        with precision(self._execution.precision):
            self.model = self._build()
        self.on_progress()
        ours = architecture.custom_model is None and architecture.backbone is None
        layer = self.model.get_layer("normalisation") if ours else None
        self._scaling = None if layer is None else Scaling(layer)
        logits = self.model.get_layer("logits").output
        self._network = keras.Model(self.model.input, logits)
        self._optimizer = FusedOptimizer(
            self._recipe.optimizer,
            [v.value for v in self._network.trainable_variables],
            weight_decay=self._recipe.weight_decay,
            pretrained=self._which_are_pretrained(architecture),
        )
        began = time.monotonic()
        self._compile()
        self.trace_s = time.monotonic() - began

    def _use_float32(self, error: Exception) -> None:
        """Assemble the network again, in the precision that every layer supports."""
        logger.warning(
            "%s is trained in float32, as it failed in bfloat16: %s",
            self._architecture.key,
            error,
        )
        self._execution = self._execution.model_copy(update={"precision": "float32"})
        self._assemble()

    def _which_are_pretrained(self, architecture: Architecture) -> list[bool]:
        variables = self._network.trainable_variables
        if architecture.backbone is None:
            return [False] * len(variables)
        body = self.model.get_layer("backbone")
        known = {id(variable) for variable in body.trainable_variables}
        for layer in reinitialised_layers(body, architecture.backbone.reinitialised):
            known -= {id(variable) for variable in layer.trainable_variables}
        return [id(variable) in known for variable in variables]

    @property
    def frees_whole_body(self) -> bool:
        """Whether the network has a pretrained body without frozen layers."""
        body = next((x for x in self.model.layers if x.name == "backbone"), None)
        return body is not None and all(layer.trainable for layer in body.layers)

    def _compile(self) -> None:
        """Trace the three graphs now, to time building apart from training."""
        import tensorflow as tf

        rows = tf.TensorSpec([None], tf.int32)
        self._run_steps = self._compiled_steps()
        self.on_progress()
        with self._in_graph(inference=False):
            self._run_forward = _compiled(self._forward_in_training_mode, rows)
        self.on_progress()
        with self._in_graph(inference=True):
            self._run_predict = _compiled(
                self._predict, rows, tf.TensorSpec([], tf.bool)
            )
        self.on_progress()

    @contextmanager
    def _in_graph(self, *, inference: bool) -> Iterator[None]:
        """Use the fused kernels while graphs are traced within the block."""
        scaled = self._scaling.in_graph() if self._scaling else nullcontext()
        fused = fused_batch_norms(self.model, inference=inference)
        half = half_kernels(self.model, inference=inference)
        with fused, half, scaled:
            yield

    def _compiled_steps(self) -> Any:
        import tensorflow as tf

        with self._in_graph(inference=False):
            return _compiled(
                self._steps,
                tf.TensorSpec([None, None], tf.int32),
                tf.TensorSpec([None, 2], tf.float32),
                tf.TensorSpec([None, 2], tf.int32),
            )

    def _steps(self, rows: Any, rates: Any, seeds: Any) -> Any:
        import tensorflow as tf

        # gathering and augmentation stay outside: XLA does not support all their
        # operations
        update = self._update
        if self._execution.jit_compile:
            update = tf.function(update, autograph=False, jit_compile=True)

        def step(i: Any, losses: Any) -> tuple[Any, Any]:
            batch, labels = self._pixels.gather(rows[i])
            if self._augment is not None:
                batch = self._augment(batch, seeds[i])
            share: Any = None
            if self._mix is not None:
                batch, share = self._mix(batch, seeds[i])
            loss = update(batch, labels, share, rates[i])
            return i + 1, losses.write(i, loss)

        n = tf.shape(rows)[0]
        losses = tf.TensorArray(tf.float32, size=n, element_shape=[])
        _, losses = tf.while_loop(
            lambda i, _: i < n, step, [0, losses], parallel_iterations=1
        )
        return losses.stack()

    def _update(self, batch: Any, labels: Any, share: Any, rates: Any) -> Any:
        import tensorflow as tf

        variables = [v.value for v in self._network.trainable_variables]
        with tf.GradientTape() as tape:
            logits = self._network(batch, training=True)
            loss = self._loss(tf.cast(logits, tf.float32), labels, share)
        self._optimizer.apply(tape.gradient(loss, variables), rates)
        return loss

    def _forward_in_training_mode(self, rows: Any) -> Any:
        return self._network(self._pixels.gather(rows)[0], training=True)

    def _predict(self, rows: Any, mirrored: Any) -> Any:
        import tensorflow as tf

        pixels = self._pixels.gather(rows)[0]
        pixels = tf.cond(mirrored, lambda: tf.reverse(pixels, [2]), lambda: pixels)
        logits = self._network(pixels, training=False)
        return tf.nn.softmax(tf.cast(logits, tf.float32))  # float32 in any precision

    def train_epoch(
        self,
        order: NDArray[np.int32],
        rates: NDArray[np.float32],
        *,
        seed: int,
        deadline: float | None = None,
    ) -> float:
        """Run one epoch.

        Args:
            order: Positions of the rows in training order, `(steps, batch)`.
            rates: Learning rates of each step, `(steps, 2)`, see `two_phases`.
            seed: Of augmentation, in [0, 2**31).
            deadline: On `time.monotonic`'s clock; checked once a second.

        Returns:
            Mean training loss.

        Raises:
            DeadlineError: The deadline passed before the last step.
        """
        steps = len(order)
        seeds = np.stack([np.full(steps, seed), np.arange(steps)], 1).astype(np.int32)
        losses: list[float] = []
        done = 0
        while done < steps:
            if deadline is not None and time.monotonic() >= deadline:
                raise DeadlineError
            part = slice(done, done + self._chunk_steps)
            began = time.monotonic()
            losses += self._run_chunk(order[part], rates[part], seeds[part])
            done = min(steps, part.stop)
            self.on_progress()
            if self.first_step_s is None:
                self.first_step_s = time.monotonic() - began
            # the result must not depend on where an epoch is cut into chunks, so the
            # losses are summed exactly: float sums depend on how they are grouped
            if time.monotonic() - began < CHUNK_S / 2:
                self._chunk_steps *= 2
            elif time.monotonic() - began > CHUNK_S * 2 and self._chunk_steps > 1:
                self._chunk_steps //= 2
        return math.fsum(losses) / steps

    def _run_chunk(self, *inputs: Any) -> list[float]:
        """Run some steps; in float32 without XLA if the very first is refused."""
        import tensorflow as tf

        refused = (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError)
        try:
            losses = self._run_steps(*inputs)
        except refused as error:
            # the first chunk is one step, refused before it changes anything
            if self._execution == PLAIN or self.first_step_s is not None:
                raise
            losses = self._run_simpler(error, *inputs)
        return np.asarray(losses).tolist()  # type: ignore[no-any-return]

    def _run_simpler(self, error: Exception, *inputs: Any) -> Any:
        """Run the first step without XLA, else also in float32, from the same state."""
        if self._execution.jit_compile:
            self._execution = self._execution.model_copy(update={"jit_compile": False})
            self._run_steps = self._compiled_steps()
            return self._run_chunk(*inputs)
        state = self.state()  # with the moments of a training that is resumed
        self._use_float32(error)
        self.load(state)
        return self._run_chunk(*inputs)

    def restart(
        self, *, mean: Sequence[float], std: Sequence[float], seed: int
    ) -> None:
        """Start training again from new weights, on other rows, with the same graphs.

        The results are bit-identical to those of a new learner.

        Args:
            mean: Per channel, of the new training rows, in 0 to 255.
            std: Per channel, of the new training rows, in 0 to 255.
            seed: Of the initial weights and of dropout.
        """
        self._build = partial(self._build, mean=mean, std=std, seed=seed)
        with precision(self._execution.precision):
            fresh = self._build()
        pairs = zip(self.model.variables, fresh.variables, strict=True)
        for variable, initial in pairs:
            variable.assign(initial)
        self.on_progress()
        if self._scaling is not None:
            self._scaling.follow(fresh.get_layer("normalisation"))
        self._optimizer.reset()
        self.trace_s = 0.0

    def portable_model(self) -> Any:
        """Return the model in float32, whatever precision it was trained in."""
        if self._execution.precision == "float32":
            return self.model
        plain = self._build()
        plain.set_weights(self.model.get_weights())
        return plain

    def estimate_batch_norm(self, positions: NDArray[np.int32]) -> None:
        """Re-estimate the moving statistics with the present weights.

        Without it the first rungs are noise: after one epoch of 2,000 CIFAR images
        accuracy rose from 0.10-0.16 to 0.19-0.25 (5 networks).

        Args:
            positions: Training positions in random order.
        """
        batch = min(BATCH_NORM_BATCH, len(positions))
        n = min(BATCH_NORM_BATCHES, len(positions) // batch)
        # a loop in the graph would take longer to trace and be no faster
        for rows in positions[: n * batch].reshape(n, batch):
            self._run_forward(rows)
            self.on_progress()

    def predict(
        self, positions: NDArray[np.int32], *, mirrored: bool = False
    ) -> NDArray[np.float32]:
        """Return class probabilities, float32 `(n, n_classes)`, of images or flips."""
        parts = []
        for i in range(0, len(positions), PREDICT_BATCH):
            rows = positions[i : i + PREDICT_BATCH]
            parts.append(np.asarray(self._run_predict(rows, mirrored)))
            self.on_progress()
        return np.concatenate(parts).astype(np.float32)

    def averaged_variables(self) -> list[Any]:
        """Return the variables that a team averages: weights and optimizer moments."""
        weights = [v.value for v in self._network.trainable_variables]
        return [*weights, *self._optimizer.moments()]

    def state(self) -> dict[str, NDArray[Any]]:
        """Return all that training changes: weights, statistics, seeds, moments."""
        return named_state(self.model.variables, self._optimizer)

    def load(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Restore what `state` returned, bit for bit."""
        load_state(self.model.variables, self._optimizer, state)


def _compiled(function: Any, *signature: Any) -> Any:
    import tensorflow as tf

    return tf.function(
        function, autograph=False, jit_compile=False, input_signature=signature
    ).get_concrete_function()
