"""The device whose latency a search space bounds."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue, ValidationError

from kedro_nas.errors import SearchSpaceError
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.space.device_profile import DeviceProfile
from kedro_nas.space.registry import find_block


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
    try:
        return DeviceProfile.model_validate(profiles[name])
    except ValidationError as error:
        raise SearchSpaceError(
            f"the profile of the device '{name}' cannot be read",
            received=f"{error.error_count()} wrong fields, the first: "
            f"{error.errors()[0]['msg']}",
            allowed="what kedro nas profile-device wrote",
            remedy="Make it again: kedro nas profile-device",
        ) from error


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
