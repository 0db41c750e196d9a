"""The winner drawn to scale: wide boxes have many channels, tall ones many pixels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from kedro_nas.space.architecture import Architecture, Head, Stage

# boxes grow with the square root, or 512 channels would leave nothing for 16
MAX_BOX_WIDTH = 130
MAX_BOX_HEIGHT = 46
MIN_SIDE = 10
ROW_GAP = 26
# sheets of a stage drawn behind each other; more would only blur
MAX_SHEETS = 4
TIMES = "\N{MULTIPLICATION SIGN}"


@dataclass(frozen=True)
class Box:
    """One row of the diagram, in the units of its view box.

    Attributes:
        y: Top edge.
        width: Grows with channels.
        height: Grows with the side of the feature map.
        sheets: Blocks in a row, drawn behind each other.
        title: What it is.
        shape: What comes out of it.
    """

    y: float
    width: float
    height: float
    sheets: int
    title: str
    shape: str


@dataclass(frozen=True)
class Diagram:
    """The boxes from pixels to classes.

    Attributes:
        boxes: From top to bottom.
        height: Of the view box.
    """

    boxes: tuple[Box, ...]
    height: float


def draw_architecture(value: Mapping[str, Any] | None) -> Diagram | None:
    """Lay out an architecture.

    Args:
        value: Its JSON form.

    Returns:
        None when it is not one of ours, as a user's own baseline.
    """
    try:
        architecture = Architecture.from_dict(dict(value or {}))
    except ValidationError:
        return None
    rows = _rows(architecture)
    widest = max(channels for _, _, channels, _ in rows) or 1
    tallest = max(architecture.input_shape[:2])
    boxes, y = [], 12.0
    for title, side, channels, sheets in rows:
        behind = min(sheets, MAX_SHEETS)
        height = max(MIN_SIDE, MAX_BOX_HEIGHT * (max(side) / tallest) ** 0.5)
        shape = TIMES.join(str(part) for part in (*side, channels) if part)
        boxes.append(
            Box(
                y=y + 3 * (behind - 1),
                width=max(MIN_SIDE, MAX_BOX_WIDTH * (channels / widest) ** 0.5),
                height=height,
                sheets=behind,
                title=title,
                shape=shape,
            )
        )
        y += max(height, 30) + 3 * (behind - 1) + ROW_GAP
    return Diagram(tuple(boxes), y)


def describe_recipe(value: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """Return the training choices as names and values; empty for what is not ours."""
    try:
        architecture = Architecture.from_dict(dict(value or {}))
    except ValidationError:
        return []
    named = {"activation": architecture.activation, **architecture.recipe.model_dump()}
    return [
        (
            name.replace("_", " "),
            f"{item:.3g}" if isinstance(item, float) else str(item),
        )
        for name, item in named.items()
    ]


def _rows(
    architecture: Architecture,
) -> list[tuple[str, tuple[int, int], int, int]]:
    height, width, channels = architecture.input_shape
    side = (height, width)
    rows = [("pixels, 0 to 255", side, channels, 1)]
    stem = architecture.stem
    side = _halved(side, stem.stride)
    rows.append((f"stem: {_kernel(stem.kernel_size)} conv", side, stem.width, 1))
    for stage in architecture.stages:
        side = _halved(side, stage.stride)
        rows.append((_stage_title(stage), side, stage.width, stage.depth))
        channels = stage.width
    return [
        *rows,
        *_head_rows(architecture.head, side, channels, architecture.n_classes),
    ]


def _head_rows(
    head: Head, side: tuple[int, int], channels: int, n_classes: int
) -> list[tuple[str, tuple[int, int], int, int]]:
    flat = channels * side[0] * side[1] if head.pooling == "flatten" else channels
    point = (0, 0)
    rows = [("flatten" if head.pooling == "flatten" else "mean over positions", point,
             flat, 1)]  # fmt: skip
    if head.dense:
        rows.append(("dense", point, head.dense, 1))
    dropped = f", dropout {head.dropout:g}" if head.dropout else ""
    rows.append((f"class probabilities{dropped}", point, n_classes, 1))
    return rows


def _stage_title(stage: Stage) -> str:
    times = f"{stage.depth} {TIMES} " if stage.depth > 1 else ""
    block = stage.block.replace("_", " ")
    extra = "" if stage.attention == "none" else f" + {stage.attention}"
    options = "".join(f", {name} {value}" for name, value in stage.options)
    return f"{times}{block} {_kernel(stage.kernel_size)}{extra}{options}"


def _kernel(size: int) -> str:
    return f"{size}{TIMES}{size}"


def _halved(side: tuple[int, int], stride: int) -> tuple[int, int]:
    return (-(-side[0] // stride), -(-side[1] // stride))
