"""Costs without a formula: of custom blocks and models, and pretrained backbones.

They are measured by building the network once, which needs Keras. This package has no
Keras, so a `CostMeter` is set by
`kedro_nas.models.custom_blocks.register_custom_blocks`. Each use is measured once per
process; the results are also written to the search space, for other processes.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from kedro_nas.errors import SearchSpaceError
from kedro_nas.space.architecture import Backbone, CustomModel
from kedro_nas.space.backbones import FROM_FILE
from kedro_nas.space.formulas import Shape, block_output_shape
from kedro_nas.space.registry import Block, BlockArguments, find_block

_BACKBONE = "backbone"
_CUSTOM_MODEL = "custom model"


@dataclass(frozen=True)
class MeasuredCost:
    """Measured costs of a network or a part of one.

    Attributes:
        params: All parameters, including those that are not trained.
        macs: Multiply-accumulates for one image.
        depth: Layers with a kernel; of a backbone, those that are trained.
        values: Largest number of activation values in memory at batch 1: the largest
            sum of inputs and outputs of one layer.
        shape: Shape of the last map of a backbone; empty for a block, whose output
            shape follows from its arguments, and for a whole network.
    """

    params: int
    macs: int
    depth: int
    values: int
    shape: Shape = ()


class CostMeter(Protocol):
    """Measurements for which a network is built with Keras."""

    def measure_block(
        self, block: Block, shape: Shape, arguments: BlockArguments
    ) -> MeasuredCost:
        """Measure a custom block over Keras tensors.

        Args:
            block: The block.
            shape: Height, width, channels of its input.
            arguments: Arguments of the call.

        Raises:
            SearchSpaceError: The block fails.
        """

    def measure_backbone(self, backbone: Backbone, image_shape: Shape) -> MeasuredCost:
        """Measure a pretrained backbone on images of one size."""

    def measure_custom_model(
        self, model: CustomModel, image_shape: Shape, n_classes: int
    ) -> MeasuredCost:
        """Measure a custom model on images of one size.

        Raises:
            SearchSpaceError: Its function fails or builds another network than before.
        """

    def describe_block(
        self, block: Block, shape: Shape, arguments: BlockArguments
    ) -> Any:
        """Describe the layers of a custom block over Keras tensors.

        Returns:
            JSON values, equal in all processes for code that makes the same layers.

        Raises:
            SearchSpaceError: The block fails with these arguments.
        """


@dataclass
class _Process:
    """The meter and the measurements of this process.

    Attributes:
        meter: None until one is set.
        costs: By measured part and its use.
        failures: Errors of custom blocks by the same keys.
    """

    meter: CostMeter | None = None
    costs: dict[tuple[str, str], MeasuredCost] = field(default_factory=dict)
    failures: dict[tuple[str, str], SearchSpaceError] = field(default_factory=dict)


_process = _Process()


def set_cost_meter(meter: CostMeter | None) -> None:
    """Set the cost meter of this process; None removes it."""
    _process.meter = meter


def find_cost_meter(what: str) -> CostMeter:
    """Return the cost meter of this process.

    Args:
        what: What is to be measured, for the message.

    Raises:
        SearchSpaceError: No meter was set.
    """
    if _process.meter is None:
        raise SearchSpaceError(
            f"cannot measure {what}",
            received="a process in which no cost meter was set",
            allowed="one in which it can be built with Keras, or, for a block, "
            "register_block(cost=...)",
            remedy="Call kedro_nas.models.custom_blocks.register_custom_blocks first",
        )
    return _process.meter


def block_cost(block: Block, shape: Shape, arguments: BlockArguments) -> MeasuredCost:
    """Return the costs of a custom block over Keras tensors, measured once per use.

    Args:
        block: The block.
        shape: Height, width, channels of its input.
        arguments: Arguments of the call.

    Raises:
        SearchSpaceError: No meter was set, or the block fails.
    """
    keywords = sorted(arguments.as_keywords().items())
    key = (_owner(block), json.dumps([shape, keywords]))
    if key in _process.failures:
        raise _process.failures[key]

    def measure() -> MeasuredCost:
        if block.cost is None:
            meter = find_cost_meter(f"the block '{block.name}'")
        try:
            if block.cost is None:
                return meter.measure_block(block, shape, arguments)
            stated = block.cost(shape, **arguments.as_keywords())
            return _read_stated(stated, shape, arguments)
        except SearchSpaceError as error:
            _process.failures[key] = error
            raise

    return _once(key, measure)


def backbone_cost(backbone: Backbone, image_shape: Shape) -> MeasuredCost:
    """Return the costs of a backbone on images of one size, measured once.

    Raises:
        SearchSpaceError: No meter was set.
    """

    def measure() -> MeasuredCost:
        meter = find_cost_meter(f"the backbone '{backbone.name}'")
        return meter.measure_backbone(backbone, image_shape)

    return _once((_BACKBONE, _backbone_use(backbone, image_shape)), measure)


def custom_model_cost(
    model: CustomModel, image_shape: Shape, n_classes: int
) -> MeasuredCost:
    """Return the costs of a custom model on images of one size, measured once.

    Raises:
        SearchSpaceError: No meter was set, or the function builds another network than
            before.
    """

    def measure() -> MeasuredCost:
        meter = find_cost_meter(f"the network of {model.function}")
        return meter.measure_custom_model(model, image_shape, n_classes)

    use = json.dumps([model.model_dump_json(), image_shape, n_classes])
    return _once((_CUSTOM_MODEL, use), measure)


def block_costs_to_json(blocks: Iterable[str]) -> dict[str, dict[str, dict[str, int]]]:
    """Return the measured costs of some blocks, for another process.

    Args:
        blocks: Names of blocks.

    Returns:
        By name and use: `params`, `macs`, `depth`, `values`.
    """
    table: dict[str, dict[str, dict[str, int]]] = {}
    for name in blocks:
        owner = _owner(find_block(name))
        table[name] = {
            use: _to_json(cost)
            for (of, use), cost in _process.costs.items()
            if of == owner
        }
    return table


def block_costs_from_json(
    table: Mapping[str, Mapping[str, Mapping[str, int]]],
) -> None:
    """Add the measurements of another process; see `block_costs_to_json`."""
    for name, uses in table.items():
        owner = _owner(find_block(name))
        for use, cost in uses.items():
            _process.costs.setdefault((owner, use), _from_json(cost))


def backbone_costs_to_json() -> dict[str, dict[str, int]]:
    """Return the measured costs of backbones, for another process.

    Returns:
        By use: `params`, `macs`, `depth`, `values` and `height`, `width`, `channels`
        of the last map.
    """
    return {
        use: _to_json(cost)
        | dict(zip(("height", "width", "channels"), cost.shape, strict=True))
        for (of, use), cost in _process.costs.items()
        if of == _BACKBONE
    }


def backbone_costs_from_json(table: Mapping[str, Mapping[str, int]]) -> None:
    """Add the measurements of another process; see `backbone_costs_to_json`."""
    for use, cost in table.items():
        shape = (cost["height"], cost["width"], cost["channels"])
        _process.costs[_BACKBONE, use] = replace(_from_json(cost), shape=shape)


def block_failures(name: str) -> list[SearchSpaceError]:
    """Return the errors of a block so far, one per distinct use."""
    owner = _owner(find_block(name))
    return [error for (of, _), error in _process.failures.items() if of == owner]


def _once(key: tuple[str, str], measure: Callable[[], MeasuredCost]) -> MeasuredCost:
    if key not in _process.costs:
        _process.costs[key] = measure()
    return _process.costs[key]


def _read_stated(
    cost: Mapping[str, float], shape: Shape, arguments: BlockArguments
) -> MeasuredCost:
    """Convert the result of a block's cost function."""
    smallest = math.prod(shape) + math.prod(block_output_shape(shape, arguments))
    return MeasuredCost(
        params=int(cost["params"]),
        macs=int(cost["macs"]),
        depth=int(cost.get("depth", 1)),
        values=int(cost.get("values", smallest)),
    )


def _to_json(cost: MeasuredCost) -> dict[str, int]:
    return {
        "params": cost.params,
        "macs": cost.macs,
        "depth": cost.depth,
        "values": cost.values,
    }


def _from_json(cost: Mapping[str, int]) -> MeasuredCost:
    return MeasuredCost(cost["params"], cost["macs"], cost["depth"], cost["values"])


def _owner(block: Block) -> str:
    """Return name and code digest of a block; a redefined one is measured again."""
    code = getattr(block.function, "__code__", None)
    body = code.co_code + repr(code.co_consts).encode() if code else b""
    return f"{block.name}#{hashlib.sha256(body).hexdigest()[:12]}"


def _backbone_use(backbone: Backbone, image_shape: Shape) -> str:
    parts: list[Any] = [
        backbone.name,
        backbone.kept,
        backbone.unfrozen,
        backbone.reinitialised,
        backbone.input_size,
        backbone.weights if backbone.name == FROM_FILE else "",
        list(image_shape),
    ]
    if backbone.name == FROM_FILE and backbone.weights_digest:
        parts.append(backbone.weights_digest)
    return json.dumps(parts)
