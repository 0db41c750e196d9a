"""The diagram of a network: wide boxes have many channels, tall ones many pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from kedro_nas.space.architecture import Architecture, Stage

# sizes grow with the square root, otherwise 16 channels beside 512 were a line
MAX_BOX_WIDTH = 130
MAX_BOX_HEIGHT = 46
MIN_SIDE = 10
ROW_GAP = 26
# rectangles drawn behind each other for the blocks of a stage; more are unreadable
MAX_SHEETS = 4
SHEET_STEP = 3
TIMES = "\N{MULTIPLICATION SIGN}"


@dataclass(frozen=True)
class Box:
    """One row of the diagram, in the units of its view box.

    Attributes:
        y: Top edge.
        width: Grows with channels.
        height: Grows with the side of the feature map.
        sheets: Blocks in a row, drawn behind each other.
        title: Kind of layer or block.
        shape: Its output shape and its options.
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


def draw_architecture(architecture: Architecture) -> Diagram | None:
    """Return the diagram of an architecture.

    Args:
        architecture: The network.

    Returns:
        None for a custom model, whose parts are unknown.
    """
    if architecture.custom_model:
        return None
    rows = _rows(architecture)
    widest = max(row.channels or 1 for row in rows)
    tallest = max(architecture.input_shape[:2])
    boxes, y = [], 12.0
    for row in rows:
        behind = min(row.sheets, MAX_SHEETS)
        height = max(MIN_SIDE, MAX_BOX_HEIGHT * (max(row.side) / tallest) ** 0.5)
        share = 1.0 if row.channels is None else row.channels / widest
        boxes.append(
            Box(
                y=y + SHEET_STEP * (behind - 1),
                width=max(MIN_SIDE, MAX_BOX_WIDTH * share**0.5),
                height=height,
                sheets=behind,
                title=row.title,
                shape=_shape(row),
            )
        )
        y += max(height, 30) + SHEET_STEP * (behind - 1) + ROW_GAP
    return Diagram(tuple(boxes), y)


def describe_recipe(architecture: Architecture) -> list[tuple[str, str]]:
    """Return the training choices as names and values."""
    named = architecture.recipe.model_dump()
    if not architecture.custom_model:
        named = {"activation": architecture.activation, **named}
    return [
        (
            name.replace("_", " "),
            f"{item:.3g}" if isinstance(item, float) else str(item),
        )
        for name, item in named.items()
    ]


class _Row(NamedTuple):
    """What one box shows; channels are None where they are not known."""

    title: str
    side: tuple[int, int]
    channels: int | None
    sheets: int = 1
    note: str = ""


def _rows(architecture: Architecture) -> list[_Row]:
    height, width, channels = architecture.input_shape
    rows = [_Row("pixels, 0 to 255", (height, width), channels)]
    if architecture.backbone:
        base = architecture.backbone
        note = f"{base.kept} steps, {base.describe_training()}"
        body = [_Row(base.name, (0, 0), None, MAX_SHEETS, note)]
    else:
        body = _stage_rows(architecture)
    return [*rows, *body, *_head_rows(architecture, body[-1])]


def _stage_rows(architecture: Architecture) -> list[_Row]:
    height, width, _ = architecture.input_shape
    stem = architecture.stem
    side = _halved((height, width), stem.stride)
    rows = [_Row(f"stem: {_kernel(stem.kernel_size)} conv", side, stem.width)]
    for stage in architecture.stages:
        side = _halved(side, stage.stride)
        options = ", ".join(
            f"{name} {value}".replace("_", " ") for name, value in stage.options
        )
        rows.append(_Row(_stage_title(stage), side, stage.width, stage.depth, options))
    return rows


def _head_rows(architecture: Architecture, last: _Row) -> list[_Row]:
    head, flat = architecture.head, last.channels
    if head.pooling == "flatten" and flat is not None:
        flat *= last.side[0] * last.side[1]
    pooling = "flatten" if head.pooling == "flatten" else "mean over positions"
    norm = "normalised" if architecture.backbone else ""
    rows = [_Row(pooling, (0, 0), flat, note=norm)]
    if head.dense:
        rows.append(_Row("dense", (0, 0), head.dense))
    note = f"after dropout {head.dropout:g}" if head.dropout else ""
    return [
        *rows,
        _Row("class probabilities", (0, 0), architecture.n_classes, note=note),
    ]


def _shape(row: _Row) -> str:
    known = [str(part) for part in (*row.side, row.channels) if part]
    return " · ".join(part for part in (TIMES.join(known), row.note) if part)


def _stage_title(stage: Stage) -> str:
    times = f"{stage.depth} {TIMES} " if stage.depth > 1 else ""
    block = stage.block.replace("_", " ")
    extra = "" if stage.attention == "none" else f" + {stage.attention}"
    return f"{times}{block} {_kernel(stage.kernel_size)}{extra}"


def _kernel(size: int) -> str:
    return f"{size}{TIMES}{size}"


def _halved(side: tuple[int, int], stride: int) -> tuple[int, int]:
    return (-(-side[0] // stride), -(-side[1] // stride))
