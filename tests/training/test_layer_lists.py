"""Layers of models within models."""

from __future__ import annotations

from kedro_nas.training.layer_lists import layers_of


def test_layers_of_lists_nested_layers_once() -> None:
    """A model used twice, and the layers in it, are listed once."""
    import keras

    inside = keras.Input((4,))
    inner = keras.Model(inside, keras.layers.Dense(4, name="shared")(inside))
    outside = keras.Input((4,))
    model = keras.Model(outside, inner(inner(outside)))
    names = [layer.name for layer in layers_of(model)]

    assert names.count("shared") == 1
    assert len(names) == len(set(names))
