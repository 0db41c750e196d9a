"""Tests that every block has to pass, to inherit."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from kedro_nas.export.formats import EXPORTERS, missing_packages, traits_of
from kedro_nas.models.custom_blocks import register_custom_blocks
from kedro_nas.parameters.export import ExportOptions
from kedro_nas.space.architecture import Architecture, Stage, Stem
from kedro_nas.space.costs import costs
from kedro_nas.space.registry import find_block

SHAPES = ((8, 8, 1), (1, 40, 2), (33, 21, 3), (224, 224, 3))
_N_CLASSES = 3
# formats in which nothing is rounded: a block they cannot hold shows as a difference
_EXACT_FORMATS = sorted(
    name
    for name, exporter in EXPORTERS.items()
    if not traits_of(exporter).max_difference
    and not traits_of(exporter).is_judged_by_accuracy
)


class BlockContract:
    """Tests of a block: name it in a subclass; pytest collects the tests.

    Attributes:
        block: Name of the block.
        attention: Name of the attention that is used in it.
        path: `package.module:function` of a custom block, which is registered.
        width: Channels of the first stage; the second has one and a half as many.
    """

    block: ClassVar[str] = "conv"
    attention: ClassVar[str] = "none"
    path: ClassVar[str] = ""
    width: ClassVar[int] = 8

    def architecture(self, shape: tuple[int, int, int]) -> Architecture:
        """Return a network with the block: twice in a row, then strided and wider."""
        if self.path:
            register_custom_blocks({self.block: self.path})
        options = {name: v[-1] for name, v in find_block(self.block).options.items()}
        stages = [
            Stage(
                block=self.block,
                depth=depth,
                width=width,
                kernel_size=3,
                stride=stride,
                # self-attention is for small maps, so only the last stage has it
                attention=self.attention if stride > 1 else "none",
                options=tuple(sorted(options.items())),
            )
            for depth, width, stride in (
                (2, self.width, 1),
                (1, self.width * 3 // 2, 2),
            )
        ]
        return Architecture(
            input_shape=shape,
            n_classes=_N_CLASSES,
            stem=Stem(
                width=self.width, kernel_size=3, stride=4 if shape[0] > 99 else 1
            ),
            stages=tuple(stages),
            custom_blocks=((self.block, self.path),) if self.path else (),
        )

    def test_parameters_at_every_size_equal_the_formula(self) -> None:
        """The count without a model equals the model's, from 8x8x1 to 224x224x3."""
        for shape in SHAPES:
            architecture = self.architecture(shape)

            assert self.build(architecture).count_params() == costs(architecture).params

    def test_macs_at_every_size_equal_the_traced_graph(self) -> None:
        """The MACs of the formula equal those counted on TensorFlow's graph."""
        from kedro_nas.models.measure import count_graph_macs

        for shape in SHAPES:
            architecture = self.architecture(shape)

            assert (
                count_graph_macs(self.build(architecture)) == costs(architecture).macs
            )

    def test_a_step_of_training_reaches_every_weight(self) -> None:
        """Each trainable weight gets a finite gradient."""
        import tensorflow as tf

        model = self.build(self.architecture(SHAPES[0]))
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(pixels(SHAPES[0]), training=True)))
        gradients = tape.gradient(loss, model.trainable_variables)

        assert all(np.isfinite(gradient.numpy()).all() for gradient in gradients)

    def test_model_saved_and_loaded_predicts_the_same(self, tmp_path: Path) -> None:
        """A saved model is loaded without any class of this package."""
        import keras

        model = self.build(self.architecture(SHAPES[1]))
        model.save(tmp_path / "model.keras")
        again = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)

        x = pixels(SHAPES[1])

        assert np.array_equal(np.asarray(model(x)), np.asarray(again(x)))

    @pytest.mark.parametrize("name", _EXACT_FORMATS)
    def test_export_read_back_gives_the_same_probabilities(
        self, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Each format, loaded by the program in its model card, takes raw uint8."""
        from kedro_nas.export.parity import predict_in_batches

        if missing := missing_packages(EXPORTERS[name]):
            pytest.skip(f"needs {', '.join(missing)}")
        # each block once: a conversion takes about two seconds a block
        network = self.architecture(SHAPES[2])
        once = [one.model_copy(update={"depth": 1}) for one in network.stages]
        model = self.build(network.model_copy(update={"stages": tuple(once)}))
        change_weights(model, pixels(SHAPES[2]))
        x = pixels(SHAPES[2]).astype(np.uint8)
        exporter = EXPORTERS[name]
        exporter.export(model, tmp_path)
        monkeypatch.chdir(tmp_path)
        program: dict[str, Any] = {}
        exec(exporter.snippet(), program)  # noqa: S102 - written by this package
        found, expected = program["predict"](x), predict_in_batches(model, x)

        assert found.shape == expected.shape == (len(x), _N_CLASSES)
        assert np.abs(found - expected).max() <= ExportOptions().parity_tolerance

    def test_source_builds_the_same_model(self) -> None:
        """The written file has the same layers and, given the weights, outputs."""
        from kedro_nas.models.source import write_source

        architecture = self.architecture(SHAPES[2])
        model = self.build(architecture)
        namespace: dict[str, Any] = {"__name__": "network"}
        exec(write_source(architecture), namespace)  # noqa: S102 - written by this package
        written = namespace["build_model"]()
        if not self.path:
            assert unseeded(written.get_config()) == unseeded(model.get_config())
        written.set_weights(model.get_weights())
        x = pixels(SHAPES[2])

        assert np.array_equal(np.asarray(model(x)), np.asarray(written(x)))

    def test_same_seed_gives_the_same_weights(self) -> None:
        """Initial weights depend on the seed and not on what was built before."""
        architecture = self.architecture(SHAPES[0])
        first = self.build(architecture).get_weights()
        self.build(self.architecture(SHAPES[1]))
        second = self.build(architecture).get_weights()

        assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))

    def build(self, architecture: Architecture) -> Any:
        """Return the Keras model of an architecture, built with a fixed seed."""
        from kedro_nas.models.build import build_model

        return build_model(architecture, seed=1)


def pixels(shape: tuple[int, ...], n_images: int = 2) -> Any:
    """Return random pixels, float32 in 0-255, shape `(n_images, *shape)`."""
    values = np.random.default_rng(0).integers(0, 256, (n_images, *shape))
    return values.astype("float32")


def change_weights(model: Any, x: Any) -> None:
    """Change weights and moving statistics, so that a new model does not have them."""
    random = np.random.default_rng(0)
    model.set_weights(
        [w * random.uniform(0.8, 1.2, w.shape) for w in model.get_weights()]
    )
    model(x, training=True)


def unseeded(config: Any) -> Any:
    """Return a Keras configuration without seeds."""
    if isinstance(config, dict):
        return {key: unseeded(value) for key, value in config.items() if key != "seed"}
    if isinstance(config, list | tuple):
        return [unseeded(value) for value in config]
    return config
