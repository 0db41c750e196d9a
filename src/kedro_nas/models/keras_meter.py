"""The `CostMeter` of this package: parts of networks built once with Keras."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kedro_nas.models.custom_functions import call_custom_block
from kedro_nas.models.custom_model import apply_custom_model
from kedro_nas.models.measure import measure_model, measure_nested_model
from kedro_nas.models.pretrained import apply_backbone
from kedro_nas.models.reproducible import describe_block
from kedro_nas.space.architecture import Backbone, CustomModel
from kedro_nas.space.cost_meter import MeasuredCost
from kedro_nas.space.formulas import Shape
from kedro_nas.space.registry import Block, BlockArguments


class KerasCostMeter:
    """Measures by building; see `kedro_nas.space.cost_meter.CostMeter`."""

    def measure_block(
        self, block: Block, shape: Shape, arguments: BlockArguments
    ) -> MeasuredCost:
        """Build a custom block over Keras tensors once and measure it.

        Raises:
            SearchSpaceError: The block raised, or its output has another shape than
                promised.
        """
        import keras

        x = keras.Input(shape)
        return measure_model(keras.Model(x, call_custom_block(block, x, arguments)))

    def measure_backbone(self, backbone: Backbone, image_shape: Shape) -> MeasuredCost:
        """Build a backbone once, without weights, and measure it.

        Its depth counts unfrozen and reinitialised layers only, as frozen ones have
        nothing left to learn.
        """
        import keras

        pixels = keras.Input(image_shape)
        y = apply_backbone(backbone, pixels, load_weights=False)
        model = keras.Model(pixels, y)
        cost = measure_model(model.get_layer("backbone"))
        trained = max(backbone.unfrozen, backbone.reinitialised)
        return replace(
            cost, depth=min(cost.depth, trained), shape=tuple(model.output_shape[1:])
        )

    def measure_custom_model(
        self, model: CustomModel, image_shape: Shape, n_classes: int
    ) -> MeasuredCost:
        """Build a custom model once and measure it.

        Raises:
            SearchSpaceError: As `apply_custom_model`.
        """
        import keras

        pixels = keras.Input(image_shape)
        y = apply_custom_model(model, pixels, n_classes, bn_momentum=0.9, seed=None)
        return measure_nested_model(keras.Model(pixels, y))

    def describe_block(
        self, block: Block, shape: Shape, arguments: BlockArguments
    ) -> Any:
        """Describe the layers of a custom block; see `describe_block`."""
        return describe_block(block, shape, arguments)
