"""Requirements of a format, and how closely its file has to agree with the model."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FormatTraits:
    """Properties of a format that do not depend on a model.

    Attributes:
        purpose: What the format is for, as a clause; empty if not stated.
        extra: Extra of kedro-nas that installs `packages`; empty for none.
        packages: Import names, without dots, of packages that writing or reloading it
            needs beyond those of kedro-nas itself.
        read_with: Import names of the packages that reading the file needs, for whoever
            is handed it; empty where they are `packages`.
        runtime: Formats of the same runtime are loaded by one process in the parity
            check, one after another; empty for a process of its own.
        uses_one_core: Whether its runtime computes on one core unless told otherwise;
            new images are then classified by a process per core.
        max_difference: Largest difference of a class probability that rounding in this
            format may cause; 0 where it keeps float32.
        is_judged_by_accuracy: Whether the file is judged by its accuracy instead of its
            probabilities, within `nas.export.max_accuracy_drop_pp`.
    """

    purpose: str = ""
    extra: str = ""
    packages: tuple[str, ...] = ()
    read_with: tuple[str, ...] = ()
    runtime: str = ""
    uses_one_core: bool = False
    max_difference: float = 0.0
    is_judged_by_accuracy: bool = False


def traits_of(exporter: object) -> FormatTraits:
    """Return the `traits` of an exporter, or the defaults if it has none."""
    found = getattr(exporter, "traits", None)
    return found if isinstance(found, FormatTraits) else FormatTraits()


def packages_to_read(exporter: object) -> tuple[str, ...]:
    """Return the import names of what is needed to read the file of a format."""
    traits = traits_of(exporter)
    return traits.read_with or traits.packages
