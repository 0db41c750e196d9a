"""The diagram shows the shapes the network really has."""

from __future__ import annotations

from kedro_nas.report.diagram import TIMES, describe_recipe, draw_architecture
from kedro_nas.space.architecture import (
    Architecture,
    Backbone,
    CustomModel,
    Head,
    Stage,
    Stem,
)


def make(**changes) -> Architecture:
    values = {
        "input_shape": (29, 60, 3),
        "n_classes": 7,
        "stem": Stem(width=16, kernel_size=3, stride=2),
        "stages": (
            Stage(block="conv", depth=1, width=32, kernel_size=3, stride=1),
            Stage(block="residual", depth=9, width=64, kernel_size=5, stride=2,
                  attention="se", options=(("expansion", 4),)),
        ),
    }  # fmt: skip
    return Architecture(**(values | changes))


def test_draw_architecture_halves_odd_sides_upwards():
    """29 x 60 pixels become 15 x 30 and 8 x 15, as `same` padding makes them."""
    shapes = [box.shape.replace(TIMES, "x") for box in draw_architecture(make()).boxes]

    assert shapes == [
        "29x60x3",
        "15x30x16",
        "15x30x32",
        "8x15x64 · expansion 4",
        "64",
        "7",
    ]


def test_draw_architecture_names_repeats_attention_and_options():
    """A stage's title tells its depth, block, kernel, attention and options."""
    titles = [box.title.replace(TIMES, "x") for box in draw_architecture(make()).boxes]

    assert titles[3] == "9 x residual 5x5 + se"


def test_draw_architecture_with_flatten_and_dense_shows_both():
    """A flattened map has all its values, and the dense layer its own box."""
    head = Head(pooling="flatten", dense=100, dropout=0.3)

    boxes = draw_architecture(make(head=head)).boxes

    assert [(box.title, box.shape) for box in boxes[-3:]] == [
        ("flatten", str(8 * 15 * 64)),
        ("dense", "100"),
        ("class probabilities", "7 · after dropout 0.3"),
    ]


def test_draw_architecture_keeps_boxes_apart():
    """Boxes follow each other downwards inside the view box."""
    diagram = draw_architecture(make())

    ends = [box.y + box.height for box in diagram.boxes]
    starts = [box.y - 3 * (box.sheets - 1) for box in diagram.boxes]
    assert all(end < start for end, start in zip(ends, starts[1:], strict=False))
    assert ends[-1] < diagram.height


def test_draw_architecture_of_a_backbone_shows_it_as_one_box():
    """A pretrained network is one box of unknown shape between pixels and head."""
    backbone = Backbone(name="mobilenet_v2", kept=5, unfrozen=2, input_size=96)

    boxes = draw_architecture(make(stages=(), backbone=backbone)).boxes

    assert [box.title for box in boxes] == [
        "pixels, 0 to 255", "mobilenet_v2", "mean over positions", "class probabilities"
    ]  # fmt: skip
    assert boxes[1].shape == "5 steps, 2 unfrozen"


def test_draw_architecture_of_a_custom_model_draws_nothing():
    """A model whose parts are unknown has a recipe and no diagram."""
    model = CustomModel(function="my.models:build", digest="0" * 12, gives="logits")
    theirs = make(stages=(), custom_model=model)

    assert draw_architecture(theirs) is None
    assert ("learning rate", "0.002") in describe_recipe(theirs)


def test_describe_recipe_lists_how_it_is_trained():
    """The recipe and the activation are there by their plain names."""
    assert ("learning rate", "0.002") in describe_recipe(make())
    assert ("activation", "relu") in describe_recipe(make())
