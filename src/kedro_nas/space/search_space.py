"""The search space: choices, bounds and anchors, with sampling and encoding."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict
from typing_extensions import Self

from kedro_nas.errors import SearchSpaceError
from kedro_nas.parameters.search_space import Range, SearchSpaceOptions
from kedro_nas.seeds import generator
from kedro_nas.space.acceptance import Acceptance
from kedro_nas.space.anchors import anchor_values
from kedro_nas.space.architecture import Architecture
from kedro_nas.space.backbones import digest_weights, enlarged
from kedro_nas.space.block_programs import digest_all_options
from kedro_nas.space.bounds import Bounds, DataFacts, misplaced, resolve_bounds
from kedro_nas.space.choices import Values, first_values, resolve_options, spell_out
from kedro_nas.space.cost_meter import (
    backbone_costs_to_json,
    block_costs_to_json,
    block_failures,
)
from kedro_nas.space.costs import Costs, costs
from kedro_nas.space.device_profile import DeviceProfile
from kedro_nas.space.draws import DrawTarget, draw_network
from kedro_nas.space.encoding import decode_values, encode_architecture
from kedro_nas.space.registry import Value, find_block
from kedro_nas.space.sampling import find_smallest, repair_values
from kedro_nas.space.smallest import Smallest

REDRAWS = 500
SURVEYED = 1_000
FAILED = 1e9
# each new use of a block over Keras tensors is built once, which takes about 50 ms
SURVEYED_KERAS = 100


class SearchSpace(BaseModel):
    """All architectures that a search may find for one data set.

    Attributes:
        input_shape: Height, width, channels of the images.
        n_classes: Number of classes.
        preset: The preset that the choices are derived from.
        choices: Allowed values by flat name: a tuple, or a range.
        batch_size_open: Whether the single batch size was not chosen by the user; a
            search on GPUs then measures which one to use.
        bounds: Largest allowed costs.
        device: Profile by which latency is predicted; None without such a bound.
        anchors: Architectures tried first, all within the bounds; the first is
            candidate 0.
        acceptance: Result of 1,000 random draws.
        smallest: The cheapest architecture and its costs; None while the space is
            being made.
        custom_blocks: Custom blocks, `package.module:function` by name.
        custom_options: Options of custom blocks as given in YAML.
        block_digests: Digests of custom blocks when the space was made, by name.
        backbone_share: Fraction of draws with a pretrained backbone.
        backbone_weights: Weights of pretrained backbones.
        weights_digest: Digest of the weights file, empty without a file.
        backbone_costs: Measured costs of backbones.
        measured: Measured costs of custom blocks over Keras tensors, so that other
            processes do not build them again.
        notes: Sentences for the report, e.g. about backbones that were left out.
        seconds: Duration of making the space.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    input_shape: tuple[int, int, int]
    n_classes: int
    preset: str
    choices: dict[str, tuple[Value, ...] | Range]
    batch_size_open: bool = False
    bounds: Bounds
    device: DeviceProfile | None = None
    anchors: tuple[Architecture, ...] = ()
    acceptance: Acceptance = Acceptance()
    smallest: Smallest | None = None
    custom_blocks: dict[str, str] = {}
    custom_options: dict[str, dict[str, tuple[Value, ...]]] = {}
    block_digests: dict[str, str] = {}
    backbone_share: float = 0.25
    backbone_weights: str = "imagenet"
    weights_digest: str = ""
    backbone_costs: dict[str, dict[str, int]] = {}
    measured: dict[str, dict[str, dict[str, int]]] = {}
    notes: tuple[str, ...] = ()
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values; `from_dict` is the inverse."""
        return self.model_dump(mode="json")

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> SearchSpace:
        """Read what `to_dict` wrote.

        Raises:
            pydantic.ValidationError: Unknown fields or values out of range.
        """
        return cls.model_validate(value)

    def sample(self, rng: np.random.Generator) -> Architecture:
        """Draw an architecture that fits the bounds.

        It is the smallest architecture if 500 draws could not be repaired.
        """
        fitting = self.stand_in

        def excess(values: Values) -> float:
            nonlocal fitting
            fitting = self.decode(values)
            return self.excess_of(fitting)

        for _ in range(REDRAWS):
            # a repair ends with the first values that fit
            if repair_values(self.choices, self.draw(rng), rng, excess) is not None:
                return fitting
        return self.stand_in

    def draw(self, rng: np.random.Generator) -> dict[str, Value]:
        """Draw flat values for a drawn budget; some exceed a bound."""
        return draw_network(self.choices, rng, self.draw_target, self.backbone_share)

    @cached_property
    def draw_target(self) -> DrawTarget:
        """What draws are made for."""
        proven = next(one for one in (*self.anchors, self.stand_in) if one.stages)
        return DrawTarget(
            self.input_shape,
            self.n_classes,
            self.bounds,
            smallest_macs=costs(self.stand_in).macs,
            proven_macs=costs(proven).macs,
            proven_width=proven.stages[-1].width,
        )

    def model_copy(
        self, *, update: Mapping[str, Any] | None = None, deep: bool = False
    ) -> Self:
        """Copy without what was derived from the fields, which pydantic would keep."""
        copied = super().model_copy(update=update, deep=deep)
        for name in ("searched", "draw_target", "unused_values"):
            copied.__dict__.pop(name, None)
        return copied

    def encode(self, architecture: Architecture) -> dict[str, Value]:
        """Return the canonical flat values of an architecture of this space."""
        return encode_architecture(self.choices, architecture, self.unused_values)

    @cached_property
    def unused_values(self) -> dict[str, Value]:
        """Values of choices that are not in use."""
        return first_values(self.choices)

    def decode(self, values: Values) -> Architecture:
        """Return the canonical architecture of flat values, fitting or not."""
        return decode_values(
            self.choices,
            values,
            input_shape=self.input_shape,
            n_classes=self.n_classes,
            custom_blocks=self.custom_blocks,
            weights=self.backbone_weights,
            weights_digest=self.weights_digest,
        )

    def is_feasible(self, architecture: Architecture) -> tuple[bool, str]:
        """Return whether an architecture fits, and otherwise the reason."""
        try:
            reason = self.bounds.explain(self.costs_of(architecture))
        except SearchSpaceError as error:
            return False, str(error)
        reason = reason or misplaced(architecture)
        return not reason, reason

    def excess(self, values: Values) -> float:
        """Return by how much values exceed the bounds, 0 if they fit."""
        return self.excess_of(self.decode(values))

    def excess_of(self, architecture: Architecture) -> float:
        """Return by how much an architecture exceeds the bounds, 0 if it fits."""
        try:
            excesses = self.bounds.excesses(self.costs_of(architecture))
        except SearchSpaceError:
            return FAILED  # a custom block fails with these arguments; see notes
        return sum(excesses.values()) + len(misplaced(architecture))

    def costs_of(self, architecture: Architecture) -> Costs:
        """Return the costs of an architecture, latency included where it is bounded."""
        counted = costs(architecture)
        if self.device is None or self.bounds.max_latency_ms is None:
            return counted
        return replace(counted, latency_ms=self.device.bounded_ms(architecture))

    @property
    def stand_in(self) -> Architecture:
        """The smallest architecture, used where a draw cannot be repaired.

        Raises:
            SearchSpaceError: The space was not made by `build_search_space`.
        """
        if self.smallest is None:
            raise SearchSpaceError(
                "the search space has no smallest architecture",
                received="a space without the field `smallest`",
                allowed="one that build_search_space returned",
                remedy="Run the stage search_space again",
            )
        return self.smallest.architecture

    @cached_property
    def searched(self) -> tuple[str, ...]:
        """Names of the choices that have more than one value."""
        return tuple(
            name
            for name, allowed in self.choices.items()
            if isinstance(allowed, Range) or len(allowed) > 1
        )


def build_search_space(
    options: SearchSpaceOptions,
    data: DataFacts,
    *,
    seed: int,
    device: DeviceProfile | None = None,
) -> SearchSpace:
    """Make the search space for a data set.

    Args:
        options: The parameters; custom blocks have to be registered already.
        data: Properties of the images.
        seed: Root seed.
        device: Profile for `max_latency_ms`; without one it is not bounded.

    Raises:
        SearchSpaceError: A name is unknown, the latency of a network cannot be
            predicted, or no architecture fits the bounds; the
            message describes the smallest.
    """
    started = time.perf_counter()
    resolved = resolve_options(options)
    if data.augmentation == "strong" and options.augmentation is None:
        resolved = resolved.model_copy(update={"augmentation": ("light", "strong")})
    space = SearchSpace(
        input_shape=data.image_shape,
        n_classes=data.n_classes,
        preset=options.preset,
        choices=spell_out(resolved, data.image_shape),
        batch_size_open=options.batch_size is None
        and len(resolved.batch_size or ()) == 1,
        bounds=resolve_bounds(
            resolved,
            image_shape=_as_seen(resolved, data.image_shape),
            n_train=data.n_train,
            params_factor=data.params_factor,
            device=device,
        ),
        device=device if resolved.max_latency_ms is not None else None,
        custom_blocks=_custom_paths(resolved),
        backbone_share=resolved.pretrained.share,
        backbone_weights=resolved.pretrained.weights,
        weights_digest=digest_weights(resolved.pretrained.weights)
        if resolved.pretrained.backbones
        else "",
        custom_options={
            name: block.options
            for name, block in options.custom_blocks.items()
            if block.options
        },
    )
    # draws need the smallest, and without a bound of multiply-adds candidate 0
    space = space.model_copy(update={"smallest": _smallest(space)})
    space = space.model_copy(update={"anchors": _fitting_anchors(space, seed)})
    return space.model_copy(
        update={
            "acceptance": survey_acceptance(space, seed),
            "backbone_costs": backbone_costs_to_json()
            if "backbone" in space.choices
            else {},
            "notes": _failing_blocks(space),
            "measured": block_costs_to_json(space.custom_blocks),
            "block_digests": digest_all_options(space.custom_blocks),
            "seconds": time.perf_counter() - started,
        }
    )


def survey_acceptance(space: SearchSpace, seed: int) -> Acceptance:
    """Count how many of 1,000 random draws fit, and how many can be repaired.

    With custom blocks over Keras tensors, which have to be built, 100 are drawn.
    """
    rng = generator(seed, "acceptance")
    accepted = repaired = 0
    rejected: dict[str, int] = {}
    built = any(find_block(name).takes_keras_tensors for name in space.custom_blocks)
    drawn = SURVEYED_KERAS if built else SURVEYED
    for _ in range(drawn):
        values = space.draw(rng)
        if space.excess(values) == 0:
            accepted += 1
            continue
        for bound in _exceeded(space, space.decode(values)):
            rejected[bound] = rejected.get(bound, 0) + 1
        if repair_values(space.choices, values, rng, space.excess) is not None:
            repaired += 1
    return Acceptance(
        drawn=drawn, accepted=accepted, repaired=repaired, rejected=rejected
    )


def _exceeded(space: SearchSpace, architecture: Architecture) -> list[str]:
    if space.excess_of(architecture) == FAILED:
        return ["custom_block"]
    return list(space.bounds.excesses(space.costs_of(architecture)))


def _failing_blocks(space: SearchSpace) -> tuple[str, ...]:
    """Describe the custom blocks that failed for some arguments.

    Raises:
        SearchSpaceError: A block failed for all arguments; its first error.
    """
    for name in space.custom_blocks:
        if not find_block(
            name
        ).takes_keras_tensors:  # counted by formula: one use shows errors
            costs(space.decode({"stage1_block": name}))
    notes = []
    for name, uses in block_costs_to_json(space.custom_blocks).items():
        errors = block_failures(name)
        if errors and not uses:
            raise errors[0]
        if errors:
            notes.append(
                f"The block {name} failed in {len(errors)} of "
                f"{len(errors) + len(uses)} uses, which are left out: {errors[0]}"
            )
    return tuple(notes)


def _custom_paths(options: SearchSpaceOptions) -> dict[str, str]:
    """Return the paths of custom blocks, from YAML or from their decorator."""
    registered = {name: find_block(name).path for name in options.blocks or ()}
    return {
        **{name: path for name, path in registered.items() if path},
        **{name: block.function for name, block in options.custom_blocks.items()},
    }


def _as_seen(
    options: SearchSpaceOptions, image_shape: tuple[int, int, int]
) -> tuple[int, ...]:
    """Return the image size for `auto` MACs: enlarged if there are backbones."""
    if not options.pretrained.backbones:
        return image_shape
    return enlarged(image_shape, min(options.pretrained.input_size))


def _smallest(space: SearchSpace) -> Smallest:
    smallest = find_smallest(space.choices, space.decode, space.excess_of)
    feasible, reason = space.is_feasible(smallest)
    if not feasible:
        _failing_blocks(space)
        raise SearchSpaceError(
            "no architecture of this space fits its bounds",
            received=f"the smallest, {smallest.describe()}: {reason}",
            allowed=str(space.bounds),
            remedy="Raise that bound of nas.search_space, or allow smaller networks: "
            "smaller width or stem_width, fewer n_stages, a stride of 2",
        )
    return Smallest.of(smallest)


def _fitting_anchors(space: SearchSpace, seed: int) -> tuple[Architecture, ...]:
    found: list[Architecture] = []
    for values in anchor_values(space.choices, space.input_shape):
        rng = generator(seed, "anchor", len(found))
        repaired = repair_values(space.choices, values, rng, space.excess)
        found.append(space.stand_in if repaired is None else space.decode(repaired))
    return tuple({anchor.key: anchor for anchor in found}.values())
