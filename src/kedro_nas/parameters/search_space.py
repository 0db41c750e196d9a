"""Options of `nas.search_space`: a preset, restrictions of it, and bounds."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, model_validator
from typing_extensions import Self

from kedro_nas.parameters.base import Options

_UNITS = {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9}


def read_amount(value: Any) -> Any:
    """Return the number for `250k`, `10M` or `1.5G`, any other value unchanged.

    >>> read_amount("250k"), read_amount("1.5M"), read_amount("auto")
    (250000, 1500000, 'auto')
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmg]?)", str(value).strip().lower())
    if isinstance(value, str) and found:
        return round(float(found[1]) * _UNITS[found[2]])
    return value


Positive = Annotated[int, Field(ge=1)]
Amount = Annotated[
    Positive | Literal["auto", "none"] | None, BeforeValidator(read_amount)
]
Share = Annotated[float, Field(ge=0, lt=1)]
Rate = Annotated[float, Field(gt=0)]


class Range(Options):
    """A range searched on a logarithmic scale, to two significant digits."""

    low: Rate
    high: Rate

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low >= self.high:
            raise ValueError("low has to be below high")
        return self


class CustomBlock(Options):
    """A custom block: its function and its options.

    Attributes:
        function: `package.module:function`.
        options: Allowed values by option name; the first one is the default.
    """

    function: str = Field(pattern=r"^[\w.]+:\w+$")
    options: dict[str, tuple[int | float | str | bool, ...]] = Field({})


def read_custom_block(value: Any) -> Any:
    """Return block options, also from `package.module:function` alone."""
    return {"function": value} if isinstance(value, str) else value


class PretrainedOptions(Options):
    """Pretrained backbones as a branch of the space; no branch without names.

    Attributes:
        backbones: Names, e.g. `mobilenet_v2`; empty omits the branch.
        weights: `imagenet` (downloaded once), the path of a weights file for the
            one backbone named, or `none` for random weights.
        kept: Number of resolution steps kept, counted from the input, 1 to 5; 5 keeps
            all.
        unfrozen: Weighted layers, from the top, that the second phase trains.
        reinitialised: Weighted layers, from the top, that start with random weights and
            learn from the first step; they are trained whatever `unfrozen` says.
        input_size: Side in pixels to which smaller images are enlarged.
        share: Share of random draws that take this branch, in (0, 1].
    """

    backbones: tuple[str, ...] = ()
    weights: str = "imagenet"
    kept: tuple[Annotated[int, Field(ge=1, le=5)], ...] = (3, 4, 5)
    unfrozen: tuple[Annotated[int, Field(ge=0)], ...] = (0, 10, 20)
    reinitialised: tuple[Annotated[int, Field(ge=0)], ...] = (0, 1)
    input_size: tuple[Positive, ...] = (96,)
    share: Annotated[float, Field(gt=0, le=1)] = 0.25


class SearchSpaceOptions(Options):
    """The allowed networks. A list replaces that of the preset; null keeps it.

    Attributes:
        preset: `tiny`, `mobile`, `default`, `accuracy`, `cpu`, or `auto`: `default`
            where there is a GPU, else `cpu`.
        max_params: All parameters; `auto` by the data, `none`, or like `250k`.
        max_macs: Multiply-accumulates per image; `auto` depends on the budget and the
            speed of this machine, without a budget on the image size; `none`.
        max_depth: Weighted layers on the longest path; `auto` by the data, `none`.
        max_latency_ms: Milliseconds for one image on `device`, at the 90th percentile;
            null for no bound. Networks are predicted to keep it, and the winner is
            measured.
        device: Name of a profile in `device_profiles`, from
            `kedro nas profile-device`; null takes the only one there is.
        blocks: Names of blocks.
        custom_blocks: Custom blocks: name to `package.module:function`.
        pretrained: The branch of pretrained backbones.
        max_memory_mb: Peak activations at batch 1, 10**6 bytes; `none`.
        n_stages: Numbers of stages.
        attention: `none`, `se`, `eca`, `cbam`, `self_attention`.
        kernel_size: Sides of spatial kernels: 3, 5, 7.
        width: Channels of a stage.
        depth: Blocks of a stage.
        stride: Strides of a stage: 1, 2.
        block_options: Per block, its options and their allowed values.
        stem_width: Channels of the first convolution.
        stem_kernel_size: Side of its kernels.
        stem_stride: Its strides, 1 to 4, or `auto` by image size.
        activation: `relu`, `swish`, `hard_swish`.
        pooling: `average`, `flatten`.
        dropout: Shares dropped before the last layer, in [0, 1).
        dense: Units of one hidden dense layer, 0 for none.
        optimizer: `adamw`, `sgd`.
        learning_rate: Peaks of the schedule: a list, or `{low:, high:}`.
        weight_decay: Decoupled weight decays.
        label_smoothing: Shares of the target spread over the classes, in [0, 1).
        augmentation: `none`, `light`, `medium`, `strong` or `trivial`, each also with
            `+flip`, then `+mixup` or `+cutmix`; and `flip` alone.
        batch_size: Images per gradient step.
    """

    section: ClassVar[str] = "search_space"

    preset: str = "auto"
    max_params: Amount = None
    max_macs: Amount = None
    max_depth: Amount = None
    max_latency_ms: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    device: str | None = None
    blocks: tuple[str, ...] | None = None
    custom_blocks: dict[
        str, Annotated[CustomBlock, BeforeValidator(read_custom_block)]
    ] = Field({})
    pretrained: PretrainedOptions = PretrainedOptions()
    max_memory_mb: Annotated[float, Field(gt=0)] | Literal["none"] | None = None
    n_stages: tuple[Annotated[int, Field(ge=1, le=6)], ...] | None = None
    attention: tuple[str, ...] | None = None
    kernel_size: tuple[Literal[3, 5, 7], ...] | None = None
    width: tuple[Positive, ...] | None = None
    depth: tuple[Positive, ...] | None = None
    stride: tuple[Literal[1, 2], ...] | None = None
    block_options: dict[str, dict[str, tuple[int | float | str | bool, ...]]] = Field(
        {}
    )
    stem_width: tuple[Positive, ...] | None = None
    stem_kernel_size: tuple[Literal[3, 5, 7], ...] | None = None
    stem_stride: tuple[Literal[1, 2, 3, 4], ...] | Literal["auto"] | None = None
    activation: tuple[str, ...] | None = None
    pooling: tuple[str, ...] | None = None
    dropout: tuple[Share, ...] | None = None
    dense: tuple[Annotated[int, Field(ge=0)], ...] | None = None
    optimizer: tuple[str, ...] | None = None
    learning_rate: tuple[Rate, ...] | Range | None = None
    weight_decay: tuple[Annotated[float, Field(ge=0)], ...] | None = None
    label_smoothing: tuple[Share, ...] | None = None
    augmentation: tuple[str, ...] | None = None
    batch_size: tuple[Positive, ...] | None = None

    @model_validator(mode="after")
    def _no_empty_choice(self) -> Self:
        for name in type(self).model_fields:
            if getattr(self, name) == ():
                raise ValueError(f"{name} allows nothing; list a value or leave null")
        return self
