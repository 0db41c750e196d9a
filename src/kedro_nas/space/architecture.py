"""The architecture: a network and its training recipe as a frozen value.

An `Architecture` is proposed, counted, built, trained, ranked, exported and reported.
It is encoded as flat values for KerasTuner (`space.encoding`), and as JSON on disk.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)
from typing_extensions import Self

# what `custom_model` was called in earlier versions: their files are read, and the text
# that is hashed still has it, as keys are written in files
_FORMER_CUSTOM_MODEL = "own_model"


class FrozenValue(BaseModel):
    """A value that is never changed and has no field but its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Stem(FrozenValue):
    """The first convolution, on the pixels.

    Attributes:
        width: Output channels.
        kernel_size: Side of the kernel.
        stride: Stride, 1 to 4.
    """

    width: int = Field(ge=1)
    kernel_size: int = Field(ge=1)
    stride: int = Field(ge=1, le=4)


class Stage(FrozenValue):
    """Blocks of one kind and width; the first of them may downsample.

    Attributes:
        block: Name of a registered block, e.g. `residual`.
        depth: Number of blocks in a row.
        width: Output channels of each block.
        kernel_size: Side of the spatial kernels.
        stride: Stride of the first block; the others have stride 1.
        attention: Name of a registered attention, or `none`.
        options: Options of the block, sorted by name, e.g. `(("expansion", 4),)`.
    """

    block: str
    depth: int = Field(ge=1)
    width: int = Field(ge=1)
    kernel_size: int = Field(ge=1)
    stride: int = Field(ge=1, le=2)
    attention: str = "none"
    options: tuple[tuple[str, int | float | str | bool], ...] = ()


class Backbone(FrozenValue):
    """A pretrained network that replaces stem and stages.

    Attributes:
        name: One of `space.backbones.backbone_names`, e.g. `mobilenet_v2`.
        kept: Number of resolution steps used, from the input; each halves the map.
        unfrozen: Number of weighted layers, from the top, trained in the second phase.
        reinitialised: Number of weighted layers, from the top, that start from random
            weights and are trained from the first step, as the top of a network is
            specific to the classes it was trained on.
        input_size: Side in pixels to which smaller images are enlarged.
        weights: `imagenet`, the path of a weights file, or `none`.
        weights_digest: Digest of the weights file, empty without a file: other
            weights under the same path make another network.
    """

    name: str
    kept: int = Field(ge=1)
    unfrozen: int = Field(0, ge=0)
    reinitialised: int = Field(0, ge=0)
    input_size: int = Field(ge=1)
    weights: str = "imagenet"
    weights_digest: str = ""

    @model_serializer(mode="wrap")
    def _leave_out_no_file(
        self, serialize: SerializerFunctionWrapHandler
    ) -> dict[str, Any]:
        return _without_empty(serialize(self), "weights_digest")

    def describe_training(self) -> str:
        """Describe in a few words which layers are trained.

        >>> Backbone(name="b", kept=5, unfrozen=9, reinitialised=1,
        ...          input_size=32).describe_training()
        '9 unfrozen, 1 reinitialised'
        """
        if not self.reinitialised:
            return f"{self.unfrozen} unfrozen"
        return f"{self.unfrozen} unfrozen, {self.reinitialised} reinitialised"


class CustomModel(FrozenValue):
    """A user's network that replaces stem, stages and head, built by a function.

    Attributes:
        function: The function, `package.module:function`.
        digest: Digest of the network it built when it was measured; an edited
            function makes another network.
        gives: Meaning of its outputs.
        weights_digest: Digest of weights that the function sets, empty if none.
    """

    function: str
    digest: str
    gives: Literal["probabilities", "logits"]
    weights_digest: str = ""

    @model_serializer(mode="wrap")
    def _leave_out_no_weights(
        self, serialize: SerializerFunctionWrapHandler
    ) -> dict[str, Any]:
        return _without_empty(serialize(self), "weights_digest")


class Head(FrozenValue):
    """The layers from the last feature map to the class scores.

    Attributes:
        pooling: `average` or `flatten`.
        dropout: Fraction of features dropped before the last layer, in [0, 1).
        dense: Units of one hidden dense layer, 0 for none.
    """

    pooling: str = "average"
    dropout: float = Field(0.0, ge=0, lt=1)
    dense: int = Field(0, ge=0)


class Recipe(FrozenValue):
    """The training choices, which are searched together with the network.

    Attributes:
        optimizer: `adamw` or `sgd` (Nesterov momentum 0.9).
        learning_rate: Maximum of the schedule.
        weight_decay: Decoupled weight decay on kernels.
        label_smoothing: Fraction of the target spread over all classes, in [0, 1).
        augmentation: A strength, `none` to `trivial`, perhaps with `+flip`, `+mixup` or
            `+cutmix`, in this order.
        batch_size: Images per gradient step.
    """

    optimizer: str = "adamw"
    learning_rate: float = Field(2e-3, gt=0)
    weight_decay: float = Field(0.05, ge=0)
    label_smoothing: float = Field(0.1, ge=0, lt=1)
    augmentation: str = "none"
    batch_size: int = Field(32, ge=1)


class Architecture(FrozenValue):
    """A network and its recipe, for one input shape and number of classes.

    Attributes:
        input_shape: Height, width, channels of the raw uint8 image.
        n_classes: Number of classes, at least 2.
        stem: First convolution.
        stages: One or more stages; empty with a backbone or a custom model.
        head: Pooling, dropout, dense layers.
        activation: Activation of all layers, e.g. `relu`.
        recipe: Training choices.
        backbone: A pretrained network instead of stem and stages.
        custom_blocks: Name and `package.module:function` of each custom block among
            the stages, so that any process can build the network.
        block_digests: Name and digest of each of them when the network was drawn; an
            edited block makes another network.
        custom_model: A user's network; stem, head and activation are then unused.
            Files of earlier versions call it `own_model`.
    """

    input_shape: tuple[int, int, int]
    n_classes: int = Field(ge=2)
    stem: Stem
    stages: tuple[Stage, ...] = ()
    head: Head = Head()
    activation: str = "relu"
    recipe: Recipe = Recipe()
    backbone: Backbone | None = None
    custom_blocks: tuple[tuple[str, str], ...] = ()
    block_digests: tuple[tuple[str, str], ...] = ()
    custom_model: CustomModel | None = None

    @model_validator(mode="before")
    @classmethod
    def _read_custom_model(cls, value: Any) -> Any:
        if isinstance(value, Mapping) and _FORMER_CUSTOM_MODEL in value:
            value = dict(value)
            value["custom_model"] = value.pop(_FORMER_CUSTOM_MODEL)
        return value

    @model_validator(mode="after")
    def _has_one_body(self) -> Self:
        bodies = (self.stages, self.backbone, self.custom_model)
        if sum(map(bool, bodies)) != 1:
            raise ValueError(
                "an architecture has either stages, a backbone or a custom model"
            )
        return self

    @model_serializer(mode="wrap")
    def _leave_out_empty(
        self, serialize: SerializerFunctionWrapHandler
    ) -> dict[str, Any]:
        # empty fields are left out, so that keys and files of other networks are those
        # of versions without custom models and block digests
        return _without_empty(serialize(self), "custom_model", "block_digests")

    def model_copy(
        self, *, update: Mapping[str, Any] | None = None, deep: bool = False
    ) -> Self:
        """Copy without the cached keys, which pydantic would keep."""
        copied = super().model_copy(update=update, deep=deep)
        for name in ("key", "network_key"):
            copied.__dict__.pop(name, None)
        return copied

    def with_recipe(self, **changes: Any) -> Self:
        """Return the same network with some training choices changed."""
        recipe = self.recipe.model_copy(update=changes)
        return self.model_copy(update={"recipe": recipe})

    @cached_property
    def key(self) -> str:
        """Hash of network and recipe: 12 hexadecimal digits, stable across runs."""
        return _digest(_as_before(self.model_dump_json()))

    @cached_property
    def network_key(self) -> str:
        """Hash of the network alone; two recipes of one network share it."""
        return _digest(_as_before(self.model_dump_json(exclude={"recipe"})))

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values; `from_dict` is the inverse."""
        return self.model_dump(mode="json")

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> Architecture:
        """Read what `to_dict` wrote.

        Raises:
            pydantic.ValidationError: Unknown fields or values out of range.
        """
        return cls.model_validate(value)

    @property
    def family(self) -> str:
        """Names of all stages' blocks, or name of the backbone or custom model."""
        if self.custom_model:
            return self.custom_model.function
        if self.backbone:
            return self.backbone.name
        return "-".join(stage.block for stage in self.stages)

    def describe(self) -> str:
        """Describe the network in one line.

        >>> Architecture(input_shape=(28, 28, 1), n_classes=10,
        ...     stem=Stem(width=32, kernel_size=3, stride=2),
        ...     stages=(Stage(block="conv", depth=1, width=48, kernel_size=3, stride=1),
        ...             Stage(block="residual", depth=2, width=96, kernel_size=5,
        ...                   stride=2, attention="se"))).describe()
        'stem 32/2 · conv3 48 · residual5+se 96/2 ×2'
        """  # noqa: RUF002
        if self.custom_model:
            return f"custom model {self.custom_model.function}"
        if self.backbone:
            base = self.backbone
            return f"{base.name} of {base.kept} steps, {base.describe_training()}"
        parts = [f"stem {self.stem.width}" + _stride(self.stem.stride)]
        for stage in self.stages:
            extra = "" if stage.attention == "none" else f"+{stage.attention}"
            times = f" ×{stage.depth}" if stage.depth > 1 else ""  # noqa: RUF001
            parts.append(
                f"{stage.block}{stage.kernel_size}{extra} {stage.width}"
                f"{_stride(stage.stride)}{times}"
            )
        return " · ".join(parts)


def _without_empty(value: dict[str, Any], *names: str) -> dict[str, Any]:
    """Leave out empty fields, so that files and keys are as without them."""
    return {k: v for k, v in value.items() if k not in names or v}


def halved(architecture: Architecture, times: int) -> Architecture:
    """Return the architecture with its batch size halved several times, at least 1."""
    if not times:
        return architecture
    smaller = max(1, architecture.recipe.batch_size >> times)
    return architecture.with_recipe(batch_size=smaller)


def _stride(stride: int) -> str:
    return f"/{stride}" if stride > 1 else ""


def _as_before(text: str) -> str:
    """Return JSON with the field names that keys have always been made of."""
    return text.replace('"custom_model":', f'"{_FORMER_CUSTOM_MODEL}":')


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
