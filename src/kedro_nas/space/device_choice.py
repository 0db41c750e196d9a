"""The device whose latency a search space bounds, or that a table shows."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from pydantic import JsonValue, ValidationError

from kedro_nas.errors import SearchSpaceError
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.space.device_profile import DeviceProfile
from kedro_nas.space.registry import find_block

logger = logging.getLogger(__name__)

# Sides beyond those that were timed, up to which the error of a profile holds.
SIZE_FACTOR = 1.5


def choose_device(
    options: SearchSpaceOptions, profiles: Mapping[str, JsonValue]
) -> DeviceProfile | None:
    """Return the profile of the bounded device, None without a bound or a profile.

    Args:
        options: Options of the search space.
        profiles: `nas.device_profiles`: JSON values by name.

    Raises:
        SearchSpaceError: The profile cannot be read, or the space has networks whose
            latency cannot be predicted.
    """
    if options.max_latency_ms is None:
        return None
    name = options.device
    if name is None and len(profiles) == 1:
        name = next(iter(profiles))
    if name is None and len(profiles) > 1:
        raise SearchSpaceError(
            "it is not clear on which device latency is bounded",
            received="nas.search_space.device: null",
            allowed=", ".join(profiles),
            remedy="Name one of them in nas.search_space.device",
        )
    if name is None or name not in profiles:
        return None
    _check_predictable(options)
    return read_profile(name, profiles[name])


def read_profile(name: str, value: JsonValue) -> DeviceProfile:
    """Read a profile of a device.

    Args:
        name: Of the device, for the message.
        value: As in its JSON file.

    Raises:
        SearchSpaceError: It is no profile, was edited, or another version wrote it.
    """
    try:
        return DeviceProfile.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise SearchSpaceError(
            f"the profile of the device '{name}' cannot be read",
            received=f"{error.error_count()} wrong fields, the first: {place}: "
            f"{first['msg']}",
            allowed="what kedro nas profile-device wrote",
            remedy="Make it again: kedro nas profile-device",
        ) from error


def device_of_table(
    bounded: DeviceProfile | None, profiles: Mapping[str, JsonValue]
) -> DeviceProfile | None:
    """Return the device for which a table of networks predicts latencies.

    Args:
        bounded: Of the search space; None where no latency is bounded.
        profiles: `nas.device_profiles`: JSON values by name.

    Returns:
        The bounded device, or the only one there is. A profile that cannot be read is
        passed over with a warning, since nothing was asked of it.
    """
    if bounded is not None or not profiles:
        return bounded
    if len(profiles) > 1:
        logger.info(
            "No latencies are predicted: there are profiles of %s, and the search "
            "bounds the latency on none of them.",
            ", ".join(profiles),
        )
        return None
    ((name, value),) = profiles.items()
    try:
        return read_profile(name, value)
    except SearchSpaceError as error:
        logger.warning("No latencies are predicted: %s", error)
        return None


def without_profile(
    options: SearchSpaceOptions, profiles: Mapping[str, JsonValue]
) -> str:
    """Return the note that latency is not bounded, as nothing predicts it.

    Args:
        options: Options of the search space, with a bound of latency.
        profiles: Those there are.
    """
    device = f"the device '{options.device}'" if options.device else "a device"
    others = f"; there are {', '.join(profiles)}" if profiles else ""
    return (
        f"max_latency_ms {options.max_latency_ms:g} is not a bound of this search: "
        f"there is no profile of {device} in device_profiles{others}. Networks are "
        "bounded by max_macs instead. Make a profile: kedro nas profile-device."
    )


def untimed_size(profile: DeviceProfile, image_shape: tuple[int, ...]) -> str:
    """Return the note that a profile was timed with images of other sizes, or ''.

    Args:
        profile: Of the bounded device.
        image_shape: Height, width, channels of the images.
    """
    sides, side = profile.image_sides, max(image_shape[:2])
    if sides[0] / SIZE_FACTOR <= side <= sides[-1] * SIZE_FACTOR:
        return ""
    return (
        f"the latency on {profile.name} is less certain than its margin says: the "
        f"profile was timed with images of {' and '.join(map(str, sides))} pixels a "
        f"side, these have {side}. Make it again for them: kedro nas profile-device "
        f"--name {profile.name} --image-side {side}."
    )


def _check_predictable(options: SearchSpaceOptions) -> None:
    found = [
        f"the block '{name}' over Keras tensors"
        for name in options.custom_blocks
        if find_block(name).takes_keras_tensors
    ]
    found += [f"the backbone '{name}'" for name in options.pretrained.backbones]
    if found:
        raise SearchSpaceError(
            "the latency of some networks cannot be predicted",
            received=", ".join(found),
            allowed="blocks over the layer vocabulary (docs/how-to/custom-block.md)",
            remedy="Leave them out of nas.search_space, or set max_latency_ms to null",
        )
