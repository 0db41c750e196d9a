"""The sections of the page, in order, and why one is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kedro_nas.environment import Environment
from kedro_nas.records.profile import DatasetProfile

_TITLES = {
    "answer": "The answer",
    "leaderboard": "Leaderboard",
    "size": "Accuracy and size",
    "search": "How the search went",
    "choices": "Importance of the choices",
    "network": "The network",
    "mistakes": "Mistakes",
    "costs": "Costs",
    "data": "The data",
    "sheet": "Reproducibility",
}
_CUSTOM = {"custom": "Your figures"}


@dataclass(frozen=True)
class Section:
    """A section of the page.

    Attributes:
        id: Its anchor, and the name of its template.
        title: Its heading.
        missing: Why there is nothing to show yet, empty if there is.
    """

    id: str
    title: str
    missing: str = ""


def all_sections(
    *, has_custom: bool = False, missing: Mapping[str, str] | None = None
) -> list[Section]:
    """Return the sections of a page.

    Args:
        has_custom: Whether there are figures of the user.
        missing: Why a section has nothing to show yet, by its id.
    """
    titles = {**_TITLES, **(_CUSTOM if has_custom else {})}
    return [
        Section(name, title, (missing or {}).get(name, ""))
        for name, title in titles.items()
    ]


def byline(
    profile: DatasetProfile | None, seed: int | None, environment: Environment | None
) -> list[str]:
    """Return what identifies a job, as far as it is known.

    Args:
        profile: Of the images.
        seed: The root seed.
        environment: Versions of packages.
    """
    version = (environment or Environment()).versions.get("kedro-nas")
    pixels = [] if profile is None else ["\u00d7".join(map(str, profile.image_shape))]
    return [
        *(f"Pixels {shape}" for shape in pixels),
        *([] if seed is None else [f"seed {seed}"]),
        *([] if profile is None else [f"data {profile.fingerprint[:16]}"]),
        *([] if version is None else [f"kedro-nas {version}"]),
    ]
