"""Bounds on the costs of networks, checked before a network is built.

`auto` bounds depend on the data. Depth and parameters are power laws of the number of
training images through two points: 50,000 images give 25 layers and 5 M parameters,
1.2 M images give 50 layers and 25 M parameters (CIFAR-10's and ImageNet's usual
networks). MACs grow with the square root of the pixels through 10 M at 28x28: there
an epoch of 8,000 images takes about 10 s on one core.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.space.architecture import Architecture
from kedro_nas.space.costs import Costs, stage_shapes
from kedro_nas.space.device_profile import DeviceProfile
from kedro_nas.space.encoding import fits

_FEW, _MANY = 50_000, 1_200_000
_PARAMS_POWER = math.log(25e6 / 5e6) / math.log(_MANY / _FEW)
_DEPTH_POWER = math.log(50 / 25) / math.log(_MANY / _FEW)
_MACS_AT, _PIXELS_AT = 10e6, 28 * 28
# smaller bounds would exclude all networks of several stages
# the shallowest network of the preset `mobile` has 8 weighted layers
_MIN_PARAMS, _MIN_DEPTH, _MIN_MACS = 50_000, 8, 2_000_000


@dataclass(frozen=True)
class DataFacts:
    """The properties of the images that a search space depends on.

    Attributes:
        image_shape: Height, width, channels.
        n_classes: Number of classes.
        n_train: Images a candidate is trained on.
        params_factor: Factor on the bound of parameters, in (0, 1]; below 1 for small
            data.
        augmentation: `strong` leaves only augmentations suited to small data.
    """

    image_shape: tuple[int, int, int]
    n_classes: int
    n_train: int
    params_factor: float = 1.0
    augmentation: str = "as_searched"


class Bounds(BaseModel):
    """Largest allowed costs of a candidate; None for no bound.

    Attributes:
        max_depth: Weighted layers on the longest path.
        max_params: All parameters.
        max_macs: Multiply-accumulates for one image.
        max_memory_mb: Peak activations at batch 1, 10**6 bytes.
        max_latency_ms: Predicted milliseconds for one image on the device of the
            search space, margin included.
        macs_are_auto: Whether `max_macs` was guessed from the image size, so that a
            search may replace it by what it has measured.
        reasons: A sentence per bound with its value and origin.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_depth: int | None = None
    max_params: int | None = None
    max_macs: int | None = None
    max_memory_mb: float | None = None
    max_latency_ms: float | None = None
    macs_are_auto: bool = False
    reasons: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return all bounds with their origin in one line."""
        return " ".join(self.reasons) or "anything"

    def measured(self, max_macs: float | None) -> Bounds:
        """Return the bounds with the multiply-adds that a machine affords.

        Args:
            max_macs: As measured; None for no bound. A bound that the user gave stays.
        """
        if not self.macs_are_auto:
            return self
        kept = [r for r in self.reasons if not r.startswith("max_macs ")]
        if max_macs is None:
            return self.model_copy(update={"max_macs": None, "reasons": tuple(kept)})
        reason = f"max_macs {int(max_macs):,}: what this machine trains in its time."
        update = {"max_macs": int(max_macs), "reasons": (*kept, reason)}
        return self.model_copy(update=update)

    def excesses(self, costs: Costs) -> dict[str, float]:
        """Return the factor by which each violated bound is exceeded."""
        return {
            name: cost / bound
            for name, cost, bound in self._pairs(costs)
            if bound is not None and cost > bound
        }

    def are_exceeded(self, costs: Costs) -> bool:
        """Return whether a bound is violated."""
        for _, cost, bound in self._pairs(costs):
            if bound is not None and cost > bound:
                return True
        return False

    def _pairs(self, costs: Costs) -> tuple[tuple[str, float, float | None], ...]:
        return (
            ("max_depth", costs.depth, self.max_depth),
            ("max_params", costs.params, self.max_params),
            ("max_macs", costs.macs, self.max_macs),
            ("max_memory_mb", costs.memory_mb, self.max_memory_mb),
            ("max_latency_ms", costs.latency_ms or 0.0, self.max_latency_ms),
        )

    def explain(self, costs: Costs) -> str:
        """Describe the bounds that a network exceeds; empty if none."""
        had = {
            "max_depth": costs.depth,
            "max_params": costs.params,
            "max_macs": costs.macs,
            "max_memory_mb": round(costs.memory_mb, 3),
            "max_latency_ms": round(costs.latency_ms or 0.0, 3),
        }
        return ", ".join(
            f"{name} {getattr(self, name):,} is exceeded by {had[name]:,}"
            for name in self.excesses(costs)
        )


def auto_depth(n_train: int) -> int:
    """Return the bound of depth for a number of training images.

    >>> auto_depth(50_000), auto_depth(1_200_000)
    (25, 50)
    """
    rule: float = 25 * (n_train / _FEW) ** _DEPTH_POWER
    return max(_MIN_DEPTH, round(rule))


def auto_params(n_train: int, factor: float = 1.0) -> int:
    """Return the bound of parameters for a number of training images.

    Args:
        n_train: Images a candidate is trained on.
        factor: From the verdict on the data; below 1 for small sets.

    >>> auto_params(50_000), auto_params(1_200_000)
    (5000000, 25000000)
    """
    rule = 5e6 * (n_train / _FEW) ** _PARAMS_POWER * factor
    return max(_MIN_PARAMS, int(round(rule, -3)))


def auto_macs(image_shape: tuple[int, ...]) -> int:
    """Return the bound of MACs for images of one size.

    >>> auto_macs((28, 28, 1)), auto_macs((224, 224, 3))
    (10000000, 80000000)
    """
    pixels = image_shape[0] * image_shape[1]
    rule = _MACS_AT * math.sqrt(pixels / _PIXELS_AT)
    return max(_MIN_MACS, int(round(rule, -5)))


def resolve_bounds(
    options: SearchSpaceOptions,
    *,
    image_shape: tuple[int, ...],
    n_train: int,
    params_factor: float = 1.0,
    device: DeviceProfile | None = None,
) -> Bounds:
    """Convert the bounds of the options to numbers, each with its reason.

    Args:
        options: Options completed by the preset.
        image_shape: Height, width, channels.
        n_train: Images a candidate is trained on.
        params_factor: From the verdict on the data; below 1 for small sets.
        device: Profile that predicts latency; without one it is not bounded.
    """
    rules: dict[str, tuple[Any, str]] = {
        "max_depth": (
            auto_depth(n_train),
            f"25 layers at 50,000 images, 50 at 1.2 M, for {n_train:,} images",
        ),
        "max_params": (
            auto_params(n_train, params_factor),
            f"5 M at 50,000 images, 25 M at 1.2 M, for {n_train:,} images"
            + (f", times {params_factor:g} for small data" * (params_factor != 1)),
        ),
        "max_macs": (
            auto_macs(image_shape),
            "10 M at 28x28, growing with the side, for "
            + "x".join(map(str, image_shape[:2]))
            + " pixels",
        ),
    }
    values: dict[str, Any] = {}
    reasons: dict[str, str] = {}
    for name in ("max_depth", "max_params", "max_macs", "max_memory_mb"):
        given = getattr(options, name)
        if given == "auto":
            values[name], reasons[name] = rules[name]
        elif given not in ("none", None):
            values[name] = given
            reasons[name] = f"given by the parameters or the preset {options.preset}"
    if options.max_latency_ms is not None and device is not None:
        values["max_latency_ms"] = options.max_latency_ms
        reasons["max_latency_ms"] = device.describe_bound()
    sentences = [f"{name} {values[name]:,}: {why}." for name, why in reasons.items()]
    return Bounds(
        **values,
        macs_are_auto=options.max_macs == "auto",
        reasons=tuple(sentences),
    )


def misplaced(architecture: Architecture) -> str:
    """Describe an attention on a map that is too large for it; empty if none."""
    if architecture.backbone or all(
        fits(stage.attention, sys.maxsize) for stage in architecture.stages
    ):
        return ""
    maps = stage_shapes(architecture)[1:]
    for number, (stage, shape) in enumerate(
        zip(architecture.stages, maps, strict=True), start=1
    ):
        if not fits(stage.attention, shape[0] * shape[1]):
            return (
                f"{stage.attention} of stage {number} is meant for smaller maps "
                f"than {shape[0]}x{shape[1]}"
            )
    return ""
