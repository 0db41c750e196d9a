"""The words of the vocabulary become layers of Keras, named by where they are."""

from __future__ import annotations

from typing import Any

import pytest

from kedro_nas.space.layers import ACTIVATIONS, Layer, LayerVocabulary


class Recorder(LayerVocabulary):
    """An interpreter whose tensors are all of one shape."""

    def __init__(self) -> None:
        super().__init__()
        self.layers: list[Layer] = []

    def apply(self, layer: Layer, *inputs: Any) -> Any:
        """Keep the layer."""
        self.layers.append(layer)
        return len(self.layers)

    def shape(self, x: Any) -> tuple[int, ...]:
        """Return the shape of every tensor."""
        return (4, 6, 8)

    def backbone(self, backbone: Any, x: Any) -> Any:
        """Keep the name of the backbone."""
        return self.apply(Layer("backbone", "backbone", {}))

    def custom_block(self, block: Any, x: Any, arguments: Any) -> Any:
        """Keep the name of the block."""
        return self.apply(Layer("block", "block", {}))


@pytest.fixture
def layers() -> Recorder:
    """Return a fresh interpreter."""
    return Recorder()


def test_names_count_within_their_scope(layers: Recorder) -> None:
    """A reader of the model finds each layer by stage, block and kind."""
    layers.conv(0, 8)
    with layers.scope("stage1"):
        layers.conv(0, 8)
        with layers.scope("se"):
            layers.conv(0, 8)
            layers.conv(0, 8)
    layers.conv(0, 8)

    assert [one.name for one in layers.layers] == [
        "conv1",
        "stage1_conv1",
        "stage1_se_conv1",
        "stage1_se_conv2",
        "conv2",
    ]


def test_scope_ends_with_an_error_inside(layers: Recorder) -> None:
    """A block that fails leaves no prefix behind."""
    with pytest.raises(ZeroDivisionError), layers.scope("stage1"):
        raise ZeroDivisionError
    layers.flatten(0)

    assert layers.layers[0].name == "flatten1"


def test_convolutions_pad_to_same_and_have_no_bias(layers: Recorder) -> None:
    """A norm follows each of them, which has a bias itself."""
    layers.conv(0, 8, 3, stride=2)
    layers.depthwise_conv(0, 5)
    layers.conv1d(0, 1, 3)
    configs = [one.config for one in layers.layers]

    assert all(config["padding"] == "same" for config in configs)
    assert not any(config["use_bias"] for config in configs)
    assert (configs[0]["strides"], configs[1]["strides"]) == (2, 1)


@pytest.mark.parametrize("word", sorted(ACTIVATIONS))
def test_activation_is_given_by_its_name_in_keras(layers: Recorder, word: str) -> None:
    """`swish` is `silu` in Keras."""
    layers.activation(0, word)

    assert layers.layers[0].config == {"activation": ACTIVATIONS[word]}


def test_activation_of_an_unknown_word_is_an_error(layers: Recorder) -> None:
    """A misspelt activation does not become a linear one."""
    with pytest.raises(KeyError, match="rellu"):
        layers.activation(0, "rellu")


def test_dropout_of_rate_0_is_no_layer(layers: Recorder) -> None:
    """A network without dropout has no layer for it."""
    x = layers.dropout("x", 0.0)
    layers.dropout(x, 0.2)

    assert x == "x"
    assert [one.config for one in layers.layers] == [{"rate": 0.2}]


def test_self_attention_of_a_sequence_looks_at_itself(layers: Recorder) -> None:
    """Query and value are the same tensor."""
    layers.self_attention("x", heads=2, key_width=16)

    assert layers.layers[0].kind == "MultiHeadAttention"
    assert layers.layers[0].config == {"num_heads": 2, "key_dim": 16}


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("channel_mean", "GlobalAveragePooling1D"),
        ("channel_max", "GlobalMaxPooling1D"),
    ],
)
def test_pooling_over_channels_is_made_of_plain_layers(
    layers: Recorder, word: str, kind: str
) -> None:
    """Plain layers load under Keras' safe mode; operations need not."""
    getattr(layers, word)("x")
    first, pool, last = layers.layers

    assert (first.kind, pool.kind, last.kind) == ("Reshape", kind, "Reshape")
    assert first.config == {"target_shape": (24, 8)}
    assert pool.config == {"data_format": "channels_first", "keepdims": True}
    assert last.config == {"target_shape": (4, 6, 1)}


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("max_pool", "MaxPooling2D"),
        ("average_pool", "AveragePooling2D"),
    ],
)
def test_pools_pad_to_same(layers: Recorder, word: str, kind: str) -> None:
    """A map of one pixel can be pooled, too."""
    getattr(layers, word)("x", 3)

    assert layers.layers[0] == Layer(kind, "pool1", {"pool_size": 3, "padding": "same"})


def test_scores_and_probabilities_are_found_by_name(layers: Recorder) -> None:
    """Training and export look the last two layers up by their names."""
    layers.probabilities(layers.logits("x", 7))
    logits, probabilities = layers.layers

    assert (logits.name, probabilities.name) == ("logits", "probabilities")
    assert logits.config == {"units": 7, "use_bias": True}
    assert probabilities.config == {"activation": "softmax"}


def test_logits_from_zero_start_with_a_kernel_of_zeros(layers: Recorder) -> None:
    """On a pretrained body no random gradient reaches the weights."""
    layers.logits("x", 7, zeros=True)

    assert layers.layers[0].config["kernel_initializer"] == "zeros"


def test_one_word_of_each_kind_maps_to_one_class_of_keras(layers: Recorder) -> None:
    """The rest of the vocabulary, by name."""
    layers.batch_norm("x")
    layers.layer_norm("x")
    layers.dense("x", 3)
    layers.add("x", "y")
    layers.multiply("x", "gate")
    layers.concatenate("x", "y")
    layers.global_average_pool("x")
    layers.global_max_pool("x", keep_axes=True)

    assert [one.kind for one in layers.layers] == [
        "BatchNormalization",
        "LayerNormalization",
        "Dense",
        "Add",
        "Multiply",
        "Concatenate",
        "GlobalAveragePooling2D",
        "GlobalMaxPooling2D",
    ]
    assert [one.config.get("keepdims") for one in layers.layers[-2:]] == [False, True]
