"""A project folder with configuration and source of this repository."""

from __future__ import annotations

from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
IMAGES = "fashion_mnist_12k.parquet"  # the catalog's name; any content
# not `src` as a whole: Kedro refuses a source folder that lies outside its project
LINKED = ("conf", "pyproject.toml", "src/kedro_nas")


def link_project(folder: Path, images: Path) -> None:
    """Link configuration, source and images; what is linked already stays.

    Args:
        folder: Of the project; it exists.
        images: Table that is given the name that the catalog knows.
    """
    targets = {folder / name: PROJECT / name for name in LINKED}
    targets[folder / "data" / "01_raw" / IMAGES] = images
    for link, target in targets.items():
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.is_symlink():
            link.symlink_to(target)
