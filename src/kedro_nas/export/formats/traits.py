"""What a format needs, and how closely its file has to agree with the model."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FormatTraits:
    """What is known of a format before anything is written.

    Attributes:
        purpose: What the format is for, a clause; empty where nothing is stated.
        extra: Extra of kedro-nas that installs `packages`; empty for none.
        packages: Import names, without dots, of packages that writing or reloading it
            needs beyond those of kedro-nas itself.
        max_difference: Largest difference of a class probability that rounding in this
            format may cause; 0 where it keeps float32.
        is_judged_by_accuracy: Whether the file may give other probabilities as long as
            it keeps its accuracy, within `nas.export.max_accuracy_drop_pp`.
    """

    purpose: str = ""
    extra: str = ""
    packages: tuple[str, ...] = ()
    max_difference: float = 0.0
    is_judged_by_accuracy: bool = False


def traits_of(exporter: object) -> FormatTraits:
    """Return the `traits` of an exporter, or the defaults where it states none."""
    found = getattr(exporter, "traits", None)
    return found if isinstance(found, FormatTraits) else FormatTraits()
