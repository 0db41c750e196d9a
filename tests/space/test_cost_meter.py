"""What no formula counts is measured once, by the meter that was set."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from kedro_nas.errors import SearchSpaceError
from kedro_nas.space import cost_meter
from kedro_nas.space.architecture import Backbone, CustomModel
from kedro_nas.space.cost_meter import (
    MeasuredCost,
    backbone_cost,
    backbone_costs_from_json,
    backbone_costs_to_json,
    block_cost,
    block_costs_from_json,
    block_costs_to_json,
    block_failures,
    custom_model_cost,
    find_cost_meter,
    set_cost_meter,
)
from kedro_nas.space.registry import (
    Block,
    BlockArguments,
    find_block,
    forget_block,
    register_block,
)

COST = MeasuredCost(params=10, macs=20, depth=1, values=30)
BACKBONE = Backbone(name="mobilenet_v2", kept=3, input_size=96)
MODEL = CustomModel(function="team:build", digest="0" * 12, gives="logits")
ARGUMENTS = BlockArguments(8, 3, 2)


class StubMeter:
    """A meter without Keras that counts its calls."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def measure_block(self, block, shape, arguments):
        self.calls.append("block")
        if arguments.stride == 1:
            raise SearchSpaceError("the block fails")
        return COST

    def measure_backbone(self, backbone, image_shape):
        self.calls.append("backbone")
        return MeasuredCost(10, 20, 1, 30, shape=(4, 5, 6))

    def measure_custom_model(self, model, image_shape, n_classes):
        self.calls.append("model")
        return COST

    def describe_block(self, block, shape, arguments):
        return []


@pytest.fixture(autouse=True)
def _fresh_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Forget what other tests have measured."""
    monkeypatch.setattr(cost_meter, "_process", cost_meter._Process())
    register_block("mine", path="team:mine")(lambda x, **_: x)
    yield
    forget_block("mine")


@pytest.fixture
def meter() -> StubMeter:
    stub = StubMeter()
    set_cost_meter(stub)
    return stub


def mine() -> Block:
    return find_block("mine")


@pytest.mark.parametrize(
    "measure",
    [
        lambda: block_cost(mine(), (8, 8, 3), ARGUMENTS),
        lambda: backbone_cost(BACKBONE, (28, 28, 1)),
        lambda: custom_model_cost(MODEL, (28, 28, 1), 10),
    ],
)
def test_cost_without_a_meter_is_an_error_that_names_the_remedy(measure):
    """All three kinds of parts give one message, and work once a meter is set."""
    with pytest.raises(SearchSpaceError, match="register_custom_blocks first"):
        measure()

    set_cost_meter(StubMeter())

    assert measure().params == COST.params


def test_cost_is_measured_once_per_use(meter):
    """The second question for the same use is answered from memory."""
    for _ in range(2):
        block_cost(mine(), (8, 8, 3), ARGUMENTS)
        backbone_cost(BACKBONE, (28, 28, 1))
        custom_model_cost(MODEL, (28, 28, 1), 10)
    block_cost(mine(), (8, 8, 4), ARGUMENTS)

    assert meter.calls == ["block", "backbone", "model", "block"]


def test_costs_of_another_process_are_taken_over(meter):
    """After a trip through JSON nothing is measured again."""
    block_cost(mine(), (8, 8, 3), ARGUMENTS)
    backbone_cost(BACKBONE, (28, 28, 1))
    blocks = json.loads(json.dumps(block_costs_to_json(["mine"])))
    backbones = json.loads(json.dumps(backbone_costs_to_json()))
    cost_meter._process.costs.clear()
    meter.calls.clear()

    block_costs_from_json(blocks)
    backbone_costs_from_json(backbones)

    assert block_cost(mine(), (8, 8, 3), ARGUMENTS) == COST
    assert backbone_cost(BACKBONE, (28, 28, 1)).shape == (4, 5, 6)
    assert meter.calls == []


def test_block_that_failed_is_not_built_again(meter):
    """Its error is kept with the use that caused it."""
    for _ in range(2):
        with pytest.raises(SearchSpaceError, match="the block fails"):
            block_cost(mine(), (8, 8, 3), BlockArguments(8, 3, 1))

    assert meter.calls == ["block"]
    assert len(block_failures("mine")) == 1


def test_block_with_a_formula_of_its_own_needs_no_meter():
    """Depth and memory have defaults: one layer, its input and output."""
    block = Block("mine", mine, cost=lambda *_, **__: {"params": 5, "macs": 6})

    cost = block_cost(block, (8, 8, 3), ARGUMENTS)

    assert cost == MeasuredCost(5, 6, 1, 8 * 8 * 3 + 4 * 4 * 8)


def test_meter_that_was_removed_is_missing_again(meter):
    """`None` leaves the process as it was before."""
    assert find_cost_meter("the block 'mine'") is meter
    set_cost_meter(None)

    with pytest.raises(SearchSpaceError, match="cannot measure the block 'mine'"):
        find_cost_meter("the block 'mine'")


@pytest.mark.parametrize(
    "other",
    [
        {"name": "efficientnet_v2_b0"},
        {"kept": 2},
        {"unfrozen": 1},
        {"reinitialised": 1},
        {"input_size": 128},
    ],
)
def test_backbone_that_differs_in_one_part_is_measured_apart(meter, other):
    """What changes its layers or what is trained changes its costs."""
    backbone_cost(BACKBONE, (28, 28, 1))
    backbone_cost(BACKBONE.model_copy(update=other), (28, 28, 1))
    backbone_cost(BACKBONE, (28, 28, 3))

    assert meter.calls == ["backbone"] * 3


def test_backbone_of_a_file_is_measured_again_when_its_content_changes(meter):
    """The name of a file says nothing of what is in it."""
    mine = {"name": "keras_file", "weights": "a.keras"}
    for digest in ("a" * 12, "b" * 12, "a" * 12):
        changes = mine | {"weights_digest": digest}
        backbone_cost(BACKBONE.model_copy(update=changes), (28, 28, 1))

    assert meter.calls == ["backbone"] * 2


def test_weights_of_a_published_backbone_do_not_change_its_costs(meter):
    """Pretrained or not, the layers are the same."""
    for weights in ("imagenet", "none"):
        backbone_cost(BACKBONE.model_copy(update={"weights": weights}), (28, 28, 1))

    assert meter.calls == ["backbone"]


def test_custom_model_for_other_images_or_classes_is_measured_apart(meter):
    """Its first and its last layer depend on them."""
    for shape, n_classes in (((28, 28, 1), 10), ((28, 28, 1), 9), ((8, 8, 1), 10)):
        custom_model_cost(MODEL, shape, n_classes)

    assert meter.calls == ["model"] * 3


def test_block_that_is_defined_anew_is_measured_anew(meter):
    """In a notebook a function is edited and run again under its old name."""
    block_cost(mine(), (8, 8, 3), ARGUMENTS)
    forget_block("mine")
    register_block("mine", path="team:mine")(lambda x, **_: [x][0])
    block_cost(mine(), (8, 8, 3), ARGUMENTS)

    assert meter.calls == ["block", "block"]
    assert len(block_costs_to_json(["mine"])["mine"]) == 1


def test_costs_measured_here_are_not_replaced_by_those_of_another_process(meter):
    """What this process has built is certain."""
    block_cost(mine(), (8, 8, 3), ARGUMENTS)
    table = block_costs_to_json(["mine"])
    (use,) = table["mine"]
    block_costs_from_json({"mine": {use: table["mine"][use] | {"params": 999}}})

    assert block_cost(mine(), (8, 8, 3), ARGUMENTS).params == COST.params


def test_costs_of_blocks_that_were_not_asked_for_stay_here(meter):
    """A space carries the measurements of its own blocks."""
    block_cost(mine(), (8, 8, 3), ARGUMENTS)

    assert block_costs_to_json([]) == {}
    assert list(block_costs_to_json(["mine", "conv"])) == ["mine", "conv"]
    assert block_costs_to_json(["conv"]) == {"conv": {}}


def test_failures_of_a_block_are_one_per_use(meter):
    """The same failure is not told twice, another one is."""
    for width in (8, 8, 16):
        with pytest.raises(SearchSpaceError):
            block_cost(mine(), (8, 8, 3), BlockArguments(width, 3, 1))

    assert len(block_failures("mine")) == 2
    assert block_failures("conv") == []


def test_stated_costs_are_whole_numbers_with_depth_and_memory_of_their_own():
    """A formula may give floats, and may know better than one layer."""
    block = Block(
        "mine",
        mine,
        cost=lambda *_, **__: {"params": 5.9, "macs": 6.0, "depth": 3, "values": 7},
    )

    assert block_cost(block, (8, 8, 3), ARGUMENTS) == MeasuredCost(5, 6, 3, 7)
